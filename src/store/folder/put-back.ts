import { JournalDamagedError, MasterFencedError, PrevalentError, StoreUnreachableError } from '../../errors.js';
import type { Crc32 } from '../../event/checksum.js';
import { type StreamHeader, streamKey } from '../../event/event.js';
import { headerLine, LINE_FEED, LineCheck } from '../../event/line.js';
import { MOST_SEGMENT_BYTES } from '../../event/limits.js';
import type { Keeper, Recalled } from '../store.js';
import { type FileSystem, isTaken, type OpenFile, temporaryName } from './file-system.js';
import { segmentName } from './layout.js';
import type { OpenSegment } from './open-segment.js';
import { withoutPadding } from './padding.js';

/**
 * Puts the file of a running master back that somebody replaced, removed, moved or cut: git, a file synchroniser, an editor, a person. What
 * was in it comes from the open file, which lives on without a name, and from memory. Nobody else writes this stream, so it goes on
 * under the same numbers and ids: nothing counts twice, and whoever has not got those events yet still gets them.
 *
 * Everything here happens before it returns, so that no call comes between. It is seldom, and takes as long as one file takes to write.
 */

/** The file, and what should be in it. */
export interface Lost {
  readonly fs: FileSystem;
  readonly root: string;
  /** What the root was when the journal was opened. */
  readonly rootIdentity: string | undefined;
  readonly directory: string;
  readonly header: StreamHeader;
  readonly crc32: Crc32;
  readonly segment: OpenSegment;
  /** Where its lines end, in bytes. */
  readonly end: number;
  /** Number of the last event in it. */
  readonly last: number;
  readonly keeper: Keeper | undefined;
}

/** The file that was put back. */
export interface PutBack {
  readonly file: OpenFile;
  /** Number of its first event, and its size in bytes. */
  readonly first: number;
  readonly size: number;
  /** Events before it that are in no file any more, up to this one; 0 if there are none. */
  readonly missing: number;
  /** What happened, for people. */
  readonly message: string;
}

const encoder = new TextEncoder();

/**
 * @throws MasterFencedError (`MASTER_FENCED`) if another process wrote to the stream, StoreUnreachableError (`STORE_UNREACHABLE`) if the shared
 * folder is not there, or the disk refuses it now, JournalDamagedError (`JOURNAL_DAMAGED`) if even memory does not hold what was in the file
 */
export function putBackNow(lost: Lost): PutBack {
  try {
    return putBack(lost);
  } catch (error) {
    if (error instanceof PrevalentError) throw error;
    // To give up would leave what was acknowledged in a file without a name.
    throw new StoreUnreachableError(
      `${lost.segment.path} was replaced or removed by another program, and cannot be put back now (${(error as Error).message}). Calls are kept in memory and not acknowledged until it is. Make room there, and let this user write there; do not end this process before.`,
      { cause: error },
    );
  }
}

function putBack(lost: Lost): PutBack {
  const { fs, root, directory, header, segment, last } = lost;
  if (fs.identityNow(root) !== lost.rootIdentity)
    throw new StoreUnreachableError(
      `The shared folder ${root} is gone, or another one stands in its place. Calls are kept in memory and not acknowledged until it is back.`,
    );
  const isGone = fs.kindNow(directory) !== 'directory';
  const isCut = !segment.isElsewhere();
  const { content, missing, pieces } = contentOf(lost, isGone);
  const kept = isCut ? undefined : keepAside(lost, content);
  if (isGone) makeDirectory(lost);
  for (const { first, bytes } of pieces) closeLater(writeFile(fs, directory, first, bytes));
  const first = missing >= segment.first ? missing + 1 : segment.first;
  const file = writeFile(fs, directory, first, content);
  const how = isCut ? 'cut or overwritten' : isGone || kept === 'none' ? 'removed' : 'replaced';
  const aside = kept === undefined || kept === 'none' || kept === 'ours' ? '' : ` What stood there is kept as ${kept}.`;
  const gap =
    missing === 0
      ? ''
      : ` Earlier ones, up to event ${missing} of ${streamKey(header)}, are not in the folder any more; a snapshot of this master holds them from now on. Put their files back from another copy, so that others get them too.`;
  return {
    file,
    first,
    size: content.length,
    missing,
    message: `${segment.path} was ${how} by another program while this master was open. Its calls up to event ${last} were put back, from the open file and from memory.${aside}${gap}`,
  };
}

/** What should stand in the newest file, and what in others. */
interface Content {
  readonly content: Uint8Array;
  readonly missing: number;
  readonly pieces: readonly { readonly first: number; readonly bytes: Uint8Array }[];
}

