/**
 * Clocks and randomness that a module takes before a transaction swaps the globals, and what constructors and fields of a new model
 * take from the world: each kind is replaced after all, or found by `check: 'replay'` with a code and what to do.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { performance as imported } from 'node:perf_hooks';
import { Master, MemoryStore, Prevalent, Transaction } from 'prevalent';
import { ulidTime } from '../../../src/event/ulid.js';
import { deterministic } from '../../../src/state/determinism.js';

const RealDate = Date;
class Day extends Date {
  get ms(): number {
    return this.getTime();
  }
}
class Later extends Day {}
const { now } = Date;
const { random } = Math;
const RealMath = Math;
const uuid = crypto.randomUUID.bind(crypto);
const bytes = crypto.getRandomValues.bind(crypto);
const elapsed = performance.now.bind(performance);
const { performance: taken, crypto: takenCrypto } = globalThis;
const { bigint } = process.hrtime;
const a = new Date(5);
const { Now } = (globalThis as { Temporal?: { Now: { instant(): { epochMilliseconds: number } } } }).Temporal ?? {};

const ID = '01J00000000000000000000001';
const TIME = ulidTime(ID);

/** What holds the real object asks it for the function when it is called, and gets the event's. */
const REPLACED: Record<string, [take: () => unknown, gives?: unknown]> = {
  'now of a constructor that was taken': [() => RealDate.now(), TIME],
  'now of a subclass': [() => Day.now(), TIME],
  'now of the constructor of a date': [() => (a.constructor as DateConstructor).now(), TIME],
  'a new one by the constructor of a date': [() => +new (a.constructor as DateConstructor)(), TIME],
  'a subclass that is made inside': [() => +new (class extends Date {})(), TIME],
  'random of a Math that was taken': [() => RealMath.random()],
  'randomUUID of a crypto that was taken': [() => takenCrypto.randomUUID()],
  'now of a performance that was taken': [() => taken.now(), TIME],
  'now of a performance that was imported': [() => imported.now(), TIME],
};

/** What the language lets nobody replace. */
const FOUND: Record<string, () => unknown> = {
  'a constructor that was taken': () => new RealDate().getTime(),
  'the same as text': () => new RealDate().toISOString(),
  'a constructor that was taken, called': () => RealDate(),
  'a class that extends Date': () => new Day().ms,
  'a class that extends one': () => new Later().ms,
  'now that was taken': () => now(),
  'random that was taken': () => random(),
  'randomUUID that was taken': () => uuid(),
  'getRandomValues that was taken': () => [...bytes(new Uint8Array(8))],
  'performance.now that was taken': () => elapsed(),
  'randomUUID of node:crypto': () => randomUUID(),
  'randomBytes of node:crypto': () => randomBytes(8).toString('hex'),
  'hrtime.bigint that was taken': () => bigint(),
  ...(Now === undefined ? {} : { 'Temporal.Now that was taken': () => Now.instant().epochMilliseconds }),
};

test.each(Object.entries(REPLACED))('%s has what the event gives, and what it had afterwards', (_, [take, gives]) => {
  const first = deterministic(ID, take);
  expect(deterministic(ID, take)).toEqual(first);
  if (gives !== undefined) expect(first).toBe(gives);
  expect(take()).not.toEqual(first);
  expect([a.constructor, Date.now]).toEqual([RealDate, now]);
});

test('inside a transaction the constructor of a date is Date', () => {
  expect(deterministic(ID, () => a.constructor === Date && new Date().constructor === Date)).toBe(true);
});

@Prevalent('captured-globals')
class Model {
  readonly seen: unknown[] = [];
  count = 0;
  @Transaction() keep(what: string): void {
    this.seen.push(FOUND[what]?.());
  }
  @Transaction() give(what: string): unknown {
    this.count++;
    return FOUND[what]?.();
  }
  @Transaction() decide(what: string): void {
    throw new Error(`at ${String(FOUND[what]?.())}`);
  }
}

