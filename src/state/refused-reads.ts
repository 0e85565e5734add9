import { UnsupportedStateError } from '../errors.js';
import { describe, type Recorder } from './recorder.js';

/**
 * Whoever asks an object for its tag will look for the real object next, and find it empty behind the guard: deep-equal
 * libraries call two different Maps equal, clone libraries copy nothing. In a transaction that would become the state.
 */
export function refuseTag(target: object, membrane: Recorder): void {
  if (membrane.log === undefined) return;
  throw new UnsupportedStateError(
    `The tag of a stored ${describe(target)} was asked for in a transaction (Object.prototype.toString, isDeepStrictEqual, cloneDeep and the like); what asks for it does not see what the guarded ${describe(target)} holds. Give it a copy: copyOf(value), or structuredClone(value), which loses classes.`,
  );
}

/**
 * The stack of an error names files and lines of one machine, so that no snapshot holds it: a master that started from one has none.
 * In a transaction the difference would become the state.
 *
 * @throws UnsupportedStateError (`UNSUPPORTED_STATE`) in a transaction
 */
export function refuseStack(target: object, membrane: Recorder): void {
  if (membrane.log === undefined) return;
  throw new UnsupportedStateError(
    `The stack of a stored ${describe(target)} was read in a transaction; it is of one machine and in no snapshot, so that masters would differ. Read its name, message and cause, or store the text you need: String(error).`,
  );
}
