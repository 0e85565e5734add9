/** A Proxy that the model or one of its libraries made is refused wherever it would become part of a state. */
import { types } from 'node:util';
import { createDraft } from 'immer';
import { Master, MemoryStore, Prevalent, Transaction } from '../../../src/index.js';
import { everyWay } from '../../every-way.js';

class Point {
  x = 1;
  get doubled(): number {
    return 2 * this.x;
  }
}

class Price {
  constructor(readonly cents: number) {}
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** As reactive libraries do it: what is read out of a Proxy is one as well. */
function reactive<T extends object>(target: T): T {
  return new Proxy(target, {
    get(object, key, receiver) {
      const value: unknown = Reflect.get(object, key, receiver);
      return typeof value === 'object' && value !== null ? reactive(value) : value;
    },
  });
}

const PROXIES: Record<string, () => object> = {
  'a plain object': () => new Proxy({ a: 1 }, {}),
  'a reactive object': () => reactive({ inner: { a: 1 } }),
  'an array': () => new Proxy([1, 2], {}),
  'a Map': () => new Proxy(new Map([['a', 1]]), {}),
  'a Set': () => new Proxy(new Set([1]), {}),
  'a Date': () => new Proxy(new Date(0), {}),
  bytes: () => new Proxy(new Uint8Array(2), {}),
  'an instance of a named class': () => new Proxy(new Point(), {}),
  'an instance of an unknown class': () => new Proxy(new (class Unknown {})(), {}),
  'a value': () => new Proxy(new Price(1), {}),
  'a frozen object': () => new Proxy(Object.freeze({ a: 1 }), {}),
  'a Proxy': () => new Proxy(new Proxy({}, {}), {}),
  'a draft of immer': () => createDraft({ a: 1 }),
  'nothing any more: revoked': revoked,
  'what throws at every touch': () =>
    new Proxy(
      {},
      new Proxy(
        {},
        {
          get: () => () => {
            throw new Error('touched');
          },
        },
      ),
    ),
};
type What = keyof typeof PROXIES;

const PLACES = {
  field: /^Cupboard\.slot would hold a Proxy, .*toRaw/,
  element: /^Array\.0 would hold a Proxy/,
  key: /^Map\.key would hold a Proxy/,
  'value of a map': /^Map\.k would hold a Proxy/,
  member: /^Set\..* would hold a Proxy/,
  'deep in a new object': /^Object\.deeper would hold a Proxy/,
  'deep in what is taken out again': /^Object\.deeper would hold a Proxy/,
  'in a frozen object': /^Object\.deeper would hold a Proxy/,
  'by definition': /^Cupboard\.slot would hold a Proxy/,
} as const;
type Where = keyof typeof PLACES;

@Prevalent('cupboard-of-proxies', {
  classes: { point: Point },
  values: { price: { class: Price, encode: ({ cents }) => cents, decode: (cents: number) => new Price(cents) } },
})
class Cupboard {
  slot: unknown = 'empty';
  list: unknown[] = [];
  map = new Map<unknown, unknown>();
  set = new Set<unknown>();

