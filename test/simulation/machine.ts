import { MasterLockedError } from '../../src/errors.js';
import { FolderStore, type Master } from '../../src/index.js';
import type { Seal } from '../../src/store/frontier.js';
import type { Board } from './board.js';
import type { Chronicle } from './chronicle.js';
import { Dice } from './dice.js';
import { Replicated } from './synchroniser.js';
import { WatchedDisk } from './watched-disk.js';

/** The power fails: thrown into what a process was doing to its disk. */
export class PowerCut extends Error {}

/** What a master holds whole up to a seal: nothing comes in there any more, goes out, or comes out otherwise. */
export interface Final {
  readonly seal: Seal;
  /** Events up to the seal that were rejected. */
  readonly rejected: readonly string[];
}

/** One computer with its disk, and the process that runs on it now. */
export class Machine {
  /** Name of the machine. */
  readonly label: string;
  /** Name of its master. */
  readonly name: string;
  readonly disk: WatchedDisk;
  readonly files: Replicated;
  readonly random: Dice;
  /** How far its clock is off (ms). */
  offset = 0;
  master: Master<Board> | undefined;
  /** Its last sync could not do what it should. */
  isRefused = false;
  /** A backup was restored, perhaps one from before its first start: whoever did it knows that the folder may be empty. */
  isRestored = false;
  /** What its master will never touch again. */
  final: Final | undefined;
  /** Events of streams that are in no file here any more, which its master has seen: it keeps them for good. */
  readonly kept = new Map<string, number>();
  /** Ids of the events that its master has applied for the first time since it was last looked at. */
  readonly applied: string[] = [];
  /** How often its power has failed. */
  cuts = 0;
  /** It never comes back. */
  isGone = false;
  #backup: ReadonlyMap<string, Uint8Array> | undefined;
  #locks = new Set<string>();
  #ended: { readonly promise: Promise<never>; readonly reject: (error: PowerCut) => void };

  constructor(label: string, name: string, chronicle: Chronicle, seed: number) {
    this.label = label;
    this.name = name;
    this.random = new Dice(seed);
    this.disk = new WatchedDisk({
      touched: (path) => {
        if (path.startsWith('/shared/') && !path.endsWith('.tmp') && !path.endsWith('.torn')) this.files.touch(path);
      },
      changed: (path, before, after) => {
        chronicle.changed(this.disk, path, before, after);
      },
    });
    this.files = new Replicated(this.disk);
    this.#ended = ending();
  }

  /** A store for the next process. */
  store(segmentBytes: number): FolderStore {
    const locks = this.#locks;
    return new FolderStore('/shared', {
      // A machine that has lost its power waits for ever.
      timeLimit: Infinity,
      fileSystem: this.disk.session(),
      segmentBytes,
      lock: async (directory) => {
        if (locks.has(directory)) throw new MasterLockedError(`${directory} is locked`);
        locks.add(directory);
        return {
          release: async () => {
            locks.delete(directory);
          },
        };
      },
    });
  }

  /** Nobody sees the locks of its processes any more, as from another container. */
  unlock(): void {
    this.#locks = new Set();
  }

  /** Waits for what a process does; rejects with `PowerCut` if that ends before. */
  async during<T>(begin: () => Promise<T>): Promise<T> {
    // The power may fail before the first thing is awaited.
    const { promise } = this.#ended;
    const work = begin();
    work.catch(() => undefined);
    return Promise.race([work, promise]);
  }

  /** Copies what is on the disk now. */
  backUp(): void {
    this.files.backUp();
    this.#backup = new Map(this.disk.paths().map((path) => [path, this.disk.peek(path) ?? new Uint8Array()]));
  }

  get hasBackup(): boolean {
    return this.#backup !== undefined;
  }

  /** Puts the folders below `root` back to what was copied. */
  restore(root: string): void {
    this.isRestored = true;
    this.kept.clear();
    if (this.#backup === undefined) return;
    if (root === '/shared/') this.files.restore();
    for (const path of this.disk.paths()) if (path.startsWith(root)) this.disk.remove(path);
    for (const [path, bytes] of this.#backup) if (path.startsWith(root)) this.disk.put(path, bytes);
  }

  /** The process is gone, and nothing of it reaches the disk any more. */
  cutPower(dice: Dice): PowerCut {
    this.cuts++;
    this.disk.disarm();
    this.disk.crash(() => (dice.chance(0.5) ? dice.next() : 0));
    this.disk.noteAll();
    this.#locks = new Set();
    this.master = undefined;
    const cut = new PowerCut(`${this.label} has lost its power`);
    this.#ended.reject(cut);
    this.#ended = ending();
    return cut;
  }
}

function ending(): { readonly promise: Promise<never>; readonly reject: (error: PowerCut) => void } {
  let reject: (error: PowerCut) => void = () => undefined;
  const promise = new Promise<never>((_, fail) => {
    reject = fail;
  });
  promise.catch(() => undefined);
  return { promise, reject };
}
