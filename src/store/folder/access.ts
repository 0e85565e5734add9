import { lstatSync, type Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FileSystem } from './file-system.js';

/** What the system said, and whose file it is: put where the message goes. */
interface Denied {
  readonly code?: unknown;
  message: string;
  access?: string;
}

/** A file system whose refusals (EACCES, EPERM) say whose file it is, and who this process is: nobody can mend them without. */
export function sayingWhose(fs: FileSystem): FileSystem {
  return {
    ...fs,
    readdir: later((path) => fs.readdir(path)),
    read: later((path, from?: number, length?: number) => fs.read(path, from, length)),
    readNow: now((path, from: number, length: number, into?: Uint8Array) => fs.readNow(path, from, length, into)),
    size: later((path) => fs.size(path)),
    ...(fs.stampNow === undefined ? {} : { stampNow: now((path) => fs.stampNow?.(path)) }),
    kind: later((path) => fs.kind(path)),
    kindNow: now((path) => fs.kindNow(path)),
    open: later((path, create: boolean) => fs.open(path, create)),
    openNow: now((path, create: boolean) => fs.openNow(path, create)),
    mkdir: later((path) => fs.mkdir(path)),
    mkdirNow: now((path) => {
      fs.mkdirNow(path);
    }),
    syncDirectory: later((path) => fs.syncDirectory(path)),
    syncDirectoryNow: now((path) => {
      fs.syncDirectoryNow(path);
    }),
    // These change the directory.
    rename: later((path, to: string) => fs.rename(path, to), dirname),
    renameNow: now((path, to: string) => {
      fs.renameNow(path, to);
    }, dirname),
    unlink: later((path) => fs.unlink(path), dirname),
    unlinkNow: now((path) => {
      fs.unlinkNow(path);
    }, dirname),
    rmdir: later((path) => fs.rmdir(path), dirname),
  };
}

/** Whose the file of a refusal is and what to do, in words, if that is known. */
export function accessOf(error: unknown): string | undefined {
  return (error as Denied | null)?.access;
}

type Asked = (path: string) => string;

const itself: Asked = (path) => path;

function later<Rest extends unknown[], Result>(
  operation: (path: string, ...rest: Rest) => Promise<Result>,
  asked = itself,
): (path: string, ...rest: Rest) => Promise<Result> {
  return async (path, ...rest) => {
    try {
      return await operation(path, ...rest);
    } catch (error) {
      for (const one of isDenied(error) ? upFrom(asked(path)) : []) {
        const stats = await lstat(one).catch(() => undefined);
        if (stats === undefined) continue;
        say(error as Denied, one, stats);
        break;
      }
      throw error;
    }
  };
}

function now<Rest extends unknown[], Result>(
  operation: (path: string, ...rest: Rest) => Result,
  asked = itself,
): (path: string, ...rest: Rest) => Result {
  return (path, ...rest) => {
    try {
      return operation(path, ...rest);
    } catch (error) {
      for (const one of isDenied(error) ? upFrom(asked(path)) : []) {
        const stats = statsOf(one);
        if (stats === undefined) continue;
        say(error as Denied, one, stats);
        break;
      }
      throw error;
    }
  };
}

/** A path and all above it: each may be behind a closed directory. */
function* upFrom(path: string): Generator<string> {
  for (let one = path; ; one = dirname(one)) {
    yield one;
    if (dirname(one) === one) return;
  }
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

/** Windows has no such numbers. */
function isDenied(error: unknown): error is Denied {
  return process.geteuid !== undefined && /^(EACCES|EPERM)$/.test(String((error as Denied | null)?.code));
}

function say(error: Denied, path: string, { uid, gid, mode }: Stats): void {
  const rights = (mode & 0o777).toString(8).padStart(3, '0');
  error.access =
    `${path} belongs to user ${uid}, group ${gid}, mode ${rights}; this process is user ${process.geteuid?.()}, group ${process.getegid?.()}: ` +
    'change its owner or mode (chown, chmod), or run as its owner';
  error.message += `; ${error.access}`;
}
