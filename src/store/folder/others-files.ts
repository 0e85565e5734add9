import type { FileSystem } from './file-system.js';

/** What is read of others. */
type Reading = Pick<FileSystem, 'readdir' | 'read' | 'size'>;

/** Where a file system is read for others, and for how long. */
export interface Bounds {
  /** The shared folder. */
  readonly root: string;
  /** Masters whose files are read without a limit. */
  readonly mine: ReadonlySet<string>;
  /** How long (ms) one operation may take; Infinity for ever. */
  readonly limit: number;
}

// Taken when the module is loaded: inside a transaction the globals are others.
const { setTimeout: later, clearTimeout: forget } = globalThis;

/**
 * How many operations on others' files run at once. A file that hangs (an evicted cloud file, a dead network drive) keeps one of Node's few
 * threads for good, and nothing can free it; one is always left for the own journal.
 */
export class Lanes {
  readonly #count: number;
  #free: number;
  #hanging = 0;
  readonly #queue: (() => void)[] = [];

  /** @param threads of the process */
  constructor(threads: number) {
    this.#count = this.#free = Math.max(1, threads - 1);
  }

  /** Whether nothing that waits would get its turn. */
  get areBlocked(): boolean {
    return this.#hanging === this.#count;
  }

  /** Calls `begin` when a lane is free, which `leave` gives back. */
  enter(begin: () => void): void {
    if (this.#free === 0) {
      this.#queue.push(begin);
      return;
    }
    this.#free--;
    begin();
  }

  leave(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#free++;
    else next();
  }

  /** What runs in a lane hangs (1), or came back after all (-1). */
  hang(change: 1 | -1): void {
    this.#hanging += change;
  }
}

/**
 * A file system whose reading of others' files ends, with ETIMEDOUT, when its time is over. As long as an operation in one master's folder
 * hangs, no other is begun there: each hanging master takes one lane.
 */
export function impatient(fs: FileSystem, bounds: Bounds, lanes: Lanes): FileSystem {
  const reader = new OthersFiles(bounds, lanes);
  const reading: Reading = {
    readdir: (directory) => reader.run(directory, () => fs.readdir(directory)),
    read: (file, from, length) => reader.run(file, () => fs.read(file, from, length)),
    size: (file) => reader.run(file, () => fs.size(file)),
  };
  return { ...fs, ...reading };
}

class OthersFiles {
  readonly #bounds: Bounds;
  readonly #lanes: Lanes;
  /** Folders in which operations hang, with how many do. */
  readonly #hanging = new Map<string, number>();

  constructor(bounds: Bounds, lanes: Lanes) {
    this.#bounds = bounds;
    this.#lanes = lanes;
  }

  run<T>(path: string, work: () => Promise<T>): Promise<T> {
    const { root, mine, limit } = this.#bounds;
    const [folder = ''] = path.slice(root.length + 1).split('/', 1);
    if (limit === Infinity || mine.has(folder)) return work();
    // The shared folder itself is no other master's: where its listing hangs, the own journal does as well.
    const lanes = folder === '' ? undefined : this.#lanes;
    if (this.#hanging.has(folder) || lanes?.areBlocked === true) return Promise.reject(timedOut(path, limit));
    return new Promise<T>((resolve, reject) => {
      let state: 'waiting' | 'running' | 'hanging' | 'given up' = 'waiting';
      const timer = later(() => {
        state = state === 'running' ? 'hanging' : 'given up';
        if (state === 'hanging') this.#hang(folder, 1, lanes);
        reject(timedOut(path, limit));
      }, limit);
      const ended = (): void => {
        forget(timer);
        if (state === 'hanging') this.#hang(folder, -1, lanes);
        lanes?.leave();
      };
      const begin = (): void => {
        // Its time was over before its turn came, or something before it hangs.
        if (state === 'given up' || this.#hanging.has(folder)) {
          reject(timedOut(path, limit));
          ended();
          return;
        }
        state = 'running';
        void work().then(resolve, reject).finally(ended);
      };
      if (lanes === undefined) begin();
      else lanes.enter(begin);
    });
  }

  #hang(folder: string, change: 1 | -1, lanes: Lanes | undefined): void {
    lanes?.hang(change);
    const count = (this.#hanging.get(folder) ?? 0) + change;
    if (count > 0) this.#hanging.set(folder, count);
    else this.#hanging.delete(folder);
  }
}

function timedOut(path: string, limit: number): Error {
  return Object.assign(new Error(`ETIMEDOUT: nothing came within ${limit} ms, read '${path}'`), { code: 'ETIMEDOUT' });
}