  @Transaction() put(what: What, where: Where): void {
    this.list.unshift('begun');
    this.list.shift();
    const proxy = PROXIES[what]!();
    if (where === 'field') this.slot = proxy;
    else if (where === 'element') this.list.push(proxy);
    else if (where === 'key') this.map.set(proxy, 1);
    else if (where === 'value of a map') this.map.set('k', proxy);
    else if (where === 'member') this.set.add(proxy);
    else if (where === 'deep in a new object') this.slot = { deep: new Map([['k', [{ deeper: proxy }]]]) };
    else if (where === 'in a frozen object') this.slot = Object.freeze({ deeper: proxy });
    else if (where === 'by definition')
      Object.defineProperty(this, 'slot', { value: proxy, writable: true, enumerable: true, configurable: true });
    else {
      this.slot = { deep: { deeper: proxy } };
      this.slot = 'empty';
    }
  }
  @Transaction() open(): void {
    this.list.push('open');
  }
  @Transaction() putWhenOpen(what: What): void {
    if (this.list.length > 0) this.put(what, 'deep in a new object');
  }
  @Transaction() give(anything: unknown): void {
    this.slot = anything;
  }
}

const whats = Object.keys(PROXIES);
const wheres = Object.keys(PLACES) as Where[];

test.each(whats.flatMap((what) => wheres.map((where) => [what, where] as const)))(
  'a Proxy of %s is refused: %s',
  async (what, where) => {
    const master = await Master.open(Cupboard, { name: 'a', store: new MemoryStore() });
    const error = expect.objectContaining({
      code: 'UNSUPPORTED_STATE',
      message: expect.stringMatching(PLACES[where]) as string,
    }) as Error;
    expect(() => {
      master.model.put(what, where);
    }).toThrow(error);
    expect(master.query(({ slot, list, map, set }) => [slot, list.length, map.size, set.size])).toEqual([
      'empty',
      0,
      0,
      0,
    ]);
    await master.close();
  },
);

test('the refusal is alike in every way a call may run', async () => {
  const calls = whats.map((what) => (cupboard: Cupboard) => {
    cupboard.putWhenOpen(what);
  });
  const { outcomes } = await everyWay(Cupboard, { early: [(cupboard) => cupboard.open()], calls });
  expect(outcomes.map(({ error }) => /^UNSUPPORTED_STATE|would hold a Proxy/.test(error ?? ''))).toEqual([
    false,
    ...whats.map(() => true),
  ]);
});

test('an argument is a copy of what a Proxy shows, or is refused by a code', async () => {
  const master = await Master.open(Cupboard, { name: 'a', store: new MemoryStore() });
  const given: Record<string, unknown> = {};
  for (const what of whats) {
    try {
      master.model.give(PROXIES[what]!());
      given[what] = master.query(({ slot }) => [types.isProxy(slot), slot]);
    } catch (error) {
      given[what] = (error as { code?: string }).code;
    }
  }
  const refused = 'UNCARRIABLE_ARGUMENT';
  expect(given).toEqual({
    'a plain object': [false, { a: 1 }],
    'a reactive object': [false, { inner: { a: 1 } }],
    'an array': [false, [1, 2]],
    'a Map': refused,
    'a Set': refused,
    'a Date': refused,
    bytes: refused,
    'an instance of a named class': [false, new Point()],
    'an instance of an unknown class': refused,
    'a value': [false, new Price(1)],
    'a frozen object': [false, { a: 1 }],
    'a Proxy': [false, {}],
    'a draft of immer': [false, { a: 1 }],
    'nothing any more: revoked': refused,
    'what throws at every touch': refused,
  });
  await master.close();
});

test.each(whats)('a new model that holds a Proxy of %s is refused by path', async (what) => {
  @Prevalent('shelf-of-proxies', {
    classes: { point: Point },
    values: { price: { class: Price, encode: ({ cents }) => cents, decode: (cents: number) => new Price(cents) } },
  })
  class Shelf {
    box = { deep: new Map([['k', [PROXIES[what]!()]]]) };
  }
  await expect(Master.open(Shelf, { name: 'a', store: new MemoryStore() })).rejects.toMatchObject({
    code: 'UNSUPPORTED_STATE',
    message: expect.stringMatching(/^Array\.0 would hold a Proxy/) as string,
  });
});

test('a model that is a Proxy itself is refused', async () => {
  @Prevalent('proxy-itself')
  class Itself {
    constructor() {
      return new Proxy(this, {});
    }
  }
  await expect(Master.open(Itself, { name: 'a', store: new MemoryStore() })).rejects.toMatchObject({
    code: 'UNSUPPORTED_STATE',
  });
});

test('a constant is no Proxy, neither itself nor in it', () => {
  for (const constant of [reactive({ a: 1 }), { inner: [reactive({ a: 1 })] }, revoked()])
    expect(() => Prevalent('proxy-constant', { constants: { one: constant } })(class Constant {})).toThrow(
      expect.objectContaining({ code: 'DECORATOR_USAGE', message: expect.stringMatching(/is a Proxy/) as string }),
    );
});

test('what migrate makes holds no Proxy', async () => {
  const store = new MemoryStore();
  @Prevalent('migrated-proxies')
  class Before {
    slot: unknown = 1;
    @Transaction() set(value: number): void {
      this.slot = value;
    }
  }
  const master = await Master.open(Before, { name: 'a', store });
  master.model.set(2);
  await master.snapshot();
  await master.close();
  @Prevalent('migrated-proxies', {
    version: 2,
    migrate: { 1: (fields) => ({ ...fields, slot: { inner: reactive({ a: 1 }) } }) },
  })
  class After extends Before {}
  await expect(Master.open(After, { name: 'a', store })).rejects.toMatchObject({ code: 'UNSUPPORTED_STATE' });
});
