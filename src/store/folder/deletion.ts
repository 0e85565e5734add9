import type { StreamHeader } from '../../event/event.js';
import { headerLine } from '../../event/line.js';
import type { Crc32 } from '../../event/checksum.js';
import { type FileSystem, isMissing, namesIn, replaceFile, unlinkIfThere } from './file-system.js';
import { lastEventIn } from './last-event.js';
import {
  bundleName,
  bundlesOf,
  FRONTIER_FILE,
  MEMORY_FILE,
  segmentName,
  segmentsOf,
  snapshotName,
  snapshotsOf,
} from './layout.js';

/**
 * Deletes what a snapshot stands in for. A crash between any two steps leaves a stream that is read as before: segments go
 * in the order of their events, and the first one is not removed but shrinks to its header, which says what the stream is.
 */

/** About what the header of a stream takes. */
const HEADER_BYTES = 512;

/** A segment that can go: number of its first event, and its size in bytes. */
export interface Segment {
  readonly first: number;
  readonly size: number;
}

/** Segments whose events are all at or below `upTo`. The newest events always stay, so that the stream's end is known. */
export async function coveredSegments(fs: FileSystem, directory: string, upTo: number): Promise<Segment[]> {
  const firsts = await segmentsOf(fs, directory);
  const sizes = await Promise.all(firsts.map((first) => fs.size(`${directory}/${segmentName(first)}`)));
  // An empty one may be left over from a rotation that came to nothing: its number says nothing about the one before it.
  const used = firsts.map((first, index) => ({ first, size: sizes[index] ?? 0 })).filter(({ size }) => size > 0);
  const covered: Segment[] = [];
  for (const [index, segment] of used.entries()) {
    const next = used[index + 1];
    if (next === undefined || next.first - 1 > upTo) break;
    // What cannot be read is not deleted.
    if ((await lastEventIn(fs, `${directory}/${segmentName(segment.first)}`, segment.size)) > upTo) break;
    covered.push(segment);
  }
  return covered;
}

/** Bytes that deleting those segments frees. */
export async function deletableBytes(fs: FileSystem, directory: string, upTo: number): Promise<number> {
  // The first segment shrinks to its header, which is small; it frees what it holds beside that.
  const freed = ({ first, size }: Segment): number => (first === 1 ? Math.max(size - HEADER_BYTES, 0) : size);
  return (await coveredSegments(fs, directory, upTo)).reduce((sum, segment) => sum + freed(segment), 0);
}

/** Deletes segments that `coveredSegments` gave, and bundles of their events. Gives the bytes freed. @param upTo number of the last event that may go */
export async function deleteSegments(
  fs: FileSystem,
  directory: string,
  segments: readonly Segment[],
  header: StreamHeader,
  crc32: Crc32,
  upTo: number,
): Promise<number> {
  await deleteBundles(fs, directory, upTo);
  const kept = new TextEncoder().encode(headerLine(header, crc32) + '\n');
  let freed = 0;
  for (const { first, size } of segments) {
    if (first > 1) {
      await fs.unlink(`${directory}/${segmentName(first)}`);
      freed += size;
    } else if (size > kept.length) {
      await replaceFile(fs, directory, segmentName(1), [kept]);
      freed += size - kept.length;
    }
  }
  if (freed > 0) await fs.syncDirectory(directory);
  return freed;
}

/** Deletes the bundles all of whose events are at or below `upTo`; the newest one stays, as it says how far the stream goes. */
async function deleteBundles(fs: FileSystem, directory: string, upTo: number): Promise<void> {
  const older = (await bundlesOf(fs, directory)).slice(0, -1);
  for (const one of older.filter(({ last }) => last <= upTo))
    await unlinkIfThere(fs, `${directory}/${bundleName(one)}`);
}

/** Bytes of the files of a stream. */
export async function streamBytes(fs: FileSystem, directory: string): Promise<number> {
  return bytesOf(fs, await filesOf(fs, directory));
}

/** Bytes of a stream's segments and bundles, and of its snapshots. */
export async function sizesOf(fs: FileSystem, directory: string): Promise<{ journal: number; snapshots: number }> {
  const segments = (await segmentsOf(fs, directory)).map((first) => `${directory}/${segmentName(first)}`);
  const positions = await snapshotsOf(fs, directory);
  const snapshots = positions.map((position) => `${directory}/snapshots/${snapshotName(position)}`);
  const lines = [...segments, ...(await bundlePaths(fs, directory))];
  return { journal: await bytesOf(fs, lines), snapshots: await bytesOf(fs, snapshots) };
}

// What was deleted since it was listed takes no place any more.
async function bytesOf(fs: FileSystem, files: readonly string[]): Promise<number> {
  const sizeOf = (file: string): Promise<number> =>
    fs.size(file).catch((error: unknown) => {
      if (isMissing(error)) return 0;
      throw error;
    });
  const sizes = await Promise.all(files.map(sizeOf));
  return sizes.reduce((left, right) => left + right, 0);
}

/** Deletes a whole stream: what makes others read it first, its header last. Gives the bytes freed. */
export async function deleteStream(fs: FileSystem, directory: string): Promise<number> {
  const freed = await streamBytes(fs, directory);
  for (const file of await filesOf(fs, directory)) await unlinkIfThere(fs, file);
  for (const one of [`${directory}/snapshots`, directory]) {
    await fs.rmdir(one).catch((error: unknown) => {
      // Files that are not ours may stand in it: they stay, and the folder with them.
      if (!isMissing(error) && !/^(ENOTEMPTY|EEXIST)$/.test(String((error as { code?: unknown }).code))) throw error;
    });
  }
  return freed;
}

async function bundlePaths(fs: FileSystem, directory: string): Promise<string[]> {
  return (await bundlesOf(fs, directory)).map((one) => `${directory}/${bundleName(one)}`);
}

async function filesOf(fs: FileSystem, directory: string): Promise<string[]> {
  const names = await namesIn(fs, directory, 'file');
  const segments = (await segmentsOf(fs, directory)).reverse().map((first) => `${directory}/${segmentName(first)}`);
  const snapshots = await snapshotsOf(fs, directory);
  return [
    ...[FRONTIER_FILE, MEMORY_FILE].filter((name) => names.includes(name)).map((name) => `${directory}/${name}`),
    ...(await bundlePaths(fs, directory)).reverse(),
    ...snapshots.map((position) => `${directory}/snapshots/${snapshotName(position)}`),
    ...segments,
  ];
}
