import type { ValueTable } from '../model/values.js';
import { bytesOf } from './binary.js';
import { encodeValue } from './value-text.js';

/**
 * Tells whether two values are the same graph: the same values, classes, order of keys and entries, and the same objects in the
 * same places wherever one object stands in several. Knows the kinds of values that arguments may have.
 */
export function sameGraph(
  left: unknown,
  right: unknown,
  values: ValueTable,
  pairs = new Map<object, object>(),
): boolean {
  if (typeof left !== 'object' || left === null || typeof right !== 'object' || right === null)
    return Object.is(left, right);
  // Nothing is shared with a copy but constants.
  if (left === right) return true;
  const known = pairs.get(left);
  if (known !== undefined) return known === right;
  pairs.set(left, right);
  const type = values.typeOf(left);
  if (type !== undefined)
    return values.typeOf(right) === type && encodeValue(type, left, no) === encodeValue(type, right, no);
  if (left instanceof Date) return right instanceof Date && Object.is(left.getTime(), right.getTime());
  if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return false;
  if (ArrayBuffer.isView(left) || left instanceof ArrayBuffer)
    return sameBytes(bytesOf(left), bytesOf(right as ArrayBuffer));
  if (left instanceof RegExp || left instanceof URL) return left.toString() === (right as URL).toString();
  if (left instanceof Map) {
    const other = [...(right as Map<unknown, unknown>)];
    return (
      left.size === other.length &&
      [...left].every(
        ([key, value], i) =>
          sameGraph(key, other[i]?.[0], values, pairs) && sameGraph(value, other[i]?.[1], values, pairs),
      )
    );
  }
  if (left instanceof Set) {
    const other = [...(right as Set<unknown>)];
    return left.size === other.length && [...left].every((value, i) => sameGraph(value, other[i], values, pairs));
  }
  const keys = Object.keys(left);
  const others = Object.keys(right);
  return (
    keys.length === others.length &&
    keys.every(
      (key, i) =>
        key === others[i] &&
        sameGraph((left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key], values, pairs),
    )
  );
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}

function no(why: string, cause?: unknown): never {
  throw new TypeError(why, { cause });
}
