import { SeparateHistoriesError } from '../errors.js';
import { isFromFuture } from '../event/ulid-clock.js';
import type { Seal } from '../store/frontier.js';
import type { Facts, Refusal } from './facts.js';
import { highestSeal, type SealOffer } from './seal.js';
import { frontierIn, type Heard } from './seen.js';

/**
 * Which seal is in force: the highest one that anybody repeats, if it extends the own one. A seal that reaches beyond this machine's clock waits
 * until its time has come: a single wrong clock must not cut everybody. Who cannot write stays under the seal it has: it could neither
 * say that it adopts another one, nor issue late calls again.
 *
 * Invariants: seals that are in force one after the other form one chain; `H` only rises.
 */

/** What became of the seals that were heard of. */
export interface Adoption {
  readonly kind: 'adoption';
  /** The seal in force from now on. */
  readonly seal: Seal | undefined;
  /** Number of the highest seal that waits for its time; 0 if there is none. */
  readonly future: number;
  /** Whether this master's frontier does not repeat it yet. */
  readonly isUntold: boolean;
  /** What users should read about it. */
  readonly notice: string | undefined;
}

/** Decides which seal is in force, or refuses because history was sealed twice, apart. */
export function adoption(facts: Facts, heard: readonly Heard[]): Adoption | Refusal {
  const { seal: mine, settings, now, own, state } = facts;
  const unchanged = { kind: 'adoption', seal: mine, future: facts.future, isUntold: false } as const;
  if (own.failure !== undefined) return { ...unchanged, notice: undefined };
  const offers: SealOffer[] = [];
  let future = 0;
  for (const { stream, frontier } of heard) {
    if (frontier?.seal === undefined) continue;
    if (isFromFuture(frontier.seal.H, now, settings.maxClockDrift)) future = Math.max(future, frontier.seal.no);
    else offers.push({ seal: frontier.seal, master: stream.master });
  }
  const highest = highestSeal(mine, offers);
  if (highest instanceof SeparateHistoriesError) {
    // A start goes on under the seal it remembers, so that what is there can be read; syncing refuses, and says why.
    const goesOn = !state.isBuilt && mine !== undefined;
    return goesOn ? { ...unchanged, notice: highest.message } : { kind: 'refusal', own: false, error: highest };
  }
  const seal = highest?.no === mine?.no ? mine : highest;
  const isUntold = seal !== undefined && seal.no !== frontierIn(heard, own.key)?.seal?.no;
  return { kind: 'adoption', seal, future, isUntold, notice: undefined };
}
