import 'reflect-metadata';
import { copyOf, Prevalent } from 'prevalent';
import { isLive } from '../../../src/model/ledger.js';
import { Managed } from './managed.js';

class Point {
  constructor(
    public x: number,
    public y: unknown,
  ) {
    made++;
  }
  get twice(): number {
    return this.x * 2;
  }
}
let made = 0;

class Failure extends Error {}

/** As any error of a state. */
function withoutStack(error: Error): Error {
  delete error.stack;
  return error;
}

@Prevalent('copied', { classes: { point: Point, failure: Failure } })
class State {
  held: unknown;
}

const twice = (): unknown => {
  const shared = { deep: [1] };
  return [shared, shared];
};
const holes = (): unknown => {
  const list: unknown[] & { named?: unknown } = [1, 2, 3];
  Reflect.deleteProperty(list, '1');
  list.named = twice();
  return list;
};

/** Values that a state may hold. */
const values: [string, () => unknown][] = [
  ['primitives', () => [1, -0, NaN, 'a', true, null, undefined, 5n, Symbol.for('s')]],
  ['a plain object', () => ({ b: 1, a: { c: twice() } })],
  ['an object without a prototype', () => Object.assign(Object.create(null) as object, { a: twice() })],
  ['an array with holes and a name', holes],
  ['an instance', () => new Point(1, new Point(2, null))],
  [
    'a Map',
    () =>
      new Map<unknown, unknown>([
        [{ k: 1 }, new Map([['a', new Date(3)]])],
        ['b', 2],
      ]),
  ],
  ['a Set', () => new Set<unknown>([3, 1, new Set([2]), 'x'])],
  ['a Date', () => new Date(1234)],
  ['a RegExp', () => Object.assign(/a\/b/giu, { lastIndex: 3 })],
  ['bytes', () => Uint8Array.of(1, 2, 3)],
  ['a part of bytes', () => Uint8Array.of(1, 2, 3, 4).subarray(1, 3)],
  ['a Buffer', () => Buffer.from('text')],
  ['a DataView', () => new DataView(new ArrayBuffer(4), 1, 2)],
  ['floats', () => Float64Array.of(1.5, NaN)],
  ['an Error', () => withoutStack(new TypeError('t', { cause: { a: 1 } }))],
  ['an error of a class', () => withoutStack(Object.assign(new Failure('f'), { code: 'X' }))],
  [
    'hidden and symbol keys',
    () => Object.defineProperty({ [Symbol.for('k')]: 1 }, 'hidden', { value: twice(), writable: true }),
  ],
];

/** Everything that an object shows: kinds, classes, keys in order and whether they are listed. */
function shape(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const inner: unknown[] = [];
  if (value instanceof Map || value instanceof Set) inner.push([...value].map(shape));
  if (value instanceof Date) inner.push(value.getTime());
  if (value instanceof RegExp) inner.push(String(value));
  if (ArrayBuffer.isView(value)) inner.push([...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)]);
  const fields = ArrayBuffer.isView(value) ? [] : Reflect.ownKeys(value);
  return [
    (Object.getPrototypeOf(value) as object | null)?.constructor,
    inner,
    ...fields.map((key) => [
      key,
      shape((value as Record<PropertyKey, unknown>)[key]),
      Object.prototype.propertyIsEnumerable.call(value, key),
    ]),
  ];
}

function reach(value: unknown, met = new Set<object>()): Set<object> {
  if (typeof value !== 'object' || value === null || met.has(value)) return met;
  met.add(value);
  if (value instanceof Map) for (const [key, one] of value) [key, one].forEach((half) => reach(half, met));
  else if (value instanceof Set) for (const one of value) reach(one, met);
  if (!ArrayBuffer.isView(value))
    for (const key of Reflect.ownKeys(value)) reach((value as Record<PropertyKey, unknown>)[key], met);
  return met;
}

describe('copyOf', () => {
  test.each(values)('%s: the same, and nothing of it is shared', (_what, make) => {
    const managed = new Managed(State);
    managed.transact((state) => {
      state.held = make();
    });
    const expected = shape(managed.raw.held);
    const before = made;
    const inside = managed.transact((state) => ({ copy: copyOf(state.held) }));
    for (const copy of [copyOf(managed.raw.held), copyOf(managed.model.held), inside.copy, copyOf(copyOf(make()))]) {
      expect(shape(copy)).toEqual(expected);
      const own = reach(copy);
      for (const object of reach(managed.raw.held)) expect(own.has(object)).toBe(false);
      for (const object of own) expect(isLive(object)).toBe(false);
    }
    expect(made - before).toBe(_what === 'an instance' ? 2 : 0);
  });

  test('shared references stay shared, cycles stay cycles, deep ones as well', () => {
    const shared = { deep: [1] };
    const list: unknown[] = [shared, { shared }];
    list.push(list, new Map([[shared, list]]));
    const [first, second, third, fourth] = copyOf(list) as [
      object,
      { shared: object },
      unknown[],
      Map<object, unknown>,
    ];
    expect(second.shared).toBe(first);
    expect(third[0]).toBe(first);
    expect(third[2]).toBe(third);
    expect(fourth.get(first)).toBe(third);
    let deep: unknown = 'end';
    for (let i = 0; i < 100_000; i++) deep = { deep };
    let copy = copyOf(deep);
    while (typeof copy === 'object') copy = (copy as { deep: unknown }).deep;
    expect(copy).toBe('end');
  });

  test('new objects of a running transaction, with guards in them', () => {
    const managed = new Managed(State);
    managed.transact((state) => {
      state.held = [new Point(1, 2)];
    });
    managed.transact((state) => {
      const held = state.held as Point[];
      held.push(new Point(3, held[0]));
      const copy = copyOf(held);
      copy[0]!.x = 9;
      copy[1]!.x = 9;
      expect((copy[1]!.y as Point).x).toBe(9);
    });
    expect(managed.raw.held).toEqual([new Point(1, 2), new Point(3, new Point(1, 2))]);
  });

  test('what is frozen can be changed in the copy', () => {
    const copy = copyOf(Object.freeze({ list: Object.freeze([Object.freeze({ a: 1 })]) })) as { list: { a: number }[] };
    copy.list.push({ a: 2 });
    copy.list[0]!.a = 3;
    expect(copy).toEqual({ list: [{ a: 3 }, { a: 2 }] });
  });

  test('the whole model becomes an ordinary instance', () => {
    const managed = new Managed(State);
    const copy = copyOf(managed.model);
    expect(copy).toBeInstanceOf(State);
    copy.held = 1;
    expect(managed.raw.held).toBe(undefined);
  });

  test.each<[string, unknown]>([
    ['a promise', Promise.resolve()],
    ['a WeakMap', new WeakMap()],
    ['an iterator', [1].values()],
    ['a boxed number', Object(1)],
    ['a subclass of a typed array', new (class Bytes extends Uint8Array {})(2)],
  ])('%s is refused', (_what, value) => {
    expect(() => copyOf([value])).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_STATE' }));
  });
});
