import { type FileSystem, replaceFile, temporaryName } from './file-system.js';
import { snapshotName } from './layout.js';

/** Writes a snapshot of a stream; until it is whole and durable, nobody finds it, and if it fails nothing is left of it. */
export async function writeSnapshotFile(
  fs: FileSystem,
  stream: string,
  position: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  const directory = `${stream}/snapshots`;
  await fs.mkdir(directory);
  // Events may be deleted on the strength of it: the way to it must be durable as well.
  await fs.syncDirectory(stream);
  const name = snapshotName(position);
  try {
    await replaceFile(fs, directory, name, chunks);
  } catch (error) {
    // A large part of it may lie there, on a disk that is full perhaps. What cannot be removed now is at the next start.
    await fs.unlink(temporaryName(directory, name)).catch(() => undefined);
    throw error;
  }
}
