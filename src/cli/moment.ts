import { type StreamId, streamKey } from '../event/event.js';
import type { FolderStore } from '../store/folder/folder-store.js';
import { decodeFrontier, type Frontier } from '../store/frontier.js';
import type { StreamListing } from '../store/store.js';
import { ATTEMPTS, sameTexts } from './steady-look.js';

/** A stream whose master has published something. */
export interface Published {
  readonly stream: StreamId;
  readonly text: string;
  readonly frontier: Frontier;
}

/** What a folder offers at one moment. */
export interface Moment {
  readonly published: readonly Published[];
  /** Streams of which the frontier is damaged, refused by the system, or of a newer version. */
  readonly unreadable: readonly StreamId[];
  /**
   * By stream, positions of the snapshots that were there before a frontier was read. What they hold was published by then: a
   * journal that holds less went back, or was deleted.
   */
  readonly snapshots: ReadonlyMap<string, readonly string[]>;
  /** Everything that was read to find it. */
  readonly listings: readonly StreamListing[];
}

/**
 * A moment at which no seal names more than is published and every published snapshot is there; else, once nobody changes
 * anything, what there is.
 */
export async function consistentMoment(store: FolderStore): Promise<Moment> {
  let before = await store.streams();
  for (let attempt = 1; ; attempt++) {
    const snapshots = await snapshotsOf(store, before);
    const listings = await store.streams();
    const moment = { ...decoded(store, listings), snapshots, listings };
    if (isWhole(moment) || attempt >= ATTEMPTS || sameTexts(before, listings)) return moment;
    before = listings;
  }
}

/** By stream, the number of its last published event. */
export function headsOf({ published }: Moment): ReadonlyMap<string, number> {
  return new Map(published.map(({ stream, frontier }) => [streamKey(stream), frontier.head?.seq ?? 0]));
}

/** By stream, how many of its events are sealed. */
export function sealedOf({ published }: Moment): ReadonlyMap<string, number> {
  const sealed = new Map<string, number>();
  for (const { frontier } of published)
    for (const [key, count] of Object.entries(frontier.seal?.V ?? {}))
      sealed.set(key, Math.max(count, sealed.get(key) ?? 0));
  return sealed;
}

async function snapshotsOf(
  store: FolderStore,
  listings: readonly StreamListing[],
): Promise<Map<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  for (const { stream } of listings)
    found.set(
      streamKey(stream),
      (await store.snapshots(stream)).map(({ position }) => position),
    );
  return found;
}

function decoded(store: FolderStore, listings: readonly StreamListing[]): Pick<Moment, 'published' | 'unreadable'> {
  const published: Published[] = [];
  const unreadable: StreamId[] = [];
  for (const { stream, frontier: text } of listings) {
    const frontier = decodeFrontier(text, store.crc32);
    if (text !== undefined && frontier !== undefined) published.push({ stream, text, frontier });
    else if (text !== undefined || store.trouble(stream) !== undefined) unreadable.push(stream);
  }
  return { published, unreadable };
}

function isWhole(moment: Moment): boolean {
  const heads = headsOf(moment);
  // A stream that is not there at all was deleted.
  const isPublished = [...sealedOf(moment)].every(([key, count]) => count <= (heads.get(key) ?? count));
  const hasSnapshots = moment.published.every(({ stream, frontier: { snapshot } }) => {
    return snapshot === undefined || moment.snapshots.get(streamKey(stream))?.includes(snapshot.position) === true;
  });
  return isPublished && hasSnapshots;
}
