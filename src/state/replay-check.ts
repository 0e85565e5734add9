import { withArticle } from '../article.js';
import { NonDeterministicTransactionError } from '../errors.js';
import { brandOf } from '../event/brand.js';
import { fieldsOfView } from '../event/binary.js';
import { isWhole } from '../model/ownership.js';
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
      !comparison.same(left.target, right.target)
    ) {
      const one = (left ?? right) as RawChange;
      refuse(
        pathText(one.target, one.key),
        left === undefined ? 'unchanged' : left.kind,
        right === undefined ? 'unchanged' : right.kind,
      );
    } else {
      if (!comparison.same(left.key, right.key)) refuse(pathText(left.target, []), left.key.at(-1), right.key.at(-1));
      const place = comparison.difference(left.after, right.after);
      if (place !== undefined)
        refuse([pathText(left.target, left.key), ...place.path].join('.'), place.left, place.right);
    }
  }
  const result = comparison.difference(first.result, second.result);
  if (result !== undefined) refuse(['its result', ...result.path].join('.'), result.left, result.right);
}

interface Shown {
  readonly left: unknown;
  readonly right: unknown;
}

/** The first place where two things differ. */
export interface Difference extends Shown {
  readonly path: readonly string[];
}

/** Compares two values, of which one run made the objects in `mine` and another those in `theirs`. */
export function differenceOf(
  left: unknown,
  right: unknown,
  mine: ReadonlySet<object>,
  theirs: ReadonlySet<object>,
  view: ObjectView,
): Difference | undefined {
  return new Comparison(mine, theirs, view).difference(left, right);
}

/** Two values to compare, and where they stand. */
interface Pair {
  readonly left: unknown;
  readonly right: unknown;
  readonly place: Place | undefined;
  /** Only one of the two is there, or they stand under different keys. */
  readonly differs?: true;
}

/** A path, of which everything below the same object shares the beginning. */
interface Place {
  readonly within: Place | undefined;
  readonly key: string;
}

/**
 * Walks two values side by side, without recursion: they may be deep. Objects that only one run made are compared by content, all
 * others by identity.
 */
class Comparison {
  readonly #left: ReadonlySet<object>;
  readonly #right: ReadonlySet<object>;
  readonly #view: ObjectView;
  readonly #paired = new Map<object, object>();
  readonly #met = new Map<object, object>();

  constructor(left: ReadonlySet<object>, right: ReadonlySet<object>, view: ObjectView) {
    this.#left = left;
    this.#right = right;
    this.#view = view;
  }

  same(left: unknown, right: unknown): boolean {
    return this.difference(left, right) === undefined;
  }

  difference(left: unknown, right: unknown): Difference | undefined {
    // Taken from the end: what comes first is compared first, with all it holds.
    const waiting: Pair[] = [{ left, right, place: undefined }];
    for (let pair = waiting.pop(); pair !== undefined; pair = waiting.pop()) {
      const found = pair.differs === true ? pair : this.#compare(pair, waiting);
      if (found !== undefined) return { path: pathTo(pair.place), left: found.left, right: found.right };
    }
    return undefined;
  }

