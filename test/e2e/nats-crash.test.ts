/** Servers that are killed and processes that sleep: nothing that was acknowledged is lost or there twice. */
import type { NatsConnection } from '@nats-io/transport-node';
import { Master } from '../../src/index.js';
import { NatsStore } from '../../src/store/nats/index.js';
import { byEffort } from '../effort.js';
import { NatsServer } from '../nats-server.js';
import { natsServer, withNats } from '../with-nats.js';
import { CallingProcess } from './calling-process.js';
import { type Compiled, compile } from './compiled.js';
import { CrashLog } from './crash-model.js';

const ROUNDS = byEffort({ quick: [1], ci: [1, 2, 3], deep: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] });

/** What a newcomer has: every word once, or this fails. */
async function words(connection: NatsConnection, space: string): Promise<Set<string>> {
  const master = await Master.open(CrashLog, { name: 'newcomer', store: new NatsStore({ connection, space }) });
  const all = master.query(({ left }) => [...left]);
  expect(master.query(({ right }) => [...right])).toEqual(all);
  expect((await master.status()).held).toEqual([]);
  await master.close();
  const once = new Set(all);
  expect(all).toHaveLength(once.size);
  return once;
}

/** As often as it takes: what cannot be reached now is there later. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (;;)
    try {
      return await work();
    } catch (error) {
      if ((error as { code?: string }).code !== 'STORE_UNREACHABLE') throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

withNats('a NATS server', () => {
  let server: NatsServer;
  let nc: NatsConnection;
  beforeAll(async () => {
    server = await NatsServer.start(natsServer);
    nc = await server.connect({ reconnectTimeWait: 5, reconnectJitter: 0 });
  });
  afterAll(async () => {
    await nc.close();
    await server.stop();
  });

  test.each(ROUNDS)(
    'is killed while 10,000 calls are made by 64 callers, and started again: all are there, once (%i)',
    async (round) => {
      const space = `killed-${round}`;
      const master = await Master.open(CrashLog, { name: 'writer', store: new NatsStore({ connection: nc, space }) });
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
      await again(() => master.sync());
      await master.close();
      const found = await again(() => words(nc, space));
      expect(found.size).toBe(made);
    },
  );

  describe('and a process that sleeps', () => {
    const script = 'test/e2e/nats-child.ts';
    let compiled: Compiled;
    beforeAll(() => (compiled = compile([script, 'test/e2e/call-until-refused.ts', 'test/e2e/crash-model.ts'])));
    afterAll(() => compiled.remove());

    test.each(ROUNDS)(
      'for longer than its name is kept loses it to another one, and nothing else (%i)',
      async (round) => {
        const space = `asleep-${round}`;
        const child = new CallingProcess(compiled.path(script), server.url, space);
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
        const found = await words(nc, space);
        for (const word of [...child.acknowledged, ...heard, 'taker-last']) expect(found).toContain(word);
      },
    );

    test('or is open keeps its name: it answers who asks for it, and ends when its master is closed', async () => {
      const space = 'awake';
      const child = new CallingProcess(compiled.path(script), server.url, space, 3_600_000);
      await child.until(() => child.acknowledged.length >= 10);
      await expect(opened(space)).rejects.toMatchObject({
        code: 'MASTER_LOCKED',
        message: expect.stringContaining(`process ${child.process.pid}`),
      });
      child.process.stdin?.write('stop\n');
      // Its connection, which nobody uses any more, keeps it from ending for a moment only.
      await child.until(() => false);
      expect(child.heard).not.toContain('refused MASTER_FENCED');
      await (await opened(space)).close();
    });

    /** Opens the name that a child has, as soon as it may. */
    async function opened(space: string): Promise<Master<CrashLog>> {
      return Master.open(CrashLog, { name: 'fenced', store: new NatsStore({ connection: nc, space }) });
    }
  });
});

withNats('three NATS servers', () => {
  let servers: NatsServer[];
  let nc: NatsConnection;
  beforeAll(async () => {
    servers = await NatsServer.cluster(natsServer);
    nc = await connected();
    // Until they have a leader.
    await again(() => new NatsStore({ connection: nc, replicas: 3, timeLimit: 2_000 }).streams());
  });
  afterAll(async () => {
    await nc.close();
    await Promise.all(servers.map((server) => server.stop()));
  });

  const connected = (): Promise<NatsConnection> =>
    servers[0]!.connect({ servers: servers.map(({ url }) => url), reconnectTimeWait: 5, reconnectJitter: 0 });

  test.each(byEffort({ quick: [1], ci: [1], deep: [1, 2, 3, 4, 5] }))(
    'are killed in turn while three masters write: nothing is lost or doubled, and all agree (%i)',
    async (round) => {
      const space = `turns-${round}`;
      const store = (connection: NatsConnection): NatsStore =>
        new NatsStore({ connection, space, replicas: 3, timeLimit: 2_000 });
      const ways = await Promise.all([connected(), connected(), connected()]);
      const masters = await Promise.all(
        ways.map((way, index) => again(() => Master.open(CrashLog, { name: `m${index}`, store: store(way) }))),
      );
      const acknowledged: string[] = [];
      let told = (): void => undefined;
      let isOver = false;
      const writing = masters.map(async (master, index) => {
        master.on('error', () => undefined);
        for (let count = 0; !isOver; count++) {
          const word = `${index}-${count}`;
          await master.transact((log) => log.add(word));
          acknowledged.push(word);
          told();
          if (count % 50 === 49) await again(() => master.sync());
        }
      });
      const grown = (by: number): Promise<void> => {
        const enough = acknowledged.length + by;
        return new Promise((resolve) => {
          told = () => {
            if (acknowledged.length >= enough) resolve();
          };
        });
      };
      for (const server of servers) {
        await grown(50);
        await server.kill();
        await grown(50);
        await server.restart();
      }
      await grown(50);
      isOver = true;
      await Promise.all(writing);
      for (let times = 0; times < 2; times++) for (const master of masters) await again(() => master.sync());
      const states = masters.map((master) => master.query(({ left }) => left.join()));
      expect(new Set(states).size).toBe(1);
      for (const master of masters) await master.close();
      const found = await again(() => words(nc, space));
      expect(found.size).toBe(acknowledged.length);
      for (const word of acknowledged) expect(found).toContain(word);
      await Promise.all(ways.map((way) => way.close()));
    },
  );
});
