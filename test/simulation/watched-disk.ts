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
  /** Where each open file stands by now. */
  readonly #places = new Map<string, { path: string }>();
  /** Files that another program replaced or cut, until a process puts its own there. */
  readonly #meddled = new Set<string>();
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
    for (const one of [...this.#noted.keys()]) if (one === path || one.startsWith(`${path}/`)) this.#noted.delete(one);
  }

  /** Another program puts other bytes in the place of a file, or removes it: what was told of it stays so. */
  replace(path: string, bytes: Uint8Array | undefined): void {
    if (bytes === undefined) super.remove(path);
    else super.put(path, bytes);
    this.#meddled.add(path);
  }

  /** Another program cuts a file where it lies. */
  cut(path: string, size: number): void {
    const file = super.openNow(path, false);
    file.truncateNow(size);
    file.syncNow();
    void file.close();
    this.#meddled.add(path);
  }

  override openNow(path: string, truncate: boolean): OpenFile {
    const place = { path };
    this.#places.set(path, place);
    return this.#watched(place, super.openNow(path, truncate));
  }

  override renameNow(from: string, to: string): void {
    super.renameNow(from, to);
    // A file that is open goes on under its new name.
    const place = this.#places.get(from);
    if (place !== undefined) {
      place.path = to;
      this.#places.delete(from);
      this.#places.set(to, place);
    }
    this.#noted.delete(from);
    this.#meddled.delete(to);
    this.#note(to);
  }

  override unlinkNow(path: string): void {
    super.unlinkNow(path);
    this.#note(path);
  }

  #watched(place: { readonly path: string }, file: OpenFile): OpenFile {
    return {
      // A file may have been renamed since it was opened, of which the disk's own fault does not know.
      write: (bytes, offset) => {
        this.#watcher.touched(place.path);
        return file.write(bytes, offset);
      },
      writeNow: (bytes, offset) => {
        this.#watcher.touched(place.path);
        file.writeNow(bytes, offset);
      },
      sync: async () => {
        await file.sync();
        this.#note(place.path);
      },
      syncNow: () => {
        file.syncNow();
        this.#note(place.path);
      },
      truncate: async (size) => {
        await file.truncate(size);
        this.#note(place.path);
      },
      truncateNow: (size) => {
        file.truncateNow(size);
        this.#note(place.path);
      },
      readNow: (from, length) => file.readNow(from, length),
      isAtNow: (path) => file.isAtNow(path),
      close: () => file.close(),
    };
  }

  #note(path: string): void {
    if (this.#meddled.has(path)) return;
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
