import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MasterLockedError } from '../errors.js';
import { isMissing } from '../store/folder/file-system.js';
import { takeLock } from '../store/folder/lock.js';
import { nodeFileSystem } from '../store/folder/node-file-system.js';
import { ownerOf, type PrivateOwner } from '../store/folder/private-directory.js';
import { stateDirectory } from '../store/folder/session.js';
import type { Print } from './folder.js';

export interface PrivateOptions {
  /** Removes; else it is only told what would be removed. */
  readonly remove?: true;
}

/** A private directory of this user. */
interface PrivateDirectory {
  readonly path: string;
  /** `undefined` if it does not say: a version that did not write it made it. */
  readonly owner: PrivateOwner | undefined;
  readonly isFolderThere: boolean;
}

/** Lists the private directories of this user, and removes those whose shared folder is gone if asked to. */
export async function privateDirectories({ remove }: PrivateOptions, print: Print): Promise<void> {
  const all = await allPrivate();
  if (all.length === 0) print(`There is no private directory in ${stateDirectory()}.`);
  for (const one of all) print(`${one.path}: ${textOf(one)}`);
  const gone = all.filter(isGone);
  if (gone.length === 0) return;
  if (remove === undefined) {
    print(
      `Nothing was changed. --remove removes the ${gone.length} whose folder is gone. ` +
        'A folder on a drive that is not mounted looks like one that is gone: mount it first.',
    );
    return;
  }
  for (const one of gone) await removeOne(one, print);
}

/** How many private directories of this user belong to folders that are gone. */
export async function countOfGone(): Promise<number> {
  return (await allPrivate()).filter(isGone).length;
}

async function allPrivate(): Promise<PrivateDirectory[]> {
  const base = stateDirectory();
  const entries = await nodeFileSystem.readdir(base).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const found: PrivateDirectory[] = [];
  for (const { name, kind } of entries) {
    if (kind !== 'directory' || !/^[\da-f]{16}-/.test(name)) continue;
    const path = join(base, name);
    const owner = await ownerOf(nodeFileSystem, path);
    found.push({ path, owner, isFolderThere: owner !== undefined && (await isThere(owner.folder)) });
  }
  return found;
}

function isGone({ owner, isFolderThere }: PrivateDirectory): boolean {
  return owner !== undefined && !isFolderThere;
}

function textOf({ owner, isFolderThere }: PrivateDirectory): string {
  if (owner === undefined) return 'it does not say whose it is; the next start of its master writes that down';
  return `"${owner.master}" of ${owner.folder}${isFolderThere ? '' : ', which is gone'}`;
}

/** What cannot be looked at is not gone. */
async function isThere(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => true,
    (error: unknown) => !isMissing(error),
  );
}

async function removeOne({ path, owner }: PrivateDirectory, print: Print): Promise<void> {
  try {
    const lock = await takeLock(path, owner?.master ?? '');
    await lock.release();
  } catch (error) {
    if (!(error instanceof MasterLockedError)) throw error;
    print(`${path} was kept: its master is open.`);
    return;
  }
  await rm(path, { recursive: true, force: true });
  print(`Removed ${path}.`);
}
