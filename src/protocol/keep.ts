import { goesBeyond } from './cut.js';
import type { Decision } from './decide.js';
import type { Facts, Saved } from './facts.js';
import { sealHash } from './seal.js';

/**
 * What a master does so as not to let go of what it accepted, when the files that held it are gone: it saves it in a snapshot of its own.
 *
 * Invariant: while something is gone, the newest snapshot that a start can use holds all of it.
 */

/** Whether a snapshot has to be taken for that. */
export function isKeepingDue({ gone, saved, seal, state }: Facts): boolean {
  if (gone.size === 0) return false;
  // Under another seal it could not be told from its events whether they still count.
  if (saved === undefined || saved.under !== (seal && sealHash(seal))) return true;
  return [...gone.keys()].some((key) => (saved.vector.get(key) ?? 0) < (state.accepted.get(key) ?? 0));
}

/** The snapshot that a start can still use after a decision: none that something comes in before, or out of. */
export function savedAfter(
  saved: Saved | undefined,
  { state, cut }: Pick<Decision, 'state' | 'cut'>,
): Saved | undefined {
  if (state.kind === 'rebuild') return state.saved;
  if (saved === undefined || state.kind === 'none') return saved;
  const [first] = state.events;
  const isOvertaken = first !== undefined && first.id <= saved.position;
  return isOvertaken || goesBeyond(saved.vector, cut) ? undefined : saved;
}
