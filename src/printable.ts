/**
 * What a text of somebody else's must not do where it is shown: control a terminal, begin a line of its own, or turn the direction
 * of what stands around it. Control characters (C0, C1, DEL), separators of lines, marks of direction, and the byte order mark.
 */
const UNSEEN = /\p{Cc}|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/** The text with such characters as JSON writes them (`\u001b`), so that lines of JSON stay what they are. */
export function printable(text: string): string {
  return text.replace(UNSEEN, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
