import { InvalidOptionError } from '../errors.js';
import type { Store } from './store.js';

/** What a path stands for, where there are paths: the entry point of the platform says so. */
let storeAt: ((path: string) => Store) | undefined;

/** Lets `store` be a path from now on. Called once, by the entry point of a platform that has a file system. */
export function usePaths(open: (path: string) => Store): void {
  storeAt = open;
}

/**
 * The store that the option `store` means.
 *
 * @throws InvalidOptionError (`INVALID_OPTION`) for what is no store, and for a path where there is no file system
 */
export function storeOf(store: string | Store): Store {
  if (typeof store === 'string') {
    if (storeAt !== undefined) return storeAt(store);
    throw new InvalidOptionError(
      `store: ${JSON.stringify(store)} is a path, and there is no file system here. Give a store: new MemoryStore(), or one of your own.`,
    );
  }
  if (typeof (store as Partial<Store> | undefined)?.open === 'function') return store;
  throw new InvalidOptionError('store: give the path of a shared folder, or a store such as new MemoryStore()');
}
