import { fdatasyncSync, fsyncSync, ftruncateSync, type Stats, writeSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { constants } from 'node:fs';
import type { DirectoryEntry, FileSystem, OpenFile } from './file-system.js';

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
    const handle = await open(file, 'r');
    try {
      const { size }: Stats = await handle.stat();
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
  async mkdir(directory): Promise<void> {
    await mkdir(directory, { recursive: true });
  },
  rename,
  unlink,
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

  truncateNow(size: number): void {
    ftruncateSync(this.#handle.fd, size);
    fsyncSync(this.#handle.fd);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
