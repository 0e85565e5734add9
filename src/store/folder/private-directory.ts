import { InvalidOptionError } from '../../errors.js';
import { type FileSystem, readIfThere, replaceFile } from './file-system.js';
import { accessOf } from './access.js';

/** In the private directory: whose it is. */
const OWNER_FILE = 'owner.json';

/** Whose a private directory is. */
export interface PrivateOwner {
  /** Path of the shared folder. */
  readonly folder: string;
  readonly master: string;
}

/** Says in a private directory whose it is, so that it can be found when the shared folder is gone. */
export async function noteOwner(fs: FileSystem, local: string, { folder, master }: PrivateOwner): Promise<void> {
  const text = `${JSON.stringify({ v: 1, folder, master })}\n`;
  const there = await readIfThere(fs, `${local}/${OWNER_FILE}`);
  if (there !== undefined && new TextDecoder().decode(there) === text) return;
  await replaceFile(fs, local, OWNER_FILE, [new TextEncoder().encode(text)]);
}

/** Whose a private directory is; `undefined` if it does not say. */
export async function ownerOf(fs: FileSystem, local: string): Promise<PrivateOwner | undefined> {
  const bytes = await readIfThere(fs, `${local}/${OWNER_FILE}`);
  if (bytes === undefined) return undefined;
  try {
    const { folder, master } = JSON.parse(new TextDecoder().decode(bytes)) as Partial<PrivateOwner>;
    return typeof folder === 'string' && typeof master === 'string' ? { folder, master } : undefined;
  } catch {
    // Torn: the next start writes it again.
    return undefined;
  }
}

/**
 * What is thrown in place of a refusal of the system to make or write the private directory; other errors as they are.
 *
 * @param isOfIt the error is surely about the directory: it could not be made
 */
export function sayingPrivate(error: unknown, local: string, isOfIt = false): unknown {
  const { code, path, message } = error as { code?: unknown; path?: unknown; message?: string };
  const isRefusal = code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR';
  const at = typeof path === 'string' ? path.replaceAll('\\', '/') : '';
  if (!isRefusal || !(isOfIt || at === local || at.startsWith(`${local}/`))) return error;
  return new InvalidOptionError(
    `The private directory ${local} of this master cannot be made or written (${message ?? code}). It holds the master's lock and what this machine remembers of it, and is not part of the shared folder. ` +
      "Give another one on this machine, which stays: the option `local` of Master.open, as in local: '/var/lib/my-app/laptop'" +
      `${accessOf(error) === undefined ? '' : '. Or make that one writable'}.`,
    { cause: error },
  );
}
