import { streamKey } from '../../event/event.js';
import { StateEncoder } from '../../state/snapshot-encoder.js';
import type { SealedPoint } from '../../protocol/shedding.js';
import { type Entry, lowerBound } from '../../timeline/entry.js';
import { genesisBase, type Timeline, type VersionVector } from '../../timeline/timeline.js';
import type { SnapshotListing } from '../../store/store.js';
import type { OwnStream } from '../own-stream.js';
import { Turns } from '../turns.js';
import type { Replica } from '../../replica/replica.js';
import type { Snapshots, WrittenSnapshot } from './snapshots.js';

/** A moment of the state: after all events up to `position`, of which each stream gave what `vector` says. */
export interface SnapshotPoint {
  readonly position: string;
  readonly vector: VersionVector;
}

/** A state of the past, and what was rejected up to then. */
export interface PastState {
  /** An ordinary object that no master manages. */
  readonly root: object;
  readonly rejections: readonly Entry[];
}

/** A snapshot that was taken. */
export interface TakenSnapshot extends SnapshotPoint, WrittenSnapshot {
  /** Hash of the seal that the state in it obeyed; `undefined` if there was none. */
  readonly under: string | undefined;
  /** Whether nothing came in before its position while it was written. */
  readonly isCurrent: boolean;
}

/** The clock of a snapshotter, and the seal that the state obeys. */
export interface Surroundings {
  /** Wall clock in ms, which ends slices. */
  readonly now: number;
  /** Hash of the seal that the state obeys at this moment. */
  readonly obeyed: string | undefined;
}

/** So many ms of encoding, and so many chunks at most, until the event loop has its turn. */
const SLICE_MS = 8;
const SLICE_CHUNKS = 16;

/** How often a snapshot is begun again because a late event came before its position. */
const ATTEMPTS = 3;

/** A late event came before the position of the snapshot that is being taken, or the state was replaced. */
class OvertakenError extends Error {}

/**
 * Takes snapshots of one replica's state, one at a time (`alone`). The state is encoded in slices, between which calls and merges go on:
 * what they are about to write is kept as it was (`StateEncoder.preserve`). Events after the position are undone once, when the
 * snapshot is begun.
 */
export class Snapshotter {
  readonly #replica: Replica;
  readonly #snapshots: Snapshots;
  readonly #own: OwnStream;
  readonly #around: Surroundings;
  readonly #turns = new Turns();

  constructor(replica: Replica, snapshots: Snapshots, own: OwnStream, around: Surroundings) {
    this.#replica = replica;
    this.#snapshots = snapshots;
    this.#own = own;
    this.#around = around;
  }

  /** Tells whether something is done alone. */
  get busy(): boolean {
    return this.#turns.isBusy;
  }

  /** Resolves when nothing is done alone, whatever became of it. */
  idle(): Promise<void> {
    return this.#turns.idle();
  }

  /** Does something with snapshots while nobody else does: one is taken at a time, and what it stands in for is known before the next one. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.run(work);
  }

  /** This master's own snapshots, newest first. */
  list(): Promise<readonly SnapshotListing[]> {
    return this.#snapshots.list();
  }

  /** Removes some of them. */
  remove(listings: readonly SnapshotListing[]): Promise<void> {
    return this.#snapshots.remove(listings);
  }

  /**
   * Writes a snapshot of the newest durable moment. Gives what it wrote; `undefined` if there is nothing to save.
   *
   * @param again writes it even if the newest snapshot says it is of that moment
   * @throws the error that stopped the timeline, what the disk refuses
   */
  take(again: boolean): Promise<TakenSnapshot | undefined> {
    return this.#takeNewest(again, ATTEMPTS);
  }

  /**
   * Writes a snapshot of a given moment, at a seal. Nobody may bring an event before it any more, and all events up to it are
   * durable.
   *
   * @param point `position` from `timeline.base` on, need not be the id of an event; `vector` as `timeline.vectorAt` has it there
   * @throws RangeError for a position before the base or not yet durable, or another vector; else as `take`
   */
  async takeAt(point: SealedPoint): Promise<TakenSnapshot> {
    await this.#own.flush();
    this.#check(point);
    return this.#write(point, point.seal, false);
  }

