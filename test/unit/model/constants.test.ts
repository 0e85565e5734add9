import { Master, MemoryStore, Prevalent, Transaction } from '../../../src/index.js';

const declare = (constants: Record<string, unknown>, classes: Record<string, new (...args: never[]) => object> = {}) =>
  expect(() => {
    Prevalent('declared', { constants: constants as Record<string, object>, classes })(class Declared {});
  });

class Label {
  constructor(readonly text: string) {}
}

test.each<[string, unknown, RegExp]>([
  ['a Map', new Map(), /is a Map/],
  ['a Set inside', { tags: new Set() }, /constant x\/tags is a Set/],
  ['a Date', { at: new Date(0) }, /x\/at is a Date/],
  ['a subclass of Map', new (class Index extends Map {})(), /is a Map/],
  ['bytes', [new Uint8Array(1)], /x\/0 is a Uint8Array/],
  ['a buffer', { bytes: Buffer.alloc(1) }, /x\/bytes is a (Buffer|Uint8Array)/],
  ['a URL', new URL('http://localhost'), /is a URL/],
  ['a RegExp', /x/, /is a RegExp/],
  ['a promise', Promise.resolve(), /is a Promise/],
  ['a WeakMap', new WeakMap(), /is a WeakMap/],
  ['a formatter', { format: new Intl.NumberFormat('en') }, /x\/format is a NumberFormat/],
  [
    'an accessor',
    {
      get now() {
        return 1;
      },
    },
    /now of the constant x is an accessor/,
  ],
  ['an object under a symbol', { [Symbol.for('a')]: {} }, /under the key Symbol\(a\)/],
  ['undefined', undefined, /is undefined; does its module/],
  ['null', null, /is null/],
  ['a text', 'open', /is a string, which has no identity/],
  ['a function', () => 1, /functions are code/],
])('%s is refused as a constant', (_, constant, message) => {
  declare({ x: constant }).toThrow(message);
  declare({ x: constant }).toThrow(expect.objectContaining({ code: 'DECORATOR_USAGE' }) as Error);
});

test('nothing is frozen when one constant is refused', () => {
  const fine = { inner: [1] };
  declare({ fine, wrong: new Map() }).toThrow(/is a Map/);
  expect([Object.isFrozen(fine), Object.isFrozen(fine.inner)]).toEqual([false, false]);
});

test('constants are frozen with all they hold, cycles included', () => {
  const label = new Label('a');
  const one: Record<string, unknown> = { list: [label], run: () => 1, [Symbol.for('note')]: 'n' };
  one.self = one;
  declare({ one }).not.toThrow();
  expect([one, one.list, label].every((object) => Object.isFrozen(object))).toBe(true);
});

test.each([['a b'], ['a/b'], ['a~b'], [''], ['x'.repeat(129)]])('"%s" names no constant', (name) => {
  declare({ [name]: {} }).toThrow(/cannot name a constant/);
});

test('one name stands for one thing', () => {
  declare({ label: {} }, { label: Label }).toThrow(
    /the name "label" stands for one of its constants and for one of its classes/,
  );
  declare({ declared: {} }).toThrow(/stands for the model itself/);
});

interface Board {
  mark: unknown;
  set(mark: unknown): void;
  pick(): void;
}

/** A program whose model declares these constants. */
function programWith(constants: Record<string, object>, picked: unknown = 1): new () => Board {
  @Prevalent('board-of-constants', { constants })
  class Model implements Board {
    mark: unknown = null;
    @Transaction() set(mark: unknown): void {
      this.mark = mark;
    }
    @Transaction() pick(): void {
      this.mark = picked;
    }
  }
  return Model;
}

const HOUR = 3_600_000;

test('a constant that only a snapshot holds is asked for at the start; the old name behind the new one is enough', async () => {
  const red = { colour: 'red', shades: [{ dark: true }] };
  const store = new MemoryStore();
  let now = HOUR;
  const options = { name: 'a', store, now: () => now++, retention: 0, patience: HOUR };
  const first = await Master.open(programWith({ red }, red.shades[0]), options);
  for (let i = 0; i < 3; i++) {
    first.model.pick();
    await first.sync();
    now += HOUR;
    await first.compact();
  }
  await first.close();
  await expect(Master.open(programWith({ crimson: red }), options)).rejects.toMatchObject({
    code: 'MODEL_OUTDATED',
    message: expect.stringMatching(/the constant red\/shades\/0, which .*constants: \{ 'red': … \}/) as string,
  });
  const again = await Master.open(programWith({ crimson: red, red }), options);
  expect(again.model.mark).toBe(red.shades[0]);
  again.model.set(red);
  expect(again.model.mark).toBe(red);
  await again.snapshot();
  await again.close();
  const renamed = await Master.open(programWith({ crimson: red }), options);
  expect(renamed.model.mark).toBe(red);
  await renamed.close();
});

test('a call with a constant that this program does not declare is held, and goes on when it is declared again', async () => {
  const red = { colour: 'red' };
  const store = new MemoryStore();
  const writer = await Master.open(programWith({ red }), { name: 'writer', store });
  writer.model.set([red, { red }]);
  await writer.close();
  const reader = await Master.open(programWith({}), { name: 'reader', store });
  expect((await reader.sync()).held).toMatchObject([{ master: 'writer', reason: 'arguments' }]);
  expect(reader.model.mark).toBeNull();
  await reader.close();
  await expect(Master.open(programWith({}), { name: 'writer', store })).rejects.toMatchObject({
    code: 'MODEL_OUTDATED',
  });
  const upgraded = await Master.open(programWith({ red }), { name: 'reader', store });
  expect((upgraded.model.mark as unknown[])[0]).toBe(red);
  await upgraded.close();
});
