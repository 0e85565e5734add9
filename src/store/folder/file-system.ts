import { dirname } from 'node:path';
import type { StoreListener } from '../store.js';

/** The part of a file system that a FolderStore needs; passed in, so that tests can make it fail, tear and delay. */
export interface FileSystem {
  /** Entries of a directory, in no order. Rejects with code ENOENT if there is none. */
  readdir(directory: string): Promise<readonly DirectoryEntry[]>;
  /**
   * Bytes of a file from an offset to its end, or at most `length` of them. Rejects with code ENOENT if there is none; a symbolic link
   * is not followed (ELOOP), and what is no ordinary file is not waited for (EISDIR, EFTYPE).
   */
  read(file: string, from?: number, length?: number): Promise<Uint8Array>;
  /**
   * As `read`, before it returns.
   *
   * @param into memory of at least that length, which the result may be a part of: what is read often needs none of its own each time
   */
  readNow(file: string, from: number, length: number, into?: Uint8Array): Uint8Array;
  /** Size of a file in bytes. */
  size(file: string): Promise<number>;
  /**
   * What tells the file at a path from all later ones, before it returns. `undefined` if there is none, if looking could take long, or if
   * the file was changed so short ago that a later change could look the same.
   */
  stampNow?(file: string): FileStamp | undefined;
  /** What stands at a path, a link itself and not what it leads to; `undefined` if nothing does. */
  kind(path: string): Promise<DirectoryEntry['kind'] | undefined>;
  /** As `kind`, before it returns. */
  kindNow(path: string): DirectoryEntry['kind'] | undefined;
  /**
   * Opens a file for writing. To `create` is to make one that is not there yet, nor a link of that name (EEXIST); else it is opened as
   * it is, and a link is not followed (ELOOP).
   */
  open(file: string, create: boolean): Promise<OpenFile>;
  /** As `open`, before it returns. */
  openNow(file: string, create: boolean): OpenFile;
  /** Makes a directory and those above it. */
  mkdir(directory: string): Promise<void>;
  /** Puts one file in another's place, atomically. */
  rename(from: string, to: string): Promise<void>;
  /** As `rename`, before it returns. */
  renameNow(from: string, to: string): void;
  /** As `mkdir`, before it returns. */
  mkdirNow(directory: string): void;
  /** Removes a file. */
  unlink(file: string): Promise<void>;
  /** As `unlink`, before it returns. */
  unlinkNow(file: string): void;
  /**
   * What tells the directory of a path from any other that stands there later, as where a drive is no longer mounted; `undefined` if there
   * is none. Links are followed.
   */
  identityNow(directory: string): string | undefined;
  /**
   * What tells a file that stands at a path from every copy of it, wherever and whenever it is made; stays when it is renamed. `undefined` if
   * there is none. Left out where that cannot be told.
   */
  birth?(file: string): Promise<string | undefined>;
  /** Removes an empty directory. */
  rmdir(directory: string): Promise<void>;
  /** Makes the names in a directory durable. */
  syncDirectory(directory: string): Promise<void>;
  /** As `syncDirectory`, before it returns. */
  syncDirectoryNow(directory: string): void;
  /**
   * Tells of changes below a directory, if the system can. Gives what ends it.
   *
   * @param follows whether a path, its names below the directory, may matter
   */
  watch?(
    directory: string,
    follows: (names: readonly string[]) => boolean,
    listener: StoreListener,
  ): Promise<() => Promise<void>>;
}

/** When a file was changed last, and which one it is: equal for two looks if it is the same one, unchanged. */
export interface FileStamp {
  readonly device: number;
  readonly number: number;
  readonly size: number;
  /** In ms, with what the system knows of parts of them. */
  readonly modified: number;
  readonly changed: number;
}

/** Tells whether two looks found the same file, unchanged. */
export function isSameFile(one: FileStamp, other: FileStamp): boolean {
  return (
    one.changed === other.changed &&
    one.modified === other.modified &&
    one.size === other.size &&
    one.number === other.number &&
    one.device === other.device
  );
}

/** One name in a directory. */
export interface DirectoryEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'other';
}

/** A file that is open for writing. */
export interface OpenFile {
  /** Writes all of `bytes` at an offset. */
  write(bytes: Uint8Array, offset: number): Promise<void>;
  /** As `write`, before it returns. */
  writeNow(bytes: Uint8Array, offset: number): void;
  /** Makes what was written durable. */
  sync(): Promise<void>;
  /** As `sync`, before it returns. */
  syncNow(): void;
  /** Cuts the file to a size in bytes, durably. */
  truncate(size: number): Promise<void>;
  /** As `truncate`, before it returns. */
  truncateNow(size: number): void;
  /** Bytes of it, before it returns; fewer if it is shorter. Also of a file that has no path any more. */
  readNow(from: number, length: number): Uint8Array;
  /** Whether what stands at a path, no link, is this very file; before it returns. */
  isAtNow(path: string): boolean;
  close(): Promise<void>;
}