  /** As `takeAt`, of a state that was built for it and that nobody else uses. */
  async save({ position, vector, seal }: SealedPoint, { root, rejections }: PastState): Promise<TakenSnapshot> {
    const encoder = new StateEncoder(root, this.#replica.classes);
    const chunks = this.#pieces(encoder, () => undefined);
    const under = this.#around.obeyed;
    const place = { position, vector, rejections, seal, under };
    const written = await this.#snapshots.write(place, { chunks, nodes: () => encoder.nodes });
    return { position, vector, under, isCurrent: true, ...written };
  }

  async #takeNewest(again: boolean, attempts: number): Promise<TakenSnapshot | undefined> {
    await this.#own.flush();
    const newest = (await this.#snapshots.list())[0]?.position;
    const { timeline } = this.#replica;
    const open = this.#firstOpen();
    const position = (open < 0 ? timeline.end : timeline.entries[open - 1]?.event.id) ?? timeline.base;
    if (position === genesisBase().position || (position === newest && !again)) return undefined;
    try {
      return await this.#write({ position, vector: timeline.vectorAt(position) }, null, attempts > 1);
    } catch (error) {
      if (!(error instanceof OvertakenError)) throw error;
      return this.#takeNewest(again, attempts - 1);
    }
  }

  /** Index of the first own event that is not durable; −1 if there is none. */
  #firstOpen(): number {
    const durable = this.#own.durable?.seq ?? 0;
    return this.#replica.timeline.entries.findIndex(
      ({ event }) => streamKey(event) === this.#own.key && event.seq > durable,
    );
  }

  #check({ position, vector }: SnapshotPoint): void {
    const { timeline } = this.#replica;
    const open = timeline.entries[this.#firstOpen()]?.event.id;
    if (position < timeline.base || (open !== undefined && open <= position))
      throw new RangeError(
        `No snapshot can be taken at ${position}: the base is ${timeline.base}, not durable is ${open ?? 'nothing'}`,
      );
    if (!sameVector(timeline.vectorAt(position), vector))
      throw new RangeError(`The state at ${position} does not contain what the seal says`);
  }

  /** @param fresh gives up if a late event comes before the position; otherwise the snapshot is of the state without it */
  async #write({ position, vector }: SnapshotPoint, seal: number | null, fresh: boolean): Promise<TakenSnapshot> {
    const { timeline, executor } = this.#replica;
    if (timeline.stopped !== undefined) throw timeline.stopped;
    const rejections = timeline.rejections().filter(({ event }) => event.id <= position);
    const { membrane } = executor;
    const { names } = timeline.countsAt(position);
    const under = this.#around.obeyed;
    // From here to the first pause nothing awaits: root and watch are of one moment.
    const begin = (): StateEncoder => {
      const encoder = new StateEncoder(executor.raw, this.#replica.classes);
      membrane.beforeWrite = (target) => {
        encoder.preserve(target);
      };
      return encoder;
    };
    const first = timeline.entries[lowerBound(timeline.entries, position + '0')]?.event.id;
    try {
      const encoder = first === undefined ? begin() : timeline.before(first, begin);
      const isCurrent = (): boolean =>
        this.#replica.timeline === timeline && sameVector(timeline.vectorAt(position), vector);
      const chunks = this.#chunks(encoder, timeline, () => fresh && !isCurrent());
      const written = await this.#snapshots.write(
        { position, vector, names, rejections, seal, under },
        { chunks, nodes: () => encoder.nodes },
      );
      return { position, vector, under, isCurrent: isCurrent(), ...written };
    } finally {
      membrane.beforeWrite = undefined;
    }
  }

  /** Encodes in slices; `check` is called after each turn of the event loop, and may throw. */
  async *#pieces(encoder: StateEncoder, check: () => void): AsyncGenerator<Uint8Array> {
    for (;;) {
      const until = this.#around.now + SLICE_MS;
      const tired = (): boolean => this.#around.now >= until;
      let chunks = 0;
      do yield* encoder.advance(tired);
      while (++chunks < SLICE_CHUNKS && !tired());
      if (encoder.done) return;
      await turn();
      check();
    }
  }

  async *#chunks(encoder: StateEncoder, timeline: Timeline, overtaken: () => boolean): AsyncGenerator<Uint8Array> {
    yield* this.#pieces(encoder, () => {
      if (timeline.stopped !== undefined) throw timeline.stopped;
      if (this.#replica.timeline !== timeline && overtaken()) throw new OvertakenError('The state was replaced');
    });
    this.#replica.executor.membrane.beforeWrite = undefined;
    // Its last chunk is not written then, so that nobody finds it.
    if (overtaken()) throw new OvertakenError('A late event came before a snapshot');
  }
}

function sameVector(vector: VersionVector, other: VersionVector): boolean {
  for (const [stream, seq] of vector) if ((other.get(stream) ?? 0) !== seq) return false;
  for (const [stream, seq] of other) if ((vector.get(stream) ?? 0) !== seq) return false;
  return true;
}

/** Lets the event loop have its turn: input and output, timers, other calls. */
function turn(): Promise<void> {
  // Node's is not delayed; browsers have only the other.
  const soon = (globalThis as { setImmediate?: (run: () => void) => unknown }).setImmediate ?? setTimeout;
  return new Promise((resolve) => void soon(resolve));
}
