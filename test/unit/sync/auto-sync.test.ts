/** When a master syncs by itself, on a clock that the test turns. */
import { jest } from '@jest/globals';
import {
  Master,
  type MasterOptions,
  MemoryStore,
  Prevalent,
  type StoreListener,
  Transaction,
} from '../../../src/index.js';
import { AutoSync, type AutoSyncPlan } from '../../../src/sync/auto-sync.js';

@Prevalent('auto-sync')
class Words {
  readonly all: string[] = [];
  @Transaction() add(word: string): void {
    this.all.push(word);
  }
}

const EVERY = 1_000;
/** In the middle of the jitter: exactly the delay that was asked for. */
const random = (): number => 0.5;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick'] });
});
afterEach(() => {
  jest.useRealTimers();
});

/** An AutoSync whose store and syncs are the test's. */
class Bench {
  listener: StoreListener | undefined;
  watched = 0;
  syncs = 0;
  running = 0;
  most = 0;
  news = false;
  failure: Error | undefined;
  letGo: (() => void) | undefined;
  waits = false;
  readonly errors: unknown[] = [];
  readonly auto: AutoSync;

  constructor(
    plan: Pick<AutoSyncPlan, 'everyMs' | 'watch'>,
    watch?: (bench: Bench, listener: StoreListener) => Promise<() => Promise<void>>,
  ) {
    const store = new MemoryStore();
    store.watch = (_master, listener) => {
      this.watched++;
      this.listener = listener;
      return (
        watch?.(this, listener) ??
        Promise.resolve(async () => {
          this.watched--;
        })
      );
    };
    const syncForNews = async (): Promise<boolean> => {
      this.syncs++;
      this.most = Math.max(this.most, ++this.running);
      if (this.waits) await new Promise<void>((resolve) => (this.letGo = resolve));
      this.running--;
      if (this.failure !== undefined) throw this.failure;
      return this.news;
    };
    const tell = (_name: unknown, error: unknown): void => {
      this.errors.push(error);
    };
    this.auto = new AutoSync({ ...plan, name: 'a', random }, store, { syncForNews }, { tell });
  }
}

const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

test('at intervals, jittered by a fifth', async () => {
  const bench = new Bench({ everyMs: EVERY, watch: false });
  await pass(EVERY - 1);
  expect(bench.syncs).toBe(0);
  await pass(1);
  expect(bench.syncs).toBe(1);
  await pass(10 * EVERY);
  expect(bench.syncs).toBe(11);
  expect(bench.watched).toBe(0);
  await bench.auto.stop();
});

test('many changes are one sync, soon', async () => {
  const bench = new Bench({ everyMs: EVERY, watch: true });
  await pass(0);
  for (let i = 0; i < 100; i++) bench.listener?.changed();
  await pass(40);
  for (let i = 0; i < 100; i++) bench.listener?.changed();
  expect(bench.syncs).toBe(0);
  await pass(10);
  expect(bench.syncs).toBe(1);
  await pass(EVERY - 1);
  expect(bench.syncs).toBe(1);
  await pass(1);
  expect(bench.syncs).toBe(2);
  await bench.auto.stop();
});

test('never two at once; what changes during a sync is looked at after it', async () => {
  const bench = new Bench({ everyMs: EVERY, watch: true });
  bench.waits = true;
  await pass(EVERY);
  expect(bench.running).toBe(1);
  for (let i = 0; i < 10; i++) {
    bench.listener?.changed();
    await pass(EVERY);
  }
  expect([bench.syncs, bench.most]).toEqual([1, 1]);
  bench.waits = false;
  bench.letGo?.();
  await pass(50);
  expect([bench.syncs, bench.most]).toEqual([2, 1]);
  await bench.auto.stop();
});

test('changes of which nothing comes are looked at ever less often, and news ends that', async () => {
  const bench = new Bench({ everyMs: EVERY, watch: true });
  await pass(0);
  for (let ms = 0; ms < 100 * EVERY; ms++) {
    bench.listener?.changed();
    await pass(1);
  }
  expect(bench.syncs).toBeGreaterThanOrEqual(100);
  expect(bench.syncs).toBeLessThan(110);
  bench.news = true;
  await pass(EVERY);
  const before = bench.syncs;
  for (let ms = 0; ms < EVERY; ms++) {
    bench.listener?.changed();
    await pass(1);
  }
  expect(bench.syncs - before).toBeGreaterThan(15);
  await bench.auto.stop();
});

