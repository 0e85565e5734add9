import { HistoryDeletedError, JournalDamagedError } from '../errors.js';
import { type Event, streamKey } from '../event/event.js';
import { idTime } from '../event/ulid-clock.js';
import type { Seal } from '../store/frontier.js';
import type { Base } from '../timeline/fold.js';
import { candidates } from './base.js';
import { obeys } from './cut.js';
import type { Facts, Refusal } from './facts.js';
import { namedIn, relate } from './seal.js';
import { frontierIn, type Lacking, Lookup, type Need, type Seen } from './seen.js';
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
  const { seal, state } = facts;
  const whole = eventsAfter(facts, state.genesis, look);
  if ('events' in whole) return { kind: 'stretch', base: state.genesis, events: whole.events };
  let oldest: string | undefined;
  const missing: [Lacking, ...Lacking[]] = [whole.missing];
  for (const { stream, listing } of look.isIncomplete() ? [] : candidates(seal, look)) {
    const { base, lacks } = look.snapshot(stream, listing);
    if (look.isIncomplete()) break;
    if (lacks !== undefined) missing.push(lacks);
    if (base === undefined || !obeys(base, seal, look)) continue;
    const behind = eventsAfter(facts, base, look);
    if (look.isIncomplete()) break;
    if ('missing' in behind) missing.push(behind.missing);
    if (!('events' in behind) || (behind.events[0]?.id ?? '~') <= base.position) {
      look.drop(stream, listing, 'missing' in behind ? behind.missing : undefined);
      continue;
    }
    if (base.position <= point) return { kind: 'stretch', base, events: behind.events };
    oldest = base.position;
  }
  return { kind: 'refusal', own: false, error: deletedOrMissing(facts, look, missing, oldest) };
}

/**
 * Why there is no stretch.
 *
 * @param missing the first event that cannot be read behind each base, genesis first
 * @param oldest the first position from which all can be read
 */
function deletedOrMissing(
  { seal, location }: Facts,
  look: Lookup,
  missing: readonly [Lacking, ...Lacking[]],
  oldest: string | undefined,
): Refusal['error'] {
  const [{ key, seq }] = missing;
  const upTo = (id: string, by: Seal): string =>
    `History up to ${id} (${new Date(idTime(id)).toISOString()}) was deleted under seal ${by.no}, made by ${by.by}`;
  if (oldest !== undefined && seal !== undefined && seq <= namedIn(seal, key))
    return new HistoryDeletedError(
      `${upTo(oldest, seal)}; what is left begins there. Ask for a later point, or for events after it.`,
    );
  const unknown = missing
    .map((lacking) => deletedUnder(look, lacking, seal))
    .find((unadopted) => unadopted !== undefined);
  if (unknown !== undefined)
    return new HistoryDeletedError(
      `${upTo(unknown.H, unknown)}, which this master has not adopted yet. Call sync() here, then ask for a later point, or for events after it.`,
    );
  return new JournalDamagedError(
    `Event ${seq} of ${key} cannot be read in ${location}, so the history is not whole. Sync the folder again, or restore that journal from another copy.`,
  );
}

/** A seal that was not adopted yet, under which somebody has deleted an event; `undefined` if none is heard of. */
function deletedUnder({ heard }: Lookup, { key, seq }: Lacking, mine: Seal | undefined): Seal | undefined {
  const owner = frontierIn(heard, key);
  const deleters = owner === undefined ? heard.map(({ frontier }) => frontier) : [owner];
  for (const frontier of deleters) {
    const { seal, snapshot } = frontier ?? {};
    // Of a stream that is there its owner says what is deleted; one that is gone went as a whole.
    const isOffered = snapshot !== undefined && (owner === undefined || seq <= snapshot.events);
    if (!isOffered || seal === undefined || seq > namedIn(seal, key)) continue;
    if (mine === undefined || relate(mine, seal) === 'later') return seal;
  }
  return undefined;
}

/** The events of a state after a base, in ULID order; the first one that cannot be read, if there is one. */
function eventsAfter(
  { state }: Facts,
  { vector }: Base,
  look: Lookup,
): { readonly events: readonly Event[] } | { readonly missing: Lacking } {
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
