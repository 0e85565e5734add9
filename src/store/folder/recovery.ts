import { JournalDamagedError } from '../../errors.js';
import type { Crc32 } from '../../event/checksum.js';
import type { StreamHeader, StreamId } from '../../event/event.js';
import { MOST_HEADER_BYTES, MOST_SEGMENT_BYTES } from '../../event/limits.js';
import { type CheckedLine, firstLineOf, LINE_FEED, LineCheck, parseLine, possibleLines } from '../../event/line.js';
import { type Case, caseFor } from '../cases.js';
import type { Head } from '../store.js';
import type { FileSystem } from './file-system.js';
import { lastEventIn } from './last-event.js';
import { segmentName, segmentsOf, streamDirectory } from './layout.js';
import { isPadding, PADDING, withoutPadding } from './padding.js';
import {
  DAMAGE_CASES,
  type DamageSeen,
  END_CASES,
  FILE_CASES,
  LAST_LINE_CASES,
  type LastLineSeen,
} from './recovery-cases.js';

/** What a scan of an own stream found. */
export interface Recovered {
  readonly header: StreamHeader | undefined;
  readonly head: Head | undefined;
  /** The newest segment: number of its first event, its size in bytes up to the last whole line, and with the padding behind it. */
  readonly segment: { readonly first: number; readonly size: number; readonly allocated: number } | undefined;
  /** Bytes after that, which a crash left unfinished. */
  readonly torn: Uint8Array | undefined;
  /** Empty segments with a wrong number: begun, but never written to. */
  readonly unused: readonly string[];
}

/** A stream to be scanned. */
export interface Scan {
  readonly fs: FileSystem;
  readonly root: string;
  readonly stream: StreamId;
  /** The last event others may have read. */
  readonly published: number;
  /** The last event that the stream's frontier tells of, if that is less: an older copy of a whole folder ends where its frontier says. */
  readonly told?: number;
  /** Events up to this one may have been deleted, because a snapshot stands in for them. */
  readonly deleted: number;
  readonly crc32: Crc32;
  /** Checks the files that end at or below `published`, too; else whoever reads their events does. */
  readonly thorough?: boolean;
  /** Told the name of each case that is met. */
  readonly onCase?: (name: string) => void;
}

/** Disks write at least so many bytes at once. */
const SECTOR = 512;
/** More than the header line of a stream takes as a rule. */
const HEADER_BYTES = 4096;

/** A segment: its path, the number of its first event, its size in bytes. */
interface Segment {
  readonly path: string;
  readonly first: number;
  readonly size: number;
}

/**
 * Scans a master's own stream and checks every line that nobody else may have checked. What is done about all else that may be met
 * is said in `recovery-cases.ts`.
 *
 * @throws JournalDamagedError (`JOURNAL_DAMAGED`) naming file, line and byte
 */
export async function recoverStream(scan: Scan): Promise<Recovered> {
  const directory = streamDirectory(scan.root, scan.stream);
  const segmentAt = async (first: number): Promise<Segment> => {
    const path = `${directory}/${segmentName(first)}`;
    return { path, first, size: await scan.fs.size(path) };
  };
  const segments = await Promise.all((await segmentsOf(scan.fs, directory)).map(segmentAt));
  for (let thorough = scan.thorough === true; ; thorough = true) {
    const found = await new Walk(scan, thorough).through(segments);
    if (found !== undefined) return found;
  }
}

/** One way through the segments of a stream, oldest first. */
class Walk {
  readonly #scan: Scan;
  readonly #thorough: boolean;
  #header: StreamHeader | undefined;
  /** The last event so far; its id is empty where it was not read. */
  #head: Head | undefined;
  #segment: Recovered['segment'];
  #torn: Uint8Array | undefined;
  readonly #unused: string[] = [];

  constructor(scan: Scan, thorough: boolean) {
    this.#scan = scan;
    this.#thorough = thorough;
  }

