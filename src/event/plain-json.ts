import { withArticle } from '../article.js';

/** Deeper nesting overflows the stack of superjson, and is no argument anybody means. */
export const MAX_DEPTH = 500;

/** Keys through which a prototype could be reached. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** True for `{}` and null-prototype objects. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Why a value would not come back from JSON as it is, and where: `at user.since: a Date`; `undefined` if it would. Also refuses the
 * keys through which a prototype could be reached.
 */
export function whyNotPlainJson(value: unknown): string | undefined {
  return problemIn(value, [], new Set());
}

function problemIn(value: unknown, path: readonly string[], above: Set<object>): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0)) return undefined;
  if (typeof value !== 'object') return placed(path, nameOf(value));
  if (above.has(value)) return placed(path, 'a cycle');
  if (above.size > MAX_DEPTH) return placed(path.slice(0, 1), `nested deeper than ${MAX_DEPTH}`);
  if (!Array.isArray(value) && !isPlainObject(value)) return placed(path, nameOf(value));
  if (Object.getOwnPropertySymbols(value).length > 0) return placed(path, 'a key that is a symbol');
  above.add(value);
  // By index, so that a hole is found as `undefined`.
  const keys = Array.isArray(value) ? Array.from(value, (_, index) => String(index)) : Object.keys(value);
  for (const key of keys) {
    const inner = FORBIDDEN_KEYS.has(key)
      ? placed(path, `the key ${key} is not allowed`)
      : problemIn((value as Record<string, unknown>)[key], [...path, key], above);
    if (inner !== undefined) return inner;
  }
  above.delete(value);
  return undefined;
}

function placed(path: readonly string[], what: string): string {
  return path.length === 0 ? what : `at ${path.join('.')}: ${what}`;
}

function nameOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value === 'number' ? String(value) : typeof value;
  const { constructor } = value as { constructor?: unknown };
  return typeof constructor === 'function' && constructor.name !== ''
    ? withArticle(constructor.name)
    : 'no plain object';
}
