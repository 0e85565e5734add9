/** What a real PostgreSQL, and who runs it, may do to a store: rights, settings, poolers, lost connections, several that start at once. */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { Master, Prevalent, type StreamHeader, Transaction } from '../../src/index.js';
import {
  type PostgresPool,
  type PostgresQuery,
  PostgresStore,
  type PostgresStoreOptions,
  tablesSql,
} from '../../src/store/postgres/index.js';
import { NOTHING, Writer } from '../../src/testing/contract/writer.js';
import { freePort, PostgresServer } from '../postgres-server.js';
import { find } from '../provision.mjs';
import { native, withPostgres } from '../with-postgres.js';

@Prevalent('lists')
class Lists {
  readonly items: string[] = [];
  @Transaction() add(item: string): void {
    this.items.push(item);
  }
}

@Prevalent('others')
class Others {
  count = 0;
  @Transaction() up(): void {
    this.count++;
  }
}

let databases = 0;

withPostgres('a PostgresStore', () => {
  let server: PostgresServer;
  let admin: pg.Pool;
  beforeAll(async () => {
    server = await PostgresServer.start(native);
    admin = server.pool();
  });
  afterAll(async () => {
    await admin.end();
    await server.stop();
  });

  /** A database of its own, and what is run in it. */
  async function database(options = ''): Promise<{ name: string; pool: pg.Pool }> {
    const name = `database${++databases}`;
    await admin.query(`CREATE DATABASE ${name} ${options}`);
    return { name, pool: server.pool({ connectionString: server.url({ database: name }) }) };
  }

  const open = async (options: PostgresStoreOptions, name = 'a'): Promise<Master<Lists>> => {
    const master = await Master.open(Lists, { name, store: new PostgresStore(options) });
    // What fails is told by the calls as well.
    master.on('error', () => undefined);
    return master;
  };

  test('makes its tables once, whoever starts first, and masters of one space meet there', async () => {
    const { pool } = await database();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const masters = await Promise.all(
      names.map((name) => open({ pool, schema: 'Odd "name"', space: "it's one" }, name)),
    );
    for (const [index, master] of masters.entries()) await master.transact((lists) => lists.add(`of ${index}`));
    for (let round = 0; round < 2; round++) for (const master of masters) await master.sync();
    for (const master of masters)
      // Calls of two masters within one millisecond may come in either order.
      expect(master.query(({ items }) => [...items].sort())).toEqual(names.map((_, index) => `of ${index}`));
    expect(new Set(masters.map((master) => master.query(({ items }) => items.join()))).size).toBe(1);
    await Promise.all(masters.map((master) => master.close()));
    const { rows } = await pool.query('SELECT version FROM "Odd ""name""".versions');
    expect(rows).toEqual([{ version: 1 }]);
    // What may be run again changes nothing.
    await pool.query(tablesSql('Odd "name"'));
    const again = await open({ pool, schema: 'Odd "name"', space: "it's one" }, 'g');
    expect(again.query(({ items }) => items.length)).toBe(6);
    await again.close();
    await pool.end();
  });

  test('needs no right to make tables where they are made for it, and says what to do where it lacks one', async () => {
    const { name, pool } = await database();
    await pool.query(
      `CREATE ROLE app LOGIN; REVOKE ALL ON DATABASE ${name} FROM PUBLIC; GRANT CONNECT ON DATABASE ${name} TO app`,
    );
    const connectionString = server.url({ user: 'app', database: name });
    await expect(open({ connectionString })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/may not use or make the tables.*tablesSql\("prevalent"\).*grant this role USAGE/),
    });
    await pool.query(tablesSql());
    await expect(open({ connectionString })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    // As the page for administrators says.
    await pool.query(`GRANT USAGE ON SCHEMA prevalent TO app;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA prevalent TO app;
      REVOKE INSERT, UPDATE, DELETE ON prevalent.versions FROM app`);
    const master = await open({ connectionString });
    await master.transact((lists) => lists.add('milk'));
    await master.sync();
    await master.snapshot();
    await master.compact();
    await master.close();
    const again = await open({ connectionString });
    expect(again.query(({ items }) => items)).toEqual(['milk']);
    await again.close();
    await pool.end();
  });

  test('refuses a database that cannot hold every text, and tables of a later version', async () => {
    const { pool } = await database(`ENCODING 'SQL_ASCII' TEMPLATE template0`);
    await expect(open({ pool })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('encoding SQL_ASCII'),
    });
    await pool.end();
    const later = await database();
    await later.pool.query(tablesSql());
    await later.pool.query('INSERT INTO prevalent.versions (version) VALUES (99)');
    await expect(open({ pool: later.pool })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('version 99'),
    });
    await later.pool.end();
  });

  test('keeps spaces apart, and holds one model in each, also if two are begun at once', async () => {
    const { pool } = await database();
    const first = await open({ pool, space: 'one' });
    await first.transact((lists) => lists.add('milk'));
    const second = await open({ pool, space: 'two' });
    await second.sync();
    expect(second.query(({ items }) => items)).toEqual([]);
    const pools = [pool, server.pool({ connectionString: server.url({ database: `database${databases}` }) })];
    const settled = await Promise.allSettled([
      Master.open(Lists, { name: 'a', store: new PostgresStore({ pool: pools[0]!, space: 'three' }) }),
      Master.open(Others, { name: 'b', store: new PostgresStore({ pool: pools[1]!, space: 'three' }) }),
    ]);
    const [reason] = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(reason).toMatchObject({ code: 'MODEL_MISMATCH' });
    for (const one of settled) if (one.status === 'fulfilled') await one.value.close();
    await Promise.all([first.close(), second.close()]);
    await Promise.all(pools.map((one) => one.end()));
  });

  test('acknowledges nothing before it is on disk, also where the server is set to', async () => {
    const { name, pool: other } = await database();
    await other.query(`ALTER DATABASE ${name} SET synchronous_commit = off`);
    await other.end();
    const pool = server.pool({ connectionString: server.url({ database: name }) });
    const seen: string[] = [];
    // Each statement in a transaction whose settings can be looked at before it ends.
    const looking: PostgresPool = {
      query: async (query: PostgresQuery) => {
        const client = await pool.connect();
        try {
          await client.query('BEGIN');
          const result = await client.query(query as pg.QueryConfig);
          const { rows } = await client.query('SHOW synchronous_commit');
          if (/INTO "prevalent".(events|streams)|SET session|SET frontier/.test(query.text))
            seen.push(rows[0].synchronous_commit);
          await client.query('COMMIT');
          return result;
        } catch (error) {
          await client.query('ROLLBACK');
          throw error;
        } finally {
          client.release();
        }
      },
      connect: () => pool.connect(),
      on: () => undefined,
    };
    const master = await open({ pool: looking, listen: false });
    await master.transact((lists) => lists.add('milk'));
    await master.sync();
    await master.close();
    expect(new Set(seen)).toEqual(new Set(['on']));
    expect(seen.length).toBeGreaterThan(3);
    await pool.end();
  });

  test('hears what others publish, also after its connection was ended', async () => {
    const { pool } = await database();
    const autoSync = { everyMs: 3_600_000, watch: true };
    const listening = await Master.open(Lists, { name: 'a', store: new PostgresStore({ pool }), autoSync });
    const errors: unknown[] = [];
    listening.on('error', (error) => errors.push(error));
    const other = await open({ pool }, 'b');
    const heard = async (item: string): Promise<void> => {
      await other.transact((lists) => lists.add(item));
      // Again and again: a notification may be missed while the connection is made.
      while (!listening.query(({ items }) => items.includes(item))) await other.sync();
    };
    await heard('first');
    const { rows } = await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND query LIKE 'LISTEN%'`,
      [`database${databases}`],
    );
    expect(rows).toHaveLength(1);
    await heard('second');
    expect(errors.map((error) => (error as { code: string }).code)).toEqual(errors.map(() => 'STORE_UNREACHABLE'));
    await Promise.all([listening.close(), other.close()]);
    await pool.end();
  });

  test('says so when its rows are not those it has written: a backup was restored under it', async () => {
    const { pool } = await database();
    const master = await open({ pool });
    await master.transact((lists) => lists.add('kept'));
    await master.transact((lists) => lists.add('lost'));
    await pool.query('DELETE FROM prevalent.events WHERE first = 2');
    const failure = master.transact((lists) => lists.add('after'));
    await expect(failure).rejects.toMatchObject({
      message: expect.stringMatching(/holds 1 events of a@.*and 2 were stored: it was restored from a backup/),
    });
    await master.close().catch(() => undefined);
    await pool.end();
  });

  test('a restored backup makes every start begin a new stream, as the page for administrators says', async () => {
    const { pool } = await database();
    const [first, second] = [await open({ pool }, 'a'), await open({ pool }, 'b')];
    await first.transact((lists) => lists.add('in the backup'));
    await first.sync();
    const tables = ['spaces', 'masters', 'streams', 'events', 'snapshots', 'snapshot_pieces'];
    for (const table of tables) await pool.query(`CREATE TABLE kept_${table} AS SELECT * FROM prevalent.${table}`);
    await first.transact((lists) => lists.add('after it'));
    await first.sync();
    await second.sync();
    expect(second.query(({ items }) => items.length)).toBe(2);
    for (const table of tables)
      await pool.query(`DELETE FROM prevalent.${table}; INSERT INTO prevalent.${table} SELECT * FROM kept_${table}`);
    await pool.query('UPDATE prevalent.masters SET owner = NULL, owned_until = NULL, session = NULL');
    // Whoever still runs is shut out.
    for (const master of [first, second])
      await expect(master.transact((lists) => lists.add('late'))).rejects.toMatchObject({ code: 'MASTER_FENCED' });
    await Promise.all([first, second].map((master) => master.close()));
    const again = await open({ pool }, 'a');
    expect((await again.status()).notices.join()).toContain('continues in a new epoch');
    await again.transact((lists) => lists.add('anew'));
    await again.sync();
    const other = await open({ pool }, 'b');
    for (const master of [again, other]) expect(master.query(({ items }) => items)).toEqual(['in the backup', 'anew']);
    expect((await other.status()).held).toEqual([]);
    await Promise.all([again, other].map((master) => master.close()));
    await pool.end();
  });

  describe('a statement whose answer is lost, and that arrives only later, has no effect any more:', () => {
    /** A store whose next statement of a kind is told to be lost; what is given executes it. */
    async function delaying(
      kind: RegExp,
    ): Promise<{ store: PostgresStore; pool: pg.Pool; arrive: () => Promise<void> }> {
      const { pool } = await database();
      const late: PostgresQuery[] = [];
      const own: PostgresPool = {
        query: (query) => {
          if (late.length > 0 || !kind.test(query.text)) return pool.query(query as pg.QueryConfig);
          late.push(query);
          return Promise.reject(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
        },
        connect: () => pool.connect(),
        on: () => undefined,
      };
      const arrive = async (): Promise<void> => {
        expect(late).toHaveLength(1);
        await pool.query(late[0] as pg.QueryConfig);
      };
      return { store: new PostgresStore({ pool: own, listen: false }), pool, arrive };
    }

    const textsOf = async (store: PostgresStore, stream: StreamHeader): Promise<readonly string[]> =>
      store.read(stream, 0, 99);

    test('lines that were taken back', async () => {
      const { store, pool, arrive } = await delaying(/tail AS/);
      const writer = new Writer('a');
      const journal = await store.open(writer.request);
      const [first, others] = [0, 1].map(() => writer.lines(store, journal.header, 1, 3));
      await expect(journal.append(first!, 1)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
      await journal.cutBack(0);
      await arrive();
      expect(await textsOf(store, journal.header)).toEqual([]);
      await journal.append(others!, 1);
      expect(await textsOf(store, journal.header)).toEqual(others!.trimEnd().split('\n'));
      await journal.close();
      await pool.end();
    });

    test('an older frontier', async () => {
      const { store, pool, arrive } = await delaying(/published AS/);
      const journal = await store.open(new Writer('a').request);
      await expect(journal.publish('first', NOTHING)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
      await journal.publish('first', NOTHING);
      await journal.publish('second', NOTHING);
      await arrive();
      expect((await store.streams())[0]?.frontier).toBe('second');
      await journal.close();
      await pool.end();
    });

    test('a stream that was begun by a start which was tried again', async () => {
      const { store, pool, arrive } = await delaying(/begun AS/);
      const writer = new Writer('a');
      await expect(store.open(writer.request)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
      const journal = await store.open(writer.request);
      await arrive();
      expect((await store.streams()).map(({ stream: { epoch } }) => epoch)).toEqual([journal.header.epoch]);
      await journal.append(writer.lines(store, journal.header, 1, 1), 1);
      await journal.close();
      await pool.end();
    });

    test('lines of a stream that another one has succeeded', async () => {
      const { store, pool, arrive } = await delaying(/tail AS/);
      const writer = new Writer('a');
      const journal = await store.open(writer.request);
      const lines = writer.lines(store, journal.header, 1, 3);
      await expect(journal.append(lines, 1)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
      const next = await journal.succeed(writer.successor(journal, 0), '');
      await arrive();
      expect(await textsOf(store, journal.header)).toEqual([]);
      await next.close();
      await pool.end();
    });
  });

  test.each([
    [{}, /either pool or connectionString/],
    [{ connectionString: 'postgres://x/y', schema: 'a'.repeat(64) }, /no name of a schema/],
    [{ connectionString: 'postgres://x/y', space: '' }, /space/],
    [{ connectionString: 'postgres://x/y', silence: 0 }, /silence/],
    [{ connectionString: 'postgres://x/y', timeLimit: 1.5 }, /timeLimit/],
  ])('refuses options that cannot be used: %j', (options, message) => {
    expect(() => new PostgresStore(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(message) }),
    );
  });

  test('tells no password, and refuses a pool with which it would wait for itself', () => {
    const store = new PostgresStore({ connectionString: 'postgres://app:secret@db.example:5433/app' });
    expect(store.location).toBe('PostgreSQL db.example:5433/app (schema prevalent, space default)');
    expect(JSON.stringify(store.place)).not.toContain('secret');
    const pool = server.pool({ max: 1 });
    expect(() => new PostgresStore({ pool })).toThrow('one connection');
    expect(() => new PostgresStore({ pool, listen: false })).not.toThrow();
  });

  test('a server that is not there is told as that, and a process is not kept alive', async () => {
    const connectionString = server.url({ port: await freePort() });
    await expect(open({ connectionString })).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  const pgbouncer = find('pgbouncer');
  const behindPooler = pgbouncer === undefined && process.env.CI !== 'true' ? test.skip : test;

  behindPooler('works behind a pooler that changes connections, and says that it cannot listen there', async () => {
    const { name, pool } = await database();
    const pooler = await Pooler.start(pgbouncer ?? 'pgbouncer', server.port);
    try {
      const connectionString = server.url({ database: name, port: pooler.port });
      const writer = await open({ connectionString, listen: false }, 'a');
      await Promise.all(Array.from({ length: 50 }, (_, index) => writer.transact((lists) => lists.add(`${index}`))));
      await writer.sync();
      await writer.snapshot();
      // Listening goes to the server itself.
      const listening = await open({ connectionString, listen: server.url({ database: name }) }, 'b');
      expect(listening.query(({ items }) => items.length)).toBe(50);
      const failed = new Promise<unknown>((resolve) => {
        const deaf = new PostgresStore({ connectionString });
        void deaf.watch?.('c', { changed: () => undefined, failed: resolve }).then((stop) => failed.then(stop));
      });
      expect(await failed).toMatchObject({
        code: 'STORE_UNREACHABLE',
        message: expect.stringContaining('set listen to an address that leads to the server'),
      });
      await Promise.all([writer.close(), listening.close()]);
    } finally {
      await pooler.stop();
      await pool.end();
    }
  });
});

/** A PgBouncer in transaction mode. */
class Pooler {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(port: number, child: ChildProcess, folder: string) {
    this.port = port;
    this.#process = child;
    this.#folder = folder;
  }

  static async start(program: string, to: number): Promise<Pooler> {
    const folder = mkdtempSync(join(tmpdir(), 'prevalent-pgbouncer-'));
    const port = await freePort();
    const config = join(folder, 'pgbouncer.ini');
    writeFileSync(join(folder, 'users.txt'), '"postgres" ""\n');
    writeFileSync(
      config,
      `[databases]\n* = host=127.0.0.1 port=${to}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${port}\nunix_socket_dir =\n` +
        `auth_type = trust\nauth_file = ${join(folder, 'users.txt')}\npool_mode = transaction\n`,
    );
    chmodSync(folder, 0o755);
    // It refuses to run as root.
    const whom = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    if (whom.uid !== undefined) chownSync(folder, whom.uid, whom.gid);
    const child = spawn(program, [config], { ...whom, stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (data: Buffer) => {
        log += data.toString();
        if (log.includes('process up')) resolve();
      });
      child.on('close', () => reject(new Error(`PgBouncer does not start: ${log}`)));
    });
    return new Pooler(port, child, folder);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.on('close', resolve));
    this.#process.kill('SIGKILL');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
