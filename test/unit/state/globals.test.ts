import { Master, MemoryStore, Prevalent, Transaction } from 'prevalent';
import { ulidTime } from '../../../src/event/ulid.js';
import { deterministic } from '../../../src/state/determinism.js';
import { GLOBALS, noting } from '../../../src/state/globals.js';

const ID = '01J00000000000000000000001';

type World = Record<string, unknown>;
const world = globalThis as unknown as World;

/** What this engine does not have, as far as it is used here: other engines have the real one. */
class StandIn {
  static calls = 0;
  constructor() {
    StandIn.calls++;
  }
}
const standIns: World = {
  Temporal: temporalStandIn(),
  XMLHttpRequest: StandIn,
  WebSocket: StandIn,
  EventSource: StandIn,
  Worker: StandIn,
  BroadcastChannel: StandIn,
  requestAnimationFrame: () => StandIn.calls++,
  requestIdleCallback: () => StandIn.calls++,
  MessageChannel: StandIn,
  indexedDB: { open: () => StandIn.calls++ },
  caches: { open: () => StandIn.calls++ },
  localStorage: { getItem: () => null },
  sessionStorage: { getItem: () => null },
};
const added: string[] = [];

function temporalStandIn(): { Now: object; Instant: object } {
  const instantOf = (epochMilliseconds: number): object => {
    const zoned = (zone: unknown): object => ({
      epochMilliseconds,
      zone,
      toPlainDateTime: () => ({ dateTime: epochMilliseconds, zone }),
      toPlainDate: () => ({ date: epochMilliseconds, zone }),
      toPlainTime: () => ({ time: epochMilliseconds, zone }),
    });
    return { epochMilliseconds, toZonedDateTimeISO: zoned };
  };
  const real = (): unknown => performance.now();
  return {
    Instant: { fromEpochMilliseconds: instantOf },
    Now: {
      instant: real,
      zonedDateTimeISO: real,
      plainDateTimeISO: real,
      plainDateISO: real,
      plainTimeISO: real,
      timeZoneId: () => 'Europe/Berlin',
    },
  };
}

const make = (name: string): unknown => new (world[name] as new (url: string) => object)('http://127.0.0.1:9/');
const call = (name: string): unknown => (world[name] as (work: () => void) => unknown)(() => undefined);
const temporal = (): Record<string, (zone?: string) => unknown> =>
  (world.Temporal as { Now: Record<string, (zone?: string) => unknown> }).Now;

/** One use of each row of the table. */
const USES: Record<string, () => unknown> = {
  Date: () => new Date().getTime(),
  'Date.now': () => Date.now(),
  'performance.now': () => performance.now(),
  'Temporal.Now': () =>
    [
      temporal().instant?.(),
      temporal().zonedDateTimeISO?.(),
      temporal().zonedDateTimeISO?.('UTC'),
      temporal().plainDateTimeISO?.(),
      temporal().plainDateISO?.('UTC'),
      temporal().plainTimeISO?.(),
    ].map((one) => JSON.stringify(one)),
  Math: () => Math.pow(1.01, 14),
  'Math.random': () => Math.random(),
  'crypto.randomUUID': () => crypto.randomUUID(),
  'crypto.getRandomValues': () => [...crypto.getRandomValues(new Uint8Array(4))],
  'process.hrtime': () => process.hrtime(),
  'process.hrtime.bigint': () => process.hrtime.bigint(),
  'process.uptime': () => process.uptime(),
  'performance.timeOrigin': () => performance.timeOrigin,
  'performance.mark': () => performance.mark('here'),
  'performance.measure': () => performance.measure('here'),
  'performance.toJSON': () => (performance as unknown as { toJSON(): unknown }).toJSON(),
  'performance.getEntries': () => performance.getEntries(),
  'performance.getEntriesByName': () => performance.getEntriesByName('here'),
  'performance.getEntriesByType': () => performance.getEntriesByType('mark'),
  'performance.eventLoopUtilization': () => performance.eventLoopUtilization(),
  'performance.nodeTiming': () => performance.nodeTiming,
  'performance.memory': () => (performance as unknown as World).memory,
  'process.memoryUsage.rss': () => process.memoryUsage.rss(),
  'process.availableMemory': () => process.availableMemory(),
  'process.constrainedMemory': () => process.constrainedMemory(),
  'process.getActiveResourcesInfo': () => process.getActiveResourcesInfo(),
  'process.pid': () => process.pid,
  'process.ppid': () => process.ppid,
  'AbortSignal.timeout': () => AbortSignal.timeout(1),
  MessageChannel: () => make('MessageChannel'),
  'FinalizationRegistry.prototype.register': () => new FinalizationRegistry(() => undefined).register({}, 1),
  'Promise.prototype.then': () => Promise.resolve(1).then(() => undefined),
  'Promise.prototype.catch': () => Promise.resolve(1).catch(() => undefined),
  'Promise.prototype.finally': () => Promise.resolve(1).finally(() => undefined),
  'WeakRef.prototype.deref': () => new WeakRef(world).deref(),
  'process.cpuUsage': () => process.cpuUsage(),
  'process.memoryUsage': () => process.memoryUsage(),
  'process.resourceUsage': () => process.resourceUsage(),
  'Intl.DateTimeFormat.prototype.format': () => new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).format(),
  'Intl.DateTimeFormat.prototype.formatToParts': () => Intl.DateTimeFormat('en', { timeZone: 'UTC' }).formatToParts(),
  setTimeout: () => setTimeout(() => undefined, 1),
  setInterval: () => setInterval(() => undefined, 1),
  setImmediate: () => setImmediate(() => undefined),
  queueMicrotask: () => call('queueMicrotask'),
  requestAnimationFrame: () => call('requestAnimationFrame'),
  requestIdleCallback: () => call('requestIdleCallback'),
  Worker: () => make('Worker'),
  BroadcastChannel: () => make('BroadcastChannel'),
  'process.nextTick': () => undefined,
  fetch: () => fetch('http://127.0.0.1:9/'),
  XMLHttpRequest: () => make('XMLHttpRequest'),
  WebSocket: () => make('WebSocket'),
  EventSource: () => make('EventSource'),
  'crypto.subtle': () => crypto.subtle.digest('SHA-256', new Uint8Array(1)),
  indexedDB: () => (world.indexedDB as { open(): unknown }).open(),
  caches: () => (world.caches as { open(): unknown }).open(),
  localStorage: () => (world.localStorage as { getItem(key: string): unknown }).getItem('theme'),
  sessionStorage: () => (world.sessionStorage as { getItem(key: string): unknown }).getItem('theme'),
};

