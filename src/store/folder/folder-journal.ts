import type { StreamHeader, StreamId } from '../../event/event.js';
import { afterLines, countLines, headerLine } from '../../event/line.js';
import type { Seal } from '../frontier.js';
import type { Head, Journal, Now, Remembered, SnapshotListing } from '../store.js';
import { coveredSegments, deletableBytes, deleteSegments, deleteStream, sizesOf, streamBytes } from './deletion.js';
import { type OpenFile, replaceFile, temporaryName, unlinkIfThere } from './file-system.js';
import { FRONTIER_FILE, segmentName, snapshotName } from './layout.js';
import type { OpenEnd } from './open-end.js';
import { PADDING } from './padding.js';
import { writeSession } from './session.js';

const encoder = new TextEncoder();

/** Space made ahead at a time, at most. */
const PADDING_BYTES = 256 * 1024;
/** A batch beyond this size is handed to the file system in the background. */
const SMALL_BATCH_BYTES = 64 * 1024;
const padding = new Uint8Array(PADDING_BYTES).fill(PADDING);

/** The journal of one master in a folder: append-only segments, a frontier, snapshots. */
export class FolderJournal implements Journal {
  readonly header: StreamHeader;
  readonly head: Head | undefined;
  readonly notices: readonly string[];
  readonly seal: Seal | undefined;
  readonly moved: Readonly<Record<string, number>>;
  readonly ends: Readonly<Record<string, number>>;
  readonly now: Now = {
    append: (lines, firstSeq) => this.#appendNow(lines, firstSeq),
    cutBack: () => this.#cutBackNow(),
    // Not when the next segment is due: beginning it takes several turns, in which nothing must be written.
    isQuick: () => !this.#isFull,
    soon: setImmediate,
  };
  readonly #end: OpenEnd;
  #file: OpenFile;
  /** Where the next write goes. */
  #offset: number;
  /** Up to where the file is known to be on disk. */
  #durable: number;
  /** End of what was written and synced at once, perhaps behind bytes that are still on their way. */
  #ahead = 0;
  /** Up to where the file has bytes already, padding included. */
  #allocated: number;
  /** How much was appended since the journal was opened. */
  #appended = 0;
  /** Whether space is made ahead; a disk that refused that once is not asked again. */
  #padding = true;
  /** Number of the event that the next write begins with; the same for what is on disk, and for what was synced at once. */
  #next: number;
  #durableNext: number;
  #aheadNext = 0;
  /** Number of the event that this segment begins with. */
  #segment: number;
  /** What the session says. */
  #remembered = '';
  #deletable: number;
  #rotation: Promise<void> | undefined;
  /** Ends when no file but the one that is written to is open. */
  #closing: Promise<unknown> = Promise.resolve();
  /** The stream of this master that goes on; the lock is its. */
  #successor: Journal | undefined;

  constructor(end: OpenEnd) {
    this.header = end.header;
    this.head = end.head;
    this.notices = end.notices;
    this.seal = end.seal;
    this.ends = end.ends;
    this.moved = { ...end.moved, ...end.header.moved };
    this.#end = end;
    this.#file = end.file;
    this.#offset = this.#durable = end.size;
    this.#allocated = end.allocated;
    this.#next = this.#durableNext = end.next;
    this.#segment = end.segment;
    this.#deletable = end.deletable;
  }

  async append(lines: string, firstSeq: number): Promise<void> {
    // Its place is taken before anything is awaited: `now.append` may come in between, and its lines follow these.
    const { bytes, offset } = this.#reserve(lines, firstSeq);
    const next = this.#next;
    if (bytes.length > SMALL_BATCH_BYTES) await this.#file.write(bytes, offset);
    else this.#writeNow(bytes, offset);
    await this.#file.sync();
    // What `now.append` has put behind these bytes meanwhile is on disk as well.
    this.#reached(Math.max(offset + bytes.length, this.#ahead), Math.max(next, this.#aheadNext));
    await this.#rotateIfFull();
  }

  #appendNow(lines: string, firstSeq: number): void {
    const { bytes, offset } = this.#reserve(lines, firstSeq);
    this.#writeNow(bytes, offset);
    this.#file.syncNow();
    this.#ahead = offset + bytes.length;
    this.#aheadNext = this.#next;
    if (this.#durable === offset) this.#reached(this.#ahead, this.#next);
    if (this.#isFull && this.#rotation === undefined && this.#durable === this.#offset) this.#rotateNow();
  }

  async cutBack(): Promise<void> {
    await this.#rotation;
    await this.#file.truncate(this.#durable);
    this.#forgetTail();
  }

  #cutBackNow(): void {
    this.#file.truncateNow(this.#durable);
    this.#forgetTail();
  }

