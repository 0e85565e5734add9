import { createHash } from 'node:crypto';
import { type Crc32, crc32 } from '../../event/checksum.js';
import { type StreamHeader, type StreamId, streamKey } from '../../event/event.js';
import { parseLine } from '../../event/line.js';
import type { Session } from '../opening.js';
import type {
  Capabilities,
  Journal,
  JournalRequest,
  SnapshotListing,
  Store,
  StoreListener,
  StreamListing,
} from '../store.js';
import { wait } from '../wait.js';
import { Database } from './database.js';
import { OpenNames } from './open-names.js';
import { openedJournal } from './postgres-opening.js';
import { type PostgresStoreOptions, settingsOf } from './postgres-options.js';
import { type Statements, statementsFor } from './statements.js';
import { StoredEvents } from './stored-events.js';
import { StoredSnapshots } from './stored-snapshots.js';
import { readyTables } from './tables.js';

/**
 * A store in PostgreSQL: masters of one database and space converge. Each group commit is one row, written in one round trip; a name is
 * owned by a token that is checked in the statement that writes. Needs the package `pg`.
 *
 * @throws InvalidOptionError (`INVALID_OPTION`) for options that cannot be used
 *
 * @example
 * ```ts
 * import { PostgresStore } from 'prevalent/postgres';
 *
 * const store = new PostgresStore({ connectionString: 'postgres://app@db.example/app', space: 'tenant-7' });
 * console.log(store.location); // 'PostgreSQL db.example/app (schema prevalent, space tenant-7)'
 * ```
 */
export class PostgresStore implements Store {
  readonly location: string;
  readonly place: string;
  readonly crc32: Crc32 = crc32;
  readonly capabilities: Capabilities;
  readonly pause = wait;
  readonly watch?: NonNullable<Store['watch']>;
  readonly #database: Database;
  readonly #sql: Statements;
  readonly #events: StoredEvents;
  readonly #snapshots: StoredSnapshots;
  readonly #names: OpenNames;
  /** Where the masters of this space tell that they published. */
  readonly #channel: string;
  #tables: Promise<void> | undefined;

  constructor(options: PostgresStoreOptions) {
    const settings = settingsOf(options);
    this.location = settings.location;
    this.place = settings.place;
    this.#database = new Database(settings);
    this.#sql = statementsFor(settings.schema);
    this.#events = new StoredEvents(this.#database, this.#sql);
    this.#snapshots = new StoredSnapshots(this.#database, this.#sql);
    const { schema, space, listening } = settings;
    // Names of channels are short.
    const hash = createHash('sha256')
      .update(JSON.stringify([schema, space]))
      .digest('hex')
      .slice(0, 32);
    this.#channel = `prevalent_${hash}`;
    this.#names = new OpenNames(this.#database, this.#sql, this.#channel);
    this.capabilities = {
      now: false,
      watch: listening !== undefined,
      fences: true,
      troubles: false,
      putsBack: false,
      checks: true,
      failures: ['lost', 'unanswered', 'refused'],
    };
    if (listening !== undefined) this.watch = (master, listener) => this.#watch(master, listener);
  }

  async open(request: JournalRequest): Promise<Journal> {
    await this.#ready();
    const { master } = request;
    return this.#names.open(master, (fence, session) => {
      const shared = { database: this.#database, sql: this.#sql, events: this.#events, snapshots: this.#snapshots };
      const release = (): Promise<void> => this.#names.release(master, fence);
      const reach = { ...shared, fence, channel: this.#channel, release };
      return openedJournal(reach, request, (session as Session | null) ?? undefined);
    });
  }

  async streams(): Promise<readonly StreamListing[]> {
    type Row = { master: string; epoch: string; frontier: string | null };
    const rows = await this.#rows<Row>('streams');
    return rows.map(({ master, epoch, frontier }) => ({ stream: { master, epoch }, frontier: frontier ?? undefined }));
  }

  async header(stream: StreamId): Promise<StreamHeader | undefined> {
    const [row] = await this.#rows<{ header: string }>('header', stream.master, stream.epoch);
    const line = row && parseLine(row.header, crc32);
    return line?.kind === 'header' && streamKey(line.header) === streamKey(stream) ? line.header : undefined;
  }

  async read(stream: StreamId, after: number, upTo: number): Promise<readonly string[]> {
    await this.#ready();
    return this.#events.read(stream, after, upTo);
  }

  trouble(): undefined {
    // The database answers for all streams, or for none.
  }

  async snapshots(stream: StreamId): Promise<readonly SnapshotListing[]> {
    await this.#ready();
    return this.#snapshots.list(stream);
  }

  async *readSnapshot(stream: StreamId, snapshot: SnapshotListing): AsyncIterable<Uint8Array> {
    await this.#ready();
    yield* this.#snapshots.read(stream, snapshot);
  }

  async #watch(master: string, listener: StoreListener): Promise<() => Promise<void>> {
    return this.#names.listen({
      published: (by) => {
        if (by !== master) listener.changed();
      },
      again: () => {
        listener.changed();
      },
      lost: (error) => {
        listener.failed(error);
      },
    });
  }

  async #rows<Row>(statement: keyof Statements, ...values: unknown[]): Promise<Row[]> {
    await this.#ready();
    return this.#database.rows<Row>(this.#sql[statement], [this.#database.settings.space, ...values]);
  }

  /** Looked for once, and again only if that failed. */
  #ready(): Promise<void> {
    return (this.#tables ??= readyTables(this.#database).catch((error: unknown) => {
      this.#tables = undefined;
      throw error;
    }));
  }
}