/** What these globals are now; `found` ones are compared as they were found. */
function present(): Map<string, unknown> {
  return new Map(
    GLOBALS.map(({ name }) => {
      const path = name.split('.');
      const key = path.pop() as string;
      const owner = path.reduce<unknown>((object, part) => (object as World)[part], world);
      const { get, value } = Object.getOwnPropertyDescriptor(owner, key) ?? {};
      return [name, get ?? (value as unknown)];
    }),
  );
}

@Prevalent('globals')
class Uses {
  done = 0;
  @Transaction() use(name: string): void {
    USES[name]?.();
    this.done++;
  }
  @Transaction() hide(name: string): void {
    try {
      USES[name]?.();
    } catch {
      this.done += 10;
    }
    this.done++;
  }
  @Transaction() dated(): string {
    return new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).format(new Date(0));
  }
  /** What the platform does for a stream that is written to. */
  @Transaction() log(): void {
    this.done++;
    platformTick.call(process, () => undefined);
  }
}
const platformTick = process.nextTick;

@Prevalent('globals-next-tick')
class Ticks {
  done = 0;
  @Transaction() later(): void {
    process.nextTick(() => this.done);
  }
}

beforeAll(() => {
  // It is a field of its own from the first call on.
  deterministic(ID, () => undefined);
  if (!('memory' in performance))
    Object.defineProperty(performance, 'memory', { configurable: true, value: { usedJSHeapSize: 1 } });
  for (const [name, value] of Object.entries(standIns)) {
    if (name in world) continue;
    added.push(name);
    world[name] = value;
  }
});

afterAll(() => {
  for (const name of added) Reflect.deleteProperty(world, name);
});

const named = (fate: string): string[] => GLOBALS.filter((row) => row.fate === fate).map(({ name }) => name);

test('each row of the table is used here', () => {
  expect(Object.keys(USES).sort()).toEqual(GLOBALS.map(({ name }) => name).sort());
});

test.each(named('replaced'))(
  '%s is replaced: the same for an event whenever it runs, and as before afterwards',
  (name) => {
    const use = USES[name] as () => unknown;
    const before = present();
    const first = deterministic(ID, use);
    expect(deterministic(ID, use)).toEqual(first);
    expect(present()).toEqual(before);
    if (name !== 'Math') expect(use()).not.toEqual(first);
  },
);

