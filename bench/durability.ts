/** What it costs to lose nothing: durable calls, alone and together, and the way back after a restart. */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import type { Master, MasterOptions } from '../src/index.js';
import { journalBytes, openSqlite, Place } from './disk.js';
import { type Contender, measure, printTable, printTarget, printTimings, ratio, type Timing } from './harness.js';
import { entry, type Log } from './log-model.js';
import { loadPeers, type Peers, type SqliteDatabase } from './peers.js';
import { reopening } from './reopening.js';

const PARTS = { one: oneCaller, many: manyCallers, burst: callsThenOneWait, reopen: reopening } as const;

export const DURABILITY_PARTS: readonly string[] = Object.keys(PARTS);

/** Runs the parts named, all if none is. */
export async function benchDurability(quick: boolean, names: readonly string[]): Promise<void> {
  const peers = loadPeers();
  const place = new Place();
  try {
    for (const [name, part] of Object.entries(PARTS))
      if (names.length === 0 || names.includes(name)) await part(quick, place, peers);
  } finally {
    place.remove();
  }
}

/** A bare loop: what the disk itself can do with lines of that length. */
function bareLoop(place: Place, count: number, line: Buffer): Contender {
  let fd = -1;
  return {
    name: 'bare writeSync + fdatasyncSync',
    operations: count,
    prepare: () => (fd = openSync(place.fresh('bare'), 'w')),
    run: () => {
      for (let i = 0; i < count; i++) {
        writeSync(fd, line);
        fdatasyncSync(fd);
      }
    },
    restore: () => {
      closeSync(fd);
    },
  };
}

/** A master on a new folder for each run. */
function ours(
  place: Place,
  name: string,
  count: number,
  run: (master: Master<Log>) => unknown,
  options: Partial<MasterOptions> = {},
): Contender {
  let master: Master<Log> | undefined;
  return {
    name,
    operations: count,
    prepare: async () => (master = await place.open('ours', options)),
    run: () => run(master!),
    restore: () => master!.close(),
  };
}

function sqlite(place: Place, peers: Peers, count: number, synchronous: 'FULL' | 'NORMAL'): Contender {
  let database: SqliteDatabase | undefined;
  return {
    name: `better-sqlite3 WAL ${synchronous}, one INSERT each`,
    operations: count,
    prepare: () => (database = openSqlite(peers, place.fresh('sqlite'), synchronous)),
    run: () => {
      const insert = database!.prepare('INSERT INTO log (text) VALUES (?)');
      for (let i = 0; i < count; i++) insert.run(entry(i));
    },
    restore: () => {
      database!.close();
    },
  };
}

function level(place: Place, peers: Peers, count: number, callers: number): Contender {
  let database: InstanceType<Peers['level']> | undefined;
  return {
    name: `classic-level sync, ${callers} in flight`,
    operations: count,
    prepare: async () => {
      database = new peers.level(place.fresh('level'));
      await database.open();
    },
    run: () => together(callers, count, (index) => database!.put(String(index), entry(index), { sync: true })),
    restore: () => database!.close(),
  };
}

/** So many callers, each of whom waits for its call before the next one. */
async function together(callers: number, count: number, call: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < count) await call(next++);
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

async function sampleLine(place: Place): Promise<Buffer> {
  const master = await place.open('line');
  const { store } = await master.status();
  const empty = journalBytes(store);
  await master.transact((log) => log.append(entry(0)));
  await master.close();
  return Buffer.from(`${'x'.repeat(journalBytes(store) - empty - 1)}\n`);
}

async function oneCaller(quick: boolean, place: Place, peers: Peers | undefined): Promise<void> {
  const count = quick ? 100 : 500;
  const line = await sampleLine(place);
  const [bare, group, ...others] = await measure(quick ? 5 : 15, [
    bareLoop(place, count, line),
    ours(place, 'transact, each awaited', count, (master) =>
      together(1, count, (index) => master.transact((log) => log.append(entry(index)))),
    ),
    ours(
      place,
      'durability always',
      count,
      ({ model }) => {
        for (let i = 0; i < count; i++) model.append(entry(i));
      },
      { durability: 'always' },
    ),
    ...(peers === undefined
      ? []
      : [sqlite(place, peers, count, 'FULL'), sqlite(place, peers, count, 'NORMAL'), level(place, peers, count, 1)]),
  ]);
  printTimings(`One caller, ${line.length} bytes a call`, [bare!, group!, ...others], bare!);
  speed('transact to the bare loop', group!, bare!, 0.8);
  const full = others.find(({ name }) => name.includes('FULL'));
  if (full !== undefined) speed('transact to better-sqlite3 FULL', group!, full, 1);
}

function speed(what: string, one: Timing, other: Timing, target: number, goal?: number): void {
  printTarget({
    what,
    value: ratio(other, one),
    unit: 'x',
    atLeast: true,
    target,
    ...(goal === undefined ? {} : { goal }),
  });
}

async function manyCallers(quick: boolean, place: Place, peers: Peers | undefined): Promise<void> {
  const callers = 64;
  const count = quick ? 6_400 : 32_000;
  const alone = quick ? 100 : 500;
  const line = await sampleLine(place);
  const [bare, group, ...others] = await measure(quick ? 5 : 15, [
    bareLoop(place, alone, line),
    ours(place, `transact, ${callers} callers`, count, (master) =>
      together(callers, count, (index) => master.transact((log) => log.append(entry(index)))),
    ),
    ...(peers === undefined
      ? []
      : [sqlite(place, peers, alone, 'FULL'), level(place, peers, quick ? 1_000 : 5_000, callers)]),
  ]);
  printTimings(`${callers} concurrent callers`, [bare!, group!, ...others], bare!);
  const full = others.find(({ name }) => name.includes('FULL'));
  if (full !== undefined) speed('transact to better-sqlite3 FULL', group!, full, 15, 25);
}

async function callsThenOneWait(quick: boolean, place: Place, peers: Peers | undefined): Promise<void> {
  const count = quick ? 20_000 : 200_000;
  const stores: string[] = [];
  const contenders = [
    ours(place, 'calls, then one durable()', count, async (master) => {
      for (let i = 0; i < count; i++) master.model.append(entry(i));
      await master.durable();
      stores.push((await master.status()).store);
    }),
  ];
  if (peers !== undefined) contenders.push(inOneTransaction(place, peers, count));
  const [group, ...others] = await measure(quick ? 3 : 7, contenders);
  printTimings('Many calls, one wait', [group!, ...others], group!);
  printTarget({
    what: 'calls and one durable()',
    value: 1e9 / group!.median,
    unit: '/s',
    atLeast: true,
    target: 150_000,
  });
  if (others[0] !== undefined)
    printTarget({
      what: "to better-sqlite3's INSERTs",
      value: ratio(group!, others[0]),
      unit: 'x',
      target: 1.8,
      goal: 1.3,
    });
  printTable('Bytes on disk a call', ['', 'bytes'], [['journal line', (journalBytes(stores[0]!) / count).toFixed(1)]]);
}

function inOneTransaction(place: Place, peers: Peers, count: number): Contender {
  let database: SqliteDatabase | undefined;
  return {
    name: 'better-sqlite3 WAL FULL, all INSERTs in one transaction',
    operations: count,
    prepare: () => (database = openSqlite(peers, place.fresh('sqlite'), 'FULL')),
    run: () => {
      const insert = database!.prepare('INSERT INTO log (text) VALUES (?)');
      database!.transaction(() => {
        for (let i = 0; i < count; i++) insert.run(entry(i));
      })();
    },
    restore: () => {
      database!.close();
    },
  };
}
