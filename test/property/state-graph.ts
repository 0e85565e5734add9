/**
 * Object graphs as text, for exact comparison: objects are numbered in the order of a walk, so that shared references, cycles,
 * classes, iteration order and property attributes all show. Works on raw objects and on what a membrane shows of them.
 */

// Globals are slow to look up inside a test's own realm.
const { getPrototypeOf, getOwnPropertyDescriptor, isExtensible, isFrozen, isSealed, is } = Object;
const { ownKeys } = Reflect;
const { stringify } = JSON;
const asText = String;

type Text = (value: unknown) => string;

/** What the prototype of an object tells about it. */
interface Shape {
  readonly name: string;
  /** Content that is no property: entries, members, time, bytes, pattern. */
  readonly content: ((object: never, text: Text) => string) | undefined;
  readonly typed: boolean;
  readonly error: boolean;
}

const CONTENTS: readonly [type: abstract new (...args: never[]) => object, content: Shape['content']][] = [
  [
    Map,
    (map: Map<unknown, unknown>, text) => {
      let all = '';
      for (const [key, value] of map) all += `${text(key)}=>${text(value)}, `;
      return all;
    },
  ],
  [
    Set,
    (set: Set<unknown>, text) => {
      let all = '';
      for (const one of set) all += `${text(one)}, `;
      return all;
    },
  ],
  [Date, (date: Date) => String(date.getTime())],
  [RegExp, String],
  [DataView, (view: DataView) => Array.from({ length: view.byteLength }, (_, index) => view.getUint8(index)).join(' ')],
];

// Told by the prototype's name: realms bring typed arrays of their own, and a Proxy of one is no view.
const TYPED = /^(Buffer|(Big)?(Uint|Int|Float)\d+(Clamped)?Array)$/;

const shapes = new WeakMap<object, Shape>();
const nullShape: Shape = { name: 'null', content: undefined, typed: false, error: false };

function shapeOf(object: object): Shape {
  const prototype = getPrototypeOf(object) as (object & { constructor: { name: string } }) | null;
  if (prototype === null) return nullShape;
  let shape = shapes.get(prototype);
  if (shape === undefined) {
    const { name } = prototype.constructor;
    const typed = TYPED.test(name);
    shape = {
      name,
      typed,
      content: typed
        ? (bytes: Uint8Array, text: Text) => Array.from(bytes, text).join(' ')
        : CONTENTS.find(([type]) => object instanceof type)?.[1],
      error: object instanceof Error,
    };
    shapes.set(prototype, shape);
  }
  return shape;
}

function primitiveText(value: unknown): string {
  if (typeof value === 'string') return stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  return is(value, -0) ? '-0' : asText(value);
}

function integrity(object: object): string {
  if (isExtensible(object)) return '';
  return isFrozen(object) ? ' frozen' : isSealed(object) ? ' sealed' : ' fixed';
}

function objectText(object: object, text: Text): string {
  const shape = shapeOf(object);
  let all = shape.name + integrity(object);
  if (shape.content !== undefined) all += ` <${shape.content(object as never, text)}>`;
  if (shape.typed) return all;
  all += ' [';
  for (const key of ownKeys(object)) {
    // A stack names the files and lines of one run.
    if (shape.error && key === 'stack') continue;
    const { value, enumerable, writable, configurable } = getOwnPropertyDescriptor(object, key)!;
    all += asText(key);
    if (!enumerable! || !writable! || !configurable!)
      all += `!${enumerable! ? '' : 'h'}${writable! ? '' : 'r'}${configurable! ? '' : 'f'}`;
    all += `: ${text(value)}, `;
  }
  return all;
}

/** The graph of everything reachable from the roots, one line per object. */
export function graphText(...roots: readonly unknown[]): string {
  return graphOf(...roots).text;
}

/** The same with the objects themselves. */
export function graphOf(...roots: readonly unknown[]): { text: string; objects: Iterable<object> } {
  const numbers = new Map<object, number>();
  const text: Text = (value) => {
    if (typeof value !== 'object' || value === null) return primitiveText(value);
    let number = numbers.get(value);
    if (number === undefined) numbers.set(value, (number = numbers.size));
    return `#${number}`;
  };
  let all = roots.map(text).join(' ');
  // The Map grows while it is walked: objects come in the order of their numbers.
  for (const [object, number] of numbers) all += `\n#${number} ${objectText(object, text)}`;
  return { text: all, objects: numbers.keys() };
}

/** Compares two graphs. @throws Error with the lines that differ, which is quicker than a matcher's and shorter */
export function sameGraph(actual: string, expected: string, when: string): void {
  if (actual === expected) return;
  const [is, should] = [actual.split('\n'), expected.split('\n')];
  const differences: string[] = [];
  for (let i = 0; i < Math.max(is.length, should.length); i++) {
    if (is[i] !== should[i]) differences.push(`- ${should[i] ?? ''}`, `+ ${is[i] ?? ''}`);
  }
  throw new Error(`${when} (- expected, + received)\n${differences.slice(0, 8).join('\n')}`);
}
