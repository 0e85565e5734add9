/** Every kind of value that a state may hold, each with one difference. */
import { Prevalent } from 'prevalent';

class Point {
  x = 0;
  #unused?: never;
  static of(x: number): Point {
    return Object.assign(new Point(), { x });
  }
  get unused(): undefined {
    return this.#unused;
  }
}
class Box {
  constructor(public content: unknown) {}
}
class Table extends Map<unknown, unknown> {}
class Group extends Set<unknown> {}
class List extends Array<unknown> {}
class Failure extends Error {}

const OPEN = { name: 'open' };
const DONE = { name: 'done' };

export const bits = (...words: number[]): ArrayBuffer => Uint32Array.from(words).buffer;
const viewed = (...bytes: number[]): DataView => new DataView(Uint8Array.from(bytes).buffer);
const define = (field: PropertyDescriptor): object => Object.defineProperty({ z: 0 }, 'a', { value: 1, ...field });
const OPEN_FIELD = { writable: true, enumerable: true, configurable: true };
const twice = <T>(one: T): T[] => [one, one];
const at = (pattern: RegExp, lastIndex: number): RegExp => Object.assign(pattern, { lastIndex });

/** What is different, and the two. */
export const DIFFERENCES: [what: string, one: () => unknown, other: () => unknown][] = [
  ['zero', () => 0, () => -0],
  ['a number and none', () => NaN, () => 0],
  ['a bigint and a number', () => 1n, () => 1],
  ['bigints', () => 1n, () => 2n],
  ['texts', () => 'a', () => 'b'],
  ['undefined and null', () => undefined, () => null],
  ['booleans', () => true, () => false],
  ['registered symbols', () => Symbol.for('a'), () => Symbol.for('b')],
  ['a symbol and its text', () => Symbol.for('a'), () => 'Symbol(a)'],
  ['fields', () => ({ a: 1 }), () => ({ a: 2 })],
  ['names of fields', () => ({ a: 1 }), () => ({ b: 1 })],
  ['a field and none', () => ({ a: undefined }), () => ({})],
  ['the order of fields', () => ({ a: 1, b: 2 }), () => ({ b: 2, a: 1 })],
  ['fields of symbols', () => ({ [Symbol.for('k')]: 1 }), () => ({ [Symbol.for('k')]: 2 })],
  ['symbols of fields', () => ({ [Symbol.for('k')]: 1 }), () => ({ [Symbol.for('l')]: 1 })],
  ['a field of a symbol and one of its text', () => ({ [Symbol.for('k')]: 1 }), () => ({ '[Symbol(k)]': 1 })],
  ['a hidden field', () => define({ ...OPEN_FIELD, enumerable: false }), () => define(OPEN_FIELD)],
  ['a read-only field', () => define({ ...OPEN_FIELD, writable: false }), () => define(OPEN_FIELD)],
  ['a fixed field', () => define({ ...OPEN_FIELD, configurable: false }), () => define(OPEN_FIELD)],
  ['frozen', () => Object.freeze({ a: 1 }), () => ({ a: 1 })],
  ['sealed', () => Object.seal({ a: 1 }), () => ({ a: 1 })],
  ['closed', () => Object.preventExtensions({ a: 1 }), () => ({ a: 1 })],
  ['frozen and sealed', () => Object.freeze({ a: 1 }), () => Object.seal({ a: 1 })],
  ['no prototype', () => Object.assign(Object.create(null) as object, { a: 1 }), () => ({ a: 1 })],
  ['a class', () => Point.of(1), () => ({ x: 1 })],
  ['what an instance holds', () => new Box(1), () => new Box(2)],
  ['one object twice', () => twice({ a: 1 }), () => [{ a: 1 }, { a: 1 }]],
  ['elements', () => [1, 2], () => [1, 3]],
  ['the length of an array', () => [1], () => [1, undefined]],
  ['holes', () => [1, , 2], () => [1, undefined, 2]],
  ['holes at the end', () => Object.assign([1], { length: 2 }), () => Object.assign([1], { length: 3 })],
  ['a field of an array', () => Object.assign([1], { a: 1 }), () => Object.assign([1], { a: 2 })],
  ['a frozen array', () => Object.freeze([1]), () => [1]],
  ['a subclass of Array', () => List.from([1]), () => [1]],
  ['values of a Map', () => new Map([['a', 1]]), () => new Map([['a', 2]])],
  ['keys of a Map', () => new Map<unknown, number>([[1, 1]]), () => new Map<unknown, number>([['1', 1]])],
  ['objects as keys', () => new Map([[{ a: 1 }, 1]]), () => new Map([[{ a: 2 }, 1]])],
  ['bytes as keys', () => new Map([[viewed(1), 1]]), () => new Map([[viewed(2), 1]])],
  [
    'the order of a Map',
    () =>
      new Map([
        [1, 1],
        [2, 2],
      ]),
    () =>
      new Map([
        [2, 2],
        [1, 1],
      ]),
  ],
  ['a field of a Map', () => Object.assign(new Map(), { a: 1 }), () => new Map()],
  ['a frozen Map', () => Object.freeze(new Map()), () => new Map()],
  ['a subclass of Map', () => new Table([[1, 1]]), () => new Map([[1, 1]])],
  ['members', () => new Set([1]), () => new Set([2])],
  ['the order of members', () => new Set([1, 2]), () => new Set([2, 1])],
  ['objects as members', () => new Set([new Date(1)]), () => new Set([new Date(2)])],
  ['a subclass of Set', () => new Group([1]), () => new Set([1])],
  ['a Map and a Set', () => new Map(), () => new Set()],
  ['times', () => new Date(1), () => new Date(2)],
  ['a time and none', () => new Date(NaN), () => new Date(0)],
  ['a frozen Date', () => Object.freeze(new Date(1)), () => new Date(1)],
  ['patterns', () => /a/, () => /b/],
  ['flags', () => /a/g, () => /a/y],
  ['lastIndex', () => at(/a/g, 1), () => at(/a/g, 2)],
  ['messages', () => new Error('a'), () => new Error('b')],
  ['a message and none', () => new Error(''), () => new Error()],
  ['names of errors', () => Object.assign(new Error('a'), { name: 'A' }), () => new Error('a')],
  ['types of errors', () => new TypeError('a'), () => new RangeError('a')],
  [
    'codes of errors',
    () => Object.assign(new Error('a'), { code: 1 }),
    () => Object.assign(new Error('a'), { code: 2 }),
  ],
  ['causes', () => new Error('a', { cause: { b: 1 } }), () => new Error('a', { cause: { b: 2 } })],
  ['a cause and none', () => new Error('a', { cause: undefined }), () => new Error('a')],
  ['errors in errors', () => new AggregateError([new Error('a')]), () => new AggregateError([new Error('b')])],
  ['a class of errors', () => new Failure('a'), () => new Error('a')],
  ...[
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
  ].map((Type): (typeof DIFFERENCES)[number] => [`bytes of a ${Type.name}`, () => Type.of(1, 2), () => Type.of(1, 3)]),
  ...[BigInt64Array, BigUint64Array].map((Type): (typeof DIFFERENCES)[number] => [
    `bytes of a ${Type.name}`,
    () => Type.of(1n),
    () => Type.of(2n),
  ]),
  ['bytes of a DataView', () => viewed(0, 0), () => viewed(7, 0)],
  ['bytes of a Buffer', () => Buffer.from('a'), () => Buffer.from('b')],
  ['the length of a DataView', () => viewed(0), () => viewed(0, 0)],
  ['the length of an array of bytes', () => new Uint8Array(1), () => new Uint8Array(2)],
  ['types of views', () => new Uint8Array(1), () => new Int8Array(1)],
  ['a view and a Buffer', () => Uint8Array.of(97), () => Buffer.from('a')],
  ['a view and a DataView', () => Uint8Array.of(1), () => viewed(1)],
  ['zero in an array of numbers', () => Float64Array.of(0), () => Float64Array.of(-0)],
  ['bits that nobody sees', () => new Float64Array(bits(0, 0x7ff80000)), () => new Float64Array(bits(1, 0x7ff80000))],
  ['constants', () => OPEN, () => DONE],
  ['a constant and its like', () => OPEN, () => Object.freeze({ name: 'open' })],
  ['values', () => new URL('https://a.example/?one'), () => new URL('https://a.example/?two')],
  ['a value and its text', () => new URL('https://a.example/'), () => 'https://a.example/'],
];

/** A model that knows them. */
export const known = (name: string): ReturnType<typeof Prevalent> =>
  Prevalent(name, {
    classes: { box: Box, table: Table, group: Group, list: List, failure: Failure, visible: class Visible {} },
    constants: { 'status.open': OPEN, 'status.done': DONE },
    values: {
      url: { class: URL, encode: (url) => url.href, decode: (text) => new URL(text) },
      point: { class: Point, encode: ({ x }) => x, decode: (x: number) => Point.of(x) },
    },
  });
