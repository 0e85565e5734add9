import { MOST_FRONTIER_BYTES } from '../../event/limits.js';
import { type FileSystem, isMissing, readIfThere, replaceFile, temporaryName, unlinkIfThere } from './file-system.js';
import { MEMORY_FILE, segmentName, segmentsOf } from './layout.js';
import { type FolderSession, sessionIn, writeSession } from './session.js';

/**
 * Where the private directory of a master does not stay, as in a container without a volume, its memory is left in the folder at a proper
 * end. The next start takes it from there and goes on in the same epoch.
 *
 * Invariants: one start at most takes it, since it is renamed first; only where it was left: the newest file of the stream must be
 * the very one, and no copy that a synchroniser, a backup or git has made. So no two processes go on in one stream.
 */
export async function leaveMemory(fs: FileSystem, stream: string, session: FolderSession): Promise<void> {
  const file = await birthOfNewest(fs, stream);
  if (file === undefined) return;
  const text = JSON.stringify({ v: 1, file, ...session });
  await replaceFile(fs, stream, MEMORY_FILE, [new TextEncoder().encode(`${text}\n`)]);
}

/** The memory that was left for whoever opens the stream here; `undefined` if there is none. Takes nothing. */
export async function leftMemory(fs: FileSystem, stream: string): Promise<FolderSession | undefined> {
  return memoryIn(fs, stream, `${stream}/${MEMORY_FILE}`);
}

/** Takes it into the private directory; `undefined` if another start was faster. */
export async function takeMemory(fs: FileSystem, stream: string, local: string): Promise<FolderSession | undefined> {
  const taken = temporaryName(stream, MEMORY_FILE);
  try {
    await fs.rename(`${stream}/${MEMORY_FILE}`, taken);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  await fs.syncDirectory(stream);
  const session = await memoryIn(fs, stream, taken);
  if (session !== undefined) await writeSession(fs, local, session);
  await unlinkIfThere(fs, taken);
  return session;
}

/** Nobody may take it any more: the stream goes on without it, or another one does. */
export async function dropMemory(fs: FileSystem, stream: string): Promise<void> {
  const file = `${stream}/${MEMORY_FILE}`;
  if ((await fs.kind(file)) !== undefined) await unlinkIfThere(fs, file);
}

async function memoryIn(fs: FileSystem, stream: string, path: string): Promise<FolderSession | undefined> {
  const bytes = await readIfThere(fs, path, 0, MOST_FRONTIER_BYTES);
  const memory = bytes && sessionIn(bytes);
  const isHere = memory?.file !== undefined && memory.file === (await birthOfNewest(fs, stream));
  return isHere ? memory.session : undefined;
}

async function birthOfNewest(fs: FileSystem, stream: string): Promise<string | undefined> {
  const newest = (await segmentsOf(fs, stream)).at(-1);
  return newest === undefined ? undefined : fs.birth?.(`${stream}/${segmentName(newest)}`);
}
