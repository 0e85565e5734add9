import { StoreUnreachableError } from '../../errors.js';
import { type Crc32, crc32 } from '../../event/checksum.js';
import { type StreamHeader, type StreamId, streamKey } from '../../event/event.js';
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
import { Link } from './link.js';
import { Liveness } from './liveness.js';
import type { SnapshotRecord, StreamRecord } from './master-record.js';
import { Messages } from './messages.js';
import { headerIn, openedJournal } from './nats-opening.js';
import { type NatsStoreOptions, settingsOf } from './nats-options.js';
import { OpenNames } from './open-names.js';
import { Records } from './records.js';
import { StoredEvents } from './stored-events.js';
import { StoredObjects } from './stored-objects.js';
import { recordsOf, subjectOf } from './streams.js';

/**
 * A store in NATS JetStream: masters of one stream and space converge. Each group commit is one message on the subject of its stream, which
 * names the message that it follows; so a name has one writer, whatever is delayed. Needs the packages `@nats-io/transport-node`,
 * `@nats-io/jetstream`, `@nats-io/kv` and `@nats-io/obj`.
 *
 * @throws InvalidOptionError (`INVALID_OPTION`) for options that cannot be used
 *
 * @example
 * ```ts
 * import { NatsStore } from 'prevalent/nats';
 *
 * const store = new NatsStore({ servers: ['nats://a.example', 'nats://b.example'], space: 'tenant-7', replicas: 3 });
 * console.log(store.location); // 'NATS a.example, b.example (stream prevalent, space tenant-7)'
 * ```
 */
export class NatsStore implements Store {
  readonly location: string;
  readonly place: string;
  readonly crc32: Crc32 = crc32;
  readonly capabilities: Capabilities = {
    now: false,
    watch: true,
    fences: true,
    troubles: false,
    putsBack: false,
    checks: true,
    failures: ['lost', 'unanswered', 'refused'],
  };
  readonly pause = wait;
  readonly #link: Link;
  readonly #events: StoredEvents;
  readonly #objects: StoredObjects;
  readonly #records: Records;
  readonly #names: OpenNames;

  constructor(options: NatsStoreOptions) {
    const settings = settingsOf(options);
    this.location = settings.location;
    this.place = settings.place;
    this.#link = new Link(settings);
    this.#events = new StoredEvents(new Messages(this.#link, settings.stream), settings);
    this.#objects = new StoredObjects(this.#link);
    this.#records = new Records(this.#link, new Messages(this.#link, recordsOf(settings.stream)), this.#objects);
    this.#names = new OpenNames(this.#link, this.#records, this.#objects);
  }

  async open(request: JournalRequest): Promise<Journal> {
    const { master } = request;
    return this.#names.open(master, (own, record) => {
      const shared = { link: this.#link, events: this.#events, records: this.#records, objects: this.#objects };
      const tell = (): void => {
        this.#tell(master);
      };
      const reach = { ...shared, own, tell, release: () => this.#names.release(master) };
      return openedJournal(reach, request, record);
    });
  }

  async streams(): Promise<readonly StreamListing[]> {
    const all = await this.#records.frontiers();
    return all.map(({ listed: { stream }, frontier }) => ({ stream, frontier }));
  }

  async header(stream: StreamId): Promise<StreamHeader | undefined> {
    const record = await this.#records.known(stream);
    return record && headerIn({ stream, record });
  }

  async read(stream: StreamId, after: number, upTo: number): Promise<readonly string[]> {
    // Events may be there before their stream is born.
    if ((await this.#records.known(stream)) === undefined) return [];
    return this.#events.read(stream, after, upTo);
  }

  trouble(): undefined {
    // The servers answer for all streams, or for none.
  }

  async snapshots(stream: StreamId): Promise<readonly SnapshotListing[]> {
    const record = await this.#records.newest(stream);
    return Object.keys(record?.snapshots ?? {})
      .sort()
      .reverse()
      .map((position) => ({ position }));
  }

  async *readSnapshot(stream: StreamId, { position }: SnapshotListing): AsyncIterable<Uint8Array> {
    const found =
      snapshotIn(await this.#records.known(stream), position) ??
      snapshotIn(await this.#records.newest(stream), position);
    if (found === undefined) throw new Error(`There is no snapshot ${position} of ${streamKey(stream)}`);
    yield* this.#objects.read(found);
  }

  async watch(master: string, listener: StoreListener): Promise<() => Promise<void>> {
    const letGo = this.#link.hold();
    try {
      const { subscription, leave } = await this.#link.call(async ({ nc }) => {
        const subscription = nc.subscribe(this.#channel, {
          callback: (error, message) => {
            if (error !== null) listener.failed(error);
            else if (message.string() !== master) listener.changed();
          },
        });
        await nc.flush();
        const lost = (): void => {
          listener.failed(this.#unheard());
        };
        const again = (): void => {
          listener.changed();
        };
        return { subscription, leave: Liveness.of(nc).listen({ lost, again }) };
      });
      return async () => {
        subscription.unsubscribe();
        leave();
        letGo();
      };
    } catch (error) {
      letGo();
      throw error;
    }
  }

  #unheard(): StoreUnreachableError {
    return new StoreUnreachableError(
      `${this.location}: what others publish is not heard for now; syncing at intervals goes on, and the connection is made again.`,
    );
  }

  /** Where the masters of this space tell that they published. */
  get #channel(): string {
    return subjectOf(this.#link.settings, 'told');
  }

  /** What is not heard is found by syncing at intervals. */
  #tell(master: string): void {
    this.#link
      .call(async ({ nc }) => {
        nc.publish(this.#channel, master);
      })
      .catch(() => undefined);
  }
}

function snapshotIn(record: StreamRecord | undefined, position: string): SnapshotRecord | undefined {
  const { snapshots = {} } = record ?? {};
  return Object.hasOwn(snapshots, position) ? snapshots[position] : undefined;
}
