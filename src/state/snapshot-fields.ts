import { refuse } from './snapshot-column.js';
import type { Kind } from './snapshot-kinds.js';

/** Fixity of an object: it takes new fields. */
export const FREE = 0;
/** It takes no new fields. */
export const CLOSED = 1;
export const SEALED = 2;
export const FROZEN = 3;

/** The own fields of an object in their order. It is used for many objects: beyond the keys, its lists hold what was there before. */
export interface FieldList {
  keys: (string | symbol)[];
  values: unknown[];
  /** What is unusual about each: 1 hidden, 2 read-only, 4 fixed; 0 for an ordinary field of an object of this fixity. */
  attributes: number[];
  fixity: number;
}

/** A list without fields. */
export function emptyList(): FieldList {
  return { keys: [], values: [], attributes: [], fixity: FREE };
}

/** @returns one of FREE, CLOSED, SEALED, FROZEN */
function fixityOf(object: object): number {
  if (Object.isExtensible(object)) return FREE;
  return Object.isFrozen(object) ? FROZEN : Object.isSealed(object) ? SEALED : CLOSED;
}

/** Names of the fields of an object that are part of its state, in their order. */
function fieldNames(object: object, kind: Kind): (string | symbol)[] {
  if (kind === 'v' || kind === 'k' || kind === 'w') return [];
  if (kind === 'a') return namedFields(object as unknown[]);
  // Two calls, because the usual instance has no symbols and its names are known to the engine.
  const names: (string | symbol)[] = Object.getOwnPropertyNames(object);
  const symbols = Object.getOwnPropertySymbols(object);
  if (symbols.length > 0) names.push(...symbols);
  // An error of a state has none; one that is encoded by itself may.
  return kind === 'e' || kind === 'c' ? names.filter((name) => name !== 'stack') : names;
}

/** An array's fields beside its elements. */
function namedFields(array: unknown[]): (string | symbol)[] {
  const symbols = Object.getOwnPropertySymbols(array);
  if (!Object.isFrozen(array)) {
    // Its names would be a text for each index, which takes long; admission leaves no hidden ones on it.
    const visible = Object.values(array).length;
    if (visible * 8 >= array.length && visible === elementsOf(array)) return symbols;
  }
  const names = Object.getOwnPropertyNames(array);
  return [...names.slice(names.indexOf('length') + 1), ...symbols];
}

function elementsOf(array: unknown[]): number {
  let holes = 0;
  for (let i = 0; i < array.length; i++) if (array[i] === undefined && !(i in array)) holes++;
  return array.length - holes;
}

/**
 * Reads the fields of an object as they are now.
 *
 * @throws UnsupportedStateError (`UNSUPPORTED_STATE`) for an accessor
 */
export function readFields(object: object, kind: Kind, into: FieldList): FieldList {
  const keys = fieldNames(object, kind);
  // A constant is there already when a snapshot is read, and a value is made whole.
  const fixity = kind === 'k' || kind === 'w' ? FREE : fixityOf(object);
  into.keys = keys;
  into.fixity = fixity;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string | symbol;
    const descriptor = Object.getOwnPropertyDescriptor(object, key);
    if (descriptor?.writable === true && descriptor.enumerable === true && descriptor.configurable === true) {
      into.values[i] = descriptor.value;
      into.attributes[i] = 0;
    } else {
      into.values[i] = valueOf(descriptor, key);
      into.attributes[i] = attributesOf(descriptor as PropertyDescriptor, fixity);
    }
  }
  return into;
}

/** The value of a data field. */
export function valueOf(descriptor: PropertyDescriptor | undefined, key: string | symbol): unknown {
  return descriptor !== undefined && 'value' in descriptor ? descriptor.value : refuse(`an accessor (${String(key)})`);
}

/** As `FieldList.attributes`. */
export function attributesOf(descriptor: PropertyDescriptor, fixity: number): number {
  const { enumerable, writable, configurable } = descriptor;
  if (enumerable === true && (fixity === FROZEN || (writable === true && (configurable === true || fixity === SEALED))))
    return 0;
  return (enumerable === true ? 0 : 1) + (writable === true ? 0 : 2) + (configurable === true ? 0 : 4);
}
