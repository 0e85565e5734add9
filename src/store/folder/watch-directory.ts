import { realpath } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import { StoreUnreachableError } from '../../errors.js';
import type { StoreListener } from '../store.js';

/** Tells of changes below a directory of this machine: see `FileSystem.watch`. Symbolic links in it are not followed. */
export async function watchDirectory(
  directory: string,
  follows: (names: readonly string[]) => boolean,
  listener: StoreListener,
): Promise<() => Promise<void>> {
  // Loaded only where something is watched.
  const { watch } = await import('chokidar');
  const root = await realpath(directory);
  const namesOf = (path: string): string[] => relative(root, path).split(sep).filter(Boolean);
  const watcher = watch(root, {
    ignoreInitial: true,
    followSymlinks: false,
    ignorePermissionErrors: true,
    ignored: (path) => !follows(namesOf(path)),
  });
  watcher.on('all', () => {
    listener.changed();
  });
  // One for all: where a system refuses one watch, it refuses many.
  watcher.once('error', (error) => {
    watcher.on('error', () => undefined);
    listener.failed(unwatched(directory, error));
  });
  await new Promise<void>((resolve) => {
    watcher.once('ready', resolve);
  });
  // What came between the last sync and the first watch was not seen.
  listener.changed();
  return () => watcher.close();
}

function unwatched(directory: string, cause: unknown): StoreUnreachableError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StoreUnreachableError(
    `${directory} cannot be watched as a whole (${why}). It is still looked at every autoSync.everyMs; raise the system's limit of watched files, or give autoSync: { watch: false }.`,
    { cause },
  );
}
