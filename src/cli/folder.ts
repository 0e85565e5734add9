import { stat } from 'node:fs/promises';
import { InvalidOptionError } from '../errors.js';
import { FolderStore } from '../store/folder/folder-store.js';

/** Where a command writes its lines; tests pass their own. */
export type Print = (line: string) => void;

/**
 * The store in a shared folder, which must be there already.
 *
 * @throws InvalidOptionError (`INVALID_OPTION`) if it is not
 */
export async function existingStore(folder: string): Promise<FolderStore> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true)
    throw new InvalidOptionError(`${folder} is no folder; give the shared folder that your masters use`);
  return new FolderStore(folder);
}
