import { isTooDeep } from './json-depth.js';

/** CRC-32 (IEEE 802.3) of a text's UTF-8 bytes or of bytes, as an unsigned 32-bit number; stores bring the implementation. */
export type Crc32 = (data: string | Uint8Array, seed?: number) => number;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** A CRC as the eight lower-case hexadecimal digits used in files. */
export function crcText(crc: number): string {
  return `${HEX[crc >>> 24] ?? ''}${HEX[(crc >>> 16) & 255] ?? ''}${HEX[(crc >>> 8) & 255] ?? ''}${HEX[crc & 255] ?? ''}`;
}

const MEMBER = ',"crc":"';
const END = '"}';
/** Characters of `,"crc":"xxxxxxxx"}`, the last member of a text that ends with its checksum. */
export const CHECKSUM_LENGTH = MEMBER.length + 8 + END.length;

/** Ends an open JSON object text (`{"a":1`) with its checksum as the last member. */
export function appendChecksum(open: string, crc32: Crc32): string {
  return checksummedText(open, crc32(open));
}

/** As `appendChecksum`, with a CRC that is known. */
function checksummedText(open: string, crc: number): string {
  return `${open}${MEMBER}${crcText(crc)}${END}`;
}

/** The CRC-32 polynomial (IEEE 802.3, reflected) times each byte. */
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let bits = byte;
  for (let i = 0; i < 8; i++) bits = bits & 1 ? 0xedb88320 ^ (bits >>> 1) : bits >>> 1;
  return bits;
});

/** Learning what a text does to CRCs takes as long as summing it so many times. */
const MANY = 128;

/**
 * A text that stands in many lines. Appending it changes a CRC's 32 bits by a map that is linear but for a constant (as in
 * zlib's `crc32_combine`, by Mark Adler), so that it is not gone through again for each line. CRCs are running ones here: `-1` at
 * the start, inverted at the end.
 */
export class FixedText {
  readonly text: string;
  /** As UTF-8. */
  readonly bytes: Uint8Array;
  /** What the text makes of no bits set. */
  #own = 0;
  /** What its length makes of each value of each four bits; made when that pays. */
  #map: Int32Array | undefined;
  #uses = 0;

  constructor(text: string) {
    this.text = text;
    this.bytes = new TextEncoder().encode(text);
  }

  /** The running CRC after this text. */
  after(crc: number): number {
    if (this.#map === undefined && ++this.#uses < MANY) return runCrc(crc, this.bytes, 0, this.bytes.length);
    const map = this.#map ?? this.#learn();
    let after = this.#own;
    for (let part = 0; part < 8; part++) after ^= map[16 * part + ((crc >>> (4 * part)) & 15)] as number;
    return after;
  }

  #learn(): Int32Array {
    const { bytes } = this;
    this.#own = bytes.reduce((crc, byte) => advance(crc, byte), 0);
    this.#map = Int32Array.from({ length: 128 }, (_, at) =>
      bytes.reduce((crc) => advance(crc, 0), (at & 15) << (4 * (at >> 4))),
    );
    return this.#map;
  }
}

let fastest: Crc32 | undefined;

/** Takes a platform's own CRC-32 from now on. Called once, by the entry point of the platform. */
export function useCrc32(own: Crc32): void {
  fastest = own;
}

/** CRC-32 as fast as the platform has it, for stores that bring none of their own. */
export const crc32: Crc32 = (data, seed = 0) => (fastest === undefined ? tableCrc32(data, seed) : fastest(data, seed));

/** CRC-32 by the table, one byte at a time (Sarwate, 1988): what runs everywhere. */
export const tableCrc32: Crc32 = (data, seed = 0) => {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  let crc = ~seed;
  for (const byte of bytes) crc = advance(crc, byte);
  return ~crc >>> 0;
};

function advance(crc: number, byte: number): number {
  return (TABLE[(crc ^ byte) & 255] as number) ^ (crc >>> 8);
}

/** The running CRC after some bytes. */
export function runCrc(crc: number, bytes: Uint8Array, start: number, end: number): number {
  let running = crc;
  for (let at = start; at < end; at++) running = advance(running, bytes[at] as number);
  return running;
}

/** The running CRC after a part of a text; NaN if that is not all ASCII. */
export function runTextCrc(crc: number, text: string, start: number, end: number): number {
  let running = crc;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code > 127) return NaN;
    running = advance(running, code);
  }
  return running;
}

/** Tells whether a text ends, from `at` on, with a checksum: that of what has this CRC. */
export function endsWithCrc(text: string, at: number, crc: number): boolean {
  if (text.length !== at + CHECKSUM_LENGTH || text.slice(at, at + MEMBER.length) !== MEMBER || !text.endsWith(END))
    return false;
  for (let part = 0; part < 8; part++)
    if (text.charCodeAt(at + MEMBER.length + part) !== DIGITS[(crc >>> (28 - 4 * part)) & 15]) return false;
  return true;
}

const MEMBER_BYTES = ascii(MEMBER);
const END_BYTES = ascii(END);
const DIGITS = ascii('0123456789abcdef');

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** Writes what `checksummedText` puts behind a text. @returns where it ends */
export function putChecksum(crc: number, bytes: Uint8Array, start: number): number {
  const at = putBytes(MEMBER_BYTES, bytes, start);
  for (let part = 0; part < 8; part++) bytes[at + part] = DIGITS[(crc >>> (28 - 4 * part)) & 15] as number;
  return putBytes(END_BYTES, bytes, at + 8);
}

/** Writes bytes into others; few at a time, quicker than `set`. @returns where they end */
export function putBytes(from: Uint8Array, into: Uint8Array, start: number): number {
  for (let i = 0; i < from.length; i++) into[start + i] = from[i] as number;
  return start + from.length;
}

/** Tells whether a text ends with the checksum of what precedes it. */
export function hasChecksum(text: string, crc32: Crc32): boolean {
  const at = text.length - CHECKSUM_LENGTH;
  if (at < 0 || !text.startsWith(MEMBER, at) || !text.endsWith(END)) return false;
  return crcText(crc32(text.slice(0, at))) === text.slice(at + MEMBER.length, -END.length);
}

const decoder = new TextDecoder();

/** As `hasChecksum`, of the bytes of a text. */
export function endsWithChecksum(bytes: Uint8Array, crc32: Crc32): boolean {
  const at = bytes.length - CHECKSUM_LENGTH;
  if (at < 0) return false;
  const end = decoder.decode(bytes.subarray(at));
  return end.startsWith(MEMBER) && end === checksummedText('', crc32(bytes.subarray(0, at)));
}

/** Checks a text that ends with its checksum. Gives its JSON value, or `undefined` if it is torn, damaged, nested beyond all measure or no such text. */
export function parseChecksummed(text: string, crc32: Crc32): unknown {
  if (!hasChecksum(text, crc32) || isTooDeep(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // A right checksum over text that is no JSON: written by something else, as useless as a damaged one.
    return undefined;
  }
}
