import { statfs } from 'node:fs/promises';

/**
 * Where small files are read before the call returns: 15 µs in place of 50 to 500 µs through Node's pool of threads. Only on disks of this
 * machine, as Linux names them: a network drive that is gone, or a cloud service that fetches a file first, would stop the whole process.
 * A disk that keeps the process waiting all the same is read through the pool for a while.
 */

/** Types of file systems whose files lie in this machine (statfs(2)): ext, XFS, Btrfs, tmpfs, ramfs, overlayfs, F2FS, ZFS, bcachefs. */
const HERE = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x858458f6, 0x794c7630, 0xf2f52010, 0x2fc12fc1, 0xca451a4e,
]);

/** A disk may be mounted over a directory: after so long (ms) it is looked at again. */
const LOOK_AGAIN_AFTER = 60_000;
/** What takes longer (ms) did not come from memory; once may be chance, as on a busy machine. */
const SLOW = 2;
const SLOW_FOR = 10_000;
const MOST_DIRECTORIES = 10_000;

const { performance } = globalThis;

export class QuickDisks {
  readonly #isHere = new Map<string, { readonly answer: boolean; readonly at: number }>();
  #slowUntil = 0;
  #wasSlow = false;

  /** Whether what is small may be read at once in a directory. */
  isQuick(directory: string): boolean | Promise<boolean> {
    const now = performance.now();
    if (now < this.#slowUntil || process.platform !== 'linux') return false;
    const known = this.#isHere.get(directory);
    return known !== undefined && now - known.at < LOOK_AGAIN_AFTER ? known.answer : this.#look(directory, now);
  }

  async #look(directory: string, at: number): Promise<boolean> {
    const answer = await statfs(directory).then(
      // A 32-bit number, which some systems give with a sign.
      ({ type }) => HERE.has(type >>> 0),
      () => false,
    );
    if (this.#isHere.size === MOST_DIRECTORIES) this.#isHere.clear();
    this.#isHere.set(directory, { answer, at });
    return answer;
  }

  /** What `read` gives, which is timed. */
  timed<T>(read: () => T): T {
    const begun = performance.now();
    try {
      return read();
    } finally {
      const ended = performance.now();
      const isSlow = ended - begun > SLOW;
      if (isSlow && this.#wasSlow) this.#slowUntil = ended + SLOW_FOR;
      this.#wasSlow = isSlow;
    }
  }
}
