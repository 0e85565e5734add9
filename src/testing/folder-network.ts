import { MasterLockedError } from '../errors.js';
import type { FolderStoreOptions } from '../store/folder/folder-options.js';
import { FolderStore } from '../store/folder/folder-store.js';
import type { Lock } from '../store/folder/lock.js';
import { SimulatedDisk } from './simulated-disk.js';

/** Where every machine of a network has its copy of the shared folder. */
const ROOT = '/shared';

/** One machine: its disk, and what was delivered to it. */
interface Machine {
  readonly disk: SimulatedDisk;
  readonly locks: Set<string>;
}

/**
 * Several machines, each with its own copy of one shared folder. The file synchroniser between them does nothing until a test decides which file
 * reaches which machine, when, and how much of it.
 *
 * @example
 * ```ts
 * import { FolderNetwork } from 'prevalent/testing';
 *
 * const network = new FolderNetwork(['laptop', 'phone']);
 * network.deliverAll();
 * console.log(network.store('laptop').location); // '/shared'
 * ```
 */
export class FolderNetwork {
  readonly #machines = new Map<string, Machine>();

  /** @param names of the machines; each is the name of the master it runs */
  constructor(names: readonly string[]) {
    for (const name of names) this.add(name);
  }

  /** Adds a machine with an empty folder. */
  add(name: string): void {
    this.#machines.set(name, { disk: new SimulatedDisk(), locks: new Set() });
  }

  /** Names of all machines. */
  names(): string[] {
    return [...this.#machines.keys()];
  }

  /** The disk of a machine. */
  disk(name: string): SimulatedDisk {
    return this.#machine(name).disk;
  }

  /** A store on a machine's copy of the folder; make a new one for each start. */
  store(name: string, options: Pick<FolderStoreOptions, 'segmentBytes'> = {}): FolderStore {
    const { disk, locks } = this.#machine(name);
    return new FolderStore(ROOT, {
      // A machine that has lost its power waits for ever.
      timeLimit: Infinity,
      ...options,
      fileSystem: disk.session(),
      lock: (directory, master) => takeLock(locks, directory, master),
    });
  }

  /** Options of `Master.open` for a machine, with `check: 'replay'`; add `check: 'none'` after them where a test must be fast. */
  place(
    name: string,
    options: Pick<FolderStoreOptions, 'segmentBytes'> = {},
  ): { name: string; store: FolderStore; local: string; check: 'replay' } {
    return { name, store: this.store(name, options), local: '/local', check: 'replay' };
  }

  /** Files of `from` that `to` does not have, or has with other content. Only files that `from` itself writes are carried. */
  pending(from: string, to: string): string[] {
    const source = this.disk(from);
    const target = this.disk(to);
    return source
      .paths()
      .filter((path) => path.startsWith(`${ROOT}/${from}/`) && !path.endsWith('.tmp'))
      .filter((path) => !sameBytes(source.peek(path), target.peek(path)));
  }

  /** Carries one file from a machine to another; `share` (0 to 1) of it, as a transfer that was cut off. */
  deliver(from: string, to: string, path: string, share = 1): void {
    const bytes = this.disk(from).peek(path);
    if (bytes === undefined) return;
    this.disk(to).put(path, bytes.slice(0, Math.round(bytes.length * share)));
  }

  /** Carries everything to everybody. */
  deliverAll(): void {
    for (const from of this.#machines.keys()) {
      for (const to of this.#machines.keys()) {
        if (from === to) continue;
        for (const path of this.pending(from, to)) this.deliver(from, to, path);
      }
    }
  }

  /** The locks that are held on a machine become invisible, as from another container. */
  blind(name: string): void {
    this.#machine(name).locks.clear();
  }

  /** A machine loses its power: unsynced bytes are lost, except a share (see `SimulatedDisk.crash`), and its locks are released. */
  crash(name: string, keep: (path: string) => number = () => 0, keepName?: (path: string) => boolean): void {
    const machine = this.#machine(name);
    machine.locks.clear();
    machine.disk.fault = () => undefined;
    machine.disk.crash(keep, keepName);
  }

  #machine(name: string): Machine {
    const machine = this.#machines.get(name);
    if (machine === undefined) throw new Error(`There is no machine ${name} in this network`);
    return machine;
  }
}

async function takeLock(locks: Set<string>, directory: string, master: string): Promise<Lock> {
  const key = `${directory} ${master}`;
  if (locks.has(key)) throw new MasterLockedError(`The master "${master}" is open already on this simulated machine`);
  locks.add(key);
  return {
    release: async () => {
      locks.delete(key);
    },
  };
}

function sameBytes(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  if (left === undefined || right === undefined || left.length !== right.length) return false;
  return left.every((byte, index) => byte === right[index]);
}