  /** What was found; `undefined` if every file must be read to tell. */
  async through(segments: readonly Segment[]): Promise<Recovered | undefined> {
    for (const [index, segment] of segments.entries()) {
      if (!this.#takes(segment)) continue;
      const next = segments.slice(index + 1).find(({ size }) => size > 0);
      if (next === undefined || !this.#mayPass(segment, next)) await this.#read(segment, next === undefined);
      else if (!(await this.#pass(segment, next))) return undefined;
    }
    const last = this.#head?.id === '' ? 'not read' : 'read';
    if (this.#case(END_CASES, { last, files: this.#thorough ? 'all' : 'some' }) === 'read all') return undefined;
    return {
      header: this.#header,
      head: this.#head,
      segment: this.#segment,
      torn: this.#torn,
      unused: this.#unused,
    };
  }

  #case<Seen extends object, Done extends string>(cases: readonly Case<Seen, Done>[], seen: Seen): Done {
    const { name, done } = caseFor(cases, seen);
    this.#scan.onCase?.(name);
    return done;
  }

  get #next(): number {
    return (this.#head?.seq ?? 0) + 1;
  }

  /** Whether a segment belongs to the stream; one that was never written to may not. */
  #takes({ path, first, size }: Segment): boolean {
    const isBehindDeleted = this.#header !== undefined && first > this.#next && first - 1 <= this.#scan.deleted;
    const begins = first === this.#next ? 'next' : isBehindDeleted ? 'behind a deleted part' : 'elsewhere';
    const content = size > 0 ? 'some' : 'none';
    const before = this.#torn === undefined ? 'whole' : 'torn';
    const due = first === 1 || first <= (this.#scan.told ?? this.#scan.published) ? 'lines' : 'nothing';
    const done = this.#case(FILE_CASES, { content, begins, before, due });
    if (done === 'refuse') throw damaged(path, 1, 0, size > 0 ? this.#misplaced(first) : lostContent(first));
    if (done === 'remove') this.#unused.push(path);
    // What is deleted leaves a hole behind the header, which is kept, or behind what a synchroniser or a backup brought back.
    else if (begins === 'behind a deleted part') this.#head = { seq: first - 1, id: this.#head?.id ?? '' };
    return done === 'check';
  }

  #misplaced(first: number): string {
    return `it begins with event ${first}, but the files before it end with event ${this.#next - 1}`;
  }

  /** Others have checked what was published. */
  #mayPass({ first }: Segment, next: Segment): boolean {
    return !this.#thorough && next.first > first && next.first - 1 <= this.#scan.published;
  }

  /** Takes a segment as good by its last line; false if that does not fit. */
  async #pass({ path, first, size }: Segment, next: Segment): Promise<boolean> {
    const end = next.first - 1;
    const last = compared(await lastEventIn(this.#scan.fs, path, size), end);
    if (this.#case(LAST_LINE_CASES, { last, deleted: end <= this.#scan.deleted ? 'yes' : 'no' }) === 'read all')
      return false;
    if (first === 1) this.#header = await readHeader(this.#scan, path);
    this.#head = { seq: end, id: '' };
    return true;
  }

  /** Checks every line of a segment. */
  async #read({ path, first, size }: Segment, newest: boolean): Promise<void> {
    const { fs, stream, crc32 } = this.#scan;
    const bytes = await wholeFile(fs, path, size);
    const lines = new LineCheck(bytes, stream, crc32);
    let start = 0;
    for (let number = 1; start < bytes.length; number++) {
      const end = bytes.indexOf(LINE_FEED, start);
      const line = end < 0 ? CUT_OFF : lines.at(start, end);
      const wrong = wrongWith(line, stream, this.#head, first === 1 && number === 1);
      if (wrong !== undefined) {
        const done = this.#case(DAMAGE_CASES, this.#seenAt(bytes, start, line, newest, first === 1 && number === 1));
        if (done === 'refuse') throw damaged(path, number, start, wrong, line.kind === 'newer' ? UPGRADE : RESTORE);
        if (done === 'cut and keep aside') this.#torn = withoutPadding(bytes.subarray(start)).slice();
        break;
      }
      if (line.kind === 'header') this.#header ??= line.header;
      else if (line.kind === 'event') this.#head = { seq: line.event.seq, id: line.event.id };
      start = end + 1;
    }
    this.#segment = { first, size: start, allocated: bytes.length };
  }

  #seenAt(bytes: Uint8Array, start: number, line: CheckedLine, newest: boolean, isHeader: boolean): DamageSeen {
    const scan = this.#scan;
    const rest = bytes.subarray(start);
    const seq = this.#next;
    return {
      rest: isPadding(rest) && !isHeader ? 'space' : line.kind === 'newer' ? 'newer format' : 'bad line',
      file: newest ? 'newest' : 'older',
      event: seq > scan.published && !isHeader ? 'beyond' : 'published',
      // Every line behind it is read for that.
      get behind(): DamageSeen['behind'] {
        return whatFollows(rest, start, scan, seq);
      },
    };
  }
}

function lostContent(first: number): string {
  return first === 1
    ? 'the file is empty: the header of the stream is missing, and every event that was in it'
    : `the file is empty, although the frontier beside it tells of event ${first}, with which it begins`;
}

const CUT_OFF: CheckedLine = { kind: 'damaged' };

function compared(last: number, end: number): LastLineSeen['last'] {
  if (last === end) return 'right before';
  if (last === Infinity) return 'unreadable';
  return last < end ? 'too low' : 'too high';
}

/** @throws JournalDamagedError (`JOURNAL_DAMAGED`) if it is longer than any segment */
export async function wholeFile(fs: FileSystem, file: string, size: number): Promise<Uint8Array> {
  if (size > MOST_SEGMENT_BYTES)
    throw damaged(file, 1, 0, `the file has ${size} bytes, and no segment has more than ${MOST_SEGMENT_BYTES}`);
  return fs.read(file, 0, MOST_SEGMENT_BYTES);
}

async function readHeader({ fs, stream, crc32 }: Scan, file: string): Promise<StreamHeader> {
  let bytes = await fs.read(file, 0, HEADER_BYTES);
  if (!bytes.includes(LINE_FEED)) bytes = await fs.read(file, 0, MOST_HEADER_BYTES);
  const line = parseLine(firstLineOf(bytes) ?? '', crc32);
  const wrong = wrongWith(line, stream, undefined, true);
  if (wrong !== undefined || line.kind !== 'header')
    throw damaged(file, 1, 0, wrong ?? 'the header is missing', line.kind === 'newer' ? UPGRADE : RESTORE);
  return line.header;
}

/**
 * What stands behind a bad line. Lines are written in order and synced in batches, so a crash leaves the end of the last batch
 * unwritten or zeroed; a bad line in front of good ones is damage to what was acknowledged.
 *
 * @param rest the file from byte `start` on
 */
function whatFollows(rest: Uint8Array, start: number, { stream, crc32 }: Scan, seq: number): DamageSeen['behind'] {
  const lines = withoutPadding(rest);
  if (hasHole(lines, start)) return 'a hole';
  for (const text of possibleLines(lines)) {
    const line = parseLine(text, crc32);
    if (line.kind === 'newer') return 'good lines';
    if (line.kind === 'event' && line.event.seq > seq && line.event.epoch === stream.epoch) return 'good lines';
  }
  return 'nothing';
}

/**
 * Parts of an unfinished write may reach the disk out of order. Where one did not there is what was there before: padding or
 * zeros, up to the end of a sector. Such a byte anywhere else was flipped into one.
 */
function hasHole(bytes: Uint8Array, start: number): boolean {
  for (let end = SECTOR - (start % SECTOR); end <= bytes.length; end += SECTOR) {
    const last = bytes[end - 1];
    if (last === 0 || last === PADDING) return true;
  }
  return false;
}

function wrongWith(line: CheckedLine, stream: StreamId, head: Head | undefined, first: boolean): string | undefined {
  if (line.kind === 'newer') return `it is written in format ${line.v}, which this program does not know`;
  if (line.kind === 'damaged') return 'its checksum does not fit, or it is cut off';
  if (first !== (line.kind === 'header'))
    return first ? 'the header of the stream is missing' : 'a header stands where an event belongs';
  const owner = line.kind === 'header' ? line.header : line.event;
  if (owner.master !== stream.master || owner.epoch !== stream.epoch)
    return `it belongs to ${owner.master}@${owner.epoch}`;
  if (line.kind === 'event' && line.event.seq !== (head?.seq ?? 0) + 1)
    return `it is event ${line.event.seq}, not ${(head?.seq ?? 0) + 1}`;
  if (line.kind === 'event' && head !== undefined && line.event.id <= head.id) return 'its id does not rise';
  return undefined;
}

const RESTORE =
  'Restore the file from another copy of the folder and open again; a master that still runs gives others what it has of it when you call compact() there before it ends; if there is none, `prevalent repair` salvages what is good.';
const UPGRADE = 'Open it with the version of the program that wrote it, or a newer one.';

function damaged(file: string, line: number, byte: number, why: string, remedy = RESTORE): JournalDamagedError {
  return new JournalDamagedError(`${file}, line ${line} (byte ${byte}): ${why}. Nothing was dropped. ${remedy}`, {
    place: { file, line, byte },
  });
}
