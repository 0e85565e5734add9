import { isMasterName, type StreamId } from '../../event/event.js';
import { isUlid } from '../../event/ulid.js';
import { type FileSystem, namesIn } from './file-system.js';

/**
 * Names in a shared folder. Only exact names are data: conflicted copies, temporary files, foreign folders and names that
 * merely begin like one of ours never match.
 *
 * `<root>/<master>/<epoch>/<first seq, 16 digits>.ndjson`, `…/frontier.json`, `…/snapshots/<position>.snapshot`,
 * `…/<first seq>-<last seq>.bundle`
 */

const SEGMENT = /^(\d{16})\.ndjson$/;
const SNAPSHOT = /^([0-7][0-9A-HJKMNP-TV-Z]{25})\.snapshot$/;
const BUNDLE = /^(\d{16})-(\d{16})\.bundle$/;
const TEMPORARY =
  /^\.(frontier\.json|session\.json|memory\.json|writer|\d{16}\.ndjson(\.\d+\.torn)?|[0-9A-Z]{26}\.snapshot|\d{16}-\d{16}\.bundle)\.tmp$/;

export const FRONTIER_FILE = 'frontier.json';

/** What a private directory held that does not stay. */
export const MEMORY_FILE = 'memory.json';

/** Tells whether names are those of a stream: anything else, from wherever it came, must not become a path. */
export function isStream({ master, epoch }: StreamId): boolean {
  return isMasterName(master) && isUlid(epoch);
}

export function streamDirectory(root: string, stream: StreamId): string {
  return `${root}/${stream.master}/${stream.epoch}`;
}

export function segmentName(firstSeq: number): string {
  return `${digits(firstSeq)}.ndjson`;
}

function digits(seq: number): string {
  return String(seq).padStart(16, '0');
}

export function snapshotName(position: string): string {
  return `${position}.snapshot`;
}

/** The events in a bundle, by number; none if the first one is behind the last. */
export interface BundleRange {
  readonly first: number;
  readonly last: number;
}

export function bundleName({ first, last }: BundleRange): string {
  return `${digits(first)}-${digits(last)}.bundle`;
}

/** Tells whether a file is one that `replaceFile` writes before it has its name; synchronisers have temporary files of their own. */
function isTemporary(name: string): boolean {
  return TEMPORARY.test(name);
}

/** Tells whether a change of a path (its names below the root) may be news to a master: frontiers, journals and bundles of others. */
export function isNewsFor(master: string, names: readonly string[]): boolean {
  const [folder, epoch, file, ...rest] = names;
  if (folder === undefined) return true;
  if (folder === master || !isMasterName(folder) || rest.length > 0) return false;
  if (epoch === undefined) return true;
  return isUlid(epoch) && (file === undefined || file === FRONTIER_FILE || SEGMENT.test(file) || BUNDLE.test(file));
}

/** First sequence numbers of a stream's segments, rising. */
export async function segmentsOf(fs: FileSystem, directory: string): Promise<number[]> {
  const names = await namesIn(fs, directory, 'file');
  return names
    .map((name) => SEGMENT.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number);
}

/** A stream's bundles, by their last events, rising; of those that end with the same one, the longest comes last. */
export async function bundlesOf(fs: FileSystem, stream: string): Promise<BundleRange[]> {
  const names = await namesIn(fs, stream, 'file');
  return names
    .map((name) => BUNDLE.exec(name))
    .filter((found) => found !== null)
    .map(([, first, last]) => ({ first: Number(first), last: Number(last) }))
    .sort((left, right) => left.last - right.last || right.first - left.first);
}

/** Positions of a stream's snapshots, newest first. */
export async function snapshotsOf(fs: FileSystem, directory: string): Promise<string[]> {
  const names = await namesIn(fs, `${directory}/snapshots`, 'file');
  return names
    .map((name) => SNAPSHOT.exec(name)?.[1])
    .filter((position) => position !== undefined)
    .reverse();
}

/** Those of the folders in a shared folder that are a master's. */
export function mastersAmong(folders: readonly string[]): string[] {
  return folders.filter(isMasterName);
}

/** Epochs of one master, rising. */
export async function epochsOf(fs: FileSystem, root: string, master: string): Promise<string[]> {
  return (await namesIn(fs, `${root}/${master}`, 'directory')).filter(isUlid);
}

/** Removes temporary files that a crash left in a directory of ours. */
export async function removeTemporaries(fs: FileSystem, directory: string): Promise<void> {
  for (const name of await namesIn(fs, directory, 'file')) {
    if (isTemporary(name)) await fs.unlink(`${directory}/${name}`);
  }
}
