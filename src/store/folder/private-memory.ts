import type { StreamHeader } from '../../event/event.js';
import type { Remembered } from '../store.js';
import type { FileSystem } from './file-system.js';
import { leaveMemory } from './left-memory.js';
import { type FolderSession as Session, writeSession } from './session.js';

/** What it remembers when it opens the stream. */
export interface Known extends Pick<Session, 'seal' | 'moved' | 'ends' | 'deletable' | 'leaves'> {
  /** What it published there last; without an event if that was in another stream. */
  readonly published: Pick<Session, 'head' | 'seen'>;
}

/** What this machine remembers of the stream it writes; on disk before it is published. */
export class PrivateMemory {
  readonly #fs: FileSystem;
  readonly #local: string;
  readonly #of: Pick<Session, 'session' | 'epoch' | 'moved' | 'ends' | 'leaves'>;
  #published: Pick<Session, 'head' | 'seal' | 'seen'>;
  #deletable: number;
  /** What the file says. */
  #written = '';

  constructor(fs: FileSystem, local: string, { session, epoch }: StreamHeader, known: Known) {
    this.#fs = fs;
    this.#local = local;
    this.#of = { session, epoch, moved: known.moved ?? {}, ends: known.ends ?? {}, leaves: known.leaves };
    this.#published = { ...known.published, seal: known.seal };
    this.#deletable = known.deletable;
  }

  /** Events of the stream, from the first, that may be gone, as a snapshot stands in for them. */
  get deletable(): number {
    return this.#deletable;
  }

  /** This is about to be published. */
  async publishing({ head, seal, seen, deletable }: Remembered): Promise<void> {
    this.#published = { head, seal, seen };
    await this.covered(deletable);
  }

  /** Another stream goes on. It may be succeeded itself before anything is published: that it is ours must not hang on headers alone. */
  async succeeded({ session, epoch, moved }: StreamHeader): Promise<Required<Omit<Known, 'leaves'>>> {
    const published = { head: undefined, seen: this.#published.seen ?? [] };
    const known = {
      seal: this.#published.seal,
      moved: { ...this.#of.moved, ...moved },
      ends: this.#of.ends ?? {},
      deletable: 0,
    };
    const { leaves } = this.#of;
    await writeSession(this.#fs, this.#local, { session, epoch, ...published, ...known, leaves });
    return { ...known, published };
  }

  /** Events up to this one may be gone. What was deleted stays deleted, even if the snapshot that stood in is gone. */
  async covered(deletable: number): Promise<void> {
    this.#deletable = Math.max(this.#deletable, deletable);
    const published = this.#published;
    const { head, seal, seen } = published;
    const news = JSON.stringify([head, seal?.no, seen, this.#deletable]);
    // A frontier that only tells the time has nothing that must be remembered.
    if (news !== this.#written)
      await writeSession(this.#fs, this.#local, { ...this.#of, ...published, deletable: this.#deletable });
    this.#written = news;
  }

  /** Nothing more is written: where the private directory does not stay, the memory is left with the stream. */
  async leave(stream: string): Promise<void> {
    if (this.#of.leaves !== true) return;
    const session = { ...this.#of, ...this.#published, deletable: this.#deletable };
    // Before anybody can take it: then this directory, if it stays after all, is not enough to go on.
    await writeSession(this.#fs, this.#local, { ...session, left: session.epoch });
    await leaveMemory(this.#fs, stream, session);
  }
}
