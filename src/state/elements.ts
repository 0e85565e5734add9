import { isIndex } from './order.js';

/**
 * Elements of an array from one index on, at the cost of what is there. One far index makes an array sparse, and engines keep
 * only its elements then; whoever goes through its indices pays for thirty million holes.
 */
export class Elements {
  /** How many indices they span, holes included. */
  readonly length: number;
  /** Distance of each value from the first index, rising; `undefined` if there are no holes. */
  readonly at: readonly number[] | undefined;
  readonly values: readonly unknown[];

  constructor(length: number, values: readonly unknown[], at?: readonly number[]) {
    this.length = length;
    this.values = values;
    this.at = values.length === length ? undefined : at;
  }

  /** The elements from `start` up to `end`. */
  static of(list: readonly unknown[], start: number, end: number): Elements {
    const length = end - start;
    if (length > SHORT && isSparse(list)) {
      const indices = indicesOf(list, start, end);
      return new Elements(
        length,
        indices.map((index) => list[index]),
        indices.map((index) => index - start),
      );
    }
    const values: unknown[] = [];
    let at: number[] | undefined;
    for (let i = start; i < end; i++) {
      if (i in list) {
        at?.push(i - start);
        values.push(list[i]);
      } else at ??= values.map((_, distance) => distance);
    }
    return new Elements(length, values, at);
  }

  /** The same with other values; told of each value and its distance from the first index. */
  map(change: (value: unknown, distance: number) => unknown): Elements {
    const { length, values, at } = this;
    return new Elements(
      length,
      values.map((value, index) => change(value, at?.[index] ?? index)),
      at,
    );
  }

  /** The same from back to front. */
  reversed(): Elements {
    const at = this.at?.map((distance) => this.length - 1 - distance).reverse();
    return new Elements(this.length, [...this.values].reverse(), at);
  }

  /** A plain array of them, with its holes. */
  list(): unknown[] {
    if (this.at === undefined) return [...this.values];
    const list: unknown[] = [];
    put(list, 0, this);
    if (list.length < this.length) {
      // A length alone would take the memory of all its holes.
      list[this.length - 1] = undefined;
      Reflect.deleteProperty(list, this.length - 1);
    }
    return list;
  }
}

/** Up to this many indices it costs nothing to go through them. */
const SHORT = 1_024;
const PROBES = 32;

/** Tells whether most of a long array is holes, by a few indices spread over it: engines keep such an array as a table. */
export function isSparse(list: readonly unknown[]): boolean {
  if (list.length <= SHORT) return false;
  let met = 0;
  for (let i = 0; i < PROBES; i++) if (Math.floor((i * list.length) / PROBES) in list) met++;
  return met < PROBES / 4;
}

/** The indices from `start` up to `end` at which an array has elements, rising. */
export function indicesOf(list: readonly unknown[], start: number, end: number): number[] {
  const indices: number[] = [];
  if (end - start <= SHORT || !isSparse(list)) {
    for (let i = start; i < end; i++) if (i in list) indices.push(i);
    return indices;
  }
  // Indices come first, in their order.
  for (const key of Object.getOwnPropertyNames(list)) {
    const index = Number(key);
    if (!isIndex(key) || index >= end) break;
    if (index >= start) indices.push(index);
  }
  return indices;
}

/** How many of rising numbers are below a bound. */
export function countBelow(rising: readonly number[], bound: number): number {
  let [low, high] = [0, rising.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rising[middle] ?? bound) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

function put(list: unknown[], start: number, { at, values }: Elements): void {
  for (let i = 0; i < values.length; i++) list[start + (at?.[i] ?? i)] = values[i];
}

/** Writes elements over those that stand there; where they have holes, there are holes then. The array does not get shorter. */
export function overwrite(list: unknown[], start: number, elements: Elements): void {
  const { at, length } = elements;
  if (at !== undefined) {
    const kept = new Set(at);
    for (const index of indicesOf(list, start, start + length))
      if (!kept.has(index - start)) Reflect.deleteProperty(list, index);
  }
  put(list, start, elements);
}

/** The `splice` of such an array would run its constructor. */
function subclassed(list: object): boolean {
  return Object.getPrototypeOf(list) !== Array.prototype;
}

/** More arguments than this may be more than the stack holds. */
const FEW = 10_000;

/**
 * What `splice` does: elements come in place of the `deleted` ones at `start`, and what follows moves. Whole or not at all, also
 * when the stack runs out: nothing is called once the array has changed.
 */
export function splice(list: unknown[], start: number, deleted: number, elements: Elements): void {
  const { values, at } = elements;
  const end = start + deleted;
  const { length } = list;
  if (at === undefined && values.length <= FEW && !isSparse(list) && !subclassed(list)) {
    Array.prototype.splice.call(list, start, deleted, ...values);
    return;
  }
  // No other array is made (which would run the constructor of a subclass), and no hole is moved.
  const rest = Elements.of(list, end, length);
  const to = start + elements.length;
  list.length = start;
  for (let i = 0; i < values.length; i++) list[start + (at?.[i] ?? i)] = values[i];
  for (let i = 0; i < rest.values.length; i++) list[to + (rest.at?.[i] ?? i)] = rest.values[i];
  list.length = to + rest.length;
}
