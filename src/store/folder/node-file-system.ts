import {
  close,
  constants,
  fdatasync,
  fdatasyncSync,
  fsync,
  fsyncSync,
  ftruncate,
  ftruncateSync,
  open,
  openSync,
  closeSync,
  lstatSync,
  type Stats,
  write,
  writeSync,
} from 'node:fs';
import * as files from 'node:fs/promises';
import { promisify } from 'node:util';
import { type DirectoryEntry, type FileSystem, isMissing, type OpenFile } from './file-system.js';
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
// Windows has neither. Without O_NONBLOCK, opening a FIFO waits for somebody at its other end.
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
const READ_FLAGS = constants.O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
// Not the flag "a": with it, systems ignore the offset of a write.
const WRITE_FLAGS = constants.O_RDWR | O_NOFOLLOW | O_NONBLOCK;
const CREATE_FLAGS = WRITE_FLAGS | constants.O_CREAT | constants.O_EXCL;

/** The file system of this machine. */
export const nodeFileSystem: FileSystem = {
  async readdir(directory): Promise<DirectoryEntry[]> {
    const entries = await files.readdir(directory, { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
  },
  async read(file, from = 0, length = Infinity): Promise<Uint8Array> {
    const handle = await files.open(file, READ_FLAGS);
    try {
      const stats = await handle.stat();
      if (!stats.isFile() && !stats.isDirectory())
        throw Object.assign(new Error(`EFTYPE: no ordinary file, read '${file}'`), { code: 'EFTYPE' });
      const { size } = stats;
      const bytes = new Uint8Array(Math.min(Math.max(size - from, 0), length));
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
  async size(file): Promise<number> {
    return (await files.stat(file)).size;
  },
  async kind(path): Promise<DirectoryEntry['kind'] | undefined> {
    const found = await files.lstat(path).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    return found === undefined ? undefined : kindOf(found);
  },
  kindNow(path): DirectoryEntry['kind'] | undefined {
    const found = lstatSync(path, { throwIfNoEntry: false });
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
  rename: files.rename,
  watch: watchDirectory,
  unlink: files.unlink,
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
};

function kindOf(entry: Pick<Stats, 'isFile' | 'isDirectory'>): DirectoryEntry['kind'] {
  return entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : 'other';
}

class NodeFile implements OpenFile {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
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

  close(): Promise<void> {
    return closeFile(this.#fd);
  }
}
