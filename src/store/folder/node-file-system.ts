import {
  close,
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fsync,
  fsyncSync,
  ftruncate,
  openSync,
  renameSync,
  type Stats,
  write,
  writeSync,
} from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { DirectoryEntry, FileSystem, OpenFile } from './file-system.js';

// Windows has neither. Without O_NONBLOCK, opening a FIFO waits for somebody to write into it.
const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
const READ_FLAGS = (O_RDONLY ?? 0) | O_NOFOLLOW | O_NONBLOCK;

/** The file system of this machine. */
export const nodeFileSystem: FileSystem = {
  async readdir(directory): Promise<DirectoryEntry[]> {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.map((entry) => ({
      name: entry.name,
      kind: entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : 'other',
    }));
  },
  async read(file, from = 0, length = Infinity): Promise<Uint8Array> {
    const handle = await open(file, READ_FLAGS);
    try {
      const stats: Stats = await handle.stat();
      if (!stats.isFile() && !stats.isDirectory())
        throw Object.assign(new Error(`EFTYPE: no ordinary file, read '${file}'`), { code: 'EFTYPE' });
      const { size } = stats;
      const bytes = new Uint8Array(Math.min(Math.max(size - from, 0), length));
      let done = 0;
      while (done < bytes.length) {
        const { bytesRead } = await handle.read(bytes, done, bytes.length - done, from + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return bytes.subarray(0, done);
    } finally {
      await handle.close();
    }
  },
  async size(file): Promise<number> {
    return (await stat(file)).size;
  },
  async open(file, truncate): Promise<OpenFile> {
    // Not the flag "a": with it, systems ignore the offset of a write.
    return new NodeFile(
      await open(file, constants.O_RDWR | constants.O_CREAT | (truncate ? constants.O_TRUNC : 0), 0o644),
    );
  },
  createNow(file, temporary, bytes): OpenFile {
    const fd = openSync(temporary, constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC, 0o644);
    try {
      const open = new DescriptorFile(fd);
      open.writeNow(bytes, 0);
      fsyncSync(fd);
      renameSync(temporary, file);
      syncDirectoryNow(dirname(file));
      return open;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  },
  async mkdir(directory): Promise<void> {
    await mkdir(directory, { recursive: true });
  },
  rename,
  unlink,
  rmdir,
  async syncDirectory(directory): Promise<void> {
    // Windows has no such thing: there a rename is durable with the file system's own journal.
    if (process.platform === 'win32') return;
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

class NodeFile implements OpenFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    let done = 0;
    while (done < bytes.length)
      done += (await this.#handle.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
  }

  writeNow(bytes: Uint8Array, offset: number): void {
    let done = 0;
    while (done < bytes.length) done += writeSync(this.#handle.fd, bytes, done, bytes.length - done, offset + done);
  }

  async sync(): Promise<void> {
    await this.#handle.datasync();
  }

  syncNow(): void {
    fdatasyncSync(this.#handle.fd);
  }

  async truncate(size: number): Promise<void> {
    await this.#handle.truncate(size);
    await this.#handle.sync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function syncDirectoryNow(directory: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

const writeTo = promisify(write);
const dataSync = promisify(fdatasync);
const fullSync = promisify(fsync);
const cut = promisify(ftruncate);
const closeFile = promisify(close);

/** A file that was opened at once, which Node's promised files cannot be. */
class DescriptorFile implements OpenFile {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    let done = 0;
    while (done < bytes.length)
      done += (await writeTo(this.#fd, bytes, done, bytes.length - done, offset + done)).bytesWritten;
  }

  writeNow(bytes: Uint8Array, offset: number): void {
    let done = 0;
    while (done < bytes.length) done += writeSync(this.#fd, bytes, done, bytes.length - done, offset + done);
  }

  sync(): Promise<void> {
    return dataSync(this.#fd);
  }

  syncNow(): void {
    fdatasyncSync(this.#fd);
  }

  async truncate(size: number): Promise<void> {
    await cut(this.#fd, size);
    await fullSync(this.#fd);
  }

  close(): Promise<void> {
    return closeFile(this.#fd);
  }
}
