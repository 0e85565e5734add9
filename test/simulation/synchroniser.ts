import type { WatchedDisk } from './watched-disk.js';

/** What a file was at one moment; `undefined`: it had been deleted. */
type Version = Uint8Array | undefined;

/** One machine, as a file synchroniser sees it. */
export class Replicated {
  readonly disk: WatchedDisk;
  /** Changed here and not uploaded yet, in the order of the last change. */
  dirty = new Set<string>();
  /** Which version of a file this machine has. */
  has = new Map<string, number>();
  #backup: { dirty: ReadonlySet<string>; has: ReadonlyMap<string, number> } | undefined;

  constructor(disk: WatchedDisk) {
    this.disk = disk;
  }

  /** Remembers what is known of its files. */
  backUp(): void {
    this.#backup = { dirty: new Set(this.dirty), has: new Map(this.has) };
  }

  /** Believes what was remembered. */
  restore(): void {
    this.dirty = new Set(this.#backup?.dirty);
    this.has = new Map(this.#backup?.has);
  }

  /** A process of this machine changes a file. */
  touch(path: string): void {
    this.dirty.delete(path);
    this.dirty.add(path);
  }
}

/**
 * A file synchroniser that does nothing by itself: the schedule decides which file goes up or comes down, when, in which version
 * and how much of it.
 */
export class Synchroniser {
  readonly #files = new Map<string, Version[]>();
  readonly #owners = new Map<string, Replicated>();
  /** Deleted by people, which is carried whatever else is. */
  readonly #vanished = new Set<string>();
  readonly deletes: boolean;
  readonly #carried: (path: string, bytes: Uint8Array) => void;

  /**
   * @param deletes whether deletions are carried at all
   * @param carried told of what leaves the machine that wrote it
   */
  constructor(deletes: boolean, carried: (path: string, bytes: Uint8Array) => void) {
    this.deletes = deletes;
    this.#carried = carried;
  }

  /** Takes what a machine changed; unless somebody else changed it since, whose version stays. */
  upload(machine: Replicated, path: string): void {
    if (!machine.dirty.delete(path)) return;
    const versions = this.#files.get(path) ?? [];
    this.#files.set(path, versions);
    const newest = versions.length - 1;
    const owner = this.#owners.get(path) ?? machine;
    this.#owners.set(path, owner);
    const bytes = machine.disk.peek(path)?.slice();
    // Its own word is the newest; and a file that goes on from the newest one is no other version of it.
    const wins = owner === machine && (path.endsWith('/frontier.json') || goesOn(versions[newest], bytes));
    if ((machine.has.get(path) ?? -1) !== newest && !wins) {
      machine.has.set(path, -1);
      return;
    }
    versions.push(bytes);
    if (bytes !== undefined) this.#carried(path, bytes);
    machine.has.set(path, newest + 1);
  }

  /** Files that a machine has not, or has otherwise. */
  pending(machine: Replicated): string[] {
    const found: string[] = [];
    for (const [path, versions] of this.#files) {
      const newest = versions.length - 1;
      if (machine.has.get(path) === newest || machine.dirty.has(path)) continue;
      if (versions[newest] === undefined && !this.deletes && !this.#vanished.has(path)) continue;
      found.push(path);
    }
    return found;
  }

  /** Somebody deletes a folder; others hear of each file when they come to it. @param there machines on which it is gone at once */
  vanish(folder: string, there: readonly Replicated[]): void {
    for (const [path, versions] of this.#files) {
      if (!path.startsWith(`${folder}/`)) continue;
      this.#vanished.add(path);
      if (versions.at(-1) !== undefined) versions.push(undefined);
    }
    for (const machine of there) {
      machine.disk.remove(folder);
      for (const path of [...machine.dirty]) if (path.startsWith(`${folder}/`)) machine.dirty.delete(path);
      for (const [path, versions] of this.#files)
        if (path.startsWith(`${folder}/`)) machine.has.set(path, versions.length - 1);
    }
  }

  /** Whether a later file of the same folder was taken already. */
  hasBehind(path: string): boolean {
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    return [...this.#files.keys()].some(
      (other) => other.startsWith(folder) && other > path && other.endsWith('.ndjson'),
    );
  }

  /** A folder was put back to an older copy: what others have newer wins. */
  reconcile(machine: Replicated): void {
    for (const [path, versions] of this.#files) {
      const newest = versions.length - 1;
      const isThere = isSame(versions[newest], machine.disk.peek(path));
      if (!isThere && machine.has.get(path) === newest) continue;
      machine.dirty.delete(path);
      machine.has.set(path, isThere ? newest : -1);
    }
  }

  /** A machine that starts with a copy of another one's folder. */
  copied(from: Replicated, to: Replicated): void {
    for (const path of from.disk.paths())
      if (path.startsWith('/shared/')) to.disk.put(path, from.disk.peek(path) ?? new Uint8Array());
    for (const [path, version] of from.has) to.has.set(path, from.dirty.has(path) ? -1 : version);
  }

  /**
   * Brings a file to a machine.
   *
   * @param back how many versions too old it is
   * @param share how much of it arrives (0 to 1); the rest comes another time
   */
  download(machine: Replicated, path: string, back = 0, share = 1): void {
    const versions = this.#files.get(path);
    if (versions === undefined || machine.dirty.has(path)) return;
    const index = Math.max(versions.length - 1 - back, 0);
    const bytes = versions[index];
    if (bytes === undefined) machine.disk.remove(path);
    else machine.disk.put(path, bytes.slice(0, Math.round(bytes.length * share)));
    machine.has.set(path, share === 1 ? index : -1);
  }

  uploadAll(machine: Replicated): void {
    for (const path of [...machine.dirty]) this.upload(machine, path);
  }

  downloadAll(machine: Replicated): void {
    for (const path of this.pending(machine)) this.download(machine, path);
  }
}

/** Whether a file holds all of an earlier version, and more; what is made ahead of the lines is zeros. */
function goesOn(before: Version, after: Version): boolean {
  if (before === undefined || after === undefined) return false;
  let end = before.length;
  while (end > 0 && before[end - 1] === 0) end--;
  return after.length >= end && before.subarray(0, end).every((byte, index) => byte === after[index]);
}

function isSame(left: Version, right: Version): boolean {
  return left?.length === right?.length && (left?.every((byte, index) => byte === right?.[index]) ?? true);
}