test('a quiet interval also makes the next change be looked at soon', async () => {
  const bench = new Bench({ everyMs: EVERY, watch: true });
  await pass(0);
  for (let ms = 0; ms < 10 * EVERY; ms++) {
    bench.listener?.changed();
    await pass(1);
  }
  await pass(3 * EVERY);
  const before = bench.syncs;
  bench.listener?.changed();
  await pass(50);
  expect(bench.syncs).toBe(before + 1);
  await bench.auto.stop();
});

test('a watcher that cannot begin, or fails later, is told, and intervals go on', async () => {
  const failure = new Error('no more watches');
  const never = new Bench({ everyMs: EVERY, watch: true }, () => Promise.reject(failure));
  expect(never.errors).toEqual([]);
  await pass(EVERY);
  expect([never.errors, never.syncs]).toEqual([[failure], 1]);
  await never.auto.stop();
  const later = new Bench({ everyMs: EVERY, watch: true });
  await pass(0);
  later.listener?.failed(failure);
  await pass(EVERY);
  expect([later.errors, later.syncs]).toEqual([[failure], 1]);
  await later.auto.stop();
  later.listener?.failed(failure);
  expect(later.errors).toHaveLength(1);
});

test('a failed sync is told, and the next one comes', async () => {
  const bench = new Bench({ everyMs: EVERY, watch: true });
  bench.failure = new Error('the drive is gone');
  await pass(2 * EVERY);
  expect(bench.errors).toEqual([bench.failure, bench.failure]);
  bench.failure = undefined;
  await pass(EVERY);
  expect([bench.syncs, bench.errors.length]).toEqual([3, 2]);
  await bench.auto.stop();
});

test('after stop() nothing is left: no timer, no watcher, no sync, whenever it comes', async () => {
  for (const when of [0, 1, EVERY, EVERY + 10]) {
    const bench = new Bench({ everyMs: EVERY, watch: true });
    await pass(when);
    bench.listener?.changed();
    await bench.auto.stop();
    expect(jest.getTimerCount()).toBe(0);
    const { syncs } = bench;
    bench.listener?.changed();
    await pass(10 * EVERY);
    expect([bench.syncs, bench.watched, bench.errors]).toEqual([syncs, 0, []]);
  }
});

test('stop() during a sync and before the watcher is ready', async () => {
  let ready: ((end: () => Promise<void>) => void) | undefined;
  const bench = new Bench({ everyMs: EVERY, watch: true }, () => new Promise((resolve) => (ready = resolve)));
  bench.waits = true;
  await pass(EVERY);
  let ended = 0;
  const stopped = bench.auto.stop();
  ready?.(async () => {
    ended++;
  });
  bench.letGo?.();
  await stopped;
  await pass(10 * EVERY);
  expect([ended, bench.syncs, jest.getTimerCount()]).toEqual([1, 1, 0]);
});

describe('masters in one memory', () => {
  let now = 0;
  const open = (name: string, store: MemoryStore, options: Partial<MasterOptions> = {}): Promise<Master<Words>> =>
    Master.open(Words, { name, store, random, now: () => now, autoSync: { everyMs: EVERY }, ...options });

  beforeEach(() => {
    now = Date.UTC(2026, 0, 1);
  });

  test('what one publishes the other has soon, without an interval in between', async () => {
    const store = new MemoryStore();
    const a = await open('a', store, { autoSync: false });
    const b = await open('b', store, { autoSync: { everyMs: 3_600_000 } });
    await pass(1);
    a.model.add('news');
    await a.sync();
    await pass(50);
    expect(b.query(({ all }) => [...all])).toEqual(['news']);
    await a.close();
    await b.close();
    expect(jest.getTimerCount()).toBe(0);
  });

  test('they do not keep each other syncing, not even if every sync tells the time', async () => {
    const store = new MemoryStore();
    const masters = await Promise.all(['a', 'b', 'c'].map((name) => open(name, store, { retention: 0 })));
    let syncs = 0;
    for (const master of masters) master.on('synced', () => syncs++);
    for (const master of masters) master.model.add('x');
    await pass(20 * EVERY);
    syncs = 0;
    now += 60_000;
    for (let round = 0; round < 100; round++) {
      now += EVERY;
      await pass(EVERY);
    }
    // A few more than one for each interval, where an endless chain would make it twenty times as many.
    expect(syncs).toBeLessThan(3 * 100 * 1.5);
    for (const master of masters) await master.close();
  });

  test.each([
    [true, /autoSync/],
    [{ everyMs: 0 }, /everyMs/],
    [{ watch: 'yes' }, /watch/],
    [{ every: 5 }, /every/],
  ])('autoSync: %j is refused', async (autoSync, message) => {
    const opening = open('a', new MemoryStore(), { autoSync: autoSync as unknown as false });
    await expect(opening).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await expect(opening).rejects.toThrow(message);
  });
});
