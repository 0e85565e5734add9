import type { StreamHeader } from '../../event/event.js';
import type { Session } from '../opening.js';
import type { Remembered } from '../store.js';
import type { FileSystem } from './file-system.js';
import { writeSession } from './session.js';

/** What it remembers when it opens the stream. */
export interface Known extends Pick<Session, 'seal' | 'moved' | 'ends' | 'deletable'> {
  /** What it published there last; without an event if that was in another stream. */
  readonly published: Pick<Session, 'head' | 'seen'>;
}

/** What this machine remembers of the stream it writes; on disk before it is published. */
export class PrivateMemory {
  readonly #fs: FileSystem;
  readonly #local: string;
  readonly #of: Pick<Session, 'session' | 'epoch' | 'moved' | 'ends'>;
  #published: Pick<Session, 'head' | 'seal' | 'seen'>;
  #deletable: number;
  /** What the file says. */
  #written = '';

  constructor(fs: FileSystem, local: string, { session, epoch }: StreamHeader, known: Known) {
    this.#fs = fs;
    this.#local = local;
    this.#of = { session, epoch, moved: known.moved ?? {}, ends: known.ends ?? {} };
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
  async succeeded({ session, epoch, moved }: StreamHeader): Promise<Required<Known>> {
    const published = { head: undefined, seen: this.#published.seen ?? [] };
    const known = {
      seal: this.#published.seal,
      moved: { ...this.#of.moved, ...moved },
      ends: this.#of.ends ?? {},
      deletable: 0,
    };
    await writeSession(this.#fs, this.#local, { session, epoch, ...published, ...known });
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
}
