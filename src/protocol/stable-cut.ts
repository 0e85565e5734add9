import { lastUlidAt, ulidTime } from '../event/ulid.js';

/**
 * How far history is stable. Nothing more can come before the smallest clock promise of all masters that are awake, and what is younger than
 * `retention` is left open on purpose.
 *
 * Invariant: no master that is awake, or waited for, has promised less than the stable cut.
 */

/** What one stream's master has promised, as far as its events have been accepted. */
export interface ClockPromise {
  readonly key: string;
  /** Every event of the stream that is not accepted yet has a greater id. */
  readonly clock: string;
  /** Held because this program is too old for it: it is waited for whatever the time, until an operator overrides. */
  readonly waited: boolean;
}

/** What bounds a seal. */
export interface StableRules {
  /** Wall clock in ms. */
  readonly now: number;
  /** How long (ms) an event stays open. */
  readonly retention: number;
  /** How long (ms) a master that says nothing is waited for. */
  readonly patience: number;
  readonly promises: readonly ClockPromise[];
}

/** Up to where history may be sealed, and the stream that keeps it from going further; `undefined` if time alone does. */
export interface StableCut {
  readonly H: string;
  readonly heldBy: string | undefined;
}

/** The stable cut: the smaller of now − retention and the smallest promise of those heard from within patience. */
export function stableCut({ now, retention, patience, promises }: StableRules): StableCut {
  let H = lastUlidAt(now - retention);
  let heldBy: string | undefined;
  for (const { key, clock, waited } of promises) {
    const awake = waited || ulidTime(clock) >= now - patience;
    if (awake && clock < H) [H, heldBy] = [clock, key];
  }
  return { H, heldBy };
}
