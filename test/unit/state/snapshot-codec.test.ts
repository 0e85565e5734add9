import { crc32 } from 'node:zlib';
import { Prevalent } from 'prevalent';
import { SnapshotDamagedError, UnsupportedStateError } from '../../../src/errors.js';
import { sealLine } from '../../../src/event/checksum.js';
import { ClassTable } from '../../../src/model/class-table.js';
import { definitionOf } from '../../../src/model/prevalent.js';
import { encodeState, StateDecoder } from '../../../src/state/snapshot-codec.js';
import { graphText } from '../../property/state-graph.js';
import { World } from '../../property/state-world.js';

class Node {
  next: Node | undefined;
  constructor(public name: string) {}
  get upper(): string {
    return this.name.toUpperCase();
  }
  set upper(value: string) {
    this.name = value.toLowerCase();
  }
}
class Names extends Array<string> {}
class Index extends Map<unknown, unknown> {
  title = 'index';
}
class Tags extends Set<unknown> {}
class Refused extends Error {
  override name = 'Refused';
  why = 'because';
}

@Prevalent('state-codec', { classes: { 'a node': Node, Names, Index, Tags, Refused } })
class Model {
  slot: unknown;
}

const classes = new ClassTable(definitionOf(Model));

function encode(slot: unknown, table = classes): string[] {
  const root = new Model();
  root.slot = slot;
  return [...encodeState(root, table, crc32)];
}

function decode(lines: readonly string[], table = classes): object {
  const decoder = new StateDecoder(table, crc32);
  for (const line of lines) decoder.line(line);
  return decoder.finish();
}

function roundTrip<T>(slot: T): T {
  return (decode(encode(slot)) as Model).slot as T;
}

const cycle = (): unknown => {
  const first = new Node('first');
  first.next = new Node('second');
  first.next.next = first;
  return { first, again: first, map: new Map<unknown, unknown>([[first, first.next]]), list: [first] };
};

