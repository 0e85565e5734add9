/** The way back after a restart. */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { FolderStore, Master, type MasterOptions } from '../src/index.js';
import { nodeFileSystem } from '../src/store/folder/node-file-system.js';
import { bytesOf, journalBytes, openSqlite, type Place } from './disk.js';
import { type Contender, measure, printTable, printTarget, printTimings, ratio } from './harness.js';
import { entry, Log } from './log-model.js';
import type { Peers } from './peers.js';

/** Opens a master of very many events. */
export async function reopening(quick: boolean, place: Place, peers: Peers | undefined): Promise<void> {
  const count = quick ? 50_000 : 1_000_000;
  const plain = await filled(place, count, false);
  const saved = await filled(place, count, true);
  const timings = await measure(quick ? 3 : 5, [
    reopened('without a snapshot', plain, count),
    reopened('with a snapshot', saved, count),
    ...(peers === undefined ? [] : [await sqliteRead(place, peers, count)]),
  ]);
  printTimings(`Reopening ${count.toLocaleString('en')} events`, timings, timings[0]!);
  printTarget({
    what: 'reopen without a snapshot',
    value: 1e9 / timings[0]!.median,
    unit: '/s',
    atLeast: true,
    target: 250_000,
  });
  if (peers !== undefined)
    printTarget({
      what: 'to better-sqlite3 reading all rows',
      value: ratio(timings[0]!, timings[2]!),
      unit: 'x',
      target: 1.3,
      goal: 0.8,
    });
  const read = (await bytesRead(plain)) / journalBytes(plain.store as string);
  printTarget({ what: 'bytes read to bytes of the journal', value: read, unit: 'x', target: 1.1 });
  printTarget({ what: 'peak memory', value: peakMemory(plain), unit: ' MiB', target: 300, goal: 250 });
  printTable(
    'Bytes on disk',
    ['', 'bytes'],
    [
      ['journal', journalBytes(plain.store as string).toLocaleString('en')],
      ['journal and snapshot', bytesOf(saved.store as string).toLocaleString('en')],
    ],
  );
}

/** A folder with so many calls, closed. */
async function filled(place: Place, count: number, snapshot: boolean): Promise<MasterOptions> {
  const store = place.fresh('filled');
  const options: MasterOptions = { name: 'bench', store, local: `${store}-local`, snapshotEvery: 1e9 };
  const master = await Master.open(Log, options);
  for (let i = 0; i < count; i++) {
    master.model.append(entry(i));
    if (i % 1_000 === 0) await master.durable();
  }
  if (snapshot) await master.snapshot();
  await master.close();
  return options;
}

function reopened(name: string, options: MasterOptions, count: number): Contender {
  let master: Master<Log> | undefined;
  return {
    name,
    operations: count,
    run: async () => {
      master = await Master.open(Log, options);
      assert.equal(
        master.query(({ entries }) => entries.length),
        count,
      );
    },
    restore: () => master!.close(),
  };
}

async function sqliteRead(place: Place, peers: Peers, count: number): Promise<Contender> {
  const path = place.fresh('sqlite');
  const filling = openSqlite(peers, path, 'NORMAL');
  const insert = filling.prepare('INSERT INTO log (text) VALUES (?)');
  filling.transaction(() => {
    for (let i = 0; i < count; i++) insert.run(entry(i));
  })();
  filling.close();
  return {
    name: 'better-sqlite3: all rows into an array',
    operations: count,
    run: () => {
      const database = openSqlite(peers, path, 'FULL');
      const entries: unknown[] = [];
      for (const { text } of database.prepare('SELECT text FROM log ORDER BY id').iterate()) entries.push(text);
      assert.equal(entries.length, count);
      database.close();
    },
  };
}

/** Bytes that opening reads from files. */
async function bytesRead(options: MasterOptions): Promise<number> {
  let bytes = 0;
  const counting = {
    ...nodeFileSystem,
    read: async (...args: Parameters<typeof nodeFileSystem.read>): Promise<Uint8Array> => {
      const read = await nodeFileSystem.read(...args);
      bytes += read.length;
      return read;
    },
  };
  const store = new FolderStore(options.store as string, { fileSystem: counting });
  await (await Master.open(Log, { ...options, store })).close();
  return bytes;
}

/** MiB that a process takes which does nothing but open a master. */
function peakMemory(options: MasterOptions): number {
  const child = fileURLToPath(new URL('./reopening-child.js', import.meta.url));
  return Number(execFileSync(process.execPath, [child, JSON.stringify(options)], { encoding: 'utf8' }));
}
