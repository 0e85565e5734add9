import type { FileSystem, OpenFile } from './file-system.js';

/**
 * Makes the file that a journal goes on in. If that cannot be done now, the one before grows until it can: what was appended is durable
 * already. A file that stays behind empty would stop readers; if it cannot be removed, the next recovery does it.
 */

/** @param take goes on in the file, in the same turn; false if it is not wanted any more */
export async function beginNext(fs: FileSystem, path: string, take: (file: OpenFile) => boolean): Promise<void> {
  let file: OpenFile | undefined;
  let isTaken = false;
  try {
    file = await fs.open(path, true);
    await fs.syncDirectory(path.slice(0, path.lastIndexOf('/')));
    isTaken = take(file);
  } catch {
    // The disk is full, perhaps.
  }
  if (file !== undefined && !isTaken) await discard(fs, path, file);
}

/** As `beginNext`, before it returns. Gives what ends when a file that is not wanted is removed. */
export function beginNextNow(fs: FileSystem, path: string, take: (file: OpenFile) => boolean): Promise<void> {
  let file: OpenFile | undefined;
  let isTaken = false;
  try {
    file = fs.openNow(path, true);
    fs.syncDirectoryNow(path.slice(0, path.lastIndexOf('/')));
    isTaken = take(file);
  } catch {
    // As above.
  }
  return file === undefined || isTaken ? Promise.resolve() : discard(fs, path, file);
}

async function discard(fs: FileSystem, path: string, file: OpenFile): Promise<void> {
  try {
    await file.close();
    await fs.unlink(path);
  } catch {
    // The next recovery removes it.
  }
}
