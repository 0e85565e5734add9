import { idTime } from '../event/ulid-clock.js';
import type { Facts } from '../protocol/facts.js';

/** What is noteworthy once the state is recovered, as texts for `status().notices`. @param seen what had been accepted before, by stream */
export function startNotices(facts: Facts, seen: Readonly<Record<string, number>>): string[] {
  return [...missing(facts, seen), ...notSealing(facts), ...clockBehind(facts)];
}

// Somebody restored an older copy of others' folders: what was accepted before is not there to be read again.
function missing({ state, cut, location }: Facts, seen: Readonly<Record<string, number>>): string[] {
  return Object.entries(seen).flatMap(([key, seq]) => {
    const has = state.accepted.get(key) ?? 0;
    if (has >= Math.min(seq, cut.get(key) ?? Infinity)) return [];
    return [
      `The state once contained ${seq} events of ${key}, of which ${location} holds only ${has} now; the others are merged again as soon as they arrive.`,
    ];
  });
}

function notSealing({ seal, settings, own }: Facts): string[] {
  if (!settings.sealer || seal === undefined || seal.by === own.key) return [];
  return [
    `This master was opened as the sealer, but ${seal.by} makes the seals; it makes none until \`compact({ takeOver: true })\` is called here, which is right only if that one is gone for good.`,
  ];
}

function clockBehind({ state, settings, now }: Facts): string[] {
  const newest = idTime(state.entries.at(-1)?.event.id ?? state.base);
  if (newest - now <= settings.maxClockDrift) return [];
  return [
    `This machine's clock (${new Date(now).toISOString()}) is behind the newest event (${new Date(newest).toISOString()}) by more than maxClockDrift: calls are refused (CLOCK_BEHIND) until it is right.`,
  ];
}
