import type { StreamHeader } from '../../event/envelope.js';
import type { Head, Journal, Notice, SnapshotListing } from '../store.js';
import { type FileSystem, namesIn, type OpenFile, replaceFile, temporaryName } from './file-system.js';
import { FRONTIER_FILE, segmentName, segmentsOf, snapshotName, snapshotsOf } from './layout.js';
import type { Lock } from './lock.js';
import { writeSession } from './session.js';

const encoder = new TextEncoder();

/** The open end of a stream. */
export interface OpenEnd {
  readonly fs: FileSystem;
  readonly directory: string;
  readonly local: string;
  readonly header: StreamHeader;
  readonly head: Head | undefined;
  readonly notices: readonly Notice[];
  readonly lock: Lock;
  readonly file: OpenFile;
  readonly size: number;
  /** A segment beyond this size is closed and the next one begun. */
  readonly segmentBytes: number;
}

/** The journal of one master in a folder: append-only segments, a frontier, snapshots. */
export class FolderJournal implements Journal {
  readonly header: StreamHeader;
  readonly head: Head | undefined;
  readonly notices: readonly Notice[];
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
  #rotation: Promise<void> | undefined;

  constructor(end: OpenEnd) {
    this.header = end.header;
    this.head = end.head;
    this.notices = end.notices;
    this.#end = end;
    this.#file = end.file;
    this.#offset = this.#durable = end.size;
    this.#next = (end.head?.seq ?? 0) + 1;
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

  async publish(frontier: string, head: Head | undefined): Promise<void> {
    const { fs, directory, local, header } = this.#end;
    await writeSession(fs, local, { session: header.session, epoch: header.epoch, head });
    await replaceFile(fs, directory, FRONTIER_FILE, [encoder.encode(frontier)]);
  }

  async writeSnapshot(position: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const directory = `${this.#end.directory}/snapshots`;
    await this.#end.fs.mkdir(directory);
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
      await this.#end.lock.release();
    }
  }

  #reserve(lines: string, firstSeq: number): { bytes: Uint8Array; offset: number } {
    const bytes = encoder.encode(lines);
    const offset = this.#offset;
    this.#offset += bytes.length;
    this.#next = firstSeq + countLines(bytes);
    return { bytes, offset };
  }

  async #rotateIfFull(): Promise<void> {
    if (this.#offset <= this.#end.segmentBytes) return;
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
    if (name.startsWith('.') && name.endsWith('.tmp')) await fs.unlink(`${directory}/${name}`);
  }
}
