/** What a model throws can be anything, and to ask it can throw again. */

/** Characters of a name or message that are recorded: enough for people, and snapshots carry them. */
const LONGEST = 1_000;

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** What was thrown, as the text that is recorded for it: the same on every master, of bounded length, never another throw. */
export function textOf(thrown: unknown): string {
  const text = isInstance(thrown, Error)
    ? `${read(() => thrown.name, 'Error')}: ${read(() => thrown.message, '')}`
    : read(() => valueOf(thrown), 'an object without a text');
  // Half a character, from a cut or from the model, would not come back from a snapshot.
  return text.replace(LONE_SURROGATE, '\uFFFD');
}

/** As `instanceof`, of what may throw when it is asked. */
export function isInstance<T>(thrown: unknown, type: abstract new (...args: never[]) => T): thrown is T {
  try {
    return thrown instanceof type;
  } catch {
    return false;
  }
}

function read(get: () => unknown, otherwise: string): string {
  try {
    const value = get();
    const isOpaque = (typeof value === 'object' && value !== null) || typeof value === 'function';
    return isOpaque ? otherwise : String(value).slice(0, LONGEST);
  } catch {
    return otherwise;
  }
}

function valueOf(thrown: unknown): string {
  // The text of a function is its source, which builds of one model do not share.
  if (typeof thrown === 'function') return 'a function';
  try {
    return String(thrown);
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}
