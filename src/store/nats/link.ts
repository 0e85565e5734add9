import { type JetStreamClient, type JetStreamManager, jetstream } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { type ObjectStore, Objm } from '@nats-io/obj';
import type { NatsConnection } from '@nats-io/transport-node';
import { StoreUnreachableError } from '../../errors.js';
import { Liveness } from './liveness.js';
import type { NatsSettings } from './nats-options.js';
import { toldOf } from './refusals.js';
import { readyStreams } from './streams.js';

/** What a connection is used by. */
export interface Tools {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  /** The bucket of the records. */
  readonly kv: KV;
  /** The bucket of the snapshots. */
  readonly objects: ObjectStore;
}

/** So long (ms) a connection of the store's own stays open when nobody uses it. */
const IDLE_MS = 100;

/** What servers take by default. */
const USUAL_BYTES = 1024 * 1024;

/** How often (ms) a lost connection of the store's own is made again. */
const RECONNECT_MS = 250;

/** The way to the servers. A connection of the store's own is there while anything is open or under way. */
export class Link {
  /** What was made ready on connections that were given, by stream: many stores share one. */
  static readonly #ofConnections = new WeakMap<NatsConnection, Map<string, Promise<Tools>>>();
  readonly settings: NatsSettings;
  #tools: Promise<Tools> | undefined;
  #users = 0;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(settings: NatsSettings) {
    this.settings = settings;
  }

  /**
   * Asks the servers for something. When the connection is lost, it ends at once, and nobody knows whether it had an effect.
   *
   * @throws StoreUnreachableError (`STORE_UNREACHABLE`) if it may succeed another time, and may have taken effect; StoreRefusedError
   * (`STORE_REFUSED`) if the servers refuse it; what `isOvertaken` tells
   */
  async call<T>(work: (tools: Tools) => Promise<T>): Promise<T> {
    const done = this.hold();
    try {
      const tools = await this.#ready();
      return await Liveness.of(tools.nc).whileConnected(() => work(tools));
    } catch (error) {
      throw toldOf(error, this.settings.location, this.#isOurs);
    } finally {
      done();
    }
  }

  /** How many bytes a message may have, with what it says about itself. */
  mostBytes(): Promise<number> {
    return this.call(({ nc }) => Promise.resolve(nc.info?.max_payload ?? USUAL_BYTES));
  }

  /** Keeps the connection; gives what lets go of it. */
  hold(): () => void {
    this.#users++;
    clearTimeout(this.#idle);
    let isHeld = true;
    return () => {
      if (isHeld && --this.#users === 0) this.#rest();
      isHeld = false;
    };
  }

  get #isOurs(): boolean {
    return this.settings.connection === undefined;
  }

  /** Nobody uses the connection. */
  #rest(): void {
    const tools = this.#tools;
    if (!this.#isOurs || tools === undefined) return;
    this.#idle = setTimeout(() => {
      this.#tools = undefined;
      tools.then(
        ({ nc }) => nc.close(),
        () => undefined,
      );
    }, IDLE_MS).unref();
  }

  /** Made once, and again only if that failed or the connection was closed. */
  async #ready(): Promise<Tools> {
    const { connection, stream, timeLimit } = this.settings;
    if (connection !== undefined) return this.#shared(connection, `${stream} ${timeLimit}`);
    const tools = await (this.#tools ??= this.#made().catch((error: unknown) => {
      this.#tools = undefined;
      throw error;
    }));
    if (!tools.nc.isClosed()) return tools;
    this.#tools = undefined;
    throw new StoreUnreachableError(`The connection to ${this.settings.location} was closed; it is made again.`);
  }

  #shared(connection: NatsConnection, key: string): Promise<Tools> {
    const all = Link.#ofConnections.get(connection) ?? new Map<string, Promise<Tools>>();
    Link.#ofConnections.set(connection, all);
    const known = all.get(key);
    if (known !== undefined) return known;
    const made = this.#toolsOn(connection);
    all.set(key, made);
    made.catch(() => all.delete(key));
    return made;
  }

  async #made(): Promise<Tools> {
    const nc = await this.#connect();
    try {
      return await this.#toolsOn(nc);
    } catch (error) {
      await nc.close();
      throw error;
    }
  }

  async #toolsOn(nc: NatsConnection): Promise<Tools> {
    const { stream, replicas, timeLimit } = this.settings;
    return Liveness.of(nc).whileConnected(async () => {
      const js = jetstream(nc, { timeout: timeLimit });
      const jsm = await js.jetstreamManager(false);
      await readyStreams(jsm, this.settings);
      const kv = await new Kvm(js).create(stream, { history: 1, replicas, allow_direct: false });
      const objects = await new Objm(js).create(stream, { replicas });
      return { nc, js, jsm, kv, objects };
    });
  }

  async #connect(): Promise<NatsConnection> {
    const { connect } = await import('@nats-io/transport-node');
    const { servers, timeLimit } = this.settings;
    const [{ username, password, protocol } = new URL('nats://localhost')] = servers;
    const name = { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
    return connect({
      servers: servers.map(({ host }) => host),
      name: 'prevalent',
      timeout: timeLimit,
      reconnectTimeWait: RECONNECT_MS,
      maxReconnectAttempts: -1,
      ...(username === '' ? {} : password === '' ? { token: name.user } : name),
      ...(protocol === 'tls:' ? { tls: {} } : {}),
    });
  }
}
