import { MIN_ULID } from 'ulid';
import { ClockBehindError } from '../errors.js';

/**
 * Event ids: valid ULIDs used as a hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014): 48 bits of
 * milliseconds, a 16-bit counter, and 64 bits that are random per stream epoch, so that ids of two masters never collide
 * and an id greater than any seen can be made at once.
 *
 * This file is the hot path: it makes, reads and checks ids once for each event. Elsewhere, `ulid.ts` does it with the package.
 */

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
/** Value of each character, by its code. */
const VALUES = new Uint8Array(128);
for (let i = 0; i < 32; i++) VALUES[ALPHABET.charCodeAt(i)] = i;
const CODES = Array.from(ALPHABET, (char) => char.charCodeAt(0));
const MAX_TIME = 2 ** 48 - 1;
const MAX_COUNTER = 0xffff;

/** As `isUlid`, at the speed of reading a journal. */
export function isId(text: unknown): text is string {
  return typeof text === 'string' && ULID.test(text);
}

/** How far (ms) clocks may differ unless it is said otherwise. */
export const USUAL_DRIFT = 300_000;

/** Whether an id is from the future: more than `maxDrift` ms ahead of a wall clock. */
export function isFromFuture(id: string, now: number, maxDrift: number): boolean {
  return isAhead(idTime(id), now, maxDrift);
}

function isAhead(time: number, now: number, maxDrift: number): boolean {
  return time - now > maxDrift;
}

/** The time of an id in ms since 1970, at the speed of a replay. It checks nothing. */
export function idTime(id: string): number {
  let high = 0;
  let low = 0;
  for (let i = 0; i < 4; i++) high = (high << 5) | (VALUES[id.charCodeAt(i)] ?? 0);
  for (let i = 4; i < 10; i++) low = (low << 5) | (VALUES[id.charCodeAt(i)] ?? 0);
  return high * 2 ** 30 + low;
}

/** 5 bits of a text for one place (FNV-1a). */
function saltAt(text: string, place: number): number {
  let hash = 0x811c9dc5 ^ place;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) & 31;
}

/** The 16 bits behind the time: the first three characters and the top bit of the fourth. */
function idCounter(id: string): number {
  let bits = 0;
  for (let i = 10; i < 14; i++) bits = bits * 32 + ALPHABET.indexOf(id.charAt(i));
  return bits >> 4;
}

/** Where a clock gets time and randomness from. */
export interface ClockSource {
  /** Wall clock in ms since 1970. */
  readonly now: () => number;
  /** Uniform in [0, 1), as `Math.random`. */
  readonly random: () => number;
  /** How far (ms) the wall clock may be behind the newest id before new ids are refused. */
  readonly maxDrift: number;
  /** Makes the ids of two clocks differ even if their randomness does not; the master's name. */
  readonly salt?: string;
}

/**
 * Makes the ids of one stream epoch: each greater than every id made or observed before, also when the wall clock steps back.
 *
 * @example
 * ```ts
 * import { UlidClock } from 'prevalent';
 *
 * const clock = new UlidClock({ now: () => 1_700_000_000_000, random: Math.random, maxDrift: 300_000 });
 * const first = clock.next();
 * console.log(clock.next() > first); // true
 * ```
 */
export class UlidClock {
  readonly #source: ClockSource;
  /** The first four of the random bits; they share a character with the counter's last. */
  readonly #high: number;
  /** Character codes of the newest id: making the next one changes few of them, and gives a text in one piece. */
  readonly #codes: number[];
  #time = 0;
  #counter = 0;

  constructor(source: ClockSource) {
    this.#source = source;
    let tail = '';
    const salt = source.salt ?? '';
    for (let i = 0; i < 12; i++) tail += ALPHABET.charAt((Math.floor(source.random() * 32) + saltAt(salt, i)) % 32);
    this.#high = Math.floor(source.random() * 16);
    this.#codes = Array.from(MIN_ULID.slice(0, 14) + tail, (char) => char.charCodeAt(0));
    this.#set(0, 0);
  }

  /**
   * The next id.
   *
   * @throws ClockBehindError (`CLOCK_BEHIND`) if the wall clock is behind the newest id by more than `maxDrift` ms
   */
  next(): string {
    const now = Math.floor(this.#source.now());
    if (isAhead(this.#time, now, this.#source.maxDrift)) this.#refuse(now);
    return this.#after(now);
  }

  /** As `next`, however far the wall clock is behind: for names of epochs, which must only rise. */
  advance(): string {
    return this.#after(Math.floor(this.#source.now()));
  }

  /** Makes every later id greater than `id`. */
  observe(id: string): void {
    const time = idTime(id);
    if (time < this.#time) return;
    const counter = idCounter(id);
    if (time > this.#time) this.#set(time, counter);
    else if (counter > this.#counter) this.#count(counter);
  }

  /** A promise for others: every id made from now on is greater than the result. Never throws. */
  promise(): string {
    const now = Math.floor(this.#source.now());
    if (now > this.#time) this.#set(now, 0);
    return this.#text();
  }

  #after(now: number): string {
    if (now > this.#time) this.#set(now, 0);
    else if (this.#counter >= MAX_COUNTER) this.#set(this.#time + 1, 0);
    else this.#count(this.#counter + 1);
    return this.#text();
  }

  #text(): string {
    return String.fromCharCode.apply(undefined, this.#codes);
  }

  #count(counter: number): void {
    const codes = this.#codes;
    codes[10] = CODES[counter >> 11] as number;
    codes[11] = CODES[(counter >> 6) & 31] as number;
    codes[12] = CODES[(counter >> 1) & 31] as number;
    codes[13] = CODES[16 * (counter & 1) + this.#high] as number;
    this.#counter = counter;
  }

  #set(time: number, counter: number): void {
    if (time > MAX_TIME)
      throw new ClockBehindError(
        'The clock has run past the last ULID (year 10889); check the time of this machine and of the newest event',
      );
    this.#time = time;
    for (let i = 9, rest = time; i >= 0; i--, rest = Math.floor(rest / 32)) this.#codes[i] = CODES[rest % 32] as number;
    this.#count(counter);
  }

  #refuse(now: number): never {
    throw new ClockBehindError(
      `This machine's clock (${new Date(now).toISOString()}) is behind the newest event (${new Date(this.#time).toISOString()}) by more than ` +
        `maxClockDrift (${this.#source.maxDrift} ms). Set the clock right; nothing is lost, and calls are taken again as soon as it is. ` +
        'If it is right and was wrong when that event was made, `prevalent disown` takes back what was called then.',
    );
  }
}
