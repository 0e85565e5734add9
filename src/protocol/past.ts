import { HistoryDeletedError, JournalDamagedError } from '../errors.js';
import { type Event, streamKey } from '../event/event.js';
import { idTime } from '../event/ulid-clock.js';
import type { Base } from '../timeline/fold.js';
import { candidates } from './base.js';
import { obeys } from './cut.js';
import type { Facts, Refusal } from './facts.js';
import { Lookup, type Need, type Seen } from './seen.js';
import { inOrder, streamOf } from './vector.js';

/**
 * From where the history can be read: from genesis, if it is whole; else from the newest snapshot not after the point that is asked for.
 *
 * Invariant: all events behind the base that the state holds are there, and none of them is at or before it.
 */

/** A moment to start from, and all events after it. */
export interface Stretch {
  readonly kind: 'stretch';
  readonly base: Base;
  readonly events: readonly Event[];
}

/** The newest moment not after a point from which the history can be read. */
export function stretchTo(facts: Facts, seen: Seen, point: string): Need | Refusal | Stretch {
  const look = new Lookup(seen);
  const stretch = stretchOf(facts, look, point);
  return look.isIncomplete() ? look.need : stretch;
}

function stretchOf(facts: Facts, look: Lookup, point: string): Refusal | Stretch {
  const { seal, location, state } = facts;
  const whole = eventsAfter(facts, state.genesis, look);
  if ('events' in whole) return { kind: 'stretch', base: state.genesis, events: whole.events };
  let oldest: string | undefined;
  for (const { stream, listing } of look.isIncomplete() ? [] : candidates(seal, look)) {
    const { base } = look.snapshot(stream, listing);
    if (look.isIncomplete()) break;
    if (base === undefined || !obeys(base.vector, seal, look)) continue;
    const behind = eventsAfter(facts, base, look);
    if (look.isIncomplete()) break;
    if (!('events' in behind) || (behind.events[0]?.id ?? '~') <= base.position) {
      look.drop(stream, listing);
      continue;
    }
    if (base.position <= point) return { kind: 'stretch', base, events: behind.events };
    oldest = base.position;
  }
  const { key, seq } = whole.missing;
  if (oldest !== undefined && seq <= (seal?.V[key] ?? 0))
    return refusal(
      new HistoryDeletedError(
        `History up to ${oldest} (${new Date(idTime(oldest)).toISOString()}) was deleted; what is left begins there. Ask for a later point, or for events after it.`,
      ),
    );
  return refusal(
    new JournalDamagedError(
      `Event ${seq} of ${key} cannot be read in ${location}, so the history is not whole. Sync the folder again, or restore that journal from another copy.`,
    ),
  );
}

function refusal(error: Refusal['error']): Refusal {
  return { kind: 'refusal', own: false, error };
}

/** The events of a state after a base, in ULID order; the first one that cannot be read, if there is one. */
function eventsAfter(
  { state }: Facts,
  { vector }: Base,
  look: Lookup,
): { readonly events: readonly Event[] } | { readonly missing: { readonly key: string; readonly seq: number } } {
  // Events that are in memory are perhaps not in the store yet.
  const inMemory = new Map(state.entries.map(({ event }) => [`${streamKey(event)}#${event.seq}`, event]));
  const events: Event[] = [];
  for (const [key, last] of state.accepted) {
    const from = vector.get(key) ?? 0;
    const read = look.events(streamOf(key), from, last);
    for (let seq = from + 1; seq <= last; seq++) {
      const event = read[seq - from - 1] ?? inMemory.get(`${key}#${seq}`);
      if (event === undefined) return { missing: { key, seq } };
      events.push(event);
    }
  }
  return { events: inOrder(events) };
}
