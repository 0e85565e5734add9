import { StoreUnreachableError } from '../../errors.js';
import { isMasterName } from '../../event/event.js';
import { type DirectoryEntry, type FileSystem, ifReadable } from './file-system.js';
import { epochsOf } from './layout.js';

/**
 * Sees to it that a master's own directory, which is there already, is one that the others will find: a real directory whose
 * name is right to the letter. Tells of directories whose names would be right but for upper-case letters.
 *
 * @throws StoreUnreachableError (`STORE_UNREACHABLE`) if it is a symbolic link or another thing that the others do not look into
 */
export async function claimFolder(fs: FileSystem, root: string, master: string): Promise<string[]> {
  const notices: string[] = [];
  let entries = await fs.readdir(root);
  const other = entries.find(({ name }) => name !== master && name.toLowerCase() === master);
  if (other !== undefined && !entries.some(({ name }) => name === master)) {
    // It is there and yet not listed: this disk ignores case, and somebody renamed the directory.
    await fs.rename(`${root}/${other.name}`, `${root}/${master}`);
    notices.push(`${root}/${other.name} was renamed ${master}: others look for exactly that name.`);
    entries = await fs.readdir(root);
  }
  const own = entries.find(({ name }) => name === master);
  if (own?.kind !== 'directory')
    throw new StoreUnreachableError(
      `${root}/${master} is a symbolic link, or no directory: the other masters do not look into it. Put the directory itself there.`,
    );
  for (const entry of entries) if (await isMisnamed(fs, root, entry)) notices.push(misnamed(root, entry.name));
  return notices;
}

async function isMisnamed(fs: FileSystem, root: string, { name, kind }: DirectoryEntry): Promise<boolean> {
  const right = name.toLowerCase();
  if (kind !== 'directory' || right === name || !isMasterName(right)) return false;
  return (await ifReadable(epochsOf(fs, root, name), [])).length > 0;
}

function misnamed(root: string, name: string): string {
  return `${root}/${name} looks like the folder of a master, but names of masters are lower-case: it is ignored. Rename it ${name.toLowerCase()}, or remove it if that one is there as well.`;
}
