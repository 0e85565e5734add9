import { stat } from 'node:fs/promises';
import { InvalidOptionError } from '../errors.js';
import { FolderStore } from '../store/folder/folder-store.js';

/** Where a command writes its lines; tests pass their own. */
export type Print = (line: string) => void;

/**
 * The store in a shared folder, which must be there already and hold the folder of a master.
 *
 * @throws InvalidOptionError (`INVALID_OPTION`) if it is not, or holds none
 */
export async function existingStore(folder: string): Promise<FolderStore> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true)
    throw new InvalidOptionError(`${folder} is no folder; give the shared folder that your masters use`);
  const store = new FolderStore(folder);
  // A master's own folder, or one that has not arrived, must not look like one where all is well.
  if ((await store.streams()).length === 0)
    throw new InvalidOptionError(`${folder}: there is no master's folder in there; give the shared folder itself`);
  return store;
}