function contentOf(lost: Lost, isGone: boolean): Content {
  const { header, crc32, segment, last, keeper } = lost;
  const opening = encoder.encode(`${headerLine(header, crc32)}\n`);
  // Where a directory went with older files, the header must be there again.
  const isHeadless = isGone && segment.first > 1;
  const before = isHeadless ? segment.first - 1 : 0;
  const headers = isHeadless ? [{ first: 1, bytes: opening }] : [];
  const recalled = keeper?.recall(header, segment.first - 1, last) ?? [];
  const found = goodLines(lost, recalled);
  const good = found.bytes.length === 0 && segment.first === 1 ? opening : found.bytes;
  if (found.last === last) return { content: good, missing: before, pieces: headers };
  const wanted = recalled.slice(-(last - found.last));
  if (wanted.length === 0)
    throw new JournalDamagedError(
      `${segment.path} was cut by another program while this master was open, and calls ${found.last + 1} to ${last} in it are not in memory any more. Put the file back from another copy before you open this master again.`,
    );
  const rest = encoder.encode(wanted.map(({ line }) => `${line}\n`).join(''));
  const first = last - wanted.length + 1;
  if (first === found.last + 1) return { content: joined(good, rest), missing: before, pieces: headers };
  return { content: rest, missing: first - 1, pieces: [...headers, { first: segment.first, bytes: good }] };
}

/** The lines at the beginning of the open file that are whole and in order, and the number of the last event in them. */
function goodLines(
  { segment, end, last: lastOurs, header, crc32 }: Lost,
  recalled: readonly Recalled[],
): { readonly bytes: Uint8Array; readonly last: number } {
  const bytes = segment.readNow(end);
  const lines = new LineCheck(bytes, header, crc32);
  let last = segment.first - 1;
  let start = 0;
  for (let stop = bytes.indexOf(LINE_FEED); stop >= 0; stop = bytes.indexOf(LINE_FEED, start)) {
    const line = lines.at(start, stop);
    const isHeader = line.kind === 'header' && start === 0 && segment.first === 1;
    const isNext = line.kind === 'event' && line.event.seq === last + 1 && line.event.epoch === header.epoch;
    if (!isHeader && !isNext) break;
    if (isNext) {
      const ours = recalled[line.event.seq - (lastOurs - recalled.length + 1)];
      if (ours !== undefined && ours.id !== line.event.id) throw fencedBy(header, line.event.seq, segment.path);
      last++;
    }
    start = stop + 1;
  }
  return { bytes: bytes.subarray(0, start), last };
}

/** Keeps what stands in the place of the file. Gives its new name; 'ours' if it is a part of what was there, 'none' if nothing is there. */
function keepAside({ fs, segment, header, crc32 }: Lost, content: Uint8Array): string {
  const { path } = segment;
  const kind = fs.kindNow(path);
  if (kind === undefined) return 'none';
  if (kind === 'file') {
    const there = withoutPadding(readFileNow(fs, path));
    const same = commonLines(there, content);
    if (same === there.length) return 'ours';
    const stop = there.indexOf(LINE_FEED, same);
    const line = stop < 0 ? undefined : new LineCheck(there, header, crc32).at(same, stop);
    if (line?.kind === 'event' && line.event.epoch === header.epoch) throw fencedBy(header, line.event.seq, path);
  }
  const name = freeNameNow(fs, path);
  fs.renameNow(path, name);
  return name;
}

function fencedBy(header: StreamHeader, seq: number, path: string): MasterFencedError {
  return new MasterFencedError(
    `Another process writes ${streamKey(header)} now: event ${seq} in ${path} is not this master's. It takes no more calls. Give every machine and container a name and a private directory of its own.`,
  );
}

/** How many bytes of whole lines two files have in common; all of the shorter one if it ends within the other. */
function commonLines(there: Uint8Array, ours: Uint8Array): number {
  let at = 0;
  const end = Math.min(there.length, ours.length);
  while (at < end && there[at] === ours[at]) at++;
  return at === there.length ? at : there.lastIndexOf(LINE_FEED, at - 1) + 1;
}

function readFileNow(fs: FileSystem, path: string): Uint8Array {
  const file = fs.openNow(path, false);
  try {
    return file.readNow(0, MOST_SEGMENT_BYTES);
  } finally {
    closeLater(file);
  }
}

// What was to be written is synced, or the file was only read: how it is closed changes nothing.
function closeLater(file: OpenFile): void {
  file.close().catch(() => undefined);
}

function freeNameNow(fs: FileSystem, path: string): string {
  let name = `${path}.replaced`;
  for (let number = 2; fs.kindNow(name) !== undefined; number++) name = `${path}.${number}.replaced`;
  return name;
}

/** Makes the directory anew, and the way to it durable. */
function makeDirectory({ fs, root, directory }: Lost): void {
  fs.mkdirNow(directory);
  for (let one = directory; one.length > root.length;) {
    one = one.slice(0, one.lastIndexOf('/'));
    fs.syncDirectoryNow(one);
  }
}

/** As `replaceFile`, before it returns; the file stays open. */
function writeFile(fs: FileSystem, directory: string, first: number, bytes: Uint8Array): OpenFile {
  const name = segmentName(first);
  const temporary = temporaryName(directory, name);
  const file = newFile(fs, temporary);
  file.writeNow(bytes, 0);
  file.syncNow();
  fs.renameNow(temporary, `${directory}/${name}`);
  fs.syncDirectoryNow(directory);
  return file;
}

function newFile(fs: FileSystem, path: string): OpenFile {
  try {
    return fs.openNow(path, true);
  } catch (error) {
    if (!isTaken(error)) throw error;
    fs.unlinkNow(path);
    return fs.openNow(path, true);
  }
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}
