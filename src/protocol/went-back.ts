import { type Event, streamKey } from '../event/event.js';
import type { Hold } from './hold.js';
import type { Facts, WentBack } from './facts.js';
import type { Incoming } from './incoming.js';
import type { Heard, Lookup } from './seen.js';
import { namedIn } from './seal.js';
import { isInStream } from './vector.js';

/**
 * Streams that went back behind what was accepted of them: a machine, or the shared folder, was restored from a backup. What was accepted
 * stays; that there is nothing behind it any more is told. What a seal names is final, and its owner may have deleted it.
 *
 * Invariant: nothing is read of a stream whose frontier fits, and nothing again while what was found does not change.
 */

/** Those among the streams heard of. @param incoming what was read of those that have news */
export function wentBack(facts: Facts, look: Lookup, incoming: readonly Incoming[]): ReadonlyMap<string, WentBack> {
  const all = new Map<string, WentBack>();
  for (const heard of look.heard) {
    const key = streamKey(heard.stream);
    const mark = markOf(facts, look, heard, incoming);
    if (mark === undefined) continue;
    const known = facts.wentBack.get(key);
    all.set(key, known?.mark === mark ? known : { mark, hold: holdOf(facts, look, heard) });
  }
  return all;
}

/** What a stream went back to, as a text that tells it from other such finds; `undefined` if it did not. */
function markOf(
  { own, cut, seal, state }: Facts,
  look: Lookup,
  { stream, frontier }: Heard,
  incoming: readonly Incoming[],
): string | undefined {
  const key = streamKey(stream);
  const count = state.accepted.get(key) ?? 0;
  if (frontier === undefined || key === own.key || cut.has(key)) return undefined;
  if (count <= namedIn(seal, key)) return undefined;
  const { head } = frontier;
  const lastId = state.lastIds.get(key);
  const mark = `${count} ${head?.seq ?? 0} ${head?.id ?? ''}`;
  if (head !== undefined && head.seq === count) return lastId === undefined || head.id === lastId ? undefined : mark;
  if (head !== undefined && head.seq > count) {
    const last = incoming.find((read) => streamKey(read.stream) === key)?.last;
    return last === undefined || last.id === lastId ? undefined : mark;
  }
  // An older frontier that arrived late says nothing as long as the journal behind it is whole.
  const id = look.idOf(key, count);
  return id !== undefined && (lastId === undefined || id === lastId) ? undefined : mark;
}

function holdOf({ state, seal }: Facts, look: Lookup, { stream }: Heard): Hold {
  const key = streamKey(stream);
  const count = state.accepted.get(key) ?? 0;
  const mine = state.entries.map(({ event }) => event).filter((event) => isInStream(event, key));
  const from = Math.max(namedIn(seal, key), (mine[0]?.seq ?? count) - 1);
  const seq = firstDifference(mine, look.events(stream, from, count), from);
  const [first, last] = [mine.find((event) => event.seq === seq), mine.at(-1)];
  const which = seq < count ? `events ${seq} to ${count}` : `event ${count}`;
  const ids = first === undefined || last === undefined ? '' : ` (${first.id} to ${last.id})`;
  return {
    ...stream,
    seq,
    reason: 'backwards',
    message:
      `the journal of ${key} went back: ${which}${ids}, accepted here before, ${seq < count ? 'are' : 'is'} no longer in it, as after a backup was restored. ` +
      'This master keeps what it accepted, in memory and in its snapshots; those who had not accepted it lack it. ' +
      `Put the files of ${stream.master} from another copy of the folder back, or call compact() here, so that others get them with a snapshot. Do not make those calls again: they would count twice`,
  };
}

/** Number of the first of the accepted events that the journal does not hold as it was accepted. */
function firstDifference(mine: readonly Event[], there: readonly Event[], from: number): number {
  const ids = new Map(mine.map(({ seq, id }) => [seq, id]));
  const same = there.findIndex(({ seq, id }) => ids.has(seq) && ids.get(seq) !== id);
  return from + 1 + (same < 0 ? there.length : same);
}
