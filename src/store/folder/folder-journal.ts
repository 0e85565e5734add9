import type { Crc32 } from '../../event/checksum.js';
import { headerLine, type StreamHeader, type StreamId } from '../../event/envelope.js';
import type { Seal } from '../frontier.js';
import type { Head, Journal, Notice, Remembered, SnapshotListing } from '../store.js';
import { coveredSegments, deleteSegments, deleteStream, streamBytes } from './deletion.js';
import { type FileSystem, namesIn, type OpenFile, replaceFile } from './file-system.js';
import { FRONTIER_FILE, isTemporary, segmentName, segmentsOf, snapshotName, snapshotsOf } from './layout.js';
import type { Lock } from './lock.js';
import { writeSession } from './session.js';

const encoder = new TextEncoder();

/** About what the header of a stream takes. */
const HEADER_BYTES = 512;

/** The open end of a stream. */
export interface OpenEnd {
  readonly fs: FileSystem;
  readonly directory: string;
  readonly local: string;
  readonly header: StreamHeader;
  readonly head: Head | undefined;
  /** The newest seal that this machine remembers. */
  readonly seal: Seal | undefined;
  readonly notices: readonly Notice[];
  readonly lock: Lock;
  readonly file: OpenFile;
  /** Number of the first event of the newest segment, and its size in bytes. */
  readonly segment: number;
  readonly size: number;
  /** A segment beyond this size is closed and the next one begun. */
  readonly segmentBytes: number;
  readonly crc32: Crc32;
  /** Told when another stream of this master begins or goes. */
  readonly onStreams: () => void;
}

/** The journal of one master in a folder: append-only segments, a frontier, snapshots. */
export class FolderJournal implements Journal {
  readonly header: StreamHeader;
  readonly head: Head | undefined;
  readonly notices: readonly Notice[];
  readonly seal: Seal | undefined;
  readonly #end: OpenEnd;
  #file: OpenFile;
  /** Where the next write goes. */
  #offset: number;
  /** Up to where the file is known to be on disk. */
  #durable: number;
  /** End of what was written and synced at once, perhaps behind bytes that are still on their way. */
  #ahead = 0;
  /** Number of the event that the next write begins with. */
  #next: number;
  /** Number of the event that this segment begins with. */
  #segment: number;
  /** What the session says. */
  #remembered = '';
  #rotation: Promise<void> | undefined;
  /** Another stream of this master goes on; the lock is its. */
  #succeeded = false;

  constructor(end: OpenEnd) {
    this.header = end.header;
    this.head = end.head;
    this.notices = end.notices;
    this.seal = end.seal;
    this.#end = end;
    this.#file = end.file;
    this.#offset = this.#durable = end.size;
    this.#next = (end.head?.seq ?? 0) + 1;
    this.#segment = end.segment;
  }

  async append(lines: string, firstSeq: number): Promise<void> {
    // Its place is taken before anything is awaited: `appendNow` may come in between, and its lines follow these.
    const { bytes, offset } = this.#reserve(lines, firstSeq);
    await this.#file.write(bytes, offset);
    await this.#file.sync();
    // What `appendNow` has put behind these bytes meanwhile is on disk as well.
    this.#durable = Math.max(this.#durable, offset + bytes.length, this.#ahead);
    await this.#rotateIfFull();
  }