test.each(Object.keys(FOUND))("%s is found by check: 'replay', at the first call", async (what) => {
  for (const call of ['keep', 'give', 'decide'] as const) {
    const master = await Master.open(Model, { name: 'a', store: new MemoryStore(), check: 'replay' });
    expect(() => master.model[call](what)).toThrow(
      expect.objectContaining({
        code: 'NON_DETERMINISTIC_TRANSACTION',
        message: expect.stringMatching(
          /^The transaction \w+ is not deterministic.*Take time and randomness from Date/,
        ) as string,
      }),
    );
    expect(master.query(({ seen, count }) => [seen, count])).toEqual([[], 0]);
    await master.close();
  }
});

/** What fields of a new model begin with. */
const FIELDS: Record<string, [field: () => unknown, refused?: RegExp, plainly?: boolean]> = {
  'Date.now()': [() => Date.now()],
  'new Date()': [() => new Date()],
  'crypto.randomUUID()': [() => crypto.randomUUID()],
  'Math.random()': [() => Math.random()],
  'performance.now()': [() => performance.now()],
  'a UTC text': [() => new Date(0).toISOString()],
  ...Object.fromEntries(
    Object.entries(FOUND).map(([what, take]) => [
      what,
      [take, /New models of the class \w+ differ: .*Use Date, Math\.random/],
    ]),
  ),
  'process.hrtime()': [() => process.hrtime()[0], /The constructor of Model\w* uses process\.hrtime, /],
  'performance.timeOrigin': [() => performance.timeOrigin, / uses performance\.timeOrigin, /],
  'a timer': [() => void setTimeout(() => undefined), / uses setTimeout, /],
  'fetch, caught': [
    () => {
      try {
        void fetch('http://127.0.0.1:9/');
      } catch {
        return 'none';
      }
      return 'some';
    },
    / uses fetch, /,
  ],
  'the time zone': [() => new Date(2026, 0, 1).getTime(), /New models of the class \w+ differ: /],
  'the language': [() => (1234.5).toLocaleString(), /New models of the class \w+ differ: /],
};

function modelWith(name: string, field: () => unknown): new () => { field: unknown } {
  class Model {
    field = { deep: [field()] };
  }
  Prevalent(name)(Model);
  return Model;
}

test.each(Object.entries(FIELDS))(
  "a field of a new model with %s, under check: 'replay'",
  async (what, [field, refused]) => {
    const Model = modelWith(`field-checked-${what.replace(/\W+/g, '-').toLowerCase()}`, field);
    const open = (): Promise<Master<{ field: unknown }>> =>
      Master.open(Model, { name: 'a', store: new MemoryStore(), check: 'replay' });
    if (refused === undefined) {
      const [one, other] = [await open(), await open()];
      expect(one.query(({ field: own }) => own)).toEqual(other.query(({ field: own }) => own));
      await one.close();
      await other.close();
    } else {
      await expect(open()).rejects.toThrow(
        expect.objectContaining({
          code: 'NON_DETERMINISTIC_TRANSACTION',
          message: expect.stringMatching(refused) as string,
        }),
      );
    }
  },
);

test.each([
  'random that was taken',
  'randomUUID that was taken',
  'randomUUID of node:crypto',
  'randomBytes of node:crypto',
])('a field of a new model with %s is found without the check as well', async (what) => {
  const Model = modelWith(`field-${what.replace(/\W+/g, '-').toLowerCase()}`, FOUND[what] as () => unknown);
  await expect(Master.open(Model, { name: 'a', store: new MemoryStore() })).rejects.toThrow(
    expect.objectContaining({
      code: 'NON_DETERMINISTIC_TRANSACTION',
      message: expect.stringMatching(/^New models of the class Model differ: made twice, field\.deep\.0 is /) as string,
    }),
  );
});

test('what a constructor throws is thrown, also under the check', async () => {
  @Prevalent('throws-when-made')
  class Thrower {
    constructor() {
      throw new RangeError('not today');
    }
  }
  for (const check of ['none', 'replay'] as const)
    await expect(Master.open(Thrower, { name: 'a', store: new MemoryStore(), check })).rejects.toThrow('not today');
});
