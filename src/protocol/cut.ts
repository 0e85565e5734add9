import { counted } from '../article.js';
import { JournalDamagedError } from '../errors.js';
import { streamKey } from '../event/event.js';
import type { Seal } from '../store/frontier.js';
import type { VersionVector } from '../timeline/timeline.js';
import type { Facts, Refusal } from './facts.js';
import { counts, namedIn, sealHash } from './seal.js';
import type { Lookup } from './seen.js';
import { isInStream, streamOf } from './vector.js';

/**
 * Which streams end, and where: the only answer. Under a seal a stream ends, for good, behind the events that the seal names, if the next
 * one of it does not count. That one may stand in the state, among lines that were just read, or in an own journal. Where it is gone, the
 * word of its master, who went on in another stream because of the cut, is as good.
 *
 * Invariants: a stream that has ended stays so, and ends where it did; nothing that counts lies behind its end.
 */

/** The first events that a seal does not name, as far as they are known: id by stream. */
export type NextIds = ReadonlyMap<string, string>;

/** Whether what a seal names of a stream is all of it that counts. @param next id of the event behind that */
export function endsThere(seal: Seal, key: string, next: string): boolean {
  const seq = namedIn(seal, key) + 1;
  return !counts({ ...streamOf(key), id: next, seq }, seal);
}

/** Whether an event that cannot be read counts under a seal made before its stream began: it is younger than its epoch, by the clock that made both. */
function isYounger(key: string, seal: Seal): boolean {
  return streamOf(key).epoch > seal.H;
}

/** The streams that end, those that had ended before included. @param next of each stream, the first event the seal does not name */
export function cutStreams(before: VersionVector, seal: Seal | undefined, next: NextIds): VersionVector {
  if (seal === undefined || next.size === 0) return before;
  const cut = new Map(before);
  for (const [key, id] of next) if (!cut.has(key) && endsThere(seal, key, id)) cut.set(key, namedIn(seal, key));
  return cut;
}

/** How many events of a stream count, as far as known: without end, until it has ended. */
export function endOf(cut: VersionVector, key: string): number {
  return cut.get(key) ?? Infinity;
}

/** Whether a state with this vector holds events behind the end of their stream. */
export function goesBeyond(vector: VersionVector, cut: VersionVector): boolean {
  return [...cut.keys()].some((key) => (vector.get(key) ?? 0) > endOf(cut, key));
}

/** The streams of a state that end under a seal it does not obey yet. Looked through once for each seal. */
export function cutInState(facts: Facts, look: Lookup): VersionVector | Refusal {
  const { seal, state, location } = facts;
  if (seal === undefined || facts.isObeyed) return facts.cut;
  const next = new Map<string, string>();
  const unread = new Map<string, number>();
  for (const [key, count] of state.accepted) {
    const named = namedIn(seal, key);
    if (count <= named) continue;
    const entry = state.entries.find(({ event }) => event.seq === named + 1 && isInStream(event, key));
    const id = entry?.event.id ?? look.idOf(key, named + 1);
    if (id !== undefined) next.set(key, id);
    else if (!isYounger(key, seal)) unread.set(key, count);
  }
  const cut = new Map(cutStreams(facts.cut, seal, next));
  if (unread.size === 0) return cut;
  const moved = movedStreams(look);
  for (const [key, count] of unread) {
    const named = namedIn(seal, key);
    if (moved.has(key)) cut.set(key, named);
    else
      return {
        kind: 'refusal',
        own: false,
        error: new JournalDamagedError(
          `Seal ${seal.no} names ${counted(named, 'event')} of ${key}, of which ${count} were merged here; event ${named + 1} cannot be read in ${location}, so it is not known whether it still counts. ` +
            'Nothing was changed; sync the folder again.',
        ),
      };
  }
  return cut;
}

/** Streams that their masters say they go on with elsewhere, because a seal cut them. */
function movedStreams(look: Lookup): ReadonlySet<string> {
  const moved = new Set<string>();
  for (const { stream } of look.heard)
    for (const epoch of Object.keys(look.header(stream)?.moved ?? {}))
      moved.add(streamKey({ master: stream.master, epoch }));
  return moved;
}

/** What a snapshot says of the events in it. */
interface Saying {
  readonly vector: VersionVector;
  /** Hash of the seal that its state obeyed. */
  readonly under?: string | undefined;
}

/** Whether a snapshot holds nothing that does not count under a seal, as far as that can be told. */
export function obeys({ vector, under }: Saying, seal: Seal | undefined, look: Lookup): boolean {
  if (seal === undefined || under === sealHash(seal)) return true;
  for (const [key, count] of vector) {
    const named = namedIn(seal, key);
    if (count <= named) continue;
    const id = look.idOf(key, named + 1);
    if (id === undefined ? !isYounger(key, seal) : endsThere(seal, key, id)) return false;
  }
  return true;
}
