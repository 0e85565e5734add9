import { MasterLockedError, StoreUnreachableError } from '../errors.js';
import type { StreamHeader, StreamId } from '../event/event.js';
import type {
  Capabilities,
  Journal,
  JournalRequest,
  SnapshotListing,
  Store,
  StoreListener,
  StreamListing,
} from '../store/store.js';
import { type Call, RemoteJournal } from './remote-journal.js';
import type { RemoteMemoryServer } from './remote-memory-server.js';

/**
 * The fate of one call to a server: it arrives and is answered; it is lost before it arrives; it takes effect, but the answer is lost; the
 * server refuses it.
 */
export type Fate = 'answered' | 'lost' | 'unanswered' | 'refused';

/** The way between a store and its server. */
export interface Connection {
  /** Waits while something is under way; asked twice for each call. */
  readonly travel: () => Promise<void>;
  /** Decides what becomes of a call, by the name of its member (`append`, `publish` …). */
  readonly fate: (call: string) => Fate;
  /** How time passes between two tries. */
  readonly pause: (ms: number) => Promise<void>;
}

/** For one store: how it reaches its server. */
function caller({ travel, fate }: Connection): Call {
  return async (name, work) => {
    const outcome = fate(name);
    await travel();
    if (outcome === 'lost') throw new StoreUnreachableError(`${name} did not reach the server; it is tried again.`);
    if (outcome === 'refused') throw new Error(`the server refuses ${name}`);
    const result = await work();
    await travel();
    if (outcome === 'unanswered') throw new StoreUnreachableError(`${name} got no answer; it is tried again.`);
    return result;
  };
}

/**
 * A store behind a simulated network, in memory: each call takes time, may be lost, or may get no answer, and a name
 * can be taken over. Its capabilities are those of a database or a broker. For tests of masters and of the store contract.
 *
 * @example
 * ```ts
 * import { RemoteMemoryServer, RemoteMemoryStore } from 'prevalent/testing';
 *
 * const server = new RemoteMemoryServer();
 * const soon = () => Promise.resolve();
 * const store = new RemoteMemoryStore(server, { travel: soon, pause: soon, fate: () => 'answered' });
 * console.log(await store.streams()); // []
 * ```
 */
export class RemoteMemoryStore implements Store {
  readonly location = 'memory of a server';
  readonly place: object;
  readonly crc32: Store['crc32'];
  readonly capabilities: Capabilities = {
    now: false,
    watch: true,
    fences: true,
    troubles: false,
    putsBack: false,
    checks: false,
    failures: ['lost', 'unanswered', 'refused'],
  };
  readonly pause: (ms: number) => Promise<void>;
  readonly #server: RemoteMemoryServer;
  readonly #call: Call;
  /** Names whose journal was given out. */
  readonly #open = new Set<string>();

  constructor(server: RemoteMemoryServer, connection: Connection) {
    this.place = server;
    this.#server = server;
    this.#call = caller(connection);
    this.crc32 = server.memory.crc32;
    this.pause = (ms) => connection.pause(ms);
  }

  async open(request: JournalRequest): Promise<Journal> {
    const { master } = request;
    if (this.#open.has(master)) throw new MasterLockedError(`The master "${master}" is open already. Close it first.`);
    const inner = await this.#call('open', () => this.#server.own(request, this));
    this.#open.add(master);
    const write: Call = (name, work) =>
      this.#call(name, async () => {
        this.#server.check(master, this);
        return work();
      });
    return new RemoteJournal(inner, {
      write,
      read: this.#call,
      follow: (journal) => this.#server.follow(master, journal),
      close: async () => {
        this.#open.delete(master);
        // A server that cannot be reached lets go of the name when the lease ends.
        await this.#call('close', () => this.#server.release(master, this)).catch(() => this.#server.expire(master));
      },
    });
  }

  streams(): Promise<readonly StreamListing[]> {
    return this.#call('streams', () => this.#server.memory.streams());
  }

  header(stream: StreamId): Promise<StreamHeader | undefined> {
    return this.#call('header', () => this.#server.memory.header(stream));
  }

  read(stream: StreamId, after: number, upTo: number): Promise<readonly string[]> {
    return this.#call('read', () => this.#server.memory.read(stream, after, upTo));
  }

  trouble(): undefined {
    // The server answers for all streams, or for none.
  }

  snapshots(stream: StreamId): Promise<readonly SnapshotListing[]> {
    return this.#call('snapshots', () => this.#server.memory.snapshots(stream));
  }

  async *readSnapshot(stream: StreamId, snapshot: SnapshotListing): AsyncIterable<Uint8Array> {
    const pieces = await this.#call('readSnapshot', async () => {
      const read: Uint8Array[] = [];
      for await (const piece of this.#server.memory.readSnapshot(stream, snapshot)) read.push(piece);
      return read;
    });
    yield* pieces;
  }

  watch(master: string, listener: StoreListener): Promise<() => Promise<void>> {
    return this.#call('watch', () => this.#server.memory.watch(master, listener));
  }
}
