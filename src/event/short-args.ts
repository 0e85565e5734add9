/**
 * Short arguments, of which most calls have no others: their text is written straight into a line, and never made.
 */

/** What `isShort` allows: so many arguments, and so many characters in all their texts. */
const FEW = 8;
const SHORT = 64;
/** Bytes that short arguments take as JSON at most: a number 24, a character that is escaped 6. */
export const MOST_SHORT_BYTES = 2 + FEW * (1 + 24) + 2 * FEW + 6 * SHORT;

/** Tells whether arguments are few short primitives that JSON carries exactly: whoever writes them need not be given their text. */
export function isShort(args: readonly unknown[]): boolean {
  if (args.length > FEW) return false;
  let length = 0;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (typeof arg === 'string') length += arg.length;
    else if (!isExact(arg)) return false;
  }
  return length <= SHORT;
}

/** Tells whether JSON carries a value, which is no text, exactly and without an object. */
export function isExact(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  return typeof value === 'boolean' || value === null;
}
