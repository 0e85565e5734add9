/**
 * Several masters on one real NATS server at the same time, over proxies that cut their connections at random: before the server has what
 * was sent, or after, before it answers. Processes are killed and their names taken over.
 */
import type { NatsConnection, Payload, RequestOptions } from '@nats-io/transport-node';
import type { Store } from '../../src/index.js';
import { NatsStore } from '../../src/store/nats/index.js';
import { CuttingProxy } from '../cutting-proxy.js';
import { freeName, instead } from '../nats-records.js';
import { NatsServer } from '../nats-server.js';
import { natsServer, withNats } from '../with-nats.js';
import { Crowd } from './crowd.js';
import { Dice } from './dice.js';
import { DistantGround, type Process } from './distant-ground.js';
import { seeds } from './seeds.js';

/** So many crowds at a time, each in a space of its own: most of the time they wait. */
const AT_ONCE = 4;

class Stream extends DistantGround {
  readonly #direct: NatsConnection;
  readonly #way: NatsConnection;
  readonly #space: string;

  constructor(dice: Dice, seed: number, direct: NatsConnection, way: NatsConnection, proxy: CuttingProxy) {
    super(dice, proxy);
    this.#direct = direct;
    this.#way = way;
    this.#space = `crowd-${seed}`;
  }

  protected storeOf(name: string, process: Process): Store {
    // Whoever had the name before is gone, or was never answered.
    const isFree = freeName(this.#direct, this.#space, name);
    const way = this.#way;
    const connection = instead(way, {
      request: async (subject: string, data?: Payload, options?: RequestOptions) => {
        await isFree;
        if (process.isDead) throw new TypeError('the process is dead');
        return way.request(subject, data, options);
      },
    });
    return new NatsStore({ connection, space: this.#space });
  }
}

withNats('masters that use one NATS server at the same time', () => {
  let server: NatsServer;
  let direct: NatsConnection;
  beforeAll(async () => {
    server = await NatsServer.start(natsServer);
    direct = await server.connect();
    await new NatsStore({ connection: direct }).streams();
  });
  afterAll(async () => {
    await direct.close();
    await server.stop();
  });

  async function live(seed: number): Promise<void> {
    const dice = new Dice(seed);
    const proxy = await CuttingProxy.to(server.port);
    const way = await server.connect({
      servers: `127.0.0.1:${proxy.port}`,
      ignoreClusterUpdates: true,
      reconnectTimeWait: 1,
      reconnectJitter: 0,
    });
    try {
      await Crowd.live(seed, new Crowd(dice, new Stream(dice, seed, direct, way, proxy), 3));
    } finally {
      await way.close();
      await proxy.close();
    }
  }

  const [first, last] = seeds({ quick: 6, ci: 16, deep: 200 });

  test(`agree, however their connections are cut (seeds ${first} to ${last})`, async () => {
    let next = first;
    const one = async (): Promise<void> => {
      while (next <= last) await live(next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  }, 3_600_000);
});
