import { JournalDamagedError } from '../../errors.js';
import type { Crc32 } from '../../event/checksum.js';
import type { StreamHeader, StreamId } from '../../event/event.js';
import { MOST_HEADER_BYTES, MOST_SEGMENT_BYTES } from '../../event/limits.js';
import { type CheckedLine, firstLineOf, LINE_FEED, LineCheck, parseLine, possibleLines } from '../../event/line.js';
import type { Head } from '../store.js';
import { type FileSystem, namesIn, replaceFile } from './file-system.js';
import { lastEventIn } from './last-event.js';
import { segmentName, segmentsOf, streamDirectory } from './layout.js';
import { isPadding, PADDING, withoutPadding } from './padding.js';

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
  /** Events up to this one may have been deleted, because a snapshot stands in for them. */
  readonly deleted: number;
  readonly crc32: Crc32;
  /** Checks the files that end at or below `published`, too; else whoever reads their events does. */
  readonly thorough?: boolean;
}

/** Disks write at least so many bytes at once. */
const SECTOR = 512;
/** More than the header line of a stream takes as a rule. */
const HEADER_BYTES = 4096;

/**
 * Scans a master's own stream and checks every line that nobody else may have checked. What follows the last good line of the
 * newest segment, beyond the published head and with no good line behind it, is a torn tail; damage anywhere else is an error.
 *
 * @throws JournalDamagedError (`JOURNAL_DAMAGED`) naming file, line and byte
 */
export async function recoverStream(scan: Scan): Promise<Recovered> {
  const { fs, published } = scan;
  const directory = streamDirectory(scan.root, scan.stream);
  const segments = await segmentsOf(fs, directory);
  const sizes = await Promise.all(segments.map((first) => fs.size(`${directory}/${segmentName(first)}`)));
  const lastUsed = sizes.map((size) => size > 0).lastIndexOf(true);
  let header: StreamHeader | undefined;
  let head: Head | undefined;
  let segment: Recovered['segment'];
  let torn: Uint8Array | undefined;
  const unused: string[] = [];
  for (const [index, first] of segments.entries()) {
    const file = `${directory}/${segmentName(first)}`;
    // What is deleted leaves a hole behind the header, which is kept, or behind what a synchroniser or a backup brought back.
    const isHole = header !== undefined && first - 1 > (head?.seq ?? 0) && first - 1 <= scan.deleted;
    if (isHole && (sizes[index] ?? 0) > 0) head = { seq: first - 1, id: head?.id ?? '' };
    const wanted = (head?.seq ?? 0) + 1;
    // Behind a torn tail as well: a rotation had begun it, and the tail is cut in the segment before.
    if ((first !== wanted || torn !== undefined) && sizes[index] === 0) {
      unused.push(file);
      continue;
    }
    if (first !== wanted)
      throw damaged(file, 1, 0, `it begins with event ${first}, but the files before it end with event ${wanted - 1}`);
    const following = segments.slice(index + 1, lastUsed + 1).find((_, later) => (sizes[index + 1 + later] ?? 0) > 0);
    if (scan.thorough !== true && following !== undefined && following > first && following - 1 <= published) {
      const last = await lastEventIn(fs, file, sizes[index] ?? 0);
      // What may be gone may also have come back in part, torn.
      const isDeleted = (last < following || last === Infinity) && following - 1 <= scan.deleted;
      // Files between the two are missing, or lines stand in both: what is read then names the place.
      if (last !== following - 1 && !isDeleted) return recoverStream({ ...scan, thorough: true });
      if (first === 1) header = await readHeader(scan, file);
      head = { seq: following - 1, id: '' };
      continue;
    }
    const bytes = await wholeFile(fs, file, sizes[index] ?? 0);
    const found = checkSegment(scan, file, bytes, first, head, index >= lastUsed);
    header ??= found.header;
    head = found.head;
    torn = found.torn;
    segment = { first, size: found.size, allocated: bytes.length };
  }
  // The newest file holds no event after all, so that the last one stands where nothing was read.
  if (head?.id === '' && scan.thorough !== true) return recoverStream({ ...scan, thorough: true });
  return { header, head, segment, torn, unused };
}

/** @throws JournalDamagedError (`JOURNAL_DAMAGED`) if it is longer than any segment */
export async function wholeFile(fs: FileSystem, file: string, size: number): Promise<Uint8Array> {
  if (size > MOST_SEGMENT_BYTES)
    throw damaged(file, 1, 0, `the file has ${size} bytes, and no segment has more than ${MOST_SEGMENT_BYTES}`);
  return fs.read(file, 0, MOST_SEGMENT_BYTES);
}

