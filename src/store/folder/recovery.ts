import { JournalDamagedError } from '../../errors.js';
import type { Crc32 } from '../../event/checksum.js';
import { type ParsedLine, parseLine, type StreamHeader, type StreamId } from '../../event/envelope.js';
import type { Head } from '../store.js';
import { type FileSystem, replaceFile } from './file-system.js';
import { segmentName, segmentsOf, streamDirectory } from './layout.js';

/** What a scan of an own stream found. */
export interface Recovered {
  readonly header: StreamHeader | undefined;
  readonly head: Head | undefined;
  /** The newest segment: number of its first event, and its size in bytes up to the last whole line. */
  readonly segment: { readonly first: number; readonly size: number } | undefined;
  /** Bytes after that, which a crash left unfinished. */
  readonly torn: Uint8Array | undefined;
  /** Empty segments with a wrong number: begun, but never written to. */
  readonly unused: readonly string[];
}

/** What is known about a stream before it is read. */
export interface Known {
  /** The last event others may have read. */
  readonly published: number;
  /** Events up to this one may have been deleted, because a snapshot stands in for them. */
  readonly deleted: number;
}

const LINE_FEED = 10;

/**
 * Reads a master's own stream from start to end and checks every line. What follows the last good line of the newest segment,
 * beyond the published head and with no good line behind it, is a torn tail; damage anywhere else is an error.
 *
 * @throws JournalDamagedError (`JOURNAL_DAMAGED`) naming file, line and byte
 */
export async function recoverStream(
  fs: FileSystem,
  root: string,
  stream: StreamId,
  { published, deleted }: Known,
  crc32: Crc32,
): Promise<Recovered> {
  const directory = streamDirectory(root, stream);
  const segments = await segmentsOf(fs, directory);
  const sizes = await Promise.all(segments.map((first) => fs.size(`${directory}/${segmentName(first)}`)));
  const lastUsed = sizes.map((size) => size > 0).lastIndexOf(true);
  let header: StreamHeader | undefined;
  let head: Head | undefined;
  let segment: Recovered['segment'];
  let torn: Uint8Array | undefined;
  const unused: string[] = [];
  /** Number of the last event that was read or is deleted. */
  let last = 0;
  for (const [index, first] of segments.entries()) {
    const file = `${directory}/${segmentName(first)}`;
    const bytes = await fs.read(file);
    const newest = index >= lastUsed;
    // What is deleted leaves a hole behind the header, which is kept, or behind what a synchroniser or a backup brought back.
    if (header !== undefined && first - 1 > last && first - 1 <= deleted && bytes.length > 0) last = first - 1;
    // Behind a torn tail as well: a rotation had begun it, and the tail is cut in the segment before.
    if ((first !== last + 1 || torn !== undefined) && bytes.length === 0) {
      unused.push(file);
      continue;
    }
    if (first !== last + 1)
      throw damaged(file, 1, 0, `it begins with event ${first}, but the files before it end with event ${last}`);
    let start = 0;
    let number = 0;
    while (start < bytes.length) {
      const end = bytes.indexOf(LINE_FEED, start);
      number++;
      const line: ParsedLine =
        end < 0 ? { kind: 'damaged' } : parseLine(new TextDecoder().decode(bytes.subarray(start, end)), crc32);
      const wrong = check(line, stream, head, last + 1, first === 1 && number === 1);
      if (wrong !== undefined) {
        const seq = last + 1;
        if (!newest || seq <= published || isFollowed(bytes.subarray(start), stream, seq, crc32))
          throw damaged(file, number, start, wrong);
        torn = bytes.slice(start);
        break;
      }
      if (line.kind === 'header') header = line.header;
      else if (line.kind === 'event') head = { seq: (last = line.event.seq), id: line.event.id };
      start = end + 1;
    }
    segment = { first, size: start };
  }
  return { header, head, segment, torn, unused };
}

/**
 * Tells whether good later lines follow a bad one. Lines are written in order and synced in batches, so a crash leaves the
 * end of the last batch unwritten or zeroed; a bad line in front of good ones is damage to what was acknowledged.
 */
function isFollowed(rest: Uint8Array, stream: StreamId, seq: number, crc32: Crc32): boolean {
  // Pages of an unfinished write may reach the disk out of order; those that did not are zeros.
  if (rest.includes(0)) return false;
  return new TextDecoder()
    .decode(rest)
    .split('\n')
    .some((text) => {
      const line = parseLine(text, crc32);
      return line.kind === 'event' && line.event.seq > seq && line.event.epoch === stream.epoch;
    });
}

function check(
  line: ParsedLine,
  stream: StreamId,
  head: Head | undefined,
  seq: number,
  first: boolean,
): string | undefined {
  if (line.kind === 'newer') return `it is written in format ${line.v}, which this program does not know; upgrade it`;
  if (line.kind === 'damaged') return 'its checksum does not fit, or it is cut off';
  if (first !== (line.kind === 'header'))
    return first ? 'the header of the stream is missing' : 'a header stands where an event belongs';
  const owner = line.kind === 'header' ? line.header : line.event;
  if (owner.master !== stream.master || owner.epoch !== stream.epoch)
    return `it belongs to ${owner.master}@${owner.epoch}`;
  if (line.kind === 'event' && line.event.seq !== seq) return `it is event ${line.event.seq}, not ${seq}`;
  if (line.kind === 'event' && head !== undefined && line.event.id <= head.id) return 'its id does not rise';
  return undefined;
}

function damaged(file: string, line: number, byte: number, why: string): JournalDamagedError {
  return new JournalDamagedError(
    `${file}, line ${line} (byte ${byte}): ${why}. Nothing was dropped. Restore the file from another copy of the folder (other masters hold what you published) and open again.`,
  );
}

/** Cuts a torn tail off and keeps it aside, so that nothing is ever thrown away unseen. Gives the name it is kept under. */
export async function cutTail(
  fs: FileSystem,
  directory: string,
  segment: { first: number; size: number },
  torn: Uint8Array,
): Promise<string> {
  const name = `${segmentName(segment.first)}.${segment.size}.torn`;
  await replaceFile(fs, directory, name, [torn]);
  const file = await fs.open(`${directory}/${segmentName(segment.first)}`, false);
  try {
    await file.truncate(segment.size);
  } finally {
    await file.close();
  }
  return name;
}
