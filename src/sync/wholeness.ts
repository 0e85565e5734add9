import { type Event, streamKey } from '../event/envelope.js';
import type { Entry } from '../timeline/entry.js';
import type { Base } from '../timeline/fold.js';
import type { VersionVector } from '../timeline/timeline.js';

/** Pure questions about what was read: is it whole, and what did it change. */

/** Calls made while the store was read are in memory only. */
export function withUnread(
  base: Base,
  read: readonly Event[],
  entries: readonly Entry[],
  ended: VersionVector,
): Event[] {
  const known = new Set(read.map(({ id }) => id));
  const unread = entries
    .map(({ event }) => event)
    .filter((event) => {
      const key = streamKey(event);
      const counts = event.seq > (base.vector.get(key) ?? 0) && event.seq <= (ended.get(key) ?? Infinity);
      return counts && !known.has(event.id);
    });
  return [...read, ...unread].sort((left, right) => (left.id < right.id ? -1 : 1));
}

/** The first event that is missing for a state of all `accepted` that counts, built from a base and events in ULID order. */
export function firstMissing(
  base: Base,
  events: readonly Event[],
  accepted: VersionVector,
  ended: VersionVector,
): { key: string; seq: number } | undefined {
  const last = new Map(base.vector);
  for (const event of events) {
    const key = streamKey(event);
    const seq = (last.get(key) ?? 0) + 1;
    if (event.seq !== seq || event.id <= base.position) return { key, seq };
    last.set(key, seq);
  }
  for (const [key, count] of accepted) {
    const seq = (last.get(key) ?? 0) + 1;
    if (seq <= Math.min(count, ended.get(key) ?? Infinity)) return { key, seq };
  }
  return undefined;
}

/** Earlier events that are rejected now and were not, or the other way round. */
export function changedOutcomes(
  before: ReadonlyMap<string, Entry>,
  now: readonly Entry[],
  received: readonly Event[],
): Entry[] {
  // As a rule nothing is rejected, and there may be very many events.
  if (before.size === 0 && now.length === 0) return [];
  const fresh = new Set(received.map(({ id }) => id));
  const after = new Set(now.map(({ event }) => event.id));
  const rejected = now.filter(({ event }) => !before.has(event.id) && !fresh.has(event.id));
  const applied = [...before.values()]
    .filter(({ event }) => !after.has(event.id))
    .map(({ event }) => ({ event, undo: undefined, error: undefined }));
  return [...rejected, ...applied];
}
