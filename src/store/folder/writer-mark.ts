import { randomUUID } from 'node:crypto';
import { MasterClosedError, MasterFencedError } from '../../errors.js';
import { type StreamId, streamKey } from '../../event/event.js';
import { type FileSystem, isMissing, isOwnLimit, readIfThere, replaceFile, unlinkIfThere } from './file-system.js';

/** In the private directory. */
const MARK_FILE = 'writer';
/** How often a start tries to put its mark there while others do. */
const TRIES = 10;

/** What is read of a mark, which is shorter. More than engines keep beside an object: to give that to the system would cost more than to read it. */
const found = new Uint8Array(128);

/**
 * Says in the private directory who writes the stream, for where the lock cannot see: another network namespace, another host on one network
 * drive, containers that share the directory. Each start puts a mark of its own there, before it reads the journal.
 *
 * Invariant: what was written before the mark was found in place is read by whoever puts another one there.
 */
export class WriterMark {
  /** Whether another process may still write: the one before did not end properly. */
  readonly hadAnother: boolean;
  readonly #fs: FileSystem;
  readonly #path: string;
  readonly #local: string;
  readonly #mark: Uint8Array;
  #fenced: MasterFencedError | undefined;
  #hasEnded = false;

  private constructor(fs: FileSystem, local: string, mark: Uint8Array, hadAnother: boolean) {
    this.#fs = fs;
    this.#local = local;
    this.#path = `${local}/${MARK_FILE}`;
    this.#mark = mark;
    this.hadAnother = hadAnother;
  }

  static async put(fs: FileSystem, local: string): Promise<WriterMark> {
    const before = await readIfThere(fs, `${local}/${MARK_FILE}`);
    const mark = new TextEncoder().encode(randomUUID());
    for (let tries = 1; ; tries++)
      try {
        await replaceFile(fs, local, MARK_FILE, [mark]);
        break;
      } catch (error) {
        // Another process that starts at the same moment has renamed or removed what was to be renamed.
        if (!isMissing(error) || tries === TRIES) throw error;
      }
    return new WriterMark(fs, local, mark, before !== undefined);
  }

  /** Whether no other start has put its mark there since; before it returns. */
  isInPlaceNow(): boolean {
    try {
      return Buffer.compare(this.#fs.readNow(this.#path, 0, this.#mark.length + 1, found), this.#mark) === 0;
    } catch (error) {
      // Nobody writes there: somebody has cleaned up, or another process came and has ended.
      if (isMissing(error)) return this.#putNow();
      // That this process has no file descriptor left is no reason to think so.
      if (isOwnLimit(error)) return true;
      throw error;
    }
  }

  #putNow(): boolean {
    this.#fs.mkdirNow(this.#local);
    const file = this.#fs.openNow(this.#path, true);
    file.writeNow(this.#mark, 0);
    file.close().catch(() => undefined);
    return true;
  }

  /** Whether this process was found to be fenced: it does nothing more to the stream. */
  get isLost(): boolean {
    return this.#fenced !== undefined;
  }

  /** Whether this process writes nothing more. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** @throws MasterFencedError (`MASTER_FENCED`) if this process was found to be fenced before, MasterClosedError (`MASTER_CLOSED`) if it has ended */
  throwIfLost(): void {
    if (this.#fenced !== undefined) throw this.#fenced;
    if (this.#hasEnded)
      throw new MasterClosedError(`The journal in ${this.#local} was closed; nothing more is written`);
  }

  /**
   * Does some work if no other start has put its mark there since; before it returns.
   *
   * @throws MasterFencedError (`MASTER_FENCED`) if one has, or if the work finds that another process writes; as `throwIfLost`
   */
  heldNow<T>(stream: StreamId, work: () => T): T {
    this.throwIfLost();
    try {
      if (this.isInPlaceNow()) return work();
      throw new MasterFencedError(
        `Another process has opened the master "${stream.master}" where the lock of this one cannot be seen (another container, host or network namespace), and writes ${streamKey(stream)} now. This one takes no more calls; what it acknowledged is kept, and calls that were on their way may be. Give every machine and container a name and a private directory (option \`local\`) of its own.`,
      );
    } catch (error) {
      if (error instanceof MasterFencedError) this.#fenced = error;
      throw error;
    }
  }

  /** @throws MasterFencedError (`MASTER_FENCED`) as `heldNow` */
  checkNow(stream: StreamId): void {
    this.heldNow(stream, () => undefined);
  }

  /** This process writes nothing more. @param isWhole whether all that it wrote is known to be on disk: if not, the mark stays, as after a crash */
  async end(isWhole: boolean): Promise<void> {
    this.#hasEnded = true;
    if (isWhole && this.isInPlaceNow()) await unlinkIfThere(this.#fs, this.#path);
  }
}
