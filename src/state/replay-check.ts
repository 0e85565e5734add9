import { withArticle } from '../article.js';
import { NonDeterministicTransactionError } from '../errors.js';
import { brandOf } from '../event/brand.js';
import type { RawChange } from './change.js';

/** What one run of a transaction did, as far as a second run can be compared with it. */
export interface Trace {
  readonly changes: readonly RawChange[];
  readonly result: unknown;
  /** Objects that this run made and stored; all others must be the same objects in both runs. */
  readonly made: ReadonlySet<object>;
  /** What it threw, as text; `undefined` if it did not. */
  readonly error: string | undefined;
}

/** What the comparison needs to know about objects. */
export interface ObjectView {
  /** The stored object behind what a reader holds. */
  unwrap(value: unknown): unknown;
  /** Tells whether a raw object is part of the state or was. */
  isStored(value: object): boolean;
  /** What a value is carried as; `undefined` for other objects. */
  valueText(object: object): string | undefined;
}

/** What it needs to know about the model of a transaction. */
export interface StateView extends ObjectView {
  /** How a place is named in messages. */
  pathText(target: object, key: readonly unknown[]): string;
}

/**
 * Compares two runs of one call from the same state.
 *
 * @throws NonDeterministicTransactionError (`NON_DETERMINISTIC_TRANSACTION`) naming the place that differs
 */
export function compareRuns(name: string, first: Trace, second: Trace, view: StateView): void {
  const pathText: StateView['pathText'] = (target, key) => view.pathText(target, key);
  const comparison = new Comparison(first.made, second.made, view);
  const refuse = (place: string, left: unknown, right: unknown): never => {
    throw new NonDeterministicTransactionError(
      `The transaction ${name} is not deterministic: run twice from the same state, ${place} is ${shownValue(left)} and then ${shownValue(right)}. ` +
        'It was undone and not logged. Take time and randomness from Date, Math.random or crypto inside the transaction, and nothing from outside but its arguments.',
    );
  };
  if (first.error !== second.error) refuse('what it throws', first.error ?? 'nothing', second.error ?? 'nothing');
  const length = Math.max(first.changes.length, second.changes.length);
  for (let i = 0; i < length; i++) {
    const [left, right] = [first.changes[i], second.changes[i]];
    if (
      left === undefined ||
      right === undefined ||
      left.kind !== right.kind ||
      !comparison.same(left.target, right.target, [])
    ) {
      const one = (left ?? right) as RawChange;
      refuse(
        pathText(one.target, one.key),
        left === undefined ? 'unchanged' : left.kind,
        right === undefined ? 'unchanged' : right.kind,
      );
    } else {
      if (!comparison.same(left.key, right.key, []))
        refuse(pathText(left.target, []), left.key.at(-1), right.key.at(-1));
      const place = comparison.difference(left.after, right.after, []);
      if (place !== undefined)
        refuse([pathText(left.target, left.key), ...place.path].join('.'), place.left, place.right);
    }
  }
  const result = comparison.difference(first.result, second.result, []);
  if (result !== undefined) refuse(['its result', ...result.path].join('.'), result.left, result.right);
}

/** The first place where two things differ. */
export interface Difference {
  readonly path: readonly string[];
  readonly left: unknown;
  readonly right: unknown;
}

/** Compares two values, of which one run made the objects in `mine` and another those in `theirs`. */
export function differenceOf(
  left: unknown,
  right: unknown,
  mine: ReadonlySet<object>,
  theirs: ReadonlySet<object>,
  view: ObjectView,
): Difference | undefined {
  return new Comparison(mine, theirs, view).difference(left, right, []);
}

/** Walks two values side by side; objects that only one run made are compared by content, all others by identity. */
class Comparison {
  readonly #left: ReadonlySet<object>;
  readonly #right: ReadonlySet<object>;
  readonly #view: ObjectView;
  readonly #paired = new Map<object, object>();

  constructor(left: ReadonlySet<object>, right: ReadonlySet<object>, view: ObjectView) {
    this.#left = left;
    this.#right = right;
    this.#view = view;
  }

  same(left: unknown, right: unknown, path: readonly string[]): boolean {
    return this.difference(left, right, path) === undefined;
  }

  difference(mine: unknown, theirs: unknown, path: readonly string[]): Difference | undefined {
    const left = this.#view.unwrap(mine);
    const right = this.#view.unwrap(theirs);
    const differs = { path, left, right };
    if (typeof left !== 'object' || left === null || typeof right !== 'object' || right === null) {
      return Object.is(left, right) || (typeof left === 'function' && typeof right === 'function')
        ? undefined
        : differs;
    }
    if (left === right) return undefined;
    const [one, other] = [this.#view.valueText(left), this.#view.valueText(right)];
    const known = this.#paired.get(left);
    if (known !== undefined) return known === right ? undefined : differs;
    if (one !== undefined || other !== undefined) {
      this.#paired.set(left, right);
      return one === other && Object.getPrototypeOf(left) === Object.getPrototypeOf(right)
        ? undefined
        : { path, left: one, right: other };
    }
    // What was stored before is the same object in both runs, or it is another one; what a run made has a counterpart.
    const made = this.#left.has(left);
    if (made !== this.#right.has(right) || (!made && (this.#view.isStored(left) || this.#view.isStored(right))))
      return differs;
    if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return differs;
    this.#paired.set(left, right);
    return this.#content(left, right, path);
  }

  #content(left: object, right: object, path: readonly string[]): Difference | undefined {
    const [mine, theirs] = [partsOf(left), partsOf(right)];
    for (let i = 0; i < Math.max(mine.length, theirs.length); i++) {
      const [one, other] = [mine[i], theirs[i]];
      if (one === undefined || other === undefined || one.key !== other.key) {
        return {
          path: [...path, (one ?? other)?.key ?? ''],
          left: one === undefined ? 'absent' : one.value,
          right: other === undefined ? 'absent' : other.value,
        };
      }
      const found = this.difference(one.value, other.value, [...path, one.key]);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

interface Part {
  readonly key: string;
  readonly value: unknown;
}

/** Everything an object holds, in its order. */
function partsOf(object: object): Part[] {
  const parts: Part[] = [];
  // A result may be anything, also what is not what its prototype says.
  const brand = brandOf(object);
  if (brand === 'Date') parts.push({ key: 'time', value: Date.prototype.getTime.call(object) });
  if (brand === 'Map') {
    for (const [key, value] of Map.prototype.entries.call(object) as Iterable<[unknown, unknown]>)
      parts.push({ key: 'key', value: key }, { key: shownValue(key), value });
  }
  if (brand === 'Set')
    for (const value of Set.prototype.values.call(object) as Iterable<unknown>) parts.push({ key: 'member', value });
  if (object instanceof Error) parts.push({ key: 'message', value: object.message });
  if (ArrayBuffer.isView(object))
    parts.push({ key: 'bytes', value: new Uint8Array(object.buffer, object.byteOffset, object.byteLength).join() });
  else {
    for (const key of Reflect.ownKeys(object)) {
      // What only the result holds still has its stack.
      if (object instanceof Error && (key === 'stack' || key === 'message')) continue;
      parts.push({ key: String(key), value: (object as Record<PropertyKey, unknown>)[key] });
    }
  }
  return parts;
}

/** A value as messages name it. */
export function shownValue(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null)
    return value instanceof Date
      ? String(value.getTime())
      : withArticle(Object.prototype.toString.call(value).slice(8, -1));
  return String(value);
}
