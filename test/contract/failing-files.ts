/** The files of this machine, of which one operation fails when a test says so. */
import type { FileSystem, OpenFile } from '../../src/store/folder/file-system.js';
import { nodeFileSystem } from '../../src/store/folder/node-file-system.js';
import type { Faults } from '../../src/testing/index.js';
import { stride } from '../effort.js';

const EVERY = stride(8);
/** What a system refuses when a disk is full or breaks. */
const FAILS = /^(readdir|read|write|sync|truncate|rename|unlink|open|mkdir|syncDirectory)(Now)?$/;

export class FailingFiles implements Faults {
  #count = 0;
  #at = -1;
  readonly fileSystem: FileSystem = this.#failing(nodeFileSystem);

  /** How many times one can fail: in a quick run, only every eighth operation does. */
  count(): number {
    return Math.ceil(this.#count / EVERY);
  }

  fail(at: number): void {
    [this.#count, this.#at] = [0, at * EVERY];
  }

  heal(): void {
    [this.#count, this.#at] = [0, -1];
  }

  #failing<T extends FileSystem | OpenFile>(files: T): T {
    return new Proxy(files, {
      get: (target, name: string): unknown => {
        const member = Reflect.get(target, name) as unknown;
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          if (FAILS.test(name) && this.#count++ === this.#at) return refused(name);
          // Hundreds of lives: the power stays on, and nothing has to be waited for.
          if (this.#at >= 0 && name.startsWith('sync')) return name.endsWith('Now') ? undefined : Promise.resolve();
          const result = Reflect.apply(member, target, args) as unknown;
          if (name === 'openNow') return this.#failing(result as OpenFile);
          if (name === 'open') return (result as Promise<OpenFile>).then((file) => this.#failing(file));
          return result;
        };
      },
    });
  }
}

/** At once, or by its promise, as the operation would. */
function refused(name: string): Promise<never> {
  const error = Object.assign(new Error(`ENOSPC: ${name}`), { code: 'ENOSPC' });
  if (name.endsWith('Now')) throw error;
  return Promise.reject(error);
}