  appendNow(lines: string, firstSeq: number): void {
    const { bytes, offset } = this.#reserve(lines, firstSeq);
    this.#file.writeNow(bytes, offset);
    this.#file.syncNow();
    this.#ahead = offset + bytes.length;
    if (this.#durable === offset) this.#durable = this.#ahead;
    void this.#rotateIfFull();
  }

  async cutBack(): Promise<void> {
    await this.#rotation;
    await this.#file.truncate(this.#durable);
    this.#offset = this.#durable;
  }

  async publish(frontier: string, { head, seal }: Remembered): Promise<void> {
    const { fs, directory, local, header } = this.#end;
    const session = { session: header.session, epoch: header.epoch, head, seal };
    const news = JSON.stringify([head, seal?.no]);
    // A frontier that only tells the time has nothing that must be remembered.
    if (news !== this.#remembered) await writeSession(fs, local, session);
    this.#remembered = news;
    await replaceFile(fs, directory, FRONTIER_FILE, [encoder.encode(frontier)]);
  }

  async retire(stream: StreamId, frontier: string): Promise<void> {
    await replaceFile(this.#end.fs, this.#directoryOf(stream), FRONTIER_FILE, [encoder.encode(frontier)]);
  }

  async prepare(stream: StreamId): Promise<void> {
    const { fs } = this.#end;
    const directory = this.#directoryOf(stream);
    await fs.mkdir(directory);
    await fs.syncDirectory(directory.slice(0, directory.lastIndexOf('/')));
  }

  succeed(header: StreamHeader, lines: string, head: Head | undefined): Journal {
    const { fs, crc32 } = this.#end;
    const directory = this.#directoryOf(header);
    const bytes = encoder.encode(`${headerLine(header, crc32)}\n${lines}`);
    const name = segmentName(1);
    const file = fs.createNow(`${directory}/${name}`, `${directory}/.${name}.tmp`, bytes);
    this.#succeeded = true;
    this.#end.onStreams();
    return new FolderJournal({
      ...this.#end,
      directory,
      header,
      head,
      notices: [],
      file,
      segment: 1,
      size: bytes.length,
    });
  }

  async rotate(): Promise<void> {
    await this.#rotation;
    const isEmpty = this.#offset === 0 || (this.#segment === 1 && this.#next === 1);
    if (!isEmpty && this.#offset === this.#durable) await this.#beginNext();
  }

  async deletable(upTo: number, streams: readonly StreamId[]): Promise<number> {
    const { fs, directory } = this.#end;
    // The first segment shrinks to its header, which is small; it frees what it holds beside that.
    const segments = await coveredSegments(fs, directory, upTo);
    let bytes = segments.reduce(
      (sum, { first, size }) => sum + (first === 1 ? Math.max(size - HEADER_BYTES, 0) : size),
      0,
    );
    for (const stream of streams) bytes += await streamBytes(fs, this.#directoryOf(stream));
    return bytes;
  }

  async deleteEvents(upTo: number): Promise<number> {
    const { fs, directory, header, crc32 } = this.#end;
    return deleteSegments(fs, directory, await coveredSegments(fs, directory, upTo), header, crc32);
  }

  async deleteStream(stream: StreamId): Promise<number> {
    this.#end.onStreams();
    return deleteStream(this.#end.fs, this.#directoryOf(stream));
  }

  async writeSnapshot(position: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const directory = `${this.#end.directory}/snapshots`;
    await this.#end.fs.mkdir(directory);
    await replaceFile(this.#end.fs, directory, snapshotName(position), chunks);
  }

  async removeSnapshot({ position }: SnapshotListing): Promise<void> {
    await this.#end.fs.unlink(`${this.#end.directory}/snapshots/${snapshotName(position)}`);
  }

  async size(): Promise<{ journal: number; snapshots: number }> {
    const { fs, directory } = this.#end;
    const sum = async (files: string[]): Promise<number> => {
      const sizes = await Promise.all(files.map((file) => fs.size(file)));
      return sizes.reduce((left, right) => left + right, 0);
    };
    const segments = await segmentsOf(fs, directory);
    const snapshots = await snapshotsOf(fs, directory);
    return {
      journal: await sum(segments.map((first) => `${directory}/${segmentName(first)}`)),
      snapshots: await sum(snapshots.map((position) => `${directory}/snapshots/${snapshotName(position)}`)),
    };
  }

  async close(): Promise<void> {
    await this.#rotation;
    try {
      await this.#file.close();
    } finally {
      if (!this.#succeeded) await this.#end.lock.release();
    }
  }

  #directoryOf({ master, epoch }: StreamId): string {
    const { directory } = this.#end;
    return `${directory.slice(0, directory.lastIndexOf(`/${this.header.master}/`))}/${master}/${epoch}`;
  }

  #reserve(lines: string, firstSeq: number): { bytes: Uint8Array; offset: number } {
    const bytes = encoder.encode(lines);
    const offset = this.#offset;
    this.#offset += bytes.length;
    this.#next = firstSeq + countLines(bytes);
    return { bytes, offset };
  }

  async #rotateIfFull(): Promise<void> {
    if (this.#offset > this.#end.segmentBytes) await this.#beginNext();
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
    const full = this.#file;
    let next: OpenFile | undefined;
    try {
      next = await fs.open(name, true);
      await fs.syncDirectory(directory);
      // Unless something was written meanwhile, which makes the new name wrong.
      if (this.#offset === offset && this.#durable === offset) {
        this.#file = next;
        this.#offset = this.#durable = this.#ahead = 0;
        this.#segment = this.#next;
      }
      await (this.#file === next ? full : next).close();
      if (this.#file === full) await fs.unlink(name);
    } catch {
      // An empty segment that stays behind would stop readers; if it cannot be removed, the next recovery does.
      if (next !== undefined && this.#file === full) await fs.unlink(name).catch(() => undefined);
    }
  }
}

function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, end + 1)) count++;
  return count;
}

/** Removes temporary files that a crash left in a directory of ours. */
export async function removeTemporaries(fs: FileSystem, directory: string): Promise<void> {
  for (const name of await namesIn(fs, directory, 'file')) {
    if (isTemporary(name)) await fs.unlink(`${directory}/${name}`);
  }
}
