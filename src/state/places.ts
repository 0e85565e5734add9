import { isMap, isSet } from '../event/brand.js';
import { Elements, isSparse } from './elements.js';
import { isIndex } from './order.js';
import { describePlace } from './recorder.js';
import { isStack } from './taken-stack.js';

/** Where stored objects stand: found when they are read, so that a path costs nothing until somebody asks for it. */

export interface Place {
  readonly holder: object;
  /** Property name, array index or map key; `undefined` where only the holder is known, and for members of a set. */
  readonly key: unknown;
}

/** Tells whether `holder` holds `value` at `key`, or has it for a key or member. Elements of arrays move: see `elementsAmong`. */
export function holds(holder: object, key: unknown, value: unknown): boolean {
  if (isMapHere(holder)) {
    if (Map.prototype.get.call(holder, key) === value || Map.prototype.has.call(holder, value)) return true;
  } else if (isSetHere(holder) && Set.prototype.has.call(holder, value)) return true;
  // Maps and Sets may have fields as well; a key of a Map that is an object is no name of one.
  return isName(key) && Object.prototype.hasOwnProperty.call(holder, key) && Reflect.get(holder, key) === value;
}

// What has the prototype alone is in no state, and may still be asked for its place when it is refused.
function isMapHere(holder: object): holder is Map<unknown, unknown> {
  return holder instanceof Map && isMap(holder);
}

function isSetHere(holder: object): holder is Set<unknown> {
  return holder instanceof Set && isSet(holder);
}

function isName(key: unknown): key is PropertyKey {
  return typeof key === 'string' || typeof key === 'symbol' || typeof key === 'number';
}

/** Those of the `wanted` that are elements of a list, in one walk. */
export function elementsAmong(list: readonly unknown[], wanted: ReadonlySet<unknown>): ReadonlySet<unknown> {
  return new Set(Elements.of(list, 0, list.length).values.filter((one) => wanted.has(one)));
}

/** Visits the objects that an object refers to, as `partsOf` gives them. */
export function meetParts(holder: object, meet: (part: object) => void): void {
  if (ArrayBuffer.isView(holder)) return;
  meetEntries(holder, meet);
  for (const key of Reflect.ownKeys(holder)) {
    if (isStack(holder, key)) continue;
    const value = (holder as Record<PropertyKey, unknown>)[key];
    if (typeof value === 'object' && value !== null) meet(value);
  }
}

/** Visits the objects among the entries of a Map and the members of a Set. */
export function meetEntries(holder: object, meet: (part: object) => void): void {
  const one = (value: unknown, key: unknown): void => {
    if (typeof key === 'object' && key !== null) meet(key);
    if (value !== key && typeof value === 'object' && value !== null) meet(value);
  };
  if (isMapHere(holder)) Map.prototype.forEach.call(holder, one);
  else if (isSetHere(holder)) Set.prototype.forEach.call(holder, one);
}

/** Everything an object refers to, with its key: keys of a map stand for themselves, members of a set have none. */
function* partsOf(holder: object): Iterable<readonly [key: unknown, value: unknown]> {
  if (ArrayBuffer.isView(holder)) return;
  if (isMapHere(holder)) {
    for (const entry of Map.prototype.entries.call(holder) as Iterable<[unknown, unknown]>) {
      yield [entry[0], entry[0]];
      yield entry;
    }
  } else if (isSetHere(holder)) {
    for (const value of Set.prototype.values.call(holder) as Iterable<unknown>) yield [undefined, value];
  }
  for (const key of Reflect.ownKeys(holder))
    if (!isStack(holder, key)) yield [shown(holder, key), (holder as Record<PropertyKey, unknown>)[key]];
}

function shown(holder: object, key: unknown): unknown {
  return Array.isArray(holder) && isIndex(key) ? Number(key) : key;
}

