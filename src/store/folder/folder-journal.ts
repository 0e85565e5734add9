import type { StreamHeader, StreamId } from '../../event/event.js';
import { afterLines, countLines, headerLine } from '../../event/line.js';
import type { Seal } from '../frontier.js';
import type { Head, Journal, Keeper, Now, Remembered, SnapshotListing } from '../store.js';
import { Bundler } from './bundler.js';
import { coveredSegments, deletableBytes, deleteSegments, deleteStream, sizesOf, streamBytes } from './deletion.js';
import { type OpenFile, replaceFile, unlinkIfThere } from './file-system.js';
import { FRONTIER_FILE, segmentName, snapshotName } from './layout.js';
import { beginNext, beginNextNow } from './next-segment.js';
import type { OpenEnd } from './open-end.js';
import { OpenSegment } from './open-segment.js';
import { PrivateMemory } from './private-memory.js';
import { putBackNow } from './put-back.js';
import { writeSnapshotFile } from './snapshot-file.js';
import { writeStream } from './whole-stream.js';

const encoder = new TextEncoder();

/** A batch beyond this size is handed to the file system in the background. */
const SMALL_BATCH_BYTES = 64 * 1024;

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
  /** The shared folder itself: when a drive is no longer mounted, another directory stands there. */
  readonly #root: string | undefined;
  #segment: OpenSegment;
  /** Where the next write goes. */
  #offset: number;
  /** Up to where the file is known to be on disk. */
  #durable: number;
  /** End of what was written and synced at once, perhaps behind bytes that are still on their way. */
  #ahead = 0;
  /** How much was appended since the journal was opened. */
  #appended = 0;
  /** Number of the event that the next write begins with; the same for what is on disk, and for what was synced at once. */
  #next: number;
  #durableNext: number;
  #aheadNext = 0;
  readonly #memory: PrivateMemory;
  readonly #bundler: Bundler;
  /** Events up to this one are in no file any more; a snapshot is to hold them. */
  #missing = 0;
  #keeper: Keeper | undefined;
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
    this.#root = end.fs.identityNow(end.root);
    this.#segment = this.#segmentOf(end.file, end.segment, end.size, end.allocated);
    this.#offset = this.#durable = end.size;
    this.#next = this.#durableNext = end.next;
    this.#bundler = new Bundler(end.fs, end.directory, headerLine(end.header, end.crc32));
    this.#memory = new PrivateMemory(end.fs, end.local, end.header, { ...end, moved: this.moved });
  }

  async append(lines: string, firstSeq: number): Promise<void> {
    // Its place is taken before anything is awaited: `now.append` may come in between, and its lines follow these.
    const { bytes, offset } = this.#reserve(lines, firstSeq);
    const next = this.#next;
    if (bytes.length > SMALL_BATCH_BYTES) await this.#segment.write(bytes, offset);
    else this.#segment.writeNow(bytes, offset, this.#appended);
    await this.#segment.sync();
    // What `now.append` has put behind these bytes meanwhile is on disk as well.
    const [reached, reachedNext] = [Math.max(offset + bytes.length, this.#ahead), Math.max(next, this.#aheadNext)];
    if (this.#segment.isReadBack(reached)) this.#reached(reached, reachedNext);
    else this.#putBack();
    await this.#rotateIfFull();
  }

  #appendNow(lines: string, firstSeq: number): void {
    const { bytes, offset } = this.#reserve(lines, firstSeq);
    this.#segment.writeNow(bytes, offset, this.#appended);
    this.#segment.syncNow();
    this.#ahead = offset + bytes.length;
    this.#aheadNext = this.#next;
    // Else an earlier batch is on its way; what follows it is looked at, and acknowledged, when that is.
    if (this.#durable === offset) {
      if (this.#segment.isReadBack(this.#ahead)) this.#reached(this.#ahead, this.#next);
      else this.#putBack();
    }
    if (this.#isFull && this.#rotation === undefined && this.#durable === this.#offset) this.#rotateNow();
  }

  async cutBack(): Promise<void> {
    await this.#rotation;
    this.#end.mark.checkNow(this.header);
    await this.#segment.truncate(this.#durable);
    this.#forgetTail();
  }

  #cutBackNow(): void {
    this.#end.mark.checkNow(this.header);
    this.#segment.truncateNow(this.#durable);
    this.#forgetTail();
  }

  #reached(offset: number, next: number): void {
    if (offset <= this.#durable) return;
    this.#durable = offset;
    this.#durableNext = next;
  }

  #forgetTail(): void {
    this.#offset = this.#durable;
    this.#next = this.#durableNext;
  }

  async check(): Promise<void> {
    await this.#end.check(this.header, this.#memory.deletable);
  }

  keep(keeper: Keeper): void {
    this.#keeper = keeper;
  }

  hold(): void {
    this.#end.mark.checkNow(this.header);
    // What is on its way is looked at when it has arrived; what was left belongs to the past.
    if (this.#offset !== this.#durable || this.#successor !== undefined) return;
    if (!this.#segment.isInPlace(this.#offset)) this.#putBack();
  }

  async publish(frontier: string, remembered: Remembered): Promise<void> {
    const { fs, directory } = this.#end;
    // Nothing is published that is not in its place.
    this.hold();
    await this.#memory.publishing(remembered);
    await replaceFile(fs, directory, FRONTIER_FILE, [encoder.encode(frontier)]);
    // On this machine it can be read already; this is for whoever carries only files that stand still.
    await this.#bundler.published(frontier, remembered.head, this.#segment, this.#durable);
  }

  async retire(stream: StreamId, frontier: string): Promise<void> {
    this.hold();
    await replaceFile(this.#end.fs, this.#directoryOf(stream), FRONTIER_FILE, [encoder.encode(frontier)]);
  }

  async succeed(header: StreamHeader, lines: string): Promise<Journal> {
    if (this.#successor?.header.epoch === header.epoch) return this.#successor;
    this.hold();
    const { fs, crc32 } = this.#end;
    const directory = this.#directoryOf(header);
    const size = await writeStream(fs, directory, header, crc32, lines);
    const known = await this.#memory.succeeded(header);
    const file = await fs.open(`${directory}/${segmentName(1)}`, false);
    this.#end.onStreams();
    this.#successor = new FolderJournal({
      ...this.#end,
      directory,
      ...known,
      header,
      next: 1 + countLines(encoder.encode(lines)),
      head: undefined,
      notices: [],
      file,
      segment: 1,
      size,
      allocated: size,
    });
    if (this.#keeper !== undefined) this.#successor.keep?.(this.#keeper);
    return this.#successor;
  }

  async rotate(): Promise<void> {
    await this.#rotation;
    this.hold();
    const isEmpty = this.#offset === 0 || (this.#segment.first === 1 && this.#next === 1);
    if (!isEmpty && this.#offset === this.#durable) await this.#beginNext();
  }

  async deletableEvents(stream: StreamId, upTo: number): Promise<number> {
    return deletableBytes(this.#end.fs, this.#directoryOf(stream), upTo);
  }

  async deletableStream(stream: StreamId): Promise<number> {
    return streamBytes(this.#end.fs, this.#directoryOf(stream));
  }

  async deleteEvents(stream: StreamHeader, upTo: number): Promise<number> {
    this.hold();
    const { fs, crc32 } = this.#end;
    const directory = this.#directoryOf(stream);
    return deleteSegments(fs, directory, await coveredSegments(fs, directory, upTo), stream, crc32, upTo);
  }

  async deleteStream(stream: StreamId): Promise<number> {
    this.hold();
    this.#end.onStreams();
    return deleteStream(this.#end.fs, this.#directoryOf(stream));
  }

  async writeSnapshot(position: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.hold();
    await writeSnapshotFile(this.#end.fs, this.#end.directory, position, chunks);
    // From now on a start may do without the files that are gone.
    if (this.#missing > this.#memory.deletable) await this.#memory.covered(this.#missing);
  }

  async removeSnapshot({ position }: SnapshotListing): Promise<void> {
    this.hold();
    await unlinkIfThere(this.#end.fs, `${this.#end.directory}/snapshots/${snapshotName(position)}`);
  }

  async size(): Promise<{ journal: number; snapshots: number }> {
    const { journal, snapshots } = await sizesOf(this.#end.fs, this.#end.directory);
    return { journal: journal - (this.#segment.allocated - this.#offset), snapshots };
  }

  async close(): Promise<void> {
    await this.#rotation;
    await this.#closing;
    try {
      // Whatever was on its way did not arrive, and is not this one's to keep.
      if (!this.#end.mark.isLost && this.#successor === undefined && !this.#segment.isInPlace(this.#durable))
        this.#putBack(this.#durable, this.#durableNext);
    } finally {
      // What another process writes to is not this one's to cut.
      const ended = this.#end.mark.isLost ? this.#segment.close() : this.#segment.end(this.#offset);
      await ended.finally(() => this.#release());
    }
  }

  async #release(): Promise<void> {
    const { mark, lock } = this.#end;
    // Once: the name may be another one's by then.
    if (this.#successor !== undefined || mark.hasEnded) return;
    // What is not known to be on disk is looked at by the next start as if this process had crashed.
    const isWhole = this.#offset === this.#durable && !mark.isLost;
    // What cannot be left costs the next start a new epoch, and a mark that stays the copy of one file, no more.
    if (isWhole) await this.#memory.leave(this.#end.directory).catch(() => undefined);
    await mark.end(isWhole).catch(() => undefined);
    await lock.release();
  }

  get #isFull(): boolean {
    return this.#offset > this.#segment.limit;
  }

  #directoryOf({ master, epoch }: StreamId): string {
    const { directory } = this.#end;
    return `${directory.slice(0, directory.lastIndexOf(`/${this.header.master}/`))}/${master}/${epoch}`;
  }

  /** Takes the place of lines at the end; those that are there already are left out. */
  #reserve(lines: string, firstSeq: number): { bytes: Uint8Array; offset: number } {
    this.#end.mark.throwIfLost();
    if (this.#successor !== undefined) throw new Error('This stream has ended; another one goes on');
    if (firstSeq > this.#next) throw new Error(`Events ${this.#next} to ${firstSeq - 1} were not appended`);
    const bytes = afterLines(encoder.encode(lines), this.#next - firstSeq);
    const offset = this.#offset;
    this.#offset += bytes.length;
    this.#appended += bytes.length;
    this.#next += countLines(bytes);
    return { bytes, offset };
  }

  #segmentOf(file: OpenFile, first: number, size: number, allocated = size): OpenSegment {
    const { fs, directory, segmentBytes, mark } = this.#end;
    const path = `${directory}/${segmentName(first)}`;
    return new OpenSegment({ fs, mark, path, first, file, size, allocated, segmentBytes });
  }

  /** Somebody has meddled with the file: what belongs in it is put back, all that was written and synced up to now. */
  #putBack(end = this.#offset, next = this.#next): void {
    const { fs, root, directory, header, crc32 } = this.#end;
    const before = this.#segment;
    const { file, first, size, missing, message } = this.#end.mark.heldNow(header, () =>
      putBackNow({
        ...{ fs, root, rootIdentity: this.#root, directory, header, crc32 },
        ...{ segment: before, end, last: next - 1, keeper: this.#keeper },
      }),
    );
    this.#segment = this.#segmentOf(file, first, size);
    this.#offset = this.#durable = this.#ahead = size;
    this.#next = this.#durableNext = this.#aheadNext = next;
    this.#missing = Math.max(this.#missing, missing);
    this.#inBackground(before.close());
    this.#keeper?.putBack(message, missing);
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

  async #rotate(): Promise<void> {
    const offset = this.#offset;
    await beginNext(this.#end.fs, this.#nextPath, (next) => this.#goOnIn(next, offset));
    await this.#closing;
  }

  /** As `#rotate`, in the turn in which the last line was synced. */
  #rotateNow(): void {
    const offset = this.#offset;
    this.#inBackground(beginNextNow(this.#end.fs, this.#nextPath, (next) => this.#goOnIn(next, offset)));
  }

  get #nextPath(): string {
    return `${this.#end.directory}/${segmentName(this.#next)}`;
  }

  #inBackground(work: Promise<void>): void {
    this.#closing = Promise.all([this.#closing, work.catch(() => undefined)]);
  }

  /** Unless something was written meanwhile, which makes the new name wrong, or the file that is left is not in its place. */
  #goOnIn(next: OpenFile, offset: number): boolean {
    if (this.#offset !== offset || this.#durable !== offset || !this.#segment.isInPlace(offset)) return false;
    const full = this.#segment;
    this.#segment = this.#segmentOf(next, this.#next, 0);
    this.#offset = this.#durable = this.#ahead = 0;
    this.#durableNext = this.#aheadNext = this.#next;
    this.#inBackground(full.end(offset));
    return true;
  }
}