  #reached(offset: number, next: number): void {
    if (offset <= this.#durable) return;
    this.#durable = offset;
    this.#durableNext = next;
  }

  #forgetTail(): void {
    this.#offset = this.#allocated = this.#durable;
    this.#next = this.#durableNext;
  }

  async check(): Promise<void> {
    await this.#end.check(this.header, this.#deletable);
  }

  async publish(frontier: string, { head, seal, deletable: offered }: Remembered): Promise<void> {
    const { fs, directory, local, header } = this.#end;
    const { session, epoch } = header;
    // What was deleted stays deleted, even if the snapshot that stood in is gone.
    const deletable = (this.#deletable = Math.max(this.#deletable, offered));
    const news = JSON.stringify([head, seal?.no, deletable]);
    // A frontier that only tells the time has nothing that must be remembered.
    if (news !== this.#remembered)
      await writeSession(fs, local, { session, epoch, head, seal, deletable, moved: this.moved, ends: this.ends });
    this.#remembered = news;
    await replaceFile(fs, directory, FRONTIER_FILE, [encoder.encode(frontier)]);
  }

  async retire(stream: StreamId, frontier: string): Promise<void> {
    await replaceFile(this.#end.fs, this.#directoryOf(stream), FRONTIER_FILE, [encoder.encode(frontier)]);
  }

  async succeed(header: StreamHeader, lines: string): Promise<Journal> {
    if (this.#successor?.header.epoch === header.epoch) return this.#successor;
    const { fs, crc32 } = this.#end;
    const directory = this.#directoryOf(header);
    const first = encoder.encode(`${headerLine(header, crc32)}\n`);
    const bytes = encoder.encode(lines);
    const name = segmentName(1);
    // Until the file is there, nobody takes the directory for a stream.
    await fs.mkdir(directory);
    await fs.syncDirectory(directory.slice(0, directory.lastIndexOf('/')));
    await replaceFile(fs, directory, name, [first, bytes]);
    const file = await fs.open(`${directory}/${name}`, false);
    const size = first.length + bytes.length;
    this.#end.onStreams();
    this.#successor = new FolderJournal({
      ...this.#end,
      directory,
      header,
      moved: this.moved,
      deletable: 0,
      next: 1 + countLines(bytes),
      head: undefined,
      notices: [],
      file,
      segment: 1,
      size,
      allocated: size,
    });
    return this.#successor;
  }

  async rotate(): Promise<void> {
    await this.#rotation;
    const isEmpty = this.#offset === 0 || (this.#segment === 1 && this.#next === 1);
    if (!isEmpty && this.#offset === this.#durable) await this.#beginNext();
  }

  async deletableEvents(stream: StreamId, upTo: number): Promise<number> {
    return deletableBytes(this.#end.fs, this.#directoryOf(stream), upTo);
  }

  async deletableStream(stream: StreamId): Promise<number> {
    return streamBytes(this.#end.fs, this.#directoryOf(stream));
  }

  async deleteEvents(stream: StreamHeader, upTo: number): Promise<number> {
    const { fs, crc32 } = this.#end;
    const directory = this.#directoryOf(stream);
    return deleteSegments(fs, directory, await coveredSegments(fs, directory, upTo), stream, crc32);
  }

  async deleteStream(stream: StreamId): Promise<number> {
    this.#end.onStreams();
    return deleteStream(this.#end.fs, this.#directoryOf(stream));
  }

  async writeSnapshot(position: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const directory = `${this.#end.directory}/snapshots`;
    await this.#end.fs.mkdir(directory);
    // Events may be deleted on the strength of it: the way to it must be durable as well.
    await this.#end.fs.syncDirectory(this.#end.directory);
    const name = snapshotName(position);
    try {
      await replaceFile(this.#end.fs, directory, name, chunks);
    } catch (error) {
      // A large part of it may lie there, on a disk that is full perhaps. What cannot be removed now is at the next start.
      await this.#end.fs.unlink(temporaryName(directory, name)).catch(() => undefined);
      throw error;
    }
  }

  async removeSnapshot({ position }: SnapshotListing): Promise<void> {
    await unlinkIfThere(this.#end.fs, `${this.#end.directory}/snapshots/${snapshotName(position)}`);
  }

  async size(): Promise<{ journal: number; snapshots: number }> {
    const { journal, snapshots } = await sizesOf(this.#end.fs, this.#end.directory);
    return { journal: journal - (this.#allocated - this.#offset), snapshots };
  }

  async close(): Promise<void> {
    await this.#rotation;
    await this.#closing;
    try {
      await this.#trim(this.#file, this.#offset, this.#allocated);
      await this.#file.close();
    } finally {
      if (this.#successor === undefined) await this.#end.lock.release();
    }
  }

  get #isFull(): boolean {
    return this.#offset > this.#end.segmentBytes;
  }

  #directoryOf({ master, epoch }: StreamId): string {
    const { directory } = this.#end;
    return `${directory.slice(0, directory.lastIndexOf(`/${this.header.master}/`))}/${master}/${epoch}`;
  }

  /** Takes the place of lines at the end; those that are there already are left out. */
  #reserve(lines: string, firstSeq: number): { bytes: Uint8Array; offset: number } {
    if (this.#successor !== undefined) throw new Error('This stream has ended; another one goes on');
    if (firstSeq > this.#next) throw new Error(`Events ${this.#next} to ${firstSeq - 1} were not appended`);
    const bytes = afterLines(encoder.encode(lines), this.#next - firstSeq);
    const offset = this.#offset;
    this.#offset += bytes.length;
    this.#appended += bytes.length;
    this.#next += countLines(bytes);
    return { bytes, offset };
  }

  // Before it returns: space that is made in the background could overwrite lines that were put there meanwhile.
  #writeNow(bytes: Uint8Array, offset: number): void {
    this.#file.writeNow(bytes, offset);
    const end = offset + bytes.length;
    if (end <= this.#allocated) return;
    this.#allocated = end;
    // Never more than was appended, so that a master that has little to say takes little.
    const ahead = Math.min(PADDING_BYTES, this.#appended, this.#end.segmentBytes);
    if (!this.#padding || bytes.length * 2 > ahead) return;
    try {
      this.#file.writeNow(padding.subarray(0, ahead), end);
      this.#allocated = end + ahead;
    } catch {
      // Nothing is lost by that, and the lines may still have room; if the disk is broken, the sync that follows says so.
      this.#padding = false;
    }
  }

  // Left-over padding harms nobody: whoever reads passes over it, and the next start writes over it.
  async #trim(file: OpenFile, size: number, allocated: number): Promise<void> {
    if (allocated > size) await file.truncate(size).catch(() => undefined);
  }

  async #rotateIfFull(): Promise<void> {
    if (this.#isFull) await this.#beginNext();
  }

  async #beginNext(): Promise<void> {
    this.#rotation ??= this.#rotate().finally(() => {
      this.#rotation = undefined;
    });
    await this.#rotation;
  }

  // What was appended is durable already; if the next segment cannot be begun now, this one grows until it can.
  async #rotate(): Promise<void> {
    const { fs, directory } = this.#end;
    const offset = this.#offset;
    const name = `${directory}/${segmentName(this.#next)}`;
    let next: OpenFile | undefined;
    try {
      next = await fs.open(name, true);
      await fs.syncDirectory(directory);
      // Unless something was written meanwhile, which makes the new name wrong.
      if (this.#offset === offset && this.#durable === offset) await this.#goOnIn(next);
      else await this.#discard(name, next);
    } catch {
      if (next !== undefined && this.#file !== next) await this.#discard(name, next).catch(() => undefined);
    }
  }

  /** As `#rotate`, in the turn in which the last line was synced. */
  #rotateNow(): void {
    const { fs, directory } = this.#end;
    const name = `${directory}/${segmentName(this.#next)}`;
    let next: OpenFile | undefined;
    try {
      next = fs.openNow(name, true);
      fs.syncDirectoryNow(directory);
    } catch {
      if (next !== undefined) this.#inBackground(this.#discard(name, next));
      return;
    }
    this.#inBackground(this.#goOnIn(next));
  }

  #inBackground(work: Promise<void>): void {
    this.#closing = Promise.all([this.#closing, work.catch(() => undefined)]);
  }

  #goOnIn(next: OpenFile): Promise<void> {
    const full = this.#file;
    const [size, allocated] = [this.#offset, this.#allocated];
    this.#file = next;
    this.#offset = this.#durable = this.#ahead = this.#allocated = 0;
    this.#durableNext = this.#aheadNext = this.#segment = this.#next;
    return this.#trim(full, size, allocated).then(() => full.close());
  }

  // An empty segment that stays behind would stop readers; if it cannot be removed, the next recovery does.
  async #discard(name: string, next: OpenFile): Promise<void> {
    await next.close();
    await this.#end.fs.unlink(name);
  }
}
