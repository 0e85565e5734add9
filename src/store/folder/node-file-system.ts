import {
  type BigIntStats,
  close,
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncate,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  open,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  write,
  writeSync,
} from 'node:fs';
import * as files from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { sayingWhose } from './access.js';
import { type DirectoryEntry, type FileStamp, type FileSystem, isMissing, type OpenFile } from './file-system.js';
import { QuickDisks } from './quick-disks.js';
import { watchDirectory } from './watch-directory.js';

const openFile = promisify(open);
const writeFile = promisify(write);
const syncData = promisify(fdatasync);
const syncAll = promisify(fsync);
const truncateFile = promisify(ftruncate);
const closeFile = promisify(close);

// Windows has no such thing as a synced directory: there a rename is durable with the file system's own journal.
const SYNCS_DIRECTORIES = process.platform !== 'win32';

/** Node ends the whole process at 2^31. */
const AT_ONCE = 2 ** 30;
const MODE = 0o644;
/** More is read through the pool, beside other work. */
const QUICK_BYTES = 64 * 1024;
/** Some systems note times in whole seconds. */
const SETTLED_MS = 3_000;
/** So much memory is taken without a look at how long the file is. */
const FEW_BYTES = 1024 * 1024;
// Not every system has them. Without O_NONBLOCK, opening a FIFO waits for somebody at its other end.
const { O_NOFOLLOW = 0, O_NONBLOCK = 0, O_NOATIME = 0 } = constants as Partial<typeof constants>;
const READ_FLAGS = constants.O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
// Not the flag "a": with it, systems ignore the offset of a write.
const WRITE_FLAGS = constants.O_RDWR | O_NOFOLLOW | O_NONBLOCK;
const CREATE_FLAGS = WRITE_FLAGS | constants.O_CREAT | constants.O_EXCL;

const disks = new QuickDisks();

