import { encode as pack } from '@msgpack/msgpack';
import { Prevalent } from 'prevalent';
import { SnapshotDamagedError, UnsupportedStateError } from '../../../src/errors.js';
import { ClassTable } from '../../../src/model/class-table.js';
import { definitionOf } from '../../../src/model/prevalent.js';
import { StateDecoder } from '../../../src/state/snapshot-decoder.js';
import { StateEncoder } from '../../../src/state/snapshot-encoder.js';
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

function encodeRoot(root: object, table: ClassTable): Uint8Array[] {
  const encoder = new StateEncoder(root, table);
  const chunks: Uint8Array[] = [];
  while (!encoder.done) chunks.push(...encoder.advance(() => false));
  return chunks;
}

function encode(slot: unknown, table = classes): Uint8Array[] {
  const root = new Model();
  root.slot = slot;
  return encodeRoot(root, table);
}

function decode(chunks: readonly Uint8Array[], table = classes): object {
  const decoder = new StateDecoder(table);
  for (const chunk of chunks) decoder.chunk(chunk);
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
    const back = decode(encodeRoot(world, table), table);
    expect(graphText(back)).toBe(graphText(world));
    expect(back).toBeInstanceOf(World);
    expect(encodeRoot(back, table)).toEqual(encodeRoot(world, table));
  });

  test('constructors do not run, and classes are known by their stable names', () => {
    expect(Buffer.concat(encode(new Node('x'))).toString('latin1')).toContain('a node');
    expect(roundTrip(new Node('x'))).toBeInstanceOf(Node);
  });

  test('a deep chain, in several chunks', () => {
    let node: Node | undefined;
    for (let i = 0; i < 50_000; i++) {
      const next = new Node(`node ${i}`);
      next.next = node;
      node = next;
    }
    const chunks = encode(node);
    expect(chunks.length).toBeGreaterThan(2);
    let length = 0;
    for (let one = (decode(chunks) as Model).slot as Node | undefined; one !== undefined; one = one.next) length++;
    expect(length).toBe(50_000);
  });

  test.each<[string, unknown]>([
    ['a Map', new Map(Array.from({ length: 30_000 }, (_, i) => [i % 3 === 0 ? { i } : `key ${i}`, [i]]))],
    ['a Set', new Set(Array.from({ length: 30_000 }, (_, i) => (i % 3 === 0 ? { i } : `member ${i}`)))],
    [
      'an array',
      Object.assign(
        Array.from({ length: 100_000 }, (_, i) => (i % 5 === 0 ? { i } : i)),
        { title: 'long' },
      ),
    ],
    ['a dictionary', Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`key ${i}`, { i }]))],
    ['bytes', Uint8Array.from({ length: 1_000_000 }, (_, i) => i * 7)],
    ['very different objects', Array.from({ length: 20_000 }, (_, i) => ({ [`a${i}`]: i, [`b${i}`]: [i] }))],
    [
      'a Map with very many fields',
      Object.assign(new Map([[1, 2]]), Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`f${i}`, i]))),
    ],
    [
      'collections in collections',
      Array.from({ length: 3 }, () => Array.from({ length: 6000 }, (_, i) => new Set([i, {}]))),
    ],
  ])('%s in many pieces', (_, value) => {
    const chunks = encode(value);
    expect(chunks.length).toBeGreaterThan(1);
    expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThan(1_000_000);
    expect(graphText(roundTrip(value))).toBe(graphText(value));
  });

  test('very long texts, with halves of surrogate pairs, also where pieces meet', () => {
    const long = `${'x'.repeat(2 ** 18 - 1)}😀${'é'.repeat(400_000)}\ud800`;
    const value = { short: 'a', long, again: long, list: [1, `${long}2`], key: new Map([[long, undefined]]) };
    const chunks = encode(value);
    expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThan(2_000_000);
    expect(roundTrip(value)).toEqual(value);
  });

  test('texts that are cut between the halves of a pair', () => {
    const value = ['\ud83d', '\ude00', '😀', '\ufeffmark'];
    expect(roundTrip(value)).toEqual(value);
  });

  test('arrays with very many holes', () => {
    const sparse: unknown[] = [];
    sparse[5_000_000] = { far: true };
    sparse[3] = 'near';
    sparse.length = 2 ** 32 - 1;
    Object.assign(sparse, { '1e6': 'a field' });
    const back = roundTrip(sparse);
    expect(back.length).toBe(2 ** 32 - 1);
    expect(Object.entries(back)).toEqual(Object.entries(sparse));
  });

  test('fields of unusual names', () => {
    const value = { ['n'.repeat(1000)]: 1, '': 2, [Symbol.for('')]: 3 };
    expect(graphText(roundTrip(value))).toBe(graphText(value));
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
  // A whole snapshot of one empty object, and what becomes of it: checksums are the file's business, these have right ones.
  const chunkOf = (parts: Record<number, unknown>): Uint8Array =>
    pack(
      [[['o', '']], [0, 1], [], [[0, 0, []]], [0, 1], [[]], [], [], [], [], [], [], [], new Uint8Array(0)].map(
        (part, at) => parts[at] ?? part,
      ),
    );

  const viewOf = (bytes: number): Record<number, unknown> => ({
    0: [
      ['o', ''],
      ['v', 'Uint8Array'],
    ],
    1: [0, 1, 1, 1],
    2: [bytes],
    3: [
      [0, 0, []],
      [1, 0, []],
    ],
    4: [0, 1, 1, 1],
    5: [[], []],
  });

  test('bytes that do not come take no memory of the machine', () => {
    const before = process.memoryUsage().rss;
    expect(() => decode([chunkOf(viewOf(4_000_000_000))])).toThrow(SnapshotDamagedError);
    expect(process.memoryUsage().rss - before).toBeLessThan(1_000_000_000);
  });

  test('the example itself is read', () => {
    expect(decode([chunkOf({})])).toEqual({});
  });

  test('no chunk at all, and a missing one', () => {
    expect(() => decode([])).toThrow(/no root/);
    const chunks = encode(Array.from({ length: 100_000 }, (_, index) => ({ index })));
    expect(chunks.length).toBeGreaterThan(2);
    for (let missing = 0; missing < chunks.length; missing++)
      expect(() => decode(chunks.filter((_, at) => at !== missing))).toThrow(SnapshotDamagedError);
  });

  test('a torn chunk', () => {
    const [chunk] = encode({ a: [1, 'é', new Node('n')] });
    for (let length = 0; length < chunk!.length; length++)
      expect(() => decode([chunk!.subarray(0, length)])).toThrow(SnapshotDamagedError);
  });

  test.each<[string, Record<number, unknown>, RegExp]>([
    [
      'a class this program does not name',
      {
        0: [
          ['o', ''],
          ['o', 'Gone'],
        ],
      },
      /instances of Gone.*classes: \{ Gone: Gone \}/,
    ],
    ['a kind of a later version', { 0: [['q', '']] }, /unknown kind "q"/],
    ['bytes of an unknown type', { 0: [['v', 'Float128Array']] }, /Float128Array/],
    ['an error of an unknown type', { 0: [['e', 'Panic']] }, /Panic/],
    ['a value of a later version', { 3: [[0, 0, ['a', 0]]], 5: [[[77, []]]] }, /unknown kind 77/],
    ['a column that is too short', { 3: [[0, 0, ['a', 0]]], 5: [[[0, [1, 2]]]] }, /another length/],
    ['a reference to nothing', { 3: [[0, 0, ['a', 0]]], 5: [[[2, [5]]]] }, /refers to its object 5/],
    ['a text that is not there', { 3: [[0, 0, ['a', 0]]], 5: [[[1, [5]]]] }, /refers to its text 5/],
    ['an object of no type', { 1: [3, 1] }, /a type it does not describe/],
    ['fields of no object', { 4: [0, 2] }, /fields of an object it does not hold/],
    ['a part of no object', { 7: [[9], [1], [0, 1]] }, /a part of an object it does not hold/],
    ['more objects than a chunk has', { 1: [0, 2 ** 31] }, /says that it holds 2147483648 values/],
    ['more elements than a chunk has', { 7: [0, [2 ** 31], [0, 1]] }, /says that it holds 2147483648 values/],
    ['elements without a number', { 7: [0, ['x'], [0, 1]] }, /says that it holds NaN values/],
    ['more bytes than there is memory for', { ...viewOf(2 ** 52) }, /binary data of 4503599627370496 bytes, which/],
    ['fewer than no bytes', { ...viewOf(-8) }, /binary data of -8 bytes, which/],
    ['bytes that do not come', { ...viewOf(4_000_000_000) }, /lacks 4000000000 bytes of its binary data/],
  ])('%s', (_, parts, message) => {
    expect(() => decode([chunkOf(parts)])).toThrow(SnapshotDamagedError);
    expect(() => decode([chunkOf(parts)])).toThrow(message);
  });
});
