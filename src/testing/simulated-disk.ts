import type { DirectoryEntry, FileSystem, OpenFile } from '../store/folder/file-system.js';

interface SimulatedFile {
  /** What a reader of this machine sees. */
  bytes: Uint8Array;
  /** What a power failure leaves. */
  durable: Uint8Array;
}

/** Called before each operation that touches the disk; throwing makes that operation fail. */
export type Fault = (
  operation: 'readdir' | 'read' | 'write' | 'sync' | 'truncate' | 'rename' | 'unlink' | 'open' | 'mkdir',
  path: string,
) => void;

/**
 * A disk in memory that can fail, lose what was not synced, and hand files over to other disks in any order: the machines of
 * a simulated network. Renames and names are durable at once; bytes only when their file is synced.
 *
 * @example
 * ```ts
 * import { SimulatedDisk } from 'prevalent/testing';
 *
 * const disk = new SimulatedDisk();
 * await disk.mkdir('/shared');
 * console.log(disk.paths()); // []
 * ```
 */
export class SimulatedDisk implements FileSystem {
  readonly #files = new Map<string, SimulatedFile>();
  readonly #directories = new Set<string>();
  #lives = 0;
  /** Decides which operations fail; none by default. */
  fault: Fault = () => undefined;

  /** Paths of all files, sorted. */
  paths(): string[] {
    return [...this.#files.keys()].sort();
  }

  /** What a file holds; `undefined` if it is not there. */
  peek(path: string): Uint8Array | undefined {
    return this.#files.get(path)?.bytes;
  }

  /** Puts a file there, as a file synchroniser or a person would: whole and durable. */
  put(path: string, bytes: Uint8Array): void {
    this.#files.set(path, { bytes: bytes.slice(), durable: bytes.slice() });
    for (let directory = parent(path); directory !== ''; directory = parent(directory))
      this.#directories.add(directory);
  }

  /** Removes a file, as a person would. */
  remove(path: string): void {
    this.#files.delete(path);
  }

  /**
   * The disk as one process sees it: after the next `crash` nothing that process still does reaches the disk, and nothing it
   * waits for ever comes.
   */
  session(): FileSystem {
    const life = this.#lives;
    const alive = <T>(operation: () => Promise<T>): Promise<T> =>
      life === this.#lives ? operation() : new Promise<T>(() => undefined);
    return {
      readdir: (directory) => alive(() => this.readdir(directory)),
      read: (file, from, length) => alive(() => this.read(file, from, length)),
      size: (file) => alive(() => this.size(file)),
      mkdir: (directory) => alive(() => this.mkdir(directory)),
      rename: (from, to) => alive(() => this.rename(from, to)),
      unlink: (file) => alive(() => this.unlink(file)),
      syncDirectory: (directory) => alive(() => this.syncDirectory(directory)),
      open: (file, truncate) =>
        alive(async () => {
          const held = await this.open(file, truncate);
          return {
            write: (bytes, offset) => alive(() => held.write(bytes, offset)),
            writeNow: (bytes, offset) => {
              if (life === this.#lives) held.writeNow(bytes, offset);
            },
            sync: () => alive(() => held.sync()),
            syncNow: () => {
              if (life === this.#lives) held.syncNow();
            },
            truncate: (size) => alive(() => held.truncate(size)),
            truncateNow: (size) => {
              if (life === this.#lives) held.truncateNow(size);
            },
            close: () => alive(() => held.close()),
          };
        }),
    };
  }

  /** The power fails: of each file what was synced is left, and `keep` bytes (0 to 1) of what was not. */
  crash(keep: (path: string) => number): void {
    this.#lives++;
    for (const [path, file] of this.#files) {
      const unsynced = file.bytes.length - file.durable.length;
      const rest = unsynced > 0 && startsWith(file.bytes, file.durable) ? Math.floor(keep(path) * (unsynced + 1)) : 0;
      file.bytes = rest === 0 ? file.durable.slice() : file.bytes.slice(0, file.durable.length + rest);
      file.durable = file.bytes.slice();
    }
  }

  async readdir(directory: string): Promise<readonly DirectoryEntry[]> {
    this.fault('readdir', directory);
    if (!this.#directories.has(directory)) throw missing(directory);
    const entries = new Map<string, DirectoryEntry>();
    for (const path of this.#files.keys())
      if (parent(path) === directory) entries.set(path, { name: base(path), kind: 'file' });
    for (const path of this.#directories)
      if (parent(path) === directory) entries.set(path, { name: base(path), kind: 'directory' });
    return [...entries.values()];
  }

  async read(file: string, from = 0, length = Infinity): Promise<Uint8Array> {
    this.fault('read', file);
    return this.#get(file).bytes.slice(from, from + length);
  }

  async size(file: string): Promise<number> {
    return this.#get(file).bytes.length;
  }

  async open(file: string, truncate: boolean): Promise<OpenFile> {
    this.fault('open', file);
    if (!this.#directories.has(parent(file))) throw missing(file);
    let held = this.#files.get(file);
    if (held === undefined) this.#files.set(file, (held = { bytes: new Uint8Array(), durable: new Uint8Array() }));
    if (truncate) held.bytes = new Uint8Array();
    return new SimulatedOpenFile(held, (operation) => {
      this.fault(operation, file);
    });
  }

  async mkdir(directory: string): Promise<void> {
    this.fault('mkdir', directory);
    for (let one = directory; one !== ''; one = parent(one)) this.#directories.add(one);
  }

  async rename(from: string, to: string): Promise<void> {
    this.fault('rename', to);
    this.#files.set(to, this.#get(from));
    this.#files.delete(from);
  }

  async unlink(file: string): Promise<void> {
    this.fault('unlink', file);
    this.#get(file);
    this.#files.delete(file);
  }

  async syncDirectory(directory: string): Promise<void> {
    this.fault('sync', directory);
  }

  #get(path: string): SimulatedFile {
    const file = this.#files.get(path);
    if (file === undefined) throw missing(path);
    return file;
  }
}

class SimulatedOpenFile implements OpenFile {
  readonly #file: SimulatedFile;
  readonly #fault: (operation: 'write' | 'sync' | 'truncate') => void;

  constructor(file: SimulatedFile, fault: (operation: 'write' | 'sync' | 'truncate') => void) {
    this.#file = file;
    this.#fault = fault;
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    this.writeNow(bytes, offset);
  }

  writeNow(bytes: Uint8Array, offset: number): void {
    this.#fault('write');
    const grown = new Uint8Array(Math.max(this.#file.bytes.length, offset + bytes.length));
    grown.set(this.#file.bytes);
    grown.set(bytes, offset);
    this.#file.bytes = grown;
  }

  async sync(): Promise<void> {
    this.syncNow();
  }

  syncNow(): void {
    this.#fault('sync');
    this.#file.durable = this.#file.bytes.slice();
  }

  async truncate(size: number): Promise<void> {
    this.truncateNow(size);
  }

  truncateNow(size: number): void {
    this.#fault('truncate');
    this.#file.bytes = this.#file.bytes.slice(0, size);
    this.#file.durable = this.#file.bytes.slice();
  }

  async close(): Promise<void> {
    return Promise.resolve();
  }
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}

function parent(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}

function base(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function missing(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file or directory, '${path}'`), { code: 'ENOENT' });
}