test("Temporal.Now has the event's time and the machine's time zone", () => {
  const ms = ulidTime(ID);
  const zone = temporal().timeZoneId?.();
  deterministic(ID, () => {
    expect(temporal().instant?.()).toMatchObject({ epochMilliseconds: ms });
    expect(temporal().zonedDateTimeISO?.('UTC')).toMatchObject({ epochMilliseconds: ms });
    expect(temporal().timeZoneId?.()).toBe(zone);
  });
});

test('a Temporal that comes later or cannot be written to is replaced as well, and is back when the call throws', () => {
  const own = world.Temporal;
  const late = Object.freeze(temporalStandIn());
  world.Temporal = late;
  try {
    expect(() =>
      deterministic(ID, () => {
        expect(temporal().instant?.()).toMatchObject({ epochMilliseconds: ulidTime(ID) });
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(world.Temporal).toBe(late);
  } finally {
    world.Temporal = own;
  }
});

test.each(named('found'))("%s is found by check: 'replay', also when the model catches that", async (name) => {
  const master = await Master.open(Uses, { name: 'one', store: new MemoryStore(), check: 'replay' });
  const before = present();
  const calls = StandIn.calls;
  const refusal = expect.objectContaining({
    code: 'NON_DETERMINISTIC_TRANSACTION',
    message: expect.stringContaining(` uses ${name}, `) as string,
  }) as Error;
  expect(() => {
    master.model.use(name);
  }).toThrow(refusal);
  expect(() => {
    master.model.hide(name);
  }).toThrow(refusal);
  expect(StandIn.calls).toBe(calls);
  expect(master.model.done).toBe(0);
  expect(present()).toEqual(before);
  await master.close();
});

test.each(named('found'))('%s is as it is elsewhere without the check', (name) => {
  const row = GLOBALS.find((one) => one.name === name);
  expect(row?.remedy).toMatch(/^[A-Z].*\.$/);
  const before = present();
  const { found } = noting('nothing', () => undefined);
  expect(found).toBeUndefined();
  expect(present()).toEqual(before);
});

test("process.nextTick is found in the model's code, while the platform may use it", async () => {
  const store = new MemoryStore();
  const ticks = await Master.open(Ticks, { name: 'one', store, check: 'replay' });
  expect(() => {
    ticks.model.later();
  }).toThrow(/^Ticks\.later \(line \d+ of the class\) uses process\.nextTick, /);
  await ticks.close();
  const uses = await Master.open(Uses, { name: 'one', store: new MemoryStore(), check: 'replay' });
  uses.model.log();
  expect(uses.model.done).toBe(1);
  expect(uses.model.dated()).toBe('1/1/1970');
  await uses.close();
});

class Later extends Promise<number> {}

/** What an asynchronous transaction may return, and what it meets while it makes that. */
const PROMISES: Record<string, () => unknown> = {
  'a promise': () => Promise.resolve(1),
  'one that fails': () => Promise.reject(new Error('nobody waits for this')),
  'one of a class': () => Later.resolve(1),
  'one that fails with what was found': async () => {
    await fetch('http://127.0.0.1:9/');
  },
  'one after a use that was caught': () => {
    try {
      void Promise.resolve(1).then(() => undefined);
    } catch {
      return Promise.resolve(2);
    }
    return Promise.resolve(1);
  },
  'a thenable': () => ({ then: () => undefined }),
  'a thenable on a promise': () => ({ then: (done: () => void) => Promise.resolve(1).then(done) }),
  'a thenable that throws': () => ({
    then: () => {
      throw new Error('not even this');
    },
  }),
};

@Prevalent('globals-promises')
class Promises {
  list: number[] = [];
  @Transaction() give(what: string): unknown {
    this.list = [1];
    return PROMISES[what]?.();
  }
  /** What was made here is raw until the call ends. */
  @Transaction() later(): void {
    const made = [1];
    this.list = made;
    void Promise.resolve().then(() => made.push(2));
  }
}

test.each(Object.keys(PROMISES))("%s is an asynchronous transaction, with check: 'replay' as without", async (what) => {
  for (const check of ['replay', 'none'] as const) {
    const master = await Master.open(Promises, { name: 'one', store: new MemoryStore(), check });
    expect(() => master.model.give(what)).toThrow(expect.objectContaining({ code: 'ASYNC_TRANSACTION' }));
    expect(master.query(({ list }) => list)).toEqual([]);
    await master.close();
  }
});

test('what would write to raw new objects after the call never runs', async () => {
  const master = await Master.open(Promises, { name: 'one', store: new MemoryStore(), check: 'replay' });
  expect(() => {
    master.model.later();
  }).toThrow(/ uses Promise\.prototype\.then, /);
  await Promise.resolve();
  expect(master.query(({ list }) => list)).toEqual([]);
  await master.close();
});