  #compare({ left: mine, right: theirs, place }: Pair, waiting: Pair[]): Shown | undefined {
    const left = this.#view.unwrap(mine);
    const right = this.#view.unwrap(theirs);
    const differs = { left, right };
    if (typeof left !== 'object' || left === null || typeof right !== 'object' || right === null) {
      return Object.is(left, right) || (typeof left === 'function' && typeof right === 'function')
        ? undefined
        : differs;
    }
    if (left === right) return undefined;
    const [one, other] = [this.#view.valueText(left), this.#view.valueText(right)];
    const [known, met] = [this.#paired.get(left), this.#met.get(right)];
    if (known !== undefined || met !== undefined) return known === right && met === left ? undefined : differs;
    if (one !== undefined || other !== undefined) {
      this.#pair(left, right);
      return one === other && Object.getPrototypeOf(left) === Object.getPrototypeOf(right)
        ? undefined
        : { left: one, right: other };
    }
    // What was stored before is the same object in both runs, or it is another one; what a run made has a counterpart.
    const made = this.#left.has(left);
    if (made !== this.#right.has(right) || (!made && (this.#view.isStored(left) || this.#view.isStored(right))))
      return differs;
    if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return differs;
    const [kind, otherKind] = [kindOf(left), kindOf(right)];
    if (kind !== otherKind) return { left: kind, right: otherKind };
    this.#pair(left, right);
    for (const pair of pairsOf(left, right, place).reverse()) waiting.push(pair);
    return undefined;
  }

  #pair(left: object, right: object): void {
    this.#paired.set(left, right);
    this.#met.set(right, left);
  }
}

/** What two objects hold, in order, up to the first key that only one of them has. */
function pairsOf(left: object, right: object, within: Place | undefined): Pair[] {
  const [mine, theirs] = [partsOf(left), partsOf(right)];
  const pairs: Pair[] = [];
  for (let i = 0; i < Math.max(mine.length, theirs.length); i++) {
    const [one, other] = [mine[i], theirs[i]];
    const place = { within, key: (one ?? other)?.key ?? '' };
    if (one !== undefined && one.key === other?.key) {
      pairs.push({ left: one.value, right: other.value, place });
    } else {
      const [left, right] = [one === undefined ? 'absent' : one.value, other === undefined ? 'absent' : other.value];
      pairs.push({ left, right, place, differs: true });
      break;
    }
  }
  return pairs;
}

function pathTo(place: Place | undefined): string[] {
  const path: string[] = [];
  for (let at = place; at !== undefined; at = at.within) path.push(at.key);
  return path.reverse();
}

interface Part {
  readonly key: string;
  readonly value: unknown;
}

/** What an object is to the engine, and how closed it is. */
function kindOf(object: object): string {
  const brand = brandOf(object);
  if (Object.isExtensible(object)) return withArticle(brand);
  // Constants are frozen; which of two that look alike is one shows in `===`.
  const closed = isWhole(object) ? 'constant' : Object.isFrozen(object) ? 'frozen' : 'closed';
  return withArticle(`${closed} ${brand}`);
}

/** Everything an object holds, in its order. */
function partsOf(object: object): Part[] {
  // A result may be anything, also what is not what its prototype says.
  const parts = heldBy(object, brandOf(object));
  if (object instanceof Error) parts.push({ key: 'message', value: object.message });
  for (const key of ArrayBuffer.isView(object) ? fieldsOfView(object) : Reflect.ownKeys(object)) {
    // What only the result holds still has its stack.
    if (object instanceof Error && key === 'stack') continue;
    parts.push({ key: String(key), value: (object as Record<PropertyKey, unknown>)[key] });
    const { enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(object, key) ?? {};
    if (enumerable !== true || writable !== true || configurable !== true || typeof key === 'symbol')
      parts.push({
        key: `${String(key)} (attributes)`,
        value: [typeof key, enumerable, writable, configurable].join(),
      });
  }
  return parts;
}

/** What an object holds beside its properties. */
function heldBy(object: object, brand: string): Part[] {
  if (brand === 'Date') return [{ key: 'time', value: Date.prototype.getTime.call(object) }];
  if (brand === 'Map')
    return [...(Map.prototype.entries.call(object) as Iterable<[unknown, unknown]>)].flatMap(([key, value]) => [
      { key: 'key', value: key },
      { key: shownValue(key), value },
    ]);
  if (brand === 'Set')
    return [...(Set.prototype.values.call(object) as Iterable<unknown>)].map((value) => ({ key: 'member', value }));
  if (brand === 'RegExp') return [{ key: 'pattern', value: RegExp.prototype.toString.call(object) }];
  if (BOXES.has(brand))
    return [{ key: 'primitive', value: Reflect.apply(BOXES.get(brand) as () => unknown, object, []) }];
  if (ArrayBuffer.isView(object))
    return [{ key: 'bytes', value: new Uint8Array(object.buffer, object.byteOffset, object.byteLength).join() }];
  if (/ArrayBuffer$/.test(brand)) return [{ key: 'bytes', value: new Uint8Array(object as ArrayBuffer).join() }];
  return /^(URL|Intl\b|Temporal\b)/.test(brand) ? [{ key: 'text', value: platformText(object) }] : [];
}

const BOXES: ReadonlyMap<string, () => unknown> = new Map(
  [Number, String, Boolean, Symbol, BigInt].map((type) => [type.name, (type.prototype as object).valueOf]),
);

/** What the platform tells of an object that has nothing but slots. */
function platformText(object: { resolvedOptions?: () => unknown; toString(): string }): string {
  return object.resolvedOptions === undefined ? object.toString() : JSON.stringify(object.resolvedOptions());
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