const CASES: [what: string, value: unknown][] = [
  ['primitives', [1, 0, -1.5, 1e300, 'text', '', 'é 😀 \u2028', '\ud800', true, false, null, undefined]],
  ['unusual numbers', [NaN, Infinity, -Infinity, -0]],
  ['bigints', [0n, -5n, 10n ** 30n]],
  ['registered symbols', [Symbol.for('s'), { [Symbol.for('k')]: 1 }]],
  ['text that looks like a reference', [['r', 0], ['u'], 'r', { r: 0 }, ['h']]],
  ['plain objects in their order', { z: 1, a: 2, 10: 'ten', 2: 'two', nested: {} }],
  ['objects without a prototype', Object.assign(Object.create(null), { a: {}, toString: 1 })],
  ['keys that mean something elsewhere', JSON.parse('{"__proto__": 1, "constructor": 2, "length": 3, "then": 4}')],
  ['instances', new Node('x')],
  [
    'an own field that its class has an accessor for',
    Object.defineProperty(new Node('x'), 'upper', { value: 'U', configurable: true, enumerable: true, writable: true }),
  ],
  ['shared references and cycles', cycle()],
  ['arrays with holes', Object.assign(new Array(5), { 1: 'a', 4: undefined })],
  ['arrays with fields', Object.assign([1], { title: 't', [Symbol.for('s')]: {} })],
  ['a subclass of Array', Names.from(['a', 'b'])],
  [
    'maps in their order',
    new Map<unknown, unknown>([
      ['z', 1],
      ['a', new Map()],
      [{}, []],
      [NaN, -0],
    ]),
  ],
  ['a subclass of Map with fields', new Index([[1, 2]])],
  ['sets in their order', new Set<unknown>(['z', 'a', {}, undefined])],
  ['a subclass of Set', new Tags([1])],
  ['dates', [new Date(0), new Date(NaN), new Date(-1)]],
  ['expressions', [/a"\/b/giu, Object.assign(/x/g, { lastIndex: 3 }), new RegExp('')]],
  [
    'typed arrays',
    [
      new Uint8Array([1, 255]),
      new Int16Array([-1]),
      new Float64Array([NaN, -0, 1.5]),
      new BigInt64Array([-1n]),
      new Uint8ClampedArray(2),
      new Float32Array(0),
    ],
  ],
  ['a view and a Buffer', [new DataView(new Uint8Array([1, 2, 3]).buffer, 1), Buffer.from('pooled')]],
  [
    'errors',
    [
      new Error('e'),
      new TypeError('t', { cause: { deep: 1 } }),
      new Error(),
      new AggregateError([new RangeError('r')], 'all'),
      new Refused('own'),
    ],
  ],
  ['an error whose message was changed', Object.assign(new Error('e'), { message: { odd: 1 }, extra: [] })],
  [
    'frozen, sealed and fixed objects',
    [
      Object.freeze({ a: { free: 1 } }),
      Object.seal({ b: 1 }),
      Object.preventExtensions({ c: 1 }),
      Object.freeze([{}, Object.freeze([])]),
      Object.freeze(new Node('f')),
    ],
  ],
  [
    'a sealed object with a read-only field',
    Object.seal(Object.defineProperty({ a: 1 }, 'b', { value: 2, enumerable: true, configurable: true })),
  ],
  [
    'hidden and read-only fields',
    Object.defineProperties(
      {},
      {
        h: { value: {}, configurable: true, writable: true },
        r: { value: 1, enumerable: true, configurable: true },
        f: { value: 1 },
      },
    ),
  ],
];

describe('what comes back is what was written', () => {
  test.each(CASES)('%s', (_, value) => {
    expect(graphText(roundTrip(value))).toBe(graphText(value));
  });

  test('a state with one of everything', () => {
    const definition = definitionOf(World);
    const table = new ClassTable(definition);
    const world = new World();
    const back = decode([...encodeState(world, table, crc32)], table);
    expect(graphText(back)).toBe(graphText(world));
    expect(back).toBeInstanceOf(World);
    expect([...encodeState(back, table, crc32)]).toEqual([...encodeState(world, table, crc32)]);
  });

  test('constructors do not run, and classes are known by their stable names', () => {
    const lines = encode(new Node('x'));
    expect(lines.join()).toContain('"a node"');
    expect(roundTrip(new Node('x'))).toBeInstanceOf(Node);
  });

  test('a deep chain and a long list, in several lines', () => {
    let node: Node | undefined;
    for (let i = 0; i < 20_000; i++) {
      const next = new Node(String(i));
      next.next = node;
      node = next;
    }
    const lines = encode(node);
    expect(lines.length).toBeGreaterThan(10);
    let length = 0;
    for (let one = (decode(lines) as Model).slot as Node | undefined; one !== undefined; one = one.next) length++;
    expect(length).toBe(20_000);
  });

  test('buffers have their own memory', () => {
    const back = roundTrip(new Uint8Array([1, 2, 3]).subarray(1, 2));
    expect([...back]).toEqual([2]);
    expect(back.buffer.byteLength).toBe(1);
  });
});

describe('refused when it is written', () => {
  test.each<[string, unknown, RegExp]>([
    ['a function', () => 1, /function/],
    ['a private symbol', Symbol('x'), /symbol/],
    ['a private symbol for a key', { [Symbol('x')]: 1 }, /symbol key/],
    [
      'an accessor',
      {
        get x() {
          return 1;
        },
      },
      /accessor \(x\)/,
    ],
    ['an unknown class', new (class Stranger {})(), /Stranger/],
    ['an unknown error', new (class Strange extends Error {})(), /Strange/],
  ])('%s', (_, value, message) => {
    expect(() => encode(value)).toThrow(UnsupportedStateError);
    expect(() => encode(value)).toThrow(message);
  });
});

describe('refused when it is read', () => {
  test('every flip of every byte', () => {
    const [line] = encode({ a: [1, 'é', new Node('n')], b: new Map([[1, new Date(5)]]) });
    const bytes = Buffer.from(line!);
    for (let at = 0; at < bytes.length; at++) {
      for (const bit of [1, 2, 4, 8, 16, 32, 64, 128]) {
        const damaged = Buffer.from(bytes);
        damaged[at]! ^= bit;
        expect(() => decode([damaged.toString('utf8')])).toThrow(SnapshotDamagedError);
      }
    }
  });

  test('a torn line, an empty one, and none', () => {
    const [line] = encode(1);
    for (let length = 0; length < line!.length; length += 7) {
      expect(() => decode([line!.slice(0, length)])).toThrow(SnapshotDamagedError);
    }
    expect(() => decode([])).toThrow(/no root/);
  });

  test('a missing line', () => {
    const lines = encode(Array.from({ length: 2500 }, (_, index) => ({ index })));
    expect(() => decode(lines.slice(0, -1))).toThrow(/refers to its object/);
  });

  test.each<[string, unknown[], RegExp]>([
    ['a class this program does not name', [['o', 'Gone']], /instances of Gone.*classes: \[Gone\]/],
    ['a kind of a later version', [['q', '']], /unknown kind "q"/],
    ['a value of a later version', [['o', '', 'a', ['z', 1]]], /unknown kind "z"/],
    ['bytes of an unknown type', [['v', 'Float128Array', '']], /Float128Array/],
  ])('%s', (_, nodes, message) => {
    const line = sealLine(`{"nodes":${JSON.stringify(nodes)}`, crc32);
    expect(() => decode([line])).toThrow(SnapshotDamagedError);
    expect(() => decode([line])).toThrow(message);
  });
});
