import { StoreUnreachableError } from '../../errors.js';
import type { DirectoryEntry, FileSystem } from './file-system.js';

/**
 * A file system that writes nothing through a link below a root, which others can write to as well: a link in the place of a
 * directory of ours would lead each write, rename and removal out of the folder. Files themselves are never opened through one
 * (`FileSystem.open`). Each directory is looked at right before; whoever swaps it in between those two moments can do so
 * for all that Node offers.
 *
 * @throws StoreUnreachableError (`STORE_UNREACHABLE`) from each operation that would lead through a link
 */
export function withoutLinks(fs: FileSystem, root: string): FileSystem {
  const check = async (path: string): Promise<void> => {
    const levels = levelsAbove(path, root);
    for (const [index, kind] of (await Promise.all(levels.map((one) => fs.kind(one)))).entries())
      refuse(levels[index] as string, kind);
  };
  const checkNow = (path: string): void => {
    for (const one of levelsAbove(path, root)) refuse(one, fs.kindNow(one));
  };
  return {
    readdir: (directory) => fs.readdir(directory),
    read: (file, from, length) => fs.read(file, from, length),
    readNow: (file, from, length, into) => fs.readNow(file, from, length, into),
    size: (file) => fs.size(file),
    kind: (path) => fs.kind(path),
    kindNow: (path) => fs.kindNow(path),
    open: async (file, create) => {
      await check(file);
      return fs.open(file, create);
    },
    openNow: (file, create) => {
      checkNow(file);
      return fs.openNow(file, create);
    },
    mkdir: async (directory) => {
      // One that is there already, too: it is about to be written to.
      await check(`${directory}/`);
      await fs.mkdir(directory);
    },
    mkdirNow: (directory) => {
      checkNow(`${directory}/`);
      fs.mkdirNow(directory);
    },
    renameNow: (from, to) => {
      checkNow(from);
      checkNow(to);
      fs.renameNow(from, to);
    },
    unlinkNow: (file) => {
      checkNow(file);
      fs.unlinkNow(file);
    },
    identityNow: (directory) => fs.identityNow(directory),
    rename: async (from, to) => {
      await Promise.all([check(from), check(to)]);
      await fs.rename(from, to);
    },
    unlink: async (file) => {
      await check(file);
      await fs.unlink(file);
    },
    rmdir: async (directory) => {
      await check(directory);
      await fs.rmdir(directory);
    },
    syncDirectory: (directory) => fs.syncDirectory(directory),
    syncDirectoryNow: (directory) => {
      fs.syncDirectoryNow(directory);
    },
    ...(fs.birth === undefined ? {} : { birth: fs.birth.bind(fs) }),
    ...(fs.stampNow === undefined ? {} : { stampNow: fs.stampNow.bind(fs) }),
    ...(fs.watch === undefined ? {} : { watch: fs.watch.bind(fs) }),
  };
}

/** The directories between a root and a path below it. */
function levelsAbove(path: string, root: string): string[] {
  if (!path.startsWith(`${root}/`)) return [];
  const levels: string[] = [];
  for (let at = path.indexOf('/', root.length + 1); at > 0; at = path.indexOf('/', at + 1))
    levels.push(path.slice(0, at));
  return levels;
}

// What is not there is no link; whatever is done there says so itself.
function refuse(directory: string, kind: DirectoryEntry['kind'] | undefined): void {
  if (kind === 'directory' || kind === undefined) return;
  throw new StoreUnreachableError(
    `${directory} is a symbolic link, or no directory: nothing was written through it, and the other masters do not look into it. Put the directory itself there and try again.`,
  );
}
