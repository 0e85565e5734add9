/** What a call throws in its final place is a rejection, however strange, alike everywhere; only real exhaustion stops a master. */
import { Master, MemoryStore, Prevalent, Transaction } from '../../src/index.js';
import { everyWay } from '../every-way.js';

const throwing = (): never => {
  throw new Error('do not ask');
};

const HOSTILE: ProxyHandler<object> = {
  get: throwing,
  getPrototypeOf: throwing,
  getOwnPropertyDescriptor: throwing,
  has: throwing,
  ownKeys: throwing,
};

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

const KEPT = new RangeError('Maximum call stack size exceeded');

class Subclass extends RangeError {}

/** Things a model may throw, and the text that is recorded. */
const STRANGE: Record<string, [make: (shop: Shop) => unknown, text: string]> = {
  'an error': [() => new Error('closed'), 'Error: closed'],
  undefined: [() => undefined, 'undefined'],
  null: [() => null, 'null'],
  'a symbol': [() => Symbol('closed'), 'Symbol(closed)'],
  'a function': [() => () => 1, 'a function'],
  'a class': [() => Subclass, 'a function'],
  'an object': [() => ({ code: 1 }), '[object Object]'],
  'an object without a prototype': [() => Object.create(null), '[object Object]'],
  'one with a code': [() => Object.assign(Object.create(null) as object, { code: 'CLOSED' }), '[object Object]'],
  'an object of the state': [({ sold }) => sold, 'tea'],
  'an object whose toString throws': [() => ({ toString: throwing }), '[object Object]'],
  'an object whose toString gives an object': [() => ({ toString: () => ({}), valueOf: throwing }), '[object Object]'],
  'a name that is a symbol': [() => Object.assign(new Error('x'), { name: Symbol('Closed') }), 'Symbol(Closed): x'],
  'a name that is an object': [() => Object.assign(new Error('x'), { name: { toString: throwing } }), 'Error: x'],
  'a name that throws': [() => Object.defineProperty(new Error('x'), 'name', { get: throwing }), 'Error: x'],
  'a message that is a symbol': [
    () => Object.assign(new RangeError(), { message: Symbol('Closed') }),
    'RangeError: Symbol(Closed)',
  ],
  'a message that throws': [() => Object.defineProperty(new Error(), 'message', { get: throwing }), 'Error: '],
  'a message that reads the model': [
    ({ sold }) => Object.defineProperty(new Error(), 'message', { get: () => `${sold.length} sold` }),
    'Error: 1 sold',
  ],
  'a message that reads the clock': [
    () => Object.defineProperty(new Error(), 'message', { get: () => Math.sign(Date.now() - Date.now()) }),
    'Error: 0',
  ],
  'a message that calls a transaction': [
    (shop) =>
      Object.defineProperty(new Error(), 'message', {
        get: () => {
          shop.open();
          return 'opened';
        },
      }),
    'Error: opened',
  ],
  'a huge message': [() => new Error('x'.repeat(200_000)), `Error: ${'x'.repeat(1_000)}`],
  'a huge string': [() => 'y'.repeat(200_000), 'y'.repeat(1_000)],
  'half a character': [() => new Error('\uD83D'), 'Error: \uFFFD'],
  'a Proxy that throws': [() => new Proxy({}, HOSTILE), 'an object without a text'],
  'an error behind a Proxy that throws': [() => new Proxy(new Error(), HOSTILE), 'an object without a text'],
  'a revoked Proxy': [revoked, 'an object without a text'],
  'a cause that throws': [() => new Error('x', { cause: new Proxy({}, HOSTILE) }), 'Error: x'],
  'a cause of itself': [
    () => {
      const error: Error = new Error('x');
      error.cause = error;
      return error;
    },
    'Error: x',
  ],
  'a RangeError of the model': [() => new RangeError('Out of memory'), 'RangeError: Out of memory'],
  'an error named as one': [
    () => Object.assign(new Error('out of memory'), { name: 'RangeError' }),
    'RangeError: out of memory',
  ],
  'a text too long for any engine': [() => 'x'.repeat(2 ** 30), 'RangeError: Invalid string length'],
  'a buffer too large for any machine': [
    () => new ArrayBuffer(2 ** 53 - 1),
    'RangeError: Array buffer allocation failed',
  ],
  'the words of an engine about memory': [
    () => new RangeError('Array buffer allocation failed'),
    'RangeError: Array buffer allocation failed',
  ],
  'the words of an engine about the stack': [
    () => new RangeError('Maximum call stack size exceeded'),
    'RangeError: Maximum call stack size exceeded',
  ],
  'the same without new': [
    () => RangeError('Maximum call stack size exceeded'),
    'RangeError: Maximum call stack size exceeded',
  ],
  'the same made by the constructor of another': [
    () => new (new RangeError().constructor as RangeErrorConstructor)('Maximum call stack size exceeded'),
    'RangeError: Maximum call stack size exceeded',
  ],
  'the same from before': [() => KEPT, 'RangeError: Maximum call stack size exceeded'],
  'the same out of the state': [({ failure }) => failure, 'RangeError: Maximum call stack size exceeded'],
  'the same in a subclass': [
    () => new Subclass('Maximum call stack size exceeded'),
    'RangeError: Maximum call stack size exceeded',
  ],
};

