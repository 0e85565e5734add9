import { type Body, difference, Kinds } from './bare-and-guarded.js';

/** Every function of Object and Reflect, and what else of the language takes an object, on every kind of object of a state. */

type Arguments = (self: object, m: Kinds, seen: unknown[]) => unknown[];

const ARGUMENTS: Record<string, Arguments> = {
  'the object': (self) => [self],
  'the object and a key': (self) => [self, 'a'],
  'the object and an index': (self) => [self, 0],
  'the object and a symbol': (self) => [self, Symbol.for('s')],
  'the object and a key that it has not': (self) => [self, 'none'],
  'the object, a key and a value': (self, m) => [self, 'a', m.other],
  'the object, an index and a value': (self) => [self, 0, 7],
  'the object, a key, a value and a receiver': (self, m) => [self, 'a', 7, m.other],
  'the object, an index, a value and a receiver': (self) => [self, 0, 7, {}],
  'the object, a key and a descriptor': (self) => [
    self,
    'a',
    { value: 7, writable: true, enumerable: true, configurable: true },
  ],
  'the object, a key and a hidden descriptor': (self) => [self, 'a', { value: 7, configurable: true }],
  'the object and descriptors': (self) => [
    self,
    { z: { value: 1, writable: true, enumerable: true, configurable: true } },
  ],
  'the object and its own prototype': (self) => [self, Object.getPrototypeOf(self)],
  'the object and no prototype': (self) => [self, null],
  'the object and itself': (self) => [self, self],
  'the object and another': (self, m) => [self, m.plain],
  'a new object and it': (self) => [{}, self],
  'the object and a callback': (self, _, seen) => [self, (one: unknown) => (seen.push(one), 'group')],
};

const OTHERS: Record<string, (self: object, m: Kinds, seen: unknown[]) => unknown> = {
  'Object.prototype.toString': (self) => Object.prototype.toString.call(self),
  'a spread': (self) => ({ ...self }),
  'for in': (self) => {
    const keys = [];
    for (const key in self) keys.push(key);
    return keys;
  },
  'JSON.stringify': (self) => JSON.stringify(self),
  'Array.isArray': (self) => Array.isArray(self),
  'Array.from': (self) => Array.from(self as never),
  'Array.from with a callback and thisArg': (self, m, seen) =>
    Array.from(
      self as unknown[],
      function (this: unknown, one: unknown) {
        seen.push(this, one);
        return one;
      } as never,
      m.other,
    ),
  'new Map': (self) => new Map(self as never),
  'new Set': (self) => new Set(self as never),
  'new Date': (self) => new Date(self as never).getTime(),
  'new RegExp': (self) => new RegExp(self as never),
  'new Uint8Array': (self) => new Uint8Array(self as never),
  'Uint8Array.from': (self) => Uint8Array.from(self as never),
  'Buffer.from': (self) => [...Buffer.from(self as never)],
  Number: (self) => Number(self),
  'a concatenation': (self) => [1].concat(self as never),
  'what it is an instance of': (self) =>
    [Object, Array, Map, Set, Date, RegExp, Error, Uint8Array, Buffer].map((type) => self instanceof type),
  'an heir': (self) => Object.getPrototypeOf(Object.create(self)) === self,
  'a field of an heir': (self) => {
    const heir = Object.create(self) as Record<string, unknown>;
    heir['0'] = 9;
    return [Object.keys(heir), heir['0']];
  },
  in: (self) => ['a', 'size', 'length', '0', 'none'].map((key) => key in self),
  'a WeakMap': (self, m) => new WeakMap([[self, 1]]).get(self) ?? m,
};

type Row = [name: string, body: Body];

function rowsOf(kind: keyof Kinds): Row[] {
  const rows: Row[] = [];
  for (const [owner, name] of [
    [Object, 'Object'],
    [Reflect, 'Reflect'],
  ] as const) {
    for (const key of Object.getOwnPropertyNames(owner)) {
      const value = (owner as unknown as Record<string, unknown>)[key];
      if (typeof value !== 'function' || /^(apply|construct|fromEntries)$/.test(key)) continue;
      for (const [what, args] of Object.entries(ARGUMENTS)) {
        // As many arguments as it takes, or one more.
        const given = args({}, new Kinds(), []).length;
        if (given < value.length || given > value.length + 1) continue;
        rows.push([
          `${name}.${key}(${what})`,
          (m, seen) => Reflect.apply(value, owner, args(m[kind] as object, m, seen)) as unknown,
        ]);
      }
    }
  }
  for (const [what, run] of Object.entries(OTHERS)) rows.push([what, (m, seen) => run(m[kind], m, seen)]);
  return rows;
}

const kinds = (Object.keys(new Kinds()) as (keyof Kinds)[]).filter(
  (kind) => !/^(other|key|more|int|clamped|uint16|uint32|float32|biguint)/.test(kind),
);

describe.each(kinds)('%s', (kind) => {
  const rows = rowsOf(kind);
  const owners = new Map<string, Row[]>();
  for (const row of rows) {
    const name = row[0].split('(')[0]!;
    owners.set(name, [...(owners.get(name) ?? []), row]);
  }
  test.each([...owners])('%s', (_, own) => {
    const found = own.map(([name, body]) => [name, difference(body)]).filter(([, how]) => how !== undefined);
    expect(found).toEqual([]);
  });
});
