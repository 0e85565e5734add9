import { compareEvents, type Event, streamKey } from '../event/event.js';
import { StreamCounts } from '../timeline/stream-counts.js';
import type { VersionVector } from '../timeline/timeline.js';

/**
 * Version vectors: how many events, from the first, of each stream. A stream that is not named has none.
 *
 * Invariant: a vector that a state or a snapshot has is reached by accepting events of each stream in the order of their numbers.
 */

/** The vector of a state that holds `vector`, and these events as well. */
export function reached(vector: VersionVector, events: readonly Event[]): VersionVector {
  const counts = new StreamCounts(vector);
  for (const event of events) counts.note(event);
  return counts.vector;
}

/** The vector of the moment `position` in a history: what lies at its base, and the entries behind it, in ULID order. */
export function vectorAt(
  base: VersionVector,
  entries: readonly { readonly event: Event }[],
  position: string,
): VersionVector {
  const counts = new StreamCounts(base);
  for (const { event } of entries) {
    if (event.id > position) break;
    counts.note(event);
  }
  return counts.vector;
}

/** Events in their total order: the same list if they are. */
export function inOrder(events: readonly Event[]): readonly Event[] {
  // As a rule they come of one stream, and looking is much cheaper than sorting.
  for (let i = 1; i < events.length; i++)
    if (compareEvents(events[i - 1] as Event, events[i] as Event) > 0) return [...events].sort(compareEvents);
  return events;
}

/** The stream that a key names. */
export function streamOf(key: string): { readonly master: string; readonly epoch: string } {
  const [master = '', epoch = ''] = key.split('@');
  return { master, epoch };
}

/** Whether an event is of the stream with this key. */
export function isInStream(event: Event, key: string): boolean {
  return streamKey(event) === key;
}