/** The file system of this machine. */
export const nodeFileSystem: FileSystem = sayingWhose({
  async readdir(directory): Promise<DirectoryEntry[]> {
    const entries = (await disks.isQuick(directory))
      ? disks.timed(() => readdirSync(directory, { withFileTypes: true }))
      : await files.readdir(directory, { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
  },
  async read(file, from = 0, length = Infinity): Promise<Uint8Array> {
    if (await disks.isQuick(dirname(file))) {
      const few = disks.timed(() => fewBytesOf(file, from, length));
      if (few !== undefined) return few;
    }
    const handle = await files.open(file, READ_FLAGS);
    try {
      const stats = await handle.stat();
      refuseOdd(stats, file);
      const bytes = new Uint8Array(Math.min(Math.max(stats.size - from, 0), length));
      let done = 0;
      while (done < bytes.length) {
        const wanted = Math.min(bytes.length - done, AT_ONCE);
        const { bytesRead } = await handle.read(bytes, done, wanted, from + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return bytes.subarray(0, done);
    } finally {
      await handle.close();
    }
  },
  readNow(file, from, length, into): Uint8Array {
    const fd = openUntracedNow(file);
    try {
      return into === undefined ? bytesOf(fd, from, length) : readInto(into.subarray(0, length), fd, from);
    } finally {
      closeSync(fd);
    }
  },
  async size(file): Promise<number> {
    return (await files.stat(file)).size;
  },
  stampNow(file): FileStamp | undefined {
    // Not known yet, or not a disk of this machine.
    if (disks.isQuick(dirname(file)) !== true) return undefined;
    const found = disks.timed(() => lstatSync(file, { throwIfNoEntry: false }));
    // A change that follows at once may get the same time.
    if (found?.isFile() !== true || Date.now() - found.ctimeMs < SETTLED_MS) return undefined;
    const { dev: device, ino: number, size, mtimeMs: modified, ctimeMs: changed } = found;
    return { device, number, size, modified, changed };
  },
  async kind(path): Promise<DirectoryEntry['kind'] | undefined> {
    const found = await files.lstat(path).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    return found === undefined ? undefined : kindOf(found);
  },
  kindNow(path): DirectoryEntry['kind'] | undefined {
    const found = statsNow(path);
    return found === undefined ? undefined : kindOf(found);
  },
  async open(file, create): Promise<OpenFile> {
    return new NodeFile(await openFile(file, create ? CREATE_FLAGS : WRITE_FLAGS, MODE));
  },
  openNow(file, create): OpenFile {
    return new NodeFile(openSync(file, create ? CREATE_FLAGS : WRITE_FLAGS, MODE));
  },
  async mkdir(directory): Promise<void> {
    await files.mkdir(directory, { recursive: true });
  },
  mkdirNow(directory): void {
    mkdirSync(directory, { recursive: true });
  },
  rename: files.rename,
  renameNow: renameSync,
  watch: watchDirectory,
  unlink: files.unlink,
  unlinkNow: unlinkSync,
  identityNow(directory): string | undefined {
    const found = statSync(directory, { bigint: true, throwIfNoEntry: false });
    return found?.isDirectory() === true ? `${found.dev}:${found.ino}` : undefined;
  },
  async birth(file): Promise<string | undefined> {
    try {
      const { ino, birthtimeNs, ctimeNs } = await files.lstat(file, { bigint: true });
      // Some file systems do not know when a file was made; no copy has the time of the last change, which cannot be set.
      return birthtimeNs > 0n ? `${ino}:${birthtimeNs}` : `${ino}:changed:${ctimeNs}`;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  },
  rmdir: files.rmdir,
  async syncDirectory(directory): Promise<void> {
    if (!SYNCS_DIRECTORIES) return;
    const handle = await files.open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  syncDirectoryNow(directory): void {
    if (!SYNCS_DIRECTORIES) return;
    const fd = openSync(directory, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  },
});

/** What stands at a path, a link itself; `undefined` if nothing does. */
function statsNow(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    // A file stands where a directory above it should.
    if ((error as { code?: unknown }).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function kindOf(entry: Pick<Stats | BigIntStats, 'isFile' | 'isDirectory'>): DirectoryEntry['kind'] {
  return entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : 'other';
}

function refuseOdd(stats: Stats, file: string): void {
  if (!stats.isFile() && !stats.isDirectory())
    throw Object.assign(new Error(`EFTYPE: no ordinary file, read '${file}'`), { code: 'EFTYPE' });
}

/** What is asked for, before it returns; `undefined` if it is much. */
function fewBytesOf(file: string, from: number, length: number): Uint8Array | undefined {
  const fd = openSync(file, READ_FLAGS);
  try {
    const stats = fstatSync(fd);
    refuseOdd(stats, file);
    const wanted = Math.min(Math.max(stats.size - from, 0), length);
    return wanted > QUICK_BYTES ? undefined : bytesOf(fd, from, wanted);
  } finally {
    closeSync(fd);
  }
}

// That a file was read would be noted on disk as well, after each write to it. Only its owner may keep it from that.
function openUntracedNow(file: string): number {
  try {
    return openSync(file, READ_FLAGS | O_NOATIME);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EPERM') throw error;
    return openSync(file, READ_FLAGS);
  }
}

function bytesOf(fd: number, from: number, length: number): Uint8Array {
  // Not for a few bytes: since Linux 6.13 the next write to a file whose times were asked for has to note a new one on disk.
  const most = length > FEW_BYTES ? Math.max(0, fstatSync(fd).size - from) : length;
  return readInto(new Uint8Array(Math.min(length, most)), fd, from);
}

/** Fills memory from a file, as far as that goes; gives the part that was filled. */
function readInto(bytes: Uint8Array, fd: number, from: number): Uint8Array {
  let done = 0;
  while (done < bytes.length) {
    const read = readSync(fd, bytes, done, Math.min(bytes.length - done, AT_ONCE), from + done);
    if (read === 0) break;
    done += read;
  }
  return bytes.subarray(0, done);
}

class NodeFile implements OpenFile {
  readonly #fd: number;
  #closed: Promise<void> | undefined;
  readonly #stats: BigIntStats;

  constructor(fd: number) {
    this.#fd = fd;
    this.#stats = fstatSync(fd, { bigint: true });
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    let done = 0;
    while (done < bytes.length)
      done += (await writeFile(this.#fd, bytes, done, bytes.length - done, offset + done)).bytesWritten;
  }

  writeNow(bytes: Uint8Array, offset: number): void {
    let done = 0;
    while (done < bytes.length) done += writeSync(this.#fd, bytes, done, bytes.length - done, offset + done);
  }

  sync(): Promise<void> {
    return syncData(this.#fd);
  }

  syncNow(): void {
    fdatasyncSync(this.#fd);
  }

  async truncate(size: number): Promise<void> {
    await truncateFile(this.#fd, size);
    await syncAll(this.#fd);
  }

  truncateNow(size: number): void {
    ftruncateSync(this.#fd, size);
    fsyncSync(this.#fd);
  }

  readNow(from: number, length: number): Uint8Array {
    return bytesOf(this.#fd, from, length);
  }

  isAtNow(path: string): boolean {
    // In full: numbers of files on Windows have 64 bits.
    const found = statsNow(path);
    return found !== undefined && found.ino === this.#stats.ino && found.dev === this.#stats.dev;
  }

  /** Once: its number may be another file's by the time it is asked again. */
  close(): Promise<void> {
    return (this.#closed ??= closeFile(this.#fd));
  }
}
