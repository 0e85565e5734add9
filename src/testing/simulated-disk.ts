import type { DirectoryEntry, FileSystem, OpenFile } from '../store/folder/file-system.js';
import { mixed, type SimulatedFile, SimulatedOpenFile } from './simulated-file.js';

/** Called before each operation that touches the disk; throwing makes that operation fail. */
export type Fault = (
  operation: 'readdir' | 'read' | 'write' | 'sync' | 'truncate' | 'rename' | 'unlink' | 'open' | 'mkdir',
  path: string,
) => void;

/** A change of names that is not durable before its directory is synced. */
interface NameChange {
  readonly directory: string;
  /** The name that appears, and what it names: a file, or a directory. */
  readonly added: { readonly path: string; readonly file: SimulatedFile | undefined } | undefined;
  /** The name that goes. */
  readonly removed: string | undefined;
}

/** By file: what tells it from all others, on whatever disk. */
const births = new WeakMap<SimulatedFile, string>();
let made = 0;

/**
 * A disk in memory, for the machines of a simulated network. It can fail, lose unsynced bytes, and pass files to other disks in any
 * order. Bytes are durable when their file is synced, names when their directory is synced.
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
  #files = new Map<string, SimulatedFile>();
  #directories = new Set<string>();
  /** What a power failure leaves of the names. */
  readonly #durableFiles = new Map<string, SimulatedFile>();
  readonly #durableDirectories = new Set<string>();
  #pending: NameChange[] = [];
  #lives = 0;
  /** Decides which operations fail, by throwing; none by default. */
  fault: Fault = () => undefined;

  /** Paths of all files, sorted. */
  paths(): string[] {
    return [...this.#files.keys()].sort();
  }

  /** The content of a file; `undefined` if it does not exist. */
  peek(path: string): Uint8Array | undefined {
    return this.#files.get(path)?.bytes;
  }

  /** Writes a file as a file synchroniser or a person would: complete and durable. */
  put(path: string, bytes: Uint8Array): void {
    const file = { bytes: bytes.slice(), durable: bytes.slice() };
    this.#forget(path);
    for (const files of [this.#files, this.#durableFiles]) files.set(path, file);
    for (let directory = parent(path); directory !== ''; directory = parent(directory)) {
      this.#forget(directory);
      for (const directories of [this.#directories, this.#durableDirectories]) directories.add(directory);
    }
  }

  /** Removes a file, or a directory with all that is in it, as a person would. */
  remove(path: string): void {
    const isIn = (one: string): boolean => one === path || one.startsWith(`${path}/`);
    for (const one of [...this.#files.keys(), ...this.#directories].filter(isIn)) this.#forget(one);
    for (const files of [this.#files, this.#durableFiles])
      for (const one of [...files.keys()].filter(isIn)) files.delete(one);
    for (const directories of [this.#directories, this.#durableDirectories])
      for (const one of [...directories].filter(isIn)) directories.delete(one);
  }

  /**
   * The disk as one process sees it. After the next `crash`, no operation of that process reaches the disk, and none of its promises
   * is settled.
   */
  session(): FileSystem {
    const life = this.#lives;
    const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
    // Also what was begun in this life and ends in the next one.
    const alive = async <T>(operation: () => Promise<T>): Promise<T> => {
      if (life !== this.#lives) return never();
      try {
        const result = await operation();
        return life === this.#lives ? result : await never();
      } catch (error) {
        if (life !== this.#lives) return never();
        throw error;
      }
    };
    const now = (operation: () => void): void => {
      if (life === this.#lives) operation();
    };
    const guarded = (held: OpenFile): OpenFile => ({
      write: (bytes, offset) => alive(() => held.write(bytes, offset)),
      writeNow: (bytes, offset) => {
        now(() => {
          held.writeNow(bytes, offset);
        });
      },
      sync: () => alive(() => held.sync()),
      syncNow: () => {
        now(() => {
          held.syncNow();
        });
      },
      truncate: (size) => alive(() => held.truncate(size)),
      truncateNow: (size) => {
        now(() => {
          held.truncateNow(size);
        });
      },
      readNow: (from, length) => held.readNow(from, length),
      isAtNow: (path) => held.isAtNow(path),
      close: () => alive(() => held.close()),
    });
    return {
      readdir: (directory) => alive(() => this.readdir(directory)),
      read: (file, from, length) => alive(() => this.read(file, from, length)),
      readNow: (file, from, length) => {
        if (life !== this.#lives) throw new Error('The power is off');
        return this.readNow(file, from, length);
      },
      size: (file) => alive(() => this.size(file)),
      mkdir: (directory) => alive(() => this.mkdir(directory)),
      rename: (from, to) => alive(() => this.rename(from, to)),
      unlink: (file) => alive(() => this.unlink(file)),
      rmdir: (directory) => alive(() => this.rmdir(directory)),
      syncDirectory: (directory) => alive(() => this.syncDirectory(directory)),
      syncDirectoryNow: (directory) => {
        now(() => {
          this.syncDirectoryNow(directory);
        });
      },
      renameNow: (from, to) => {
        now(() => {
          this.renameNow(from, to);
        });
      },
      mkdirNow: (directory) => {
        now(() => {
          this.mkdirNow(directory);
        });
      },
      unlinkNow: (file) => {
        now(() => {
          this.unlinkNow(file);
        });
      },
      identityNow: (directory) => this.identityNow(directory),
      birth: (file) => alive(() => this.birth(file)),
      kind: (path) => alive(() => this.kind(path)),
      kindNow: (path) => this.kindNow(path),
      open: (file, create) => alive(async () => guarded(await this.open(file, create))),
      openNow: (file, create) => {
        if (life !== this.#lives) throw new Error('The power is off');
        return guarded(this.openNow(file, create));
      },
    };
  }

  /**
   * The power fails: of each file the synced bytes remain, and a share of the others.
   *
   * @param keep the share of a file's unsynced bytes that remains, 0 to 1 from their beginning, or -1 to 0 from their end (pages
   * may reach a disk in any order); in place of the others are the earlier bytes
   * @param keepName whether a change of a name, whose directory was not synced since, remains; all remain by default
   */
  crash(keep: (path: string) => number, keepName: (path: string) => boolean = () => true): void {
    this.#lives++;
    for (const [path, file] of this.#files) {
      file.bytes = mixed(file, keep(path));
      file.durable = file.bytes.slice();
    }
    for (const change of this.#pending)
      if (keepName(change.added?.path ?? change.removed ?? '')) this.#makeDurable(change);
    this.#pending = [];
    this.#directories = new Set([...this.#durableDirectories].filter((path) => this.#isReachable(path)));
    this.#files = new Map([...this.#durableFiles].filter(([path]) => this.#isReachable(path)));
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

  readNow(file: string, from: number, length: number): Uint8Array {
    return this.#get(file).bytes.slice(from, from + length);
  }

  async size(file: string): Promise<number> {
    return this.#get(file).bytes.length;
  }

  async kind(path: string): Promise<DirectoryEntry['kind'] | undefined> {
    return this.kindNow(path);
  }

  kindNow(path: string): DirectoryEntry['kind'] | undefined {
    return this.#directories.has(path) ? 'directory' : this.#files.has(path) ? 'file' : undefined;
  }

  async open(file: string, create: boolean): Promise<OpenFile> {
    return this.openNow(file, create);
  }

  openNow(file: string, create: boolean): OpenFile {
    this.fault('open', file);
    if (!this.#directories.has(parent(file))) throw missing(file);
    let held = this.#files.get(file);
    if (held !== undefined && create) throw Object.assign(new Error(`EEXIST: ${file}`), { code: 'EEXIST' });
    if (held === undefined) {
      if (!create) throw missing(file);
      held = { bytes: new Uint8Array(), durable: new Uint8Array() };
      this.#change({ directory: parent(file), added: { path: file, file: held }, removed: undefined });
    }
    return new SimulatedOpenFile(
      held,
      (operation) => {
        this.fault(operation, file);
      },
      (path) => this.#files.get(path),
    );
  }

  identityNow(directory: string): string | undefined {
    return this.#directories.has(directory) ? directory : undefined;
  }

  async birth(file: string): Promise<string | undefined> {
    const held = this.#files.get(file);
    if (held === undefined) return undefined;
    const known = births.get(held) ?? `file ${++made}`;
    births.set(held, known);
    return known;
  }

  async mkdir(directory: string): Promise<void> {
    this.mkdirNow(directory);
  }

  mkdirNow(directory: string): void {
    this.fault('mkdir', directory);
    const made: string[] = [];
    for (let one = directory; one !== '' && !this.#directories.has(one); one = parent(one)) made.unshift(one);
    for (const path of made)
      this.#change({ directory: parent(path), added: { path, file: undefined }, removed: undefined });
  }

  async rename(from: string, to: string): Promise<void> {
    this.renameNow(from, to);
  }

  renameNow(from: string, to: string): void {
    this.fault('rename', to);
    const file = this.#get(from);
    this.#change({ directory: parent(to), added: { path: to, file }, removed: from });
  }

  async rmdir(directory: string): Promise<void> {
    this.fault('unlink', directory);
    if (!this.#directories.has(directory)) throw missing(directory);
    if ([...this.#files.keys(), ...this.#directories].some((path) => parent(path) === directory))
      throw Object.assign(new Error(`ENOTEMPTY: ${directory}`), { code: 'ENOTEMPTY' });
    this.#change({ directory: parent(directory), added: undefined, removed: directory });
  }

  async unlink(file: string): Promise<void> {
    this.unlinkNow(file);
  }

  unlinkNow(file: string): void {
    this.fault('unlink', file);
    this.#get(file);
    this.#change({ directory: parent(file), added: undefined, removed: file });
  }

  async syncDirectory(directory: string): Promise<void> {
    this.syncDirectoryNow(directory);
  }

  syncDirectoryNow(directory: string): void {
    this.fault('sync', directory);
    // The root of a path is '' here and '/' to those who ask for it.
    const isHere = (change: NameChange): boolean => (change.directory || '/') === directory;
    for (const change of this.#pending.filter(isHere)) this.#makeDurable(change);
    this.#pending = this.#pending.filter((change) => !isHere(change));
  }

  #change(change: NameChange): void {
    apply(change, this.#files, this.#directories);
    this.#pending.push(change);
  }

  #makeDurable(change: NameChange): void {
    apply(change, this.#durableFiles, this.#durableDirectories);
  }

  /** From now on no earlier change of that name is on its way. */
  #forget(path: string): void {
    this.#pending = this.#pending.filter(({ added, removed }) => added?.path !== path && removed !== path);
  }

  #isReachable(path: string): boolean {
    for (let one = parent(path); one !== ''; one = parent(one)) if (!this.#durableDirectories.has(one)) return false;
    return true;
  }

  #get(path: string): SimulatedFile {
    const file = this.#files.get(path);
    if (file === undefined) throw missing(path);
    return file;
  }
}

function apply(change: NameChange, files: Map<string, SimulatedFile>, directories: Set<string>): void {
  const { added, removed } = change;
  if (removed !== undefined) files.delete(removed);
  if (removed !== undefined) directories.delete(removed);
  if (added?.file !== undefined) files.set(added.path, added.file);
  else if (added !== undefined) directories.add(added.path);
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