@Prevalent('strange-throws')
class Shop {
  readonly sold: string[] = ['tea'];
  readonly failure = new RangeError('Maximum call stack size exceeded');
  closed = false;
  @Transaction() sell(what: string, thrown: string): void {
    if (this.closed) throw STRANGE[thrown]![0](this);
    this.sold.push(what);
  }
  @Transaction() shut(): void {
    this.closed = true;
  }
  @Transaction() open(): void {
    this.closed = false;
  }
}

test.each(Object.keys(STRANGE))('%s is rejected in every way, with the same text', async (thrown) => {
  const early = [(shop: Shop): void => shop.shut()];
  const { outcomes } = await everyWay(Shop, { early, calls: [(shop) => shop.sell('x', thrown)] });
  expect(outcomes.map(({ error }) => error)).toEqual([undefined, STRANGE[thrown]![1]]);
});

test.each(Object.keys(STRANGE))('%s reaches the caller of a live call as it was thrown', async (thrown) => {
  for (const check of [undefined, 'replay'] as const) {
    const master = await Master.open(Shop, { name: 'a', store: new MemoryStore(), ...(check && { check }) });
    master.model.shut();
    let got: unknown = 'nothing';
    try {
      master.model.sell('x', thrown);
    } catch (error) {
      got = error;
    }
    expect(typeof got).toBe(typeof (thrown.startsWith('a text') || thrown.startsWith('a buffer') ? {} : made(thrown)));
    expect(master.query(({ sold }) => [...sold])).toEqual(['tea']);
    await master.close();
  }
});

const made = (thrown: string): unknown => STRANGE[thrown]![0](new Shop());

test.each(Object.keys(STRANGE))('%s: an event between them lets the call succeed after all', async (thrown) => {
  const store = new MemoryStore();
  let now = Date.UTC(2026, 5, 1, 12);
  const clock = { store, now: () => now };
  const c = await Master.open(Shop, { name: 'c', ...clock });
  const a = await Master.open(Shop, { name: 'a', ...clock });
  const b = await Master.open(Shop, { name: 'b', ...clock });
  a.model.shut();
  now += 1000;
  c.model.open();
  now += 1000;
  b.model.sell('x', thrown);
  b.model.sell('y', thrown);
  await a.sync();
  expect((await b.sync()).rejected).toBe(2);
  expect(b.rejections().map(({ args }) => args[0])).toEqual(['x', 'y']);
  expect((await b.status()).readOnly).toBeUndefined();
  await c.sync();
  await b.sync();
  await a.sync();
  for (const master of [a, b, c]) {
    expect(master.query(({ sold }) => [...sold])).toEqual(['tea', 'x', 'y']);
    expect(master.rejections()).toEqual([]);
    await master.close();
  }
});
