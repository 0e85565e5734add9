import { Master, MemoryStore, Prevalent, Transaction } from '../../../../src/index.js';
import type { Migrate } from '../../../../src/model/definition.js';

interface Program {
  readonly fields: () => Record<string, unknown>;
  readonly version?: number;
  readonly migrate?: Record<number, Migrate>;
}

interface Settings {
  set(key: string, value: unknown): void;
  unset(key: string): void;
}

/** The model as one version of a program has it: its constructor makes these fields. */
function programWith({ fields, version = 1, migrate = {} }: Program): new () => Settings {
  @Prevalent('upgraded', { version, migrate })
  class Model implements Settings {
    constructor() {
      Object.assign(this, fields());
    }
    @Transaction() set(key: string, value: unknown): void {
      (this as Record<string, unknown>)[key] = value;
    }
    @Transaction() unset(key: string): void {
      Reflect.deleteProperty(this, key);
    }
  }
  return Model;
}

async function after(old: Program, calls: (model: Settings) => void, now: Program): Promise<[string, unknown][]> {
  const store = new MemoryStore();
  const first = await Master.open(programWith(old), { name: 'a', store });
  calls(first.model);
  await first.snapshot();
  await first.close();
  const again = await Master.open(programWith(now), { name: 'a', store });
  const entries = again.query((model) => Object.entries(model));
  expect((await again.status()).notices).toEqual([]);
  await again.close();
  return entries;
}

const OLD: Program = { fields: () => ({ a: 1, b: [2] }) };

test('a field that the class has gained gets its first value, in its place in the order', async () => {
  const now: Program = { fields: () => ({ first: 'f', a: 0, middle: new Map([['k', 1]]), b: [], last: null }) };
  expect(await after(OLD, (model) => model.set('own', true), now)).toEqual([
    ['first', 'f'],
    ['a', 1],
    ['middle', new Map([['k', 1]])],
    ['b', [2]],
    ['last', null],
    ['own', true],
  ]);
});

test('the first value is made with the clock and the randomness of the genesis', async () => {
  const now: Program = { fields: () => ({ ...OLD.fields(), at: Date.now(), id: crypto.randomUUID() }) };
  const one = await after(OLD, (model) => model.set('a', 5), now);
  expect(await after(OLD, (model) => model.set('a', 5), now)).toEqual(one);
  expect(one).toContainEqual(['at', 0]);
});

test('a field that a transaction deleted stays deleted', async () => {
  expect(await after(OLD, (model) => model.unset('b'), OLD)).toEqual([['a', 1]]);
  const now: Program = { fields: () => ({ a: 0, b: [], c: 3 }) };
  expect(await after(OLD, (model) => model.unset('b'), now)).toEqual([
    ['a', 1],
    ['c', 3],
  ]);
});

test('a field that a transaction set before the class had it keeps its value', async () => {
  const now: Program = { fields: () => ({ a: 0, b: [], c: 3 }) };
  expect(await after(OLD, (model) => model.set('c', 'set'), now)).toEqual([
    ['a', 1],
    ['b', [2]],
    ['c', 'set'],
  ]);
});

test('a field that the class has lost stays in the state', async () => {
  expect(await after(OLD, (model) => model.set('a', 5), { fields: () => ({ a: 0 }) })).toEqual([
    ['a', 5],
    ['b', [2]],
  ]);
});

test('steps of migrate run one version at a time on decoded data, before gained fields are added', async () => {
  const now: Program = {
    fields: () => ({ total: 0, list: [], extra: 'x' }),
    version: 3,
    migrate: {
      1: ({ a, ...rest }) => ({ total: a, ...rest }),
      2: ({ b, ...rest }) => ({ ...rest, list: [...(b as number[]), 3] }),
    },
  };
  expect(await after(OLD, (model) => model.set('a', 5), now)).toEqual([
    ['total', 5],
    ['list', [2, 3]],
    ['extra', 'x'],
  ]);
});

test('a snapshot of a newer version of the model is passed over', async () => {
  const store = new MemoryStore();
  const first = await Master.open(programWith({ ...OLD, version: 2, migrate: { 1: (f) => f } }), { name: 'a', store });
  first.model.set('a', 5);
  await first.snapshot();
  await first.close();
  const older = await Master.open(programWith(OLD), { name: 'a', store });
  expect((await older.status()).notices.join()).toMatch(
    /it holds version 2 of upgraded, which this program cannot read/,
  );
  expect(older.query((model) => ({ ...model }))).toEqual({ a: 5, b: [2] });
  await older.close();
});