/** Tells whether an error says that a file or directory is not there. */
export function isMissing(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ENOENT';
}

/** Tells whether an error says that something of that name is there already. */
export function isTaken(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'EEXIST';
}

/** Tells whether an error says that no ordinary file stands at a path: nothing, a link, a directory, a pipe. */
export function isNoFile(error: unknown): boolean {
  const code = String((error as { code?: unknown } | null)?.code);
  return isMissing(error) || /^(ENOTDIR|ELOOP|EMLINK|EISDIR|EFTYPE|ESPIPE)$/.test(code);
}

const OWN_LIMITS = /^(EMFILE|ENFILE|ENOMEM|EAGAIN)$/;

/** Tells whether this process has run out of something, which is no trouble of the file that it was opening. */
export function isOwnLimit(error: unknown): boolean {
  return OWN_LIMITS.test(String((error as { code?: unknown } | null)?.code));
}

/**
 * Tells whether an error says that the system does not give what stands in a file or directory: this user may not read it, a sector
 * is bad, the connection to a drive is lost. In folders of a cloud service a file that is being fetched is refused as well.
 */
export function isUnreadable(error: unknown): boolean {
  const code = String((error as { code?: unknown } | null)?.code);
  return /^(E[A-Z0-9]+|UNKNOWN)$/.test(code) && !isMissing(error) && !isOwnLimit(error);
}

/** What `work` gives; `otherwise` if others' files cannot be read now. They are then not heard from. */
export async function ifReadable<T>(work: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isUnreadable(error)) return otherwise;
    throw error;
  }
}

/** Removes a file if it is there. */
export async function unlinkIfThere(fs: FileSystem, file: string): Promise<void> {
  await fs.unlink(file).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

/** Bytes of a file, `undefined` if it is not there. */
export async function readIfThere(
  fs: FileSystem,
  file: string,
  from = 0,
  length = Infinity,
): Promise<Uint8Array | undefined> {
  try {
    return await fs.read(file, from, length);
  } catch (error) {
    // A folder or a pipe of that name is no file of ours.
    if (isMissing(error) || /^(EISDIR|EFTYPE)$/.test(String((error as { code?: unknown }).code))) return undefined;
    throw error;
  }
}

/** Names of one kind in a directory, sorted; none if it is not there or is no directory. */
export async function namesIn(fs: FileSystem, directory: string, kind: DirectoryEntry['kind']): Promise<string[]> {
  try {
    const entries = await fs.readdir(directory);
    return entries
      .filter((entry) => entry.kind === kind)
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if (isMissing(error) || (error as { code?: unknown }).code === 'ENOTDIR') return [];
    throw error;
  }
}

/**
 * Replaces a file as a whole: a temporary file is written and synced, renamed into place, and its directory synced. A crash at
 * any moment leaves the old file or the new one.
 */
export async function replaceFile(
  fs: FileSystem,
  directory: string,
  name: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = temporaryName(directory, name);
  const file = await fs.open(temporary, true).catch(async (error: unknown) => {
    if (!isTaken(error)) throw error;
    // Left by a crash, or put there by somebody: a link itself goes, not what it leads to.
    await fs.unlink(temporary);
    return fs.open(temporary, true);
  });
  try {
    let offset = 0;
    for await (const chunk of chunks) {
      await file.write(chunk, offset);
      offset += chunk.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.rename(temporary, `${directory}/${name}`);
  await fs.syncDirectory(directory);
}

/**
 * Makes the way to a directory durable, every level of it: whichever of them is new, a power cut takes with it all that is below.
 *
 * @param own the highest of them that must be synced; a folder above it that refuses is somebody else's to keep
 */
export async function syncWayTo(fs: FileSystem, directory: string, own = directory): Promise<void> {
  for (let one = directory; ; one = dirname(one)) {
    const isAbove = one.length < own.length;
    await fs.syncDirectory(one).catch((error: unknown) => {
      // It may be passed but not read, or lies on a file system that syncs no directories.
      if (!isAbove || !/^(EACCES|EPERM|EINVAL|ENOTSUP|EROFS)$/.test(String((error as { code?: unknown }).code)))
        throw error;
    });
    if (dirname(one) === one) return;
  }
}

/** Where the new content of a file stands until it is whole. */
export function temporaryName(directory: string, name: string): string {
  return `${directory}/.${name}.tmp`;
}
