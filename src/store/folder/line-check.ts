import { type Crc32, crcText } from '../../event/checksum.js';
import { type ParsedLine, parseLine, type StreamId } from '../../event/envelope.js';
import type { Head } from '../store.js';

const ID_LENGTH = 26;
/** Bytes of `,"crc":"xxxxxxxx"}`. */
const SEAL_LENGTH = 18;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Checks lines of a stream where they lie, without making texts and objects of them: the checksum over the bytes, and what
 * stands at their beginning as `LineWriter` writes it. Any other line is read in full.
 */
export class LineCheck {
  readonly #bytes: Uint8Array;
  readonly #stream: StreamId;
  readonly #crc32: Crc32;
  readonly #opening = encoder.encode('{"v":1,"id":"');
  readonly #owner: Uint8Array;

  constructor(bytes: Uint8Array, stream: StreamId, crc32: Crc32) {
    this.#bytes = bytes;
    this.#stream = stream;
    this.#crc32 = crc32;
    const { master, epoch } = stream;
    this.#owner = encoder.encode(`","master":${JSON.stringify(master)},"epoch":${JSON.stringify(epoch)},"seq":`);
  }

  /** The line from `start` to `end`. */
  at(start: number, end: number): ParsedLine | { readonly kind: 'event'; readonly event: Head & StreamId } {
    const seq = this.#seq(start, end);
    if (seq === undefined || !this.#sealed(start, end))
      return parseLine(decoder.decode(this.#bytes.subarray(start, end)), this.#crc32);
    const idStart = start + this.#opening.length;
    const id = decoder.decode(this.#bytes.subarray(idStart, idStart + ID_LENGTH));
    return { kind: 'event', event: { ...this.#stream, seq, id } };
  }

  #seq(start: number, end: number): number | undefined {
    const ownerStart = start + this.#opening.length + ID_LENGTH;
    if (!this.#holds(this.#opening, start) || !this.#holds(this.#owner, ownerStart)) return undefined;
    let at = ownerStart + this.#owner.length;
    let seq = 0;
    for (; at < end; at++) {
      const digit = (this.#bytes[at] as number) - 48;
      if (digit < 0 || digit > 9) break;
      seq = seq * 10 + digit;
    }
    // A comma after at least one digit.
    return this.#bytes[at] === 44 && Number.isSafeInteger(seq) && seq > 0 ? seq : undefined;
  }

  #sealed(start: number, end: number): boolean {
    const seal = end - SEAL_LENGTH;
    if (seal <= start) return false;
    const crc = crcText(this.#crc32(this.#bytes.subarray(start, seal)));
    return this.#holds(encoder.encode(`,"crc":"${crc}"}`), seal);
  }

  #holds(text: Uint8Array, at: number): boolean {
    for (let i = 0; i < text.length; i++) if (this.#bytes[at + i] !== text[i]) return false;
    return true;
  }
}

/** How many lines some bytes end. */
export function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, end + 1)) count++;
  return count;
}

/** What comes after the first `count` lines; nothing if there are no more. */
export function afterLines(bytes: Uint8Array, count: number): Uint8Array {
  let start = 0;
  for (let passed = 0; passed < count && start < bytes.length; passed++) {
    const end = bytes.indexOf(10, start);
    start = end < 0 ? bytes.length : end + 1;
  }
  return start === 0 ? bytes : bytes.subarray(start);
}
