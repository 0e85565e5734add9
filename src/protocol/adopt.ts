import { streamKey } from '../event/event.js';
import { idTime } from '../event/ulid-clock.js';
import type { Seal } from '../store/frontier.js';
import type { Facts } from './facts.js';
import { highestSeal, type SealOffer } from './seal.js';
import type { Heard } from './seen.js';

/**
 * Which seal is in force: the highest one that anybody repeats, if it extends the own one. A seal that reaches beyond this machine's clock waits
 * until its time has come: a single wrong clock must not cut everybody.
 *
 * Invariants: seals that are in force one after the other form one chain; `H` only rises.
 */

/** What became of the seals that were heard of. */
export interface Adoption {
  /** The seal in force from now on. */
  readonly seal: Seal | undefined;
  /** Number of the highest seal that waits for its time; 0 if there is none. */
  readonly future: number;
  /** Whether this master's frontier does not repeat it yet. */
  readonly isUntold: boolean;
}

/** @throws SeparateHistoriesError (`SEPARATE_HISTORIES`) if history was sealed twice, apart */
export function adoption({ seal: mine, settings, now, own }: AdoptionFacts, heard: readonly Heard[]): Adoption {
  const latest = now + settings.maxClockDrift;
  const offers: SealOffer[] = [];
  let future = 0;
  for (const { stream, frontier } of heard) {
    if (frontier?.seal === undefined) continue;
    if (idTime(frontier.seal.H) <= latest) offers.push({ seal: frontier.seal, master: stream.master });
    else future = Math.max(future, frontier.seal.no);
  }
  const highest = highestSeal(mine, offers);
  const seal = highest?.no === mine?.no ? mine : highest;
  const told = heard.find(({ stream }) => streamKey(stream) === own.key)?.frontier?.seal;
  return { seal, future, isUntold: seal !== undefined && seal.no !== told?.no };
}

/** What a master has to know for it. */
export type AdoptionFacts = Pick<Facts, 'seal' | 'settings' | 'now' | 'asked' | 'own'>;
