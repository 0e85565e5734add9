/**
 * Several masters on one real PostgreSQL at the same time, over a proxy that cuts their connections at random: before the server has what
 * was sent, or after, before it answers. Processes are killed and their names taken over.
 */
import type pg from 'pg';
import type { Store } from '../../src/index.js';
import { type PostgresPool, PostgresStore } from '../../src/store/postgres/index.js';
import { CuttingProxy } from '../cutting-proxy.js';
import { PostgresServer } from '../postgres-server.js';
import { native, withPostgres } from '../with-postgres.js';
import { Crowd } from './crowd.js';
import { Dice } from './dice.js';
import { DistantGround, type Process } from './distant-ground.js';
import { seeds } from './seeds.js';

/** So many crowds at a time, each in a space of its own: most of the time they wait. */
const AT_ONCE = 4;

class Database extends DistantGround {
  readonly #server: PostgresServer;
  readonly #direct: pg.Pool;
  readonly #space: string;
  readonly #pools: pg.Pool[] = [];
  readonly #url: string;

  constructor(dice: Dice, seed: number, server: PostgresServer, direct: pg.Pool, proxy: CuttingProxy) {
    super(dice, proxy);
    this.#server = server;
    this.#direct = direct;
    this.#space = `crowd ${seed}`;
    this.#url = server.url({ port: proxy.port });
  }

  protected storeOf(name: string, process: Process): Store {
    const pool = this.#server.pool({ connectionString: this.#url, max: 2, idleTimeoutMillis: 500 });
    this.#pools.push(pool);
    // Whoever had the name before is gone, or was never answered.
    const isFree = this.#direct.query(
      'UPDATE prevalent.masters SET owned_until = now() WHERE space = $1 AND master = $2',
      [this.#space, name],
    );
    const own: PostgresPool = {
      query: async (query) => {
        await isFree;
        if (process.isDead) throw Object.assign(new Error('the process is dead'), { code: 'XX000', severity: 'FATAL' });
        return pool.query(query as pg.QueryConfig);
      },
      connect: () => pool.connect(),
      on: () => undefined,
    };
    return new PostgresStore({ pool: own, listen: false, space: this.#space });
  }

  async end(): Promise<void> {
    this.proxy.cut();
    await Promise.all(this.#pools.map((pool) => pool.end()));
  }
}

withPostgres('masters that use one PostgreSQL at the same time', () => {
  let server: PostgresServer;
  let direct: pg.Pool;
  beforeAll(async () => {
    server = await PostgresServer.start(native);
    direct = server.pool({ max: 4 });
    await new PostgresStore({ pool: direct }).streams();
  });
  afterAll(async () => {
    await direct.end();
    await server.stop();
  });

  async function live(seed: number): Promise<void> {
    const dice = new Dice(seed);
    const proxy = await CuttingProxy.to(server.port);
    const ground = new Database(dice, seed, server, direct, proxy);
    try {
      await Crowd.live(seed, new Crowd(dice, ground, 3));
    } finally {
      await ground.end();
      await proxy.close();
    }
  }

  const [first, last] = seeds({ quick: 12, ci: 24, deep: 1_000 });

  test(`agree, however their connections are cut (seeds ${first} to ${last})`, async () => {
    let next = first;
    const one = async (): Promise<void> => {
      while (next <= last) await live(next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  }, 3_600_000);
});
