import type { OpenFile } from '../../src/store/folder/file-system.js';
import { SimulatedDisk } from '../../src/testing/index.js';

/** What touches a file rather than only looks at it. */
const CHANGES: ReadonlySet<string> = new Set(['write', 'sync', 'truncate', 'rename', 'unlink', 'open', 'mkdir']);

/** Told what becomes of a disk. */
export interface DiskWatcher {
  /** A process is about to change this file. */
  touched(path: string): void;
  /** What a file holds for good has changed; `undefined` where there is none. */
  changed(path: string, before: Uint8Array | undefined, after: Uint8Array | undefined): void;
}

/** A simulated disk that tells what is made durable on it, and that can do something at its n-th operation. */
export class WatchedDisk extends SimulatedDisk {
  readonly #watcher: DiskWatcher;
  readonly #noted = new Map<string, Uint8Array>();
  #alarms: { left: number; readonly changesOnly: boolean; readonly ring: () => void }[] = [];

  constructor(watcher: DiskWatcher) {
    super();
    this.#watcher = watcher;
    this.fault = (operation, path) => {
      const isChange = CHANGES.has(operation);
      for (const alarm of this.#alarms) {
        if (alarm.changesOnly && !isChange) continue;
        if (alarm.left-- === 0) alarm.ring();
      }
      if (isChange && operation !== 'sync' && operation !== 'mkdir' && operation !== 'open') watcher.touched(path);
    };
  }

  /** Calls `ring` before the operation that comes after `left` others. */
  alarm(left: number, changesOnly: boolean, ring: () => void): void {
    this.#alarms.push({ left, changesOnly, ring });
  }

  /** Forgets all alarms. */
  disarm(): void {
    this.#alarms = [];
  }

  /** Files are as they are now, and nobody is told. */
  accept(): void {
    this.#noted.clear();
    for (const path of this.paths()) this.#noted.set(path, this.peek(path) ?? new Uint8Array());
  }

  /** Tells what a crash left of each file. */
  noteAll(): void {
    for (const path of this.paths()) if (!isSame(this.#noted.get(path), this.peek(path))) this.#note(path);
  }

  override put(path: string, bytes: Uint8Array): void {
    super.put(path, bytes);
    this.#noted.set(path, bytes);
  }

  override remove(path: string): void {
    super.remove(path);
    this.#noted.delete(path);
  }

  override async open(path: string, truncate: boolean): Promise<OpenFile> {
    return this.#watched(path, await super.open(path, truncate));
  }

  override createNow(path: string, temporary: string, bytes: Uint8Array): OpenFile {
    const file = super.createNow(path, temporary, bytes);
    this.#note(path);
    return this.#watched(path, file);
  }

  override async rename(from: string, to: string): Promise<void> {
    await super.rename(from, to);
    this.#noted.delete(from);
    this.#note(to);
  }

  override async unlink(path: string): Promise<void> {
    await super.unlink(path);
    this.#note(path);
  }

  #watched(path: string, file: OpenFile): OpenFile {
    return {
      // A file may have been renamed since it was opened, of which the disk's own fault does not know.
      write: (bytes, offset) => {
        this.#watcher.touched(path);
        return file.write(bytes, offset);
      },
      writeNow: (bytes, offset) => {
        this.#watcher.touched(path);
        file.writeNow(bytes, offset);
      },
      sync: async () => {
        await file.sync();
        this.#note(path);
      },
      syncNow: () => {
        file.syncNow();
        this.#note(path);
      },
      truncate: async (size) => {
        await file.truncate(size);
        this.#note(path);
      },
      close: () => file.close(),
    };
  }

  #note(path: string): void {
    const before = this.#noted.get(path);
    const after = this.peek(path);
    if (after === undefined) this.#noted.delete(path);
    else this.#noted.set(path, after.slice());
    if (!path.endsWith('.tmp')) this.#watcher.changed(path, before, after);
  }
}

function isSame(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  return left?.length === right?.length && (left?.every((byte, index) => byte === right?.[index]) ?? true);
}
