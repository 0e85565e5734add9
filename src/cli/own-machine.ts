import { resolve } from 'node:path';
import { InvalidOptionError } from '../errors.js';
import { streamKey } from '../event/event.js';
import type { FolderStore } from '../store/folder/folder-store.js';
import { segmentsOf, streamDirectory } from '../store/folder/layout.js';
import { takeLock } from '../store/folder/lock.js';
import { nodeFileSystem } from '../store/folder/node-file-system.js';
import { defaultLocalDirectory, readSession } from '../store/folder/session.js';
import { decodeFrontier } from '../store/frontier.js';
import type { StreamListing } from '../store/store.js';
import { existingStore } from './folder.js';

/**
 * Does something to the journals of a master of this machine, while nobody writes them.
 *
 * @param given its private directory, if it is not the default one
 * @throws InvalidOptionError (`INVALID_OPTION`) if there is no such master, or it is another machine's; MasterLockedError (`MASTER_LOCKED`)
 */
export async function whileClosed<T>(
  folder: string,
  master: string,
  given: string | undefined,
  work: (store: FolderStore, own: readonly StreamListing[], local: string) => Promise<T>,
): Promise<T> {
  const store = await existingStore(folder);
  const own = (await store.streams()).filter(({ stream }) => stream.master === master);
  if (own.length === 0) throw new InvalidOptionError(`${folder} holds no journal of a master "${master}"`);
  const local = resolve(given ?? defaultLocalDirectory(store.location, master));
  await refuseOtherMachine(store, own, local);
  const lock = await takeLock(local, master);
  try {
    return await work(store, own, local);
  } finally {
    await lock.release();
  }
}

/** The lock of any other directory than the writer's own would keep nobody from writing. */
async function refuseOtherMachine(store: FolderStore, streams: readonly StreamListing[], local: string): Promise<void> {
  const session = await readSession(nodeFileSystem, local);
  // A crash may leave the folder of an epoch that never began.
  let newest = streams.at(-1);
  for (const listing of streams)
    if ((await segmentsOf(nodeFileSystem, streamDirectory(store.location, listing.stream))).length > 0)
      newest = listing;
  if (newest === undefined) return;
  const { stream, frontier } = newest;
  // Either may be what is damaged.
  const writers = [(await store.header(stream))?.session, decodeFrontier(frontier, store.crc32)?.session];
  if (session !== undefined && (session.epoch === stream.epoch || writers.includes(session.session))) return;
  throw new InvalidOptionError(
    `${local} is not the private directory of the master that writes ${streamKey(stream)}, so its lock says nothing. Pass the directory that the master was opened with (its option \`local\`) as --local, on the machine that it runs on.`,
  );
}
