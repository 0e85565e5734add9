import { StoreUnreachableError } from '../../errors.js';
import type { WriterMark } from './writer-mark.js';
import { type FileSystem, isNoFile, isOwnLimit, type OpenFile } from './file-system.js';
import { PADDING } from './padding.js';

/** Space made ahead at a time, at most. */
const PADDING_BYTES = 256 * 1024;
const padding = new Uint8Array(PADDING_BYTES).fill(PADDING);

/** So much of what was found in its place is looked at again: a line's checksum is in it. */
const MARK_BYTES = 64;

/** So much is read back at a time, always into the same memory: to ask the system for some would cost more than to read. */
const READ_BACK_BYTES = 64 * 1024;
const readBack = new Uint8Array(READ_BACK_BYTES + MARK_BYTES);

/** A file that is open. */
export interface Opened {
  readonly fs: FileSystem;
  readonly mark: WriterMark;
  readonly path: string;
  /** Number of the event that it begins with. */
  readonly first: number;
  readonly file: OpenFile;
  /** Where its lines end, in bytes. */
  readonly size: number;
  /** Its size in bytes, padding included. */
  readonly allocated: number;
  /** Space is made ahead up to this size in bytes at most. */
  readonly segmentBytes: number;
}

/** Bytes of the file, and where they begin. */
interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** The file that a journal writes to: makes space ahead of the lines, and tells whether they are in the file at its path. */
export class OpenSegment {
  readonly path: string;
  /** Number of the event that it begins with. */
  readonly first: number;
  readonly #fs: FileSystem;
  readonly #mark: WriterMark;
  readonly #file: OpenFile;
  readonly #segmentBytes: number;
  /** Up to where the file has bytes already, padding included. */
  #allocated: number;
  /** Whether space is made ahead; a disk that refused that once is not asked again. */
  #padding = true;
  #limit: number;
  /** What is to be found at its path: the end of what was found there last, and all that was written since. */
  #expected: Piece[];

  constructor({ fs, mark, path, first, file, size, allocated, segmentBytes }: Opened) {
    this.path = path;
    this.first = first;
    this.#fs = fs;
    this.#mark = mark;
    this.#file = file;
    this.#allocated = allocated;
    this.#segmentBytes = this.#limit = segmentBytes;
    const offset = Math.max(0, size - MARK_BYTES);
    this.#expected = [{ offset, bytes: file.readNow(offset, size - offset) }];
  }

  get allocated(): number {
    return this.#allocated;
  }

  /** The segment ends with the batch that goes beyond this byte. */
  get limit(): number {
    return this.#limit;
  }

  /** It ends sooner. @param limit in bytes */
  endAt(limit: number): void {
    this.#limit = Math.min(this.#limit, limit);
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    this.#expected.push({ offset, bytes });
    await this.#file.write(bytes, offset);
    this.#allocated = Math.max(this.#allocated, offset + bytes.length);
  }

  // Before it returns: space that is made in the background could overwrite lines that were put there meanwhile.
  /** @param appended how much the journal wrote so far: a master that has little to say takes little space ahead */
  writeNow(bytes: Uint8Array, offset: number, appended: number): void {
    const end = offset + bytes.length;
    this.#expected.push({ offset, bytes });
    this.#file.writeNow(bytes, offset);
    if (end <= this.#allocated) return;
    this.#allocated = end;
    const ahead = Math.min(PADDING_BYTES, appended, this.#segmentBytes);
    if (!this.#padding || bytes.length * 2 > ahead) return;
    try {
      this.#file.writeNow(padding.subarray(0, ahead), end);
      this.#allocated = end + ahead;
    } catch {
      // Nothing is lost by that, and the lines may still have room; if the disk is broken, the sync that follows says so.
      this.#padding = false;
    }
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  syncNow(): void {
    this.#file.syncNow();
  }

  /**
   * Whether the lines up to `end` are in the file at its path: what was written since the last time is read back there, with the end of what
   * stood before it. If an older file stands there, or this one was cut or written over, something of that is missing. And whether nobody else
   * has put a mark of its own there.
   *
   * @throws StoreUnreachableError (`STORE_UNREACHABLE`) if that cannot be told now
   */
  isReadBack(end: number): boolean {
    const from = Math.min(end, ...this.#expected.map(({ offset }) => offset));
    const mark = Math.max(from, end - MARK_BYTES);
    let bytes: Uint8Array | undefined;
    for (let at = from; at < end || bytes === undefined; at += READ_BACK_BYTES) {
      // What is looked at again the next time lies in the last piece.
      const start = at + READ_BACK_BYTES < end ? at : Math.min(at, mark);
      const stop = Math.min(at + READ_BACK_BYTES, end);
      const found = this.#readBack(start, stop - start);
      if (found?.length !== stop - start || !this.#isExpected({ offset: start, bytes: found })) return false;
      if (stop === end) bytes = found.slice(mark - start);
    }
    const rest = this.#expected.filter(({ offset }) => offset >= end);
    this.#expected = [{ offset: mark, bytes }, ...rest];
    // Last: whoever puts a mark there after this reads what was found.
    return this.#mark.isInPlaceNow();
  }

  /** Whether what was found is what is to be there. */
  #isExpected(found: Piece): boolean {
    const end = found.offset + found.bytes.length;
    return this.#expected.every(({ offset, bytes }) => {
      const [from, to] = [Math.max(offset, found.offset), Math.min(offset + bytes.length, end)];
      if (from >= to) return true;
      const there = found.bytes.subarray(from - found.offset, to - found.offset);
      return Buffer.compare(there, bytes.subarray(from - offset, to - offset)) === 0;
    });
  }

  /** As `isReadBack`, and the file at its path is this very one. To ask for that each time would make the next sync slower. */
  isInPlace(end: number): boolean {
    return this.isReadBack(end) && !this.isElsewhere();
  }

  #readBack(from: number, length: number): Uint8Array | undefined {
    try {
      return this.#fs.readNow(this.path, from, length, readBack);
    } catch (error) {
      if (isNoFile(error)) return undefined;
      // No other file can be opened now; this one is.
      if (isOwnLimit(error)) return this.isElsewhere() ? undefined : this.#file.readNow(from, length);
      throw new StoreUnreachableError(
        `${this.path} was written, but cannot be read back there (${(error as Error).message}). Its last calls are not acknowledged until it can.`,
        { cause: error },
      );
    }
  }

  /** Whether another file stands at its path, or nothing does. */
  isElsewhere(): boolean {
    return !this.#file.isAtNow(this.path);
  }

  /** What is in the file, wherever that is. @param end in bytes */
  readNow(end: number): Uint8Array {
    return this.#file.readNow(0, end);
  }

  /** Bytes of the open file, wherever that is. */
  piece(from: number, end: number): Uint8Array {
    return this.#file.readNow(from, end - from);
  }

  async truncate(size: number): Promise<void> {
    await this.#file.truncate(size);
    this.#cutTo(size);
  }

  truncateNow(size: number): void {
    this.#file.truncateNow(size);
    this.#cutTo(size);
  }

  #cutTo(size: number): void {
    this.#allocated = size;
    this.#expected = this.#expected.filter(({ offset }) => offset < size);
  }

  // Left-over padding harms nobody: whoever reads passes over it, and the next start writes over it.
  /** Cuts the space ahead off, and closes the file. @param size of its lines in bytes */
  async end(size: number): Promise<void> {
    if (this.#allocated > size) await this.#file.truncate(size).catch(() => undefined);
    await this.#file.close();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
