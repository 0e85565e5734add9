import { isMasterName } from '../../event/event.js';
import { isUlid } from '../../event/ulid.js';
import type { CopyPlace } from '../store.js';
import { type FileSystem, namesIn, replaceFile, syncWayTo, unlinkIfThere } from './file-system.js';
import { isStream, segmentName } from './layout.js';

/** Whether names are those of a copy: they come from files that anybody may have written. */
export function isCopy({ by, of, name }: CopyPlace): boolean {
  return isMasterName(by) && isStream(of) && isUlid(name);
}

/** Where a copy lies: `<root>/<by>/copies/<master>/<epoch>/<name>`. */
export function copyDirectory(root: string, { by, of, name }: CopyPlace): string {
  return `${root}/${by}/copies/${of.master}/${of.epoch}/${name}`;
}

/** Adds lines to a copy, the first of which is event `firstSeq`: a file of their own, that is there as a whole or not at all. */
export async function writeCopy(
  fs: FileSystem,
  root: string,
  copy: CopyPlace,
  firstSeq: number,
  lines: string,
): Promise<void> {
  const directory = copyDirectory(root, copy);
  await fs.mkdir(directory);
  await replaceFile(fs, directory, segmentName(firstSeq), [new TextEncoder().encode(lines)]);
  await syncWayTo(fs, directory, `${root}/${copy.by}`);
}

/** Removes the files of a copy, and the folders that are empty then. */
export async function dropCopy(fs: FileSystem, root: string, copy: CopyPlace): Promise<void> {
  const directory = copyDirectory(root, copy);
  for (const name of await namesIn(fs, directory, 'file')) await unlinkIfThere(fs, `${directory}/${name}`);
  const levels = [0, 1, 2, 3].map((level) =>
    directory
      .split('/')
      .slice(0, -level || undefined)
      .join('/'),
  );
  // Other copies, or files that are not ours, may stand in them.
  for (const level of levels) await fs.rmdir(level).catch(() => undefined);
}
