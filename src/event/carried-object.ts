import type { ClassTable } from '../model/class-table.js';
import type { Carriage } from './carriable.js';

/** Stands in arguments for a constant, while superjson writes them: it would look into the object itself. */
export class CarriedConstant {
  constructor(readonly reference: string) {}
}

/** Stands in arguments for a value while superjson writes them. */
export class CarriedValue {
  constructor(
    readonly name: string,
    /** What `encode` gave. */
    readonly data: unknown,
  ) {}
}

/** A copy of arguments in which others stand for the objects that are carried as a whole; what is shared stays shared. */
export function withCarried(
  args: readonly unknown[],
  { constants }: ClassTable,
  values: Carriage['values'],
): unknown[] {
  const copies = new Map<object, unknown>();
  const copy = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    const reference = constants.referenceOf(value);
    // A new one each time: whoever reads it finds the one constant, and superjson has nothing to mend.
    if (reference !== undefined) return new CarriedConstant(reference);
    if (!copies.has(value)) {
      const carried = values.get(value);
      if (carried === undefined) copyInside(value, copies, copy);
      else copies.set(value, new CarriedValue(carried.type.name, JSON.parse(carried.text)));
    }
    return copies.get(value);
  };
  return args.map(copy);
}

/** Copies arrays, collections, plain objects and instances; what has no references is taken as it is. */
function copyInside(value: object, copies: Map<object, unknown>, copy: (value: unknown) => unknown): void {
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    copies.set(value, list);
    for (const one of value) list.push(copy(one));
  } else if (value instanceof Map) {
    const map = new Map<unknown, unknown>();
    copies.set(value, map);
    for (const [key, one] of value) map.set(copy(key), copy(one));
  } else if (value instanceof Set) {
    const set = new Set<unknown>();
    copies.set(value, set);
    for (const one of value) set.add(copy(one));
  } else if (value instanceof Date || ArrayBuffer.isView(value) || Object.keys(value).length === 0) {
    copies.set(value, value);
  } else {
    const object = Object.create(Object.getPrototypeOf(value) as object | null) as object;
    copies.set(value, object);
    for (const [key, one] of Object.entries(value))
      Object.defineProperty(object, key, { value: copy(one), enumerable: true, writable: true, configurable: true });
  }
}
