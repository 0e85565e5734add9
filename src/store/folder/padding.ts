/**
 * What the space ahead of a journal's last line is filled with: overwriting is synced in about two thirds of the time that
 * growing a file takes. Journal lines never contain a tab (JSON escapes it), and whatever reads JSON passes over it.
 */
export const PADDING = 9;

/** Tells whether all bytes are padding. */
export function isPadding(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === PADDING);
}

/** The bytes in front of the padding at their end. */
export function withoutPadding(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === PADDING) end--;
  return bytes.subarray(0, end);
}
