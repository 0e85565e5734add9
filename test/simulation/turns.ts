import type { FileSystem, OpenFile } from '../../src/store/folder/file-system.js';
import type { Dice } from './dice.js';

/** Lets several processes use one disk at the same time: what waits for it goes on one by one, in an order that dice decide. */
export class Turns {
  readonly #dice: Dice;
  readonly #waiting: (() => void)[] = [];

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  /** The same file system, each of whose operations waits for its turn. */
  guard(fs: FileSystem): FileSystem {
    return this.#waits(fs, (result) => (isOpenFile(result) ? this.#waits(result, (same) => same) : result));
  }

  /** Resolves when it is this one's turn. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Until all of this work is done. @param check looks at the disk after each turn */
  async run(work: readonly Promise<void>[], check: () => void): Promise<void> {
    const state = { isDone: false };
    const all = Promise.all(work).finally(() => {
      state.isDone = true;
    });
    // Its failure is told at the end.
    all.catch(() => undefined);
    while (!state.isDone) {
      // Whatever can happen without the disk happens first.
      await new Promise((resolve) => setImmediate(resolve));
      const [next] = this.#waiting.splice(this.#dice.below(this.#waiting.length), 1);
      next?.();
      check();
    }
    await all;
  }

  #waits<T extends object>(target: T, wrap: (result: unknown) => unknown): T {
    return new Proxy(target, {
      get: (_, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        const operation = value.bind(target) as (...args: unknown[]) => unknown;
        if (String(name).endsWith('Now')) return (...args: unknown[]) => wrap(operation(...args));
        return async (...args: unknown[]) => {
          await this.next();
          return wrap(await operation(...args));
        };
      },
    });
  }
}

function isOpenFile(value: unknown): value is OpenFile {
  return typeof value === 'object' && value !== null && 'truncateNow' in value;
}
