import type { AnyClass } from './definition.js';

interface Empty {
  readonly holder: object;
  readonly key: PropertyKey;
  readonly name: string;
}

/**
 * Objects in static fields of the state's classes, and in frozen objects there. They belong to a module: in a state each would
 * be the module's own object until the state is loaded from a snapshot, and a copy from then on.
 */
export class StaticInstances {
  readonly #names = new Map<object, string>();
  /** Fields that hold nothing yet. */
  #empty: readonly Empty[] = [];

  constructor(classes: Iterable<AnyClass>) {
    const empty: Empty[] = [];
    for (const type of new Set([...classes].flatMap(withSuperclasses)))
      for (const [key, value] of fieldsOf(type))
        this.#note(value, { holder: type, key, name: nameOf(type, key) }, empty);
    this.#empty = empty;
  }

  /** Where the object stands, as in `Status.OPEN`; `undefined` if it is in no static field. */
  nameOf(object: object): string | undefined {
    if (this.#empty.length > 0) this.#look();
    return this.#names.size === 0 ? undefined : this.#names.get(object);
  }

  /** Looks again at fields that are filled when they are first used. */
  #look(): void {
    const still: Empty[] = [];
    for (const one of this.#empty) this.#note(Object.getOwnPropertyDescriptor(one.holder, one.key)?.value, one, still);
    if (still.length < this.#empty.length) this.#empty = still;
  }

  #note(value: unknown, place: Empty, empty: Empty[]): void {
    if (value === undefined || value === null) empty.push(place);
    if (typeof value !== 'object' || value === null || this.#names.has(value)) return;
    this.#names.set(value, place.name);
    if (!Object.isFrozen(value)) return;
    for (const [key, held] of fieldsOf(value))
      if (typeof held === 'object' && held !== null && !this.#names.has(held))
        this.#names.set(held, `${place.name}.${String(key)}`);
  }
}

function withSuperclasses(type: AnyClass): object[] {
  const found: object[] = [];
  for (
    let one = type as object | null;
    typeof one === 'function' && one !== Function.prototype && !isNative(one);
    one = Object.getPrototypeOf(one) as object | null
  )
    found.push(one);
  return found;
}

function isNative(type: object): boolean {
  return Function.prototype.toString.call(type).includes('[native code]');
}

/** Own data fields; the prototype of a class is none of its own. */
function fieldsOf(holder: object): [key: PropertyKey, value: unknown][] {
  return Reflect.ownKeys(holder).flatMap((key): [PropertyKey, unknown][] => {
    const descriptor = Object.getOwnPropertyDescriptor(holder, key);
    if (descriptor === undefined || !('value' in descriptor)) return [];
    return typeof holder === 'function' && key === 'prototype' ? [] : [[key, descriptor.value]];
  });
}

function nameOf(type: object, key: PropertyKey): string {
  return `${(type as { name: string }).name}.${String(key)}`;
}