/** The key at which `holder` holds `value`, if it is the one at which it was met, or needs no search. */
function keyAt(holder: object, hint: unknown, value: object): unknown {
  if (isSetHere(holder) && Set.prototype.has.call(holder, value)) return value;
  if (isMapHere(holder)) {
    if (Map.prototype.get.call(holder, hint) === value) return hint;
    if (Map.prototype.has.call(holder, value)) return value;
  }
  if (hint === undefined) return undefined;
  return (holder as Record<PropertyKey, unknown>)[hint as PropertyKey] === value ? shown(holder, hint) : undefined;
}

function searchKey(holder: object, value: object): unknown {
  if (Array.isArray(holder) && !isSparse(holder)) {
    const index = holder.indexOf(value);
    if (index >= 0) return index;
  }
  for (const [key, one] of partsOf(holder)) if (one === value) return key;
  return undefined;
}

/** How messages name the place of an object that one of the `holders` refers to. */
export function placeAmong(holders: Iterable<object>, value: object): string {
  for (const holder of holders) {
    const key = keyAt(holder, undefined, value) ?? searchKey(holder, value);
    if (key !== undefined) return describePlace(holder, key);
  }
  return 'The state';
}

/** Remembers for each stored object where it was first met, and finds the paths to them. */
export class Places {
  readonly #places = new WeakMap<object, Place>();

  /** An object was read out of `holder`. */
  note(value: object, holder: object, key: unknown): void {
    this.#places.set(value, { holder, key });
  }

  /** Where an object was met last. */
  of(value: object): Place | undefined {
    return this.#places.get(value);
  }
}

/** So often a holder is looked through; then its keys are written down. */
const SEARCHES = 8;

/**
 * Finds paths from the root of a state to stored objects, while that state stands still. What it has found it knows, so that
 * the paths of all that a call changed cost no more than one walk of the state.
 */
export class PathFinder {
  readonly #places: Places;
  readonly #root: object;
  readonly #paths = new Map<object, unknown[] | undefined>();
  readonly #searches = new Map<object, number>();
  readonly #keys = new Map<object, Map<unknown, unknown>>();
  #walked = false;

  constructor(places: Places, root: object) {
    this.#places = places;
    this.#root = root;
  }

  /** The path to a stored object; `undefined` if it is not part of the state any more. */
  path(value: object): unknown[] | undefined {
    if (this.#paths.has(value)) return this.#paths.get(value);
    let path = this.#climb(value);
    if (path === undefined && !this.#walked) {
      this.#walk();
      path = this.#climb(value);
    }
    this.#paths.set(value, path);
    return path;
  }

  #climb(value: object): unknown[] | undefined {
    const path: unknown[] = [];
    const seen = new Set<object>();
    for (let at = value; at !== this.#root;) {
      const place = this.#places.of(at);
      if (place === undefined || seen.has(at)) return undefined;
      seen.add(at);
      const key = this.#keyOf(place, at);
      if (key === undefined) return undefined;
      path.push(key);
      at = place.holder;
    }
    return path.reverse();
  }

  #keyOf({ holder, key }: Place, value: object): unknown {
    const met = keyAt(holder, key, value);
    if (met !== undefined) return met;
    const searches = (this.#searches.get(holder) ?? 0) + 1;
    this.#searches.set(holder, searches);
    if (searches <= SEARCHES) return searchKey(holder, value);
    let keys = this.#keys.get(holder);
    if (keys === undefined) {
      this.#keys.set(holder, (keys = new Map()));
      for (const [one, part] of partsOf(holder)) if (!keys.has(part)) keys.set(part, one);
    }
    return keys.get(value);
  }

  // Moved since it was met: the whole state is looked through once, and every place in it is right again.
  #walk(): void {
    this.#walked = true;
    const seen = new Set<object>([this.#root]);
    for (const holder of seen) {
      for (const [key, value] of partsOf(holder)) {
        if (typeof value !== 'object' || value === null || seen.has(value)) continue;
        this.#places.note(value, holder, key);
        seen.add(value);
      }
    }
  }
}
