import { decodeTime, encodeTime, isValid, MAX_ULID, MIN_ULID, TIME_MAX } from 'ulid';
import { InvalidOptionError } from '../errors.js';

/** The smallest ULID: before every event. */
export const ULID_MIN = MIN_ULID;

/**
 * Tells whether `text` is a ULID in canonical form: 26 upper-case characters of Crockford's base 32, at most 128 bits. Lower case is none.
 *
 * @example `isUlid('01HF7YAT00FQ2VRP41VVTGRSXB') // true`
 */
export function isUlid(text: unknown): text is string {
  // The package also takes lower case, and more than 128 bits.
  return typeof text === 'string' && isValid(text) && text === text.toUpperCase() && text <= MAX_ULID;
}

/**
 * The time of a ULID in ms since 1970.
 *
 * @throws InvalidOptionError (`INVALID_OPTION`) if `id` is no ULID
 * @example `new Date(ulidTime(event.id))`
 */
export function ulidTime(id: string): number {
  if (!isUlid(id)) throw new InvalidOptionError(`${JSON.stringify(id)} is no ULID: 26 characters, upper case`);
  return decodeTime(id);
}

/** The greatest ULID whose time is `time` (ms since 1970): bounds "everything up to then". */
export function lastUlidAt(time: number): string {
  return encodeTime(Math.min(Math.max(Math.floor(time), 0), TIME_MAX)) + 'Z'.repeat(16);
}
