/** Servers that are killed and processes that sleep: nothing that was acknowledged is lost or there twice. */
import type pg from 'pg';
import { Master } from '../../src/index.js';
import { PostgresStore } from '../../src/store/postgres/index.js';
import { byEffort } from '../effort.js';
import { PostgresServer } from '../postgres-server.js';
import { native, withPostgres } from '../with-postgres.js';
import { CallingProcess } from './calling-process.js';
import { type Compiled, compile } from './compiled.js';
import { CrashLog } from './crash-model.js';

const ROUNDS = byEffort({ quick: [1], ci: [1, 2, 3], deep: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] });

withPostgres('PostgreSQL', () => {
  let server: PostgresServer;
  let pool: pg.Pool;
  beforeAll(async () => {
    // As a server is run that keeps what it has acknowledged.
    server = await PostgresServer.start(native, []);
    pool = server.pool({ max: 8 });
  });
  afterAll(async () => {
    await pool.end();
    await server.stop();
  });

  /** What a newcomer has: every word once, or this fails. */
  async function words(space: string): Promise<Set<string>> {
    const master = await Master.open(CrashLog, { name: 'newcomer', store: new PostgresStore({ pool, space }) });
    const all = master.query(({ left }) => [...left]);
    expect(master.query(({ right }) => [...right])).toEqual(all);
    expect((await master.status()).held).toEqual([]);
    await master.close();
    const once = new Set(all);
    expect(all).toHaveLength(once.size);
    return once;
  }

  test.each(ROUNDS)(
    'it is killed while 10,000 calls are made by 64 callers, and started again: all are there, once (%i)',
    async (round) => {
      const space = `killed ${round}`;
      const master = await Master.open(CrashLog, { name: 'writer', store: new PostgresStore({ pool, space }) });
      master.on('error', () => undefined);
      let made = 0;
      let kills = 0;
      const kill = async (): Promise<void> => {
        await server.kill();
        await server.restart();
      };
      let killing: Promise<void> | undefined;
      const caller = async (): Promise<void> => {
        while (made < 10_000) {
          const word = `${made++}`;
          if (made === 2_000 + 3_000 * kills) {
            kills++;
            await killing;
            killing = kill();
          }
          await master.transact((log) => log.add(word));
        }
      };
      await Promise.all(Array.from({ length: 64 }, caller));
      await killing;
      expect(kills).toBe(3);
      await master.sync();
      await master.close();
      const found = await words(space);
      expect(found.size).toBe(made);
    },
  );

  describe('a process that sleeps', () => {
    const script = 'test/e2e/postgres-child.ts';
    let compiled: Compiled;
    beforeAll(() => (compiled = compile([script, 'test/e2e/call-until-refused.ts', 'test/e2e/crash-model.ts'])));
    afterAll(() => compiled.remove());

    test.each(ROUNDS)(
      'for longer than its name is kept loses it to another one, and nothing else (%i)',
      async (round) => {
        const space = `asleep ${round}`;
        const child = new CallingProcess(compiled.path(script), server.url(), space);
        await child.until(() => child.acknowledged.length >= 200);
        child.process.kill('SIGSTOP');
        const taker = await opened(space);
        const heard: string[] = [];
        for (let count = 0; count < 100; count++) {
          await taker.transact((log) => log.add(`taker-${count}`));
          heard.push(`taker-${count}`);
        }
        child.process.kill('SIGCONT');
        await child.until(() => false);
        expect(child.heard).toContain('refused MASTER_FENCED');
        await taker.transact((log) => log.add('taker-last'));
        await taker.sync();
        await taker.close();
        const found = await words(space);
        for (const word of [...child.acknowledged, ...heard, 'taker-last']) expect(found).toContain(word);
      },
    );

    test('or is open keeps its name: it answers who asks for it', async () => {
      const space = 'awake';
      const child = new CallingProcess(compiled.path(script), server.url(), space, 3_600_000);
      await child.until(() => child.acknowledged.length >= 10);
      // It renews its name every twenty minutes: only an answer can be so quick.
      const other = Master.open(CrashLog, { name: 'fenced', store: new PostgresStore({ pool, space }) });
      await expect(other).rejects.toMatchObject({
        code: 'MASTER_LOCKED',
        message: expect.stringContaining(`process ${child.process.pid}`),
      });
      child.process.stdin?.write('stop\n');
      await child.until(() => false);
      expect(child.heard).not.toContain('refused MASTER_FENCED');
    });

    /** Opens the name that a child has, as soon as it may. */
    async function opened(space: string): Promise<Master<CrashLog>> {
      return Master.open(CrashLog, { name: 'fenced', store: new PostgresStore({ pool, space }) });
    }
  });
});
