import type { WatchedDisk } from './watched-disk.js';

/** What a file was at one moment; `undefined`: it had been deleted. */
type Version = Uint8Array | undefined;

/** One machine, as a file synchroniser sees it. */
export class Replicated {
  readonly disk: WatchedDisk;
  /** Changed here and not uploaded yet, in the order of the last change. */
  readonly dirty = new Set<string>();
  /** Which version of a file this machine has. */
  readonly has = new Map<string, number>();

  constructor(disk: WatchedDisk) {
    this.disk = disk;
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
  readonly deletes: boolean;

  /** @param deletes whether deletions are carried at all */
  constructor(deletes: boolean) {
    this.deletes = deletes;
  }

  /** Takes what a machine changed; a file that another machine wrote and has changed since stays as that one has it. */
  upload(machine: Replicated, path: string): void {
    if (!machine.dirty.delete(path)) return;
    const versions = this.#files.get(path) ?? [];
    this.#files.set(path, versions);
    const owner = this.#owners.get(path) ?? machine;
    this.#owners.set(path, owner);
    const newest = versions.length - 1;
    if (owner !== machine && (machine.has.get(path) ?? -1) !== newest) {
      machine.has.set(path, -1);
      return;
    }
    versions.push(machine.disk.peek(path)?.slice());
    machine.has.set(path, newest + 1);
  }

  /** Files that a machine has not, or has otherwise. */
  pending(machine: Replicated): string[] {
    const found: string[] = [];
    for (const [path, versions] of this.#files) {
      const newest = versions.length - 1;
      if (machine.has.get(path) === newest || machine.dirty.has(path)) continue;
      if (versions[newest] === undefined && !this.deletes) continue;
      found.push(path);
    }
    return found;
  }

  /** How many versions of a file there are. */
  versions(path: string): number {
    return this.#files.get(path)?.length ?? 0;
  }

  /** The newest version of a file. */
  newest(path: string): Version {
    return this.#files.get(path)?.at(-1);
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
