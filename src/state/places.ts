import { describePlace } from './recorder.js';

/** Where stored objects stand: found when they are read, so that a path costs nothing until somebody asks for it. */

export interface Place {
  readonly holder: object;
  /** Property name, array index or map key; `undefined` where only the holder is known, and for members of a set. */
  readonly key: unknown;
}

/** Tells whether `holder` holds `value` at `key`. */
export function holds(holder: object, key: unknown, value: unknown): boolean {
  if (holder instanceof Map) {
    return Map.prototype.get.call(holder, key) === value || Map.prototype.has.call(holder, value);
  }
  if (holder instanceof Set) return Set.prototype.has.call(holder, value);
  if (Object.prototype.hasOwnProperty.call(holder, key as PropertyKey)) {
    if ((holder as Record<PropertyKey, unknown>)[key as PropertyKey] === value) return true;
  }
  // Elements move.
  return Array.isArray(holder) && holder.includes(value);
}

/** The key at which `holder` holds `value` now; the value itself for members of a set and keys of a map. */
export function keyOf(holder: object, hint: unknown, value: object): unknown {
  if (holder instanceof Set) return Set.prototype.has.call(holder, value) ? value : undefined;
  if (holder instanceof Map) {
    if (Map.prototype.get.call(holder, hint) === value) return hint;
    for (const [key, one] of Map.prototype.entries.call(holder) as Iterable<[unknown, unknown]>) {
      if (one === value || key === value) return key;
    }
    return undefined;
  }
  const fields = holder as Record<PropertyKey, unknown>;
  if (hint !== undefined && fields[hint as PropertyKey] === value) return Array.isArray(holder) ? Number(hint) : hint;
  if (Array.isArray(holder)) {
    const index = holder.indexOf(value);
    return index < 0 ? undefined : index;
  }
  return Reflect.ownKeys(holder).find((key) => fields[key] === value);
}

/** How messages name the place of an object that one of the `holders` refers to. */
export function placeAmong(holders: Iterable<object>, value: object): string {
  for (const holder of holders) {
    const key = ArrayBuffer.isView(holder) ? undefined : keyOf(holder, undefined, value);
    if (key !== undefined) return describePlace(holder, key);
  }
  return 'The state';
}

/** Remembers for each stored object where it was first met, and finds the path to it. */
export class Places {
  readonly #places = new WeakMap<object, Place>();

  /** An object was read out of `holder`. */
  note(value: object, holder: object, key: unknown): void {
    this.#places.set(value, { holder, key });
  }

  /** The path from `root` to a stored object; `undefined` if it is not part of the state any more. */
  path(value: object, root: object): unknown[] | undefined {
    const path = this.#climb(value, root);
    if (path !== undefined) return path;
    this.#search(root);
    return this.#climb(value, root);
  }

  #climb(value: object, root: object): unknown[] | undefined {
    const path: unknown[] = [];
    const seen = new Set<object>();
    for (let at = value; at !== root;) {
      const place = this.#places.get(at);
      if (place === undefined || seen.has(at)) return undefined;
      seen.add(at);
      const key = keyOf(place.holder, place.key, at);
      if (key === undefined) return undefined;
      path.unshift(key);
      at = place.holder;
    }
    return path;
  }

  // Moved since it was met: the whole state is looked through once, and every place in it is right again.
  #search(root: object): void {
    const seen = new Set<object>([root]);
    for (const holder of seen) {
      const meet = (key: unknown, value: unknown): void => {
        if (typeof value !== 'object' || value === null || seen.has(value)) return;
        this.note(value, holder, key);
        seen.add(value);
      };
      if (ArrayBuffer.isView(holder)) continue;
      if (holder instanceof Map) {
        for (const [key, value] of Map.prototype.entries.call(holder) as Iterable<[unknown, unknown]>) {
          meet(key, key);
          meet(key, value);
        }
      } else if (holder instanceof Set) {
        for (const value of Set.prototype.values.call(holder) as Iterable<unknown>) meet(undefined, value);
      }
      for (const key of Reflect.ownKeys(holder)) meet(key, (holder as Record<PropertyKey, unknown>)[key]);
    }
  }
}
