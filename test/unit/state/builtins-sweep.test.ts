import { type Body, difference, Kinds } from './bare-and-guarded.js';

/**
 * Every method of every kind of object that may live in a state, found by reflection (so that those of newer engines are
 * swept too), called on the object and taken from its prototype, with every kind of argument.
 */

type Arguments = (m: Kinds, seen: unknown[], self: unknown) => unknown[];

function showing(seen: unknown[]): (this: unknown, ...args: unknown[]) => unknown {
  return function (this: unknown, ...args) {
    seen.push(this, ...args);
    if (typeof this === 'object' && this !== null) (this as { n: number }).n = 9;
    return args[0];
  };
}

const ARGUMENTS: Record<string, Arguments> = {
  nothing: () => [],
  'a callback with thisArg': (m, seen) => [showing(seen), m.other],
  'a callback with an accumulator': (m, seen) => [
    (all: Record<string, number>, one: unknown, index: unknown, whole: unknown) => {
      seen.push(all, one, index, whole);
      all['n'] = 7;
      return all;
    },
    m.other,
  ],
  'a comparison': (_, seen) => [
    (left: { n?: number }, right: { n?: number }) => {
      seen.push(left, right);
      return Number(left.n ?? left) - Number(right.n ?? right);
    },
  ],
  numbers: () => [1, 2],
  'a bigint': () => [1n],
  'no function': () => [7],
  'a key and an object': (m) => ['a', m.other],
  objects: (m) => [m.key, m.other],
  'a number and an object': (m) => [1, 1, m.other, m.key],
  'a key and a callback': (m, seen) => ['c', showing(seen), m.other],
  itself: (_, __, self) => [self],
  'a set': (m) => [m.more],
  'a set-like': (_, seen) => [
    { size: 2, has: (one: unknown) => (seen.push(one), true), keys: () => ['a', 'z'].values() },
  ],
  'a list': (m) => [[m.other, 1]],
  'text and a replacer': (_, seen) => ['abab', showing(seen)],
  'what is asked for its value': (_, seen) => [
    {
      valueOf(): number {
        seen.push(this);
        return 1;
      },
    },
  ],
  'an object with a receiver': (m) => [m.other, m.key, m.list],
};

/** What differs for a reason: the language itself answers there, without asking the guard. */
const KNOWN: ReadonlySet<string> = new Set([
  // The engine looks for a typed array's tag behind no Proxy, and gives undefined.
  'get [Symbol(Symbol.toStringTag)] taken from the prototype',
  // Where a small Buffer stands in the memory that it shares differs from run to run.
  'get offset',
  'get [offset] taken from the prototype',
  'get byteOffset',
  'get [byteOffset] taken from the prototype',
]);

/** Typed arrays share their methods: most of them are tried with fewer arguments, as are methods that take none. */
const ALIKE = /^(int|clamped|uint16|uint32|float32|biguint)/;
const FEW = ['nothing', 'a callback with thisArg', 'a callback with an accumulator', 'numbers', 'itself'];

function apply(method: unknown, self: unknown, args: unknown[]): unknown {
  return Reflect.apply(method as () => unknown, self, args);
}

type Row = [name: string, body: Body, loud: 'TypeError' | undefined];

function rowsOf(kind: keyof Kinds): Map<string, Row[]> {
  const members = new Map<string, Row[]>();
  const self = (m: Kinds): Record<PropertyKey, unknown> => m[kind] as never;
  for (
    let prototype = Object.getPrototypeOf(new Kinds()[kind]) as object | null;
    prototype !== null;
    prototype = Object.getPrototypeOf(prototype) as object | null
  ) {
    for (const key of Reflect.ownKeys(prototype)) {
      if (key === 'constructor') continue;
      const owner = prototype;
      const { value, get } = Object.getOwnPropertyDescriptor(owner, key)!;
      const rows: Row[] = [];
      if (get !== undefined) {
        rows.push([`get ${String(key)}`, (m) => self(m)[key], undefined]);
        rows.push([`get [${String(key)}] taken from the prototype`, (m) => get.call(self(m)) as unknown, 'TypeError']);
      }
      if (typeof value === 'function') {
        for (const [what, args] of Object.entries(ARGUMENTS)) {
          if ((ALIKE.test(kind) || value.length === 0) && !FEW.includes(what)) continue;
          rows.push([
            `${String(key)}(${what})`,
            (m, seen) => apply(self(m)[key], self(m), args(m, seen, self(m))),
            undefined,
          ]);
          rows.push([
            `${String(key)}(${what}) taken from the prototype`,
            (m, seen) => apply((owner as Record<PropertyKey, unknown>)[key], self(m), args(m, seen, self(m))),
            'TypeError',
          ]);
        }
      }
      if (rows.length > 0) members.set(`${(owner.constructor as { name: string }).name}.${String(key)}`, rows);
    }
  }
  return members;
}

const kinds = (Object.keys(new Kinds()) as (keyof Kinds)[]).filter(
  (kind) => !['other', 'key', 'more', 'bare'].includes(kind),
);

describe.each(kinds)('%s', (kind) => {
  test.each([...rowsOf(kind)])('%s', (_, rows) => {
    const found = rows
      .filter(([name]) => !KNOWN.has(name))
      .map(([name, body, loud]) => [name, difference(body, loud)])
      .filter(([, how]) => how !== undefined);
    expect(found).toEqual([]);
  });
});
