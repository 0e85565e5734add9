import { counted } from '../article.js';
import { streamKey } from '../event/event.js';
import { idTime, isFromFuture } from '../event/ulid-clock.js';
import { endOf } from './cut.js';
import type { Facts } from './facts.js';
import type { Hold } from './hold.js';

/**
 * What users should read about a state that was just recovered, as texts for `status().notices`.
 *
 * Invariant: what is told here stops nothing and needs no answer; a start of which nothing is noteworthy tells nothing.
 */

/**
 * @param seen what had been accepted before this start, by stream
 * @param holds streams that go no further, and why
 */
export function startNotices(facts: Facts, seen: Readonly<Record<string, number>>, holds: readonly Hold[]): string[] {
  return [...missing(facts, seen, holds), ...kept(facts), ...notSealing(facts), ...clockBehind(facts)];
}

// Somebody restored an older copy of others' folders: what was accepted before is not there to be read again. Or it is there, and this program
// is older than the one that accepted it.
function missing(
  { state, cut, location }: Facts,
  seen: Readonly<Record<string, number>>,
  holds: readonly Hold[],
): string[] {
  return Object.entries(seen).flatMap(([key, seq]) => {
    const has = state.accepted.get(key) ?? 0;
    if (has >= Math.min(seq, endOf(cut, key))) return [];
    const once = `The state once contained ${counted(seq, 'event')} of ${key}`;
    const hold = holds.find((held) => streamKey(held) === key && held.reason !== 'gap');
    return hold === undefined
      ? [`${once}, of which ${location} holds only ${has} now; the others are merged again as soon as they arrive.`]
      : [`${once}, of which this program takes only ${has} (${hold.reason}): ${hold.message}.`];
  });
}

// What is in no file any more came from a snapshot.
function kept({ gone, saved, state, own, location }: Facts): string[] {
  const held = [...gone.keys()].filter((key) => (saved?.vector.get(key) ?? 0) === state.accepted.get(key));
  if (saved === undefined || held.length === 0) return [];
  return [
    `This start used the snapshot ${saved.position} of ${own.key} for events of ${held.join(', ')} that are in no file of ${location} any more.`,
  ];
}

function notSealing({ seal, settings, own }: Facts): string[] {
  if (!settings.sealer || seal === undefined || seal.by === own.key) return [];
  return [
    `This master was opened as the sealer, but ${seal.by} makes the seals; it makes none until \`compact({ takeOver: true })\` is called here, which is right only if that one is gone for good.`,
  ];
}

function clockBehind({ state, settings, now }: Facts): string[] {
  const newest = state.entries.at(-1)?.event.id ?? state.base;
  if (!isFromFuture(newest, now, settings.maxClockDrift)) return [];
  return [
    `This machine's clock (${new Date(now).toISOString()}) is behind the newest event (${new Date(idTime(newest)).toISOString()}) by more than maxClockDrift: calls are refused (CLOCK_BEHIND) until it is right.`,
  ];
}
