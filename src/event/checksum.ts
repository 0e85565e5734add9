/** CRC-32 (IEEE 802.3) of a text's UTF-8 bytes or of bytes, as an unsigned 32-bit number; stores bring the implementation. */
export type Crc32 = (data: string | Uint8Array, seed?: number) => number;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** A CRC as the eight lower-case hexadecimal digits used in files. */
export function crcText(crc: number): string {
  return `${HEX[crc >>> 24] ?? ''}${HEX[(crc >>> 16) & 255] ?? ''}${HEX[(crc >>> 8) & 255] ?? ''}${HEX[crc & 255] ?? ''}`;
}

const SEAL = ',"crc":"';
/** Characters of `,"crc":"xxxxxxxx"}`. */
const SEAL_LENGTH = 18;

/** Ends an open JSON object text (`{"a":1`) with its checksum as the last member. */
export function sealLine(open: string, crc32: Crc32): string {
  return `${open},"crc":"${crcText(crc32(open))}"}`;
}

/** Tells whether a line ends with the checksum of what stands before it. */
export function isSealed(line: string, crc32: Crc32): boolean {
  const at = line.length - SEAL_LENGTH;
  if (at < 0 || !line.startsWith(SEAL, at) || !line.endsWith('"}')) return false;
  return crcText(crc32(line.slice(0, at))) === line.slice(at + SEAL.length, -2);
}

/** Checks a sealed line. Gives its JSON value, or `undefined` if it is torn, damaged or no such line. */
export function openLine(line: string, crc32: Crc32): unknown {
  if (!isSealed(line, crc32)) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    // A right checksum over text that is no JSON: written by something else, as useless as a damaged line.
    return undefined;
  }
}
