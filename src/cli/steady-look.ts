import { streamKey } from '../event/event.js';
import type { FolderStore } from '../store/folder/folder-store.js';
import type { StreamListing } from '../store/store.js';

/** How often something is looked at again because running masters changed it meanwhile. */
export const ATTEMPTS = 10;

/**
 * Looks at a folder, and again if what was found is not good while somebody published something: a master may have published a
 * snapshot meanwhile, and deleted what it stands in for.
 */
export async function steadyLook<T>(
  store: FolderStore,
  look: (listings: readonly StreamListing[]) => Promise<T>,
  isGood: (found: T) => boolean,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const listings = await store.streams();
    const found = await look(listings);
    if (isGood(found) || attempt >= ATTEMPTS || sameTexts(listings, await store.streams())) return found;
  }
}

/** Tells whether nobody published anything between two looks at a folder. */
export function sameTexts(before: readonly StreamListing[], after: readonly StreamListing[]): boolean {
  const texts = (listings: readonly StreamListing[]): string =>
    JSON.stringify(listings.map(({ stream, frontier }) => [streamKey(stream), frontier]));
  return texts(before) === texts(after);
}