/** What one file of a stream holds. */
interface Segment {
  readonly header: StreamHeader | undefined;
  readonly head: Head | undefined;
  readonly size: number;
  readonly torn: Uint8Array | undefined;
}

function checkSegment(
  scan: Scan,
  file: string,
  bytes: Uint8Array,
  first: number,
  before: Head | undefined,
  newest: boolean,
): Segment {
  const lines = new LineCheck(bytes, scan.stream, scan.crc32);
  let header: StreamHeader | undefined;
  let head = before;
  let start = 0;
  for (let number = 1; start < bytes.length; number++) {
    const end = bytes.indexOf(LINE_FEED, start);
    // Space made ahead of the last line, not a line.
    if (end < 0 && isPadding(bytes.subarray(start))) break;
    const line = end < 0 ? ({ kind: 'damaged' } as const) : lines.at(start, end);
    const wrong = wrongWith(line, scan.stream, head, first === 1 && number === 1);
    if (wrong !== undefined) {
      const seq = (head?.seq ?? 0) + 1;
      if (!newest || seq <= scan.published || isFollowed(bytes.subarray(start), start, scan, seq))
        throw damaged(file, number, start, wrong);
      return { header, head, size: start, torn: withoutPadding(bytes.subarray(start)).slice() };
    }
    if (line.kind === 'header') header = line.header;
    else if (line.kind === 'event') head = { seq: line.event.seq, id: line.event.id };
    start = end + 1;
  }
  return { header, head, size: start, torn: undefined };
}

async function readHeader({ fs, stream, crc32 }: Scan, file: string): Promise<StreamHeader> {
  let bytes = await fs.read(file, 0, HEADER_BYTES);
  if (!bytes.includes(LINE_FEED)) bytes = await fs.read(file, 0, MOST_HEADER_BYTES);
  const line = parseLine(firstLineOf(bytes) ?? '', crc32);
  const wrong = wrongWith(line, stream, undefined, true);
  if (wrong !== undefined || line.kind !== 'header') throw damaged(file, 1, 0, wrong ?? 'the header is missing');
  return line.header;
}

/**
 * Tells whether good later lines follow a bad one. Lines are written in order and synced in batches, so a crash leaves the
 * end of the last batch unwritten or zeroed; a bad line in front of good ones is damage to what was acknowledged.
 *
 * @param rest the file from byte `start` on
 */
function isFollowed(rest: Uint8Array, start: number, { stream, crc32 }: Scan, seq: number): boolean {
  const lines = withoutPadding(rest);
  if (hasHole(lines, start)) return false;
  for (const text of possibleLines(lines)) {
    const line = parseLine(text, crc32);
    if (line.kind === 'event' && line.event.seq > seq && line.event.epoch === stream.epoch) return true;
  }
  return false;
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
  if (line.kind === 'newer') return `it is written in format ${line.v}, which this program does not know; upgrade it`;
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

function damaged(file: string, line: number, byte: number, why: string): JournalDamagedError {
  return new JournalDamagedError(
    `${file}, line ${line} (byte ${byte}): ${why}. Nothing was dropped. Restore the file from another copy of the folder and open again; a master that still runs gives others what it has of it when you call compact() there before it ends; if there is none, \`prevalent repair\` salvages what is good.`,
    { place: { file, line, byte } },
  );
}

/** Cuts a torn tail off and keeps it aside, so that nothing is ever thrown away unseen. Gives the name it is kept under. */
export async function cutTail(
  fs: FileSystem,
  directory: string,
  segment: { first: number; size: number },
  torn: Uint8Array,
): Promise<string> {
  const name = await freeName(fs, directory, `${segmentName(segment.first)}.${segment.size}`, 'torn');
  await replaceFile(fs, directory, name, [torn]);
  const file = await fs.open(`${directory}/${segmentName(segment.first)}`, false);
  try {
    await file.truncate(segment.size);
  } finally {
    await file.close();
  }
  return name;
}

/** `<base>.<ending>`, or `<base>.2.<ending>` and so on if that is taken: what was kept aside earlier is never overwritten. */
export async function freeName(fs: FileSystem, directory: string, base: string, ending: string): Promise<string> {
  const taken = new Set(await namesIn(fs, directory, 'file'));
  let name = `${base}.${ending}`;
  for (let number = 2; taken.has(name); number++) name = `${base}.${number}.${ending}`;
  return name;
}
