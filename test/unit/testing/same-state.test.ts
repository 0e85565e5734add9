import { AssertionError, deepEqual } from 'node:assert';
import { Master, MemoryStore, Prevalent, Transaction } from 'prevalent';
import { assertSameState } from 'prevalent/testing';

class Box {
  constructor(public content: unknown) {}
}

class Crate extends Box {}

/** What random-looking states are made of; what a test stores is told by name, so that two masters make it apart. */
const STATES = {
  empty: () => ({}),
  tags: () => new Set(['x', 'y']),
  'other tags': () => new Set(['quite', 'different']),
  'tags in another order': () => new Set(['y', 'x']),
  'fewer tags': () => new Set(['x']),
  map: () =>
    new Map<unknown, unknown>([
      ['a', 1],
      ['b', { c: [1, 2] }],
    ]),
  'map with another value': () =>
    new Map<unknown, unknown>([
      ['a', 1],
      ['b', { c: [1, 3] }],
    ]),
  'map in another order': () =>
    new Map<unknown, unknown>([
      ['b', { c: [1, 2] }],
      ['a', 1],
    ]),
  'map of objects': () => new Map([[{ k: 1 }, 'v']]),
  'map of other objects': () => new Map([[{ k: 2 }, 'v']]),
  fields: () => ({ a: 1, b: 2 }),
  'fields in another order': () => ({ b: 2, a: 1 }),
  'a field more': () => ({ a: 1, b: 2, c: undefined }),
  zero: () => [0],
  'minus zero': () => [-0],
  hole: () => [, 1],
  undefined: () => [undefined, 1],
  box: () => new Box(1),
  crate: () => new Crate(1),
  date: () => new Date(0),
  'another date': () => new Date(1),
  bytes: () => new Uint8Array([1, 2]),
  'other bytes': () => new Uint8Array([1, 3]),
  'bytes of another type': () => new Int8Array([1, 2]),
  pattern: () => /a/g,
  'another pattern': () => /a/i,
  error: () => new Error('one'),
  'another error': () => new Error('two'),
  frozen: () => Object.freeze({ a: 1, b: 2 }),
  shared: () => ((one) => [one, one])({ n: 1 }),
  'not shared': () => [{ n: 1 }, { n: 1 }],
  url: () => new URL('https://a.example/?one'),
  'another url': () => new URL('https://a.example/?two'),
  cycle: () => {
    const one: Record<string, unknown> = { a: 1 };
    one.self = one;
    return one;
  },
  'cycle that is longer': () => {
    const one: Record<string, unknown> = { a: 1 };
    one.self = { a: 1, self: one };
    return one;
  },
  deep: () => {
    let one: unknown = 0;
    for (let i = 0; i < 20_000; i++) one = { one };
    return one;
  },
} as const;

type Name = keyof typeof STATES;

@Prevalent('same-state', {
  classes: { Box, Crate },
  values: { url: { class: URL, encode: (u) => u.href, decode: (s) => new URL(s) } },
})
class Model {
  held: unknown = null;

  @Transaction() hold(name: Name): void {
    this.held = STATES[name]();
  }
}

async function holding(name: Name): Promise<Master<Model>> {
  const master = await Master.open(Model, { name: 'one', store: new MemoryStore() });
  master.model.hold(name);
  return master;
}

/** The message for two masters that hold different things. */
async function told(one: Name, other: Name): Promise<string> {
  const [left, right] = [await holding(one), await holding(other)];
  try {
    assertSameState(left.model, right.model);
  } catch (error) {
    expect(error).toBeInstanceOf(AssertionError);
    const { message } = error as AssertionError;
    // Raw and guarded are told alike.
    expect(() => {
      assertSameState(left, right);
    }).toThrow(message);
    return message;
  } finally {
    await left.close();
    await right.close();
  }
  return 'the same';
}

test.each(Object.keys(STATES) as Name[])('%s made on two masters is the same', async (name) => {
  expect(await told(name, name)).toBe('the same');
});

test('any two of them are not', async () => {
  const masters = await Promise.all((Object.keys(STATES) as Name[]).map(holding));
  for (const left of masters) {
    for (const right of masters) {
      if (left !== right) {
        expect(() => {
          assertSameState(left, right);
        }).toThrow(AssertionError);
      }
    }
  }
  await Promise.all(masters.map((master) => master.close()));
});

test.each<[Name, Name, string]>([
  ['tags', 'other tags', 'model.held (member 0): "x" in the first, "quite" in the second'],
  ['tags', 'fewer tags', 'model.held: (member 1) comes next in the first, nothing more in the second'],
  ['map', 'map with another value', 'model.held.get("b").c[1]: 2 in the first, 3 in the second'],
  ['map', 'map in another order', 'model.held: get("a") comes next in the first, get("b") comes next in the second'],
  ['map of objects', 'map of other objects', 'model.held (key 0).k: 1 in the first, 2 in the second'],
  ['fields', 'fields in another order', 'model.held: a comes next in the first, b comes next in the second'],
  ['zero', 'minus zero', 'model.held[0]: 0 in the first, -0 in the second'],
  ['box', 'crate', 'model.held: an instance of Box in the first, an instance of Crate in the second'],
  ['fields', 'frozen', 'model.held: it is extensible in the first, it is frozen in the second'],
  [
    'url',
    'another url',
    'model.held (value url): "\\"https://a.example/?one\\"" in the first, "\\"https://a.example/?two\\"" in the second',
  ],
  ['shared', 'not shared', 'model.held[1]: the object at model.held[0] in the first, another object in the second'],
])('%s and %s: the first difference is named', async (one, other, message) => {
  expect(await told(one, other)).toBe(`The states differ at ${message}.`);
});

test('what assert.deepEqual passes for is found, also for a part of a model', async () => {
  const [left, right] = [await holding('tags'), await holding('other tags')];
  deepEqual(left.model.held, right.model.held);
  expect(() => {
    assertSameState(left.model.held as object, right.model.held as object);
  }).toThrow('The states differ at model (member 0)');
  await left.close();
  await right.close();
});
