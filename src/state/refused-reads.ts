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
