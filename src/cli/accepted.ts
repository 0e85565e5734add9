import { counted } from '../article.js';
import { type StreamHeader, streamKey } from '../event/event.js';
import { streamOf } from '../protocol/vector.js';
import type { FolderStore } from '../store/folder/folder-store.js';
import { decodeFrontier } from '../store/frontier.js';
import type { StreamListing } from '../store/store.js';
import type { StandIns } from './stand-ins.js';

/** Events that a master says it has accepted, and that the folder does not hold. */
interface Absent {
  /** The stream's key. */
  readonly key: string;
  /** Number of the last event that is published; 0 if nothing is there. */
  readonly there: number;
  /** The greatest number that anybody has accepted, and who that is. */
  readonly accepted: number;
  readonly by: string;
}

/**
 * By stream, what masters have accepted beyond what is published: it vanished, went back, or has not arrived in this copy of the folder. What a
 * snapshot stands in for, or was issued again in another stream, is none of it.
 */
export async function absentIn(
  store: FolderStore,
  listings: readonly StreamListing[],
  standIns: StandIns,
): Promise<ReadonlyMap<string, string>> {
  const heads = new Map<string, number>();
  const most = new Map<string, { accepted: number; by: string }>();
  for (const { stream, frontier: text } of listings) {
    const frontier = decodeFrontier(text, store.crc32);
    if (frontier === undefined) continue;
    heads.set(streamKey(stream), frontier.head?.seq ?? 0);
    for (const [key, accepted] of Object.entries(frontier.seen))
      if (accepted > (most.get(key)?.accepted ?? 0)) most.set(key, { accepted, by: stream.master });
  }
  const moved = await movedIn(store, listings);
  const found = new Map<string, string>();
  for (const [key, { accepted, by }] of most) {
    const there = heads.get(key) ?? 0;
    if (accepted <= Math.max(there, standIns.get(key)?.upTo ?? 0, moved.get(key) ?? 0)) continue;
    found.set(key, textOf({ key, there, accepted, by }));
  }
  return found;
}

/** By stream, up to which event its calls were issued again in another one. */
async function movedIn(store: FolderStore, listings: readonly StreamListing[]): Promise<Map<string, number>> {
  const moved = new Map<string, number>();
  for (const { stream } of listings) {
    const header: StreamHeader | undefined = await store.header(stream);
    for (const [epoch, upTo] of Object.entries(header?.moved ?? {})) {
      const key = streamKey({ master: stream.master, epoch });
      moved.set(key, Math.max(moved.get(key) ?? 0, upTo));
    }
  }
  return moved;
}

function textOf({ key, there, accepted, by }: Absent): string {
  const { master } = streamOf(key);
  const what = there === 0 ? `the journal of ${key} is not here` : `the journal of ${key} ends with event ${there}`;
  return (
    `${what}, but ${by} has accepted ${counted(accepted, 'event')} of it: it vanished or went back, or has not arrived here yet. ` +
    `${by} keeps them. Sync the folder, or put the files of ${master} back from another copy`
  );
}
