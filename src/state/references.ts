import { isMap, isSet } from '../event/brand.js';

/** What to do with one reference of a visited object. */
export type Replace = (value: object) => object;

/** Told of a reference that should be replaced in a property that cannot be written. */
export type Stuck = (holder: object, key: PropertyKey) => void;

type Put = (value: object) => void;

/** Visits what an object refers to: references that `replace` changes are replaced in place, the others go to `push`. */
export function visitReferences(target: object, replace: Replace, push: (value: object) => void, stuck: Stuck): void {
  if (ArrayBuffer.isView(target) || target instanceof ArrayBuffer) return;
  const entries = target instanceof Map && isMap(target);
  if (entries || (target instanceof Set && isSet(target))) {
    const one = (value: unknown, put: Put): void => {
      if (typeof value !== 'object' || value === null) return;
      const other = replace(value);
      if (other !== value) put(other);
      else push(value);
    };
    if (entries) visitMap(target as Map<unknown, unknown>, one);
    else visitSet(target as Set<unknown>, one);
  }
  // No closure for each property: most objects are small, and there are many.
  for (const key of Reflect.ownKeys(target)) {
    const value = (target as Record<PropertyKey, unknown>)[key];
    if (typeof value !== 'object' || value === null) continue;
    const other = replace(value);
    if (other === value) push(value);
    // A property that is read-only, yet not for good, takes a new value by definition.
    else if (!Reflect.set(target, key, other) && !Reflect.defineProperty(target, key, { value: other }))
      stuck(target, key);
  }
}

// Replacing a key moves it, so a map or set with replaced keys is filled again in its order.
function visitMap(target: Map<unknown, unknown>, one: (value: unknown, put: Put) => void): void {
  const entries = [...(Map.prototype.entries.call(target) as Iterable<[unknown, unknown]>)];
  let moved = 0;
  for (const entry of entries) {
    const [key, value] = entry;
    one(key, (other) => {
      entry[0] = other;
      moved++;
    });
    one(value, (other) => {
      entry[1] = other;
      Map.prototype.set.call(target, key, other);
    });
  }
  if (moved === 0) return;
  Map.prototype.clear.call(target);
  for (const [key, value] of entries) Map.prototype.set.call(target, key, value);
}

function visitSet(target: Set<unknown>, one: (value: unknown, put: Put) => void): void {
  const values = [...(Set.prototype.values.call(target) as Iterable<unknown>)];
  let moved = 0;
  values.forEach((value, index) => {
    one(value, (other) => {
      values[index] = other;
      moved++;
    });
  });
  if (moved === 0) return;
  Set.prototype.clear.call(target);
  for (const value of values) Set.prototype.add.call(target, value);
}
