import { streamKey } from '../event/envelope.js';
import type { GroupCommit } from '../store/group-commit.js';
import { genesisBase, type VersionVector } from '../timeline/timeline.js';
import type { Replica } from './replica.js';
import type { Snapshots } from './snapshots.js';

/** A moment of the state: after all events up to `position`, of which each stream gave what `vector` says. */
export interface SnapshotPoint {
  readonly position: string;
  readonly vector: VersionVector;
}

/** Takes snapshots of one replica's state, one at a time. */
export class Snapshotter {
  readonly #replica: Replica;
  readonly #snapshots: Snapshots;
  readonly #commit: GroupCommit;
  readonly #own: string;
  #running: Promise<unknown> | undefined;

  constructor(replica: Replica, snapshots: Snapshots, commit: GroupCommit, own: string) {
    this.#replica = replica;
    this.#snapshots = snapshots;
    this.#commit = commit;
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

  async #take(again: boolean): Promise<SnapshotPoint | undefined> {
    await this.#commit.settle();
    const newest = (await this.#snapshots.list())[0]?.position;
    // From here to the encoded lines nothing awaits: they are one moment of the state.
    const { timeline, executor } = this.#replica;
    if (timeline.stopped !== undefined) throw timeline.stopped;
    const durable = this.#commit.durable?.seq ?? 0;
    const open = timeline.entries.findIndex(({ event }) => streamKey(event) === this.#own && event.seq > durable);
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
