/**
 * The deepest nesting of a line. Arguments nest 500 levels deep at most; superjson writes one level of a Map as two, and
 * class-transformer may add its own. What is deeper no master wrote, and whatever walks it would overflow the stack.
 */
export const MOST_DEPTH = 2_016;

/** Each level takes two characters. */
const SHORTEST_DEEP = 2 * MOST_DEPTH;

/** Tells whether a JSON text is nested deeper than any that a master writes. */
export function isTooDeep(text: string): boolean {
  if (text.length <= SHORTEST_DEEP) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === BRACKET || code === BRACE) {
      if (++depth > MOST_DEPTH) return true;
    } else if (code === BRACKET + 2 || code === BRACE + 2) depth--;
  }
  return false;
}

const QUOTE = 34;
const BACKSLASH = 92;
const BRACKET = 91;
const BRACE = 123;

/** Where a string ends that begins here. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
}
