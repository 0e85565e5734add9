import { streamKey } from '../event/envelope.js';
import { genesisBase, type VersionVector } from '../timeline/timeline.js';
import type { PastState } from './history.js';
import type { OwnStream } from './own-stream.js';
import type { Replica } from './replica.js';
import type { Snapshots } from './snapshots.js';

/** A moment of the state: after all events up to `position`, of which each stream gave what `vector` says. */
export interface SnapshotPoint {
  readonly position: string;
  readonly vector: VersionVector;
}

/** What became of a snapshot at a seal. */
export interface SnapshotWritten {
  /** Equal states have equal ones. */
  readonly fingerprint: string;
  /** Its size. */
  readonly bytes: number;
}

/** Takes snapshots of one replica's state, one at a time. */
export class Snapshotter {
  readonly #replica: Replica;
  readonly #snapshots: Snapshots;
  readonly #own: OwnStream;
  #running: Promise<unknown> | undefined;

  constructor(replica: Replica, snapshots: Snapshots, own: OwnStream) {
    this.#replica = replica;
    this.#snapshots = snapshots;
    this.#own = own;
  }

  /** Tells whether one is being taken. */
  get busy(): boolean {
    return this.#running !== undefined;
  }

  /** Resolves when none is being taken, whatever became of it. */
  async idle(): Promise<void> {
    await this.#running?.catch(() => undefined);
  }

  /**
   * Writes a snapshot of the newest durable moment. Gives that moment; `undefined` if there is nothing to save.
   *
   * @param again writes it even if the newest snapshot says it is of that moment
   * @throws the error that stopped the timeline, what the disk refuses
   */
  async take(again: boolean): Promise<SnapshotPoint | undefined> {
    const taking = (async () => {
      await this.idle();
      return this.#take(again);
    })();
    this.#running = taking;
    try {
      return await taking;
    } finally {
      if (this.#running === taking) this.#running = undefined;
    }
  }

  /**
   * Writes a snapshot of the moment at a seal, of which nothing can change any more.
   */
  async takeAt({ position, vector }: SnapshotPoint): Promise<SnapshotWritten> {
    await this.idle();
    const { timeline, executor } = this.#replica;
    if (timeline.stopped !== undefined) throw timeline.stopped;
    const rejections = timeline.rejections().filter(({ event }) => event.id <= position);
    const encode = (): string[] => this.#snapshots.encode(executor.raw, { position, vector, rejections });
    const first = timeline.entries.find(({ event }) => event.id > position)?.event.id;
    return this.#write(position, first === undefined ? encode() : timeline.before(first, encode));
  }

  /** As `takeAt`, of a state that was built for it. */
  async save({ position, vector }: SnapshotPoint, { executor, rejections }: PastState): Promise<SnapshotWritten> {
    return this.#write(position, this.#snapshots.encode(executor.release(), { position, vector, rejections }));
  }

  async #write(position: string, lines: readonly string[]): Promise<SnapshotWritten> {
    await this.#snapshots.write(position, lines);
    return {
      fingerprint: this.#snapshots.fingerprint(lines),
      bytes: lines.reduce((sum, line) => sum + line.length + 1, 0),
    };
  }

  async #take(again: boolean): Promise<SnapshotPoint | undefined> {
    await this.#own.commit.settle();
    const newest = (await this.#snapshots.list())[0]?.position;
    // From here to the encoded lines nothing awaits: they are one moment of the state.
    const { timeline, executor } = this.#replica;
    if (timeline.stopped !== undefined) throw timeline.stopped;
    const durable = this.#own.commit.durable?.seq ?? 0;
    const open = timeline.entries.findIndex(({ event }) => streamKey(event) === this.#own.key && event.seq > durable);
    const position = (open < 0 ? timeline.end : timeline.entries[open - 1]?.event.id) ?? timeline.base;
    if (position === genesisBase().position || (position === newest && !again)) return undefined;
    const vector = timeline.vectorAt(position);
    const rejections = timeline.rejections().filter(({ event }) => event.id <= position);
    const encode = (): string[] => this.#snapshots.encode(executor.raw, { position, vector, rejections });
    const first = timeline.entries[open]?.event.id;
    const lines = first === undefined ? encode() : timeline.before(first, encode);
    await this.#snapshots.write(position, lines);
    return { position, vector };
  }
}
