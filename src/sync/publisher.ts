import { streamKey } from '../event/envelope.js';
import { ULID_MIN } from '../event/ulid.js';
import { modelHash } from '../model/model-hash.js';
import { encodeFrontier, type Frontier } from '../store/frontier.js';
import type { Store } from '../store/store.js';
import type { ResolvedOptions } from './options.js';
import type { OwnStream } from './own-stream.js';
import type { Replica } from './replica.js';
import type { Sealing } from './sealing.js';
import type { Heard, Streams } from './streams.js';

/** An idle master tells the time at least so often (ms), so that nobody takes it for asleep. */
const IDLE_MS = 60_000;

/** A snapshot at a seal, and the fingerprint of the state in it. */
export interface SealedSnapshot {
  readonly no: number;
  readonly position: string;
  readonly fingerprint: string;
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
  #snapshot: SealedSnapshot | undefined;
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
    return this.#snapshot;
  }

  /** What had been accepted before this start; told while nothing is loaded yet. */
  resume(seen: Readonly<Record<string, number>>): void {
    this.#before = new Map(Object.entries(seen));
  }

  /** Says with the next publication that this snapshot is there. */
  offer(snapshot: SealedSnapshot | undefined): void {
    this.#snapshot = snapshot;
  }

  /** Publishes what is durable, if there is anything new to say or it is time to be heard again. */
  async publish(): Promise<void> {
    const { clock, accepted } = this.#replica;
    const { commit, journal, key } = this.#own;
    const head = commit.durable;
    const { seal } = this.#sealing;
    const offered = this.#snapshot;
    // Of the others: of its own stream the head tells what is durable.
    const others = Object.fromEntries(
      [...(accepted.size > 0 ? accepted : this.#before)].filter(([stream]) => stream !== key),
    );
    const news = JSON.stringify([key, head, others, seal?.no, offered]);
    const now = this.#options.now();
    if (news === this.#last && Math.abs(now - this.#lastTime) < this.#idleMs()) return;
    // The promise must stay below every call that is not durable yet.
    const promise = head?.seq === commit.last?.seq ? clock.promise() : (head?.id ?? ULID_MIN);
    const frontier: Frontier = {
      clock: promise,
      head,
      seal,
      snapshot: offered && { no: offered.no, position: offered.position },
      session: journal.header.session,
      modelHash: this.modelHash,
      fingerprint: offered && { no: offered.no, hash: offered.fingerprint },
      seen: others,
      next: undefined,
    };
    await journal.publish(encodeFrontier(frontier, this.#store.crc32), { head, seal });
    this.#last = news;
    this.#lastTime = now;
    this.#published = head?.seq ?? 0;
    this.#clock = promise;
  }

  /** Says of this master's earlier streams that it goes on in this one, so that readers look for it. */
  async retireOthers(streams: Streams, heard: readonly Heard[]): Promise<void> {
    const { header, journal, key } = this.#own;
    const isOpen = ({ stream, frontier, own }: Heard): boolean =>
      own && streamKey(stream) !== key && frontier !== undefined && frontier.next === undefined;
    if (!heard.some(isOpen)) return;
    // As they are by now: they may have been published again since.
    for (const one of await streams.heard()) {
      const { stream, frontier } = one;
      if (frontier === undefined || !isOpen(one)) continue;
      await journal.retire(stream, encodeFrontier({ ...frontier, next: header.epoch }, this.#store.crc32));
    }
  }

  // Seals wait for promises: they are renewed often enough not to be what a seal waits for.
  #idleMs(): number {
    return Math.min(IDLE_MS, this.#options.retention / 4, this.#options.patience / 4);
  }
}
