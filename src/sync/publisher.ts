import { streamKey } from '../event/envelope.js';
import { ULID_MIN } from '../event/ulid.js';
import { modelHash } from '../model/model-hash.js';
import { encodeFrontier, type Frontier } from '../store/frontier.js';
import type { Head, Store } from '../store/store.js';
import type { ResolvedOptions } from './options.js';
import type { OwnStream } from './own-stream.js';
import type { Replica } from './replica.js';
import type { Sealing } from './sealing.js';
import type { Heard, Streams } from './streams.js';

/** An idle master tells the time at least so often (ms), so that nobody takes it for asleep. */
const IDLE_MS = 60_000;

/** What is said of an earlier stream whose frontier is not there. */
const SILENT: Frontier = {
  clock: ULID_MIN,
  head: undefined,
  seal: undefined,
  snapshot: undefined,
  session: '',
  modelHash: '',
  fingerprint: undefined,
  seen: {},
  next: undefined,
};

/** A snapshot at a seal, and the fingerprint of the state in it. */
export interface SealedSnapshot {
  readonly no: number;
  readonly position: string;
  readonly fingerprint: string;
  /** By stream: how many of its events, from the first, it stands in for. */
  readonly V: Readonly<Record<string, number>>;
}

/** Publishes this master's frontier: how far others may read its stream, what it promises, and which seal it obeys. */
export class Publisher {
  readonly #replica: Replica;
  readonly #own: OwnStream;
  readonly #store: Store;
  readonly #sealing: Sealing;
  readonly #options: ResolvedOptions;
  #published = 0;
  #clock: string = ULID_MIN;
  #last = '';
  #lastTime = -Infinity;
  #snapshot: { readonly key: string; readonly offered: SealedSnapshot | undefined } | undefined;
  /** Position of the snapshot that the frontier on disk names. */
  #standing: string | undefined;
  #before: ReadonlyMap<string, number> = new Map();

  constructor(replica: Replica, own: OwnStream, store: Store, sealing: Sealing, options: ResolvedOptions) {
    this.#replica = replica;
    this.#own = own;
    this.#store = store;
    this.#sealing = sealing;
    this.#options = options;
  }

  /** Number of the last event that others may read. */
  get published(): number {
    return this.#published;
  }

  /** The promise last published: every later event of this stream has a greater id. */
  get clock(): string {
    return this.#clock;
  }

  /** What tells this program's model from others. */
  get modelHash(): string {
    return modelHash(this.#replica.definition);
  }

  /** The snapshot that others may start from instead of events that are deleted. */
  get snapshot(): SealedSnapshot | undefined {
    // What lies in a stream that was left is offered by that one's frontier.
    return this.#snapshot?.key === this.#own.key ? this.#snapshot.offered : undefined;
  }

  /** Positions of the snapshots that others may start from: the one offered, and the one they know of. */
  get standIns(): readonly string[] {
    return [this.snapshot?.position, this.#standing].filter((position) => position !== undefined);
  }

  /** What had been accepted before this start; told while nothing is loaded yet. */
  resume(seen: Readonly<Record<string, number>>): void {
    this.#before = new Map(Object.entries(seen));
  }

  /** Says with the next publication that this snapshot is there. */
  offer(snapshot: SealedSnapshot | undefined): void {
    this.#snapshot = { key: this.#own.key, offered: snapshot };
  }

  /** Publishes what is durable, if there is anything new to say or it is time to be heard again. */
  async publish(): Promise<void> {
    const { clock, accepted } = this.#replica;
    const { commit, journal, key } = this.#own;
    const head = commit.durable;
    const { seal } = this.#sealing;
    const offered = this.snapshot;
    // Of the others: of its own stream the head tells what is durable.
    const others = Object.fromEntries(
      [...(accepted.size > 0 ? accepted : this.#before)].filter(([stream]) => stream !== key),
    );
    const news = JSON.stringify([key, head, others, seal?.no, offered]);
    const now = this.#options.now();
    if (news === this.#last && Math.abs(now - this.#lastTime) < this.#idleMs()) return;
    const deletable = offered?.V[key] ?? 0;
    // The promise must stay below every call that is not durable yet.
    const promise = head?.seq === commit.last?.seq ? clock.promise() : (head?.id ?? ULID_MIN);
    const frontier: Frontier = {
      clock: promise,
      head,
      seal,
      snapshot: offered && { no: offered.no, position: offered.position, events: deletable },
      session: journal.header.session,
      modelHash: this.modelHash,
      fingerprint: offered && { no: offered.no, hash: offered.fingerprint },
      seen: others,
      next: undefined,
    };
    await journal.publish(encodeFrontier(frontier, this.#store.crc32), { head, seal, deletable });
    this.#standing = offered?.position;
    this.#last = news;
    this.#lastTime = now;
    this.#published = head?.seq ?? 0;
    this.#clock = promise;
  }

  /**
   * Publishes this master's earlier streams as far as their journals go (a copy of one may have come back after its frontier), and
   * says that it goes on in this one, so that readers look for it.
   */
  async publishEarlier(streams: Streams, heard: readonly Heard[]): Promise<void> {
    const { header, journal, key } = this.#own;
    const isEarlier = ({ stream, own }: Heard): boolean => own && streamKey(stream) !== key;
    let isNews = false;
    for (const one of heard.filter(isEarlier)) isNews ||= (await this.#unsaid(streams, one)) !== undefined;
    if (!isNews) return;
    // As they are by now: they may have been published again since.
    for (const one of (await streams.heard()).filter(isEarlier)) {
      const head = await this.#unsaid(streams, one);
      if (head === undefined) continue;
      const { frontier = SILENT, stream } = one;
      const clock = head.last !== undefined && head.last.id > frontier.clock ? head.last.id : frontier.clock;
      const said: Frontier = { ...frontier, clock, head: head.last, next: header.epoch };
      await journal.retire(stream, encodeFrontier(said, this.#store.crc32));
    }
  }

  /** The end of an earlier stream, if that or what succeeds it is not published yet. */
  async #unsaid(
    streams: Streams,
    { stream, frontier }: Heard,
  ): Promise<{ readonly last: Head | undefined } | undefined> {
    // What a seal names may be deleted but for the newest, which may not be published any more where an old frontier came back.
    const named = this.#sealing.seal?.V[streamKey(stream)] ?? 0;
    const head = frontier?.head?.seq ?? 0;
    let more = await streams.events(stream, Math.max(head, named - 1), Infinity);
    // Where events follow the ones that are named, the newest of these may be deleted as well.
    if (more.length === 0 && head < named) more = await streams.events(stream, named, Infinity);
    const last = more.at(-1);
    if (last !== undefined) return { last: { seq: last.seq, id: last.id } };
    return frontier !== undefined && frontier.next === undefined ? { last: frontier.head } : undefined;
  }

  // Seals wait for promises: they are renewed often enough not to be what a seal waits for.
  #idleMs(): number {
    return Math.min(IDLE_MS, this.#options.retention / 4, this.#options.patience / 4);
  }
}
