/**
 * Every kind of value as an argument: carried exactly, or refused with its path, never thinned. What runs is compared with what was
 * given by everything that makes up a value, live, after a restart and on a newcomer.
 */
import 'reflect-metadata';
import { Master, MemoryStore, Prevalent, type PrevalentError, Transaction } from 'prevalent';
import { portraitOf } from '../portrait.js';

let constructed = 0;
class Point {
  constructor(
    public x: number,
    private readonly y: unknown,
  ) {
    constructed++;
    if (typeof x !== 'number') throw new Error('x is missing');
  }
  get sum(): number {
    throw new Error(`not asked: ${String(this.y)}`);
  }
  toJSON(): string {
    return 'not asked';
  }
  valueOf(): number {
    return 42;
  }
}
class Sub extends Point {}
class NamedSub extends Point {
  readonly own = [1];
}
class Secret {
  readonly #cents: number;
  constructor(cents = 0) {
    this.#cents = cents;
  }
  get cents(): number {
    return this.#cents;
  }
}
class Unknown {}
class Parameter {
  readonly own = 1;
}
class Table extends Map {}
class Failure extends Error {}
class Bytes extends Uint8Array {}
class Titled {
  private held = '';
  get title(): string {
    return this.held;
  }
  set title(title: string) {
    this.held = title.toUpperCase();
  }
}

@Prevalent('argument-kinds', {
  classes: { point: Point, sub: NamedSub, table: Table, failure: Failure, bytes: Bytes, titled: Titled },
})
class Kinds {
  readonly seen: string[] = [];
  @Transaction() keep(value: unknown): string {
    const portrait = portraitOf(value);
    this.seen.push(portrait);
    return portrait;
  }
  @Transaction({ args: () => [Uint8Array] }) bytes(value: unknown): string {
    return this.keep(value);
  }
  @Transaction({ args: () => [URL] }) url(value: unknown): string {
    return this.keep(value);
  }
  @Transaction({ args: () => [DataView] }) view(value: unknown): string {
    return this.keep(value);
  }
  @Transaction({ args: () => [ArrayBuffer] }) buffer(value: unknown): string {
    return this.keep(value);
  }
  @Transaction({ args: () => [Buffer] }) nodeBuffer(value: unknown): string {
    return this.keep(value);
  }
  @Transaction({ args: () => [Secret] }) secret(value: unknown): string {
    return this.keep(value);
  }
  @Transaction({ args: () => [Error] }) error(value: unknown): string {
    return this.keep(value);
  }
  @Transaction({ args: () => [WeakMap] }) weak(value: unknown): string {
    return this.keep(value);
  }
  @Transaction({ args: () => [Parameter] }) parameter(value: unknown): string {
    return this.keep(value);
  }
}

const eight = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const shared = { deep: [1] };
const cycle: Record<string, unknown> = {};
cycle.self = cycle;
const { Float16Array } = globalThis as { Float16Array?: new (numbers: number[]) => ArrayBufferView };

const carried: Record<string, unknown> = {
  'a string': 'a"\u0000\u2028\\',
  'lone surrogates': ['\ud83d', '\ude00x', '\ud83d\ude00'],
  'true, false, null': [true, false, null],
  undefined: [undefined, { a: undefined }],
  numbers: [1.5e300, 5e-324, -1, 2 ** 53, 0.1],
  'minus zero': -0,
  'NaN and infinities': [NaN, Infinity, -Infinity],
  bigints: [0n, -1n, 2n ** 100n],
  'a plain object': { b: 1, a: { 1: 'one', '': 2, 'a.b': 3, '\\': 4, toString: 5, length: 6 } },
  'an array': [1, [2, []]],
  'a Map': new Map<unknown, unknown>([
    ['b', 1],
    ['a', new Map([[{ k: 1 }, new Date(2)]])],
  ]),
  'a Set': new Set<unknown>([3, '1', new Set([undefined]), 1]),
  'a Date': [new Date(0), new Date(8.64e15), new Date(-8.64e15), new Date(1)],
  'a RegExp': [/a\/[/]"\\\n/, /b/dgimsuy, new RegExp('', 'v')],
  'a URL': new URL('https://user:p%20w@example.org:8080/a%20b?c=d&c=e#f'),
  'an ArrayBuffer': [Uint8Array.of(1, 2, 3).buffer, new ArrayBuffer(0)],
  'a part of bytes': eight.subarray(2, 5),
  'two parts of one buffer that do not overlap': [eight.subarray(0, 2), eight.subarray(2, 4)],
  'typed arrays': [
    new Int8Array([-1]),
    new Uint8ClampedArray([255]),
    new Int16Array([-2]),
    new Uint16Array([2]),
    new Int32Array([-3]),
    new Uint32Array([3]),
    new Float32Array([1.5, NaN]),
    new Float64Array([-0, NaN, Infinity]),
    new BigInt64Array([-(2n ** 63n)]),
    new BigUint64Array([2n ** 64n - 1n]),
    ...(Float16Array === undefined ? [] : [new Float16Array([1.5, -0])]),
  ],
  'Buffers of one pool': [Buffer.from('abc'), Buffer.from('def')],
  'a DataView': new DataView(Uint8Array.of(1, 2, 3, 4, 5).buffer, 1, 3),
  'many bytes': new Uint8Array(100_000).map((_, i) => i),
  'an instance that its constructor could not make again': new Point(1, new Point(-0, undefined)),
  'an instance of a named subclass': new NamedSub(1, 2),
  'instances in collections': new Map([[new Point(1, 2), new Set([new Point(3, 4)])]]),
  'an instance whose class has setters': Object.assign(new Titled(), { title: 'x' }),
  'shared references': [shared, { shared }, new Map([['k', shared]])],
  'a cycle': cycle,
  'a Proxy of a plain object': new Proxy({ a: 1 }, {}),
};

const refused: Record<string, unknown> = {
  'a function': () => 1,
  'a class': Point,
  'a symbol': Symbol('s'),
  'a registered symbol': Symbol.for('s'),
  'boxed primitives': Object('s'),
  'a boxed number': Object(1),
  'a boxed bigint': Object(1n),
  'an instance of an unknown class': new Unknown(),
  'an instance of an unknown subclass': new Sub(1, 2),
  'an instance with a private field': new Secret(500),
  'an object without a prototype': Object.create(null),
  'an object with a strange prototype': Object.create({ inherited: 1 }),
  'a hidden property': Object.defineProperty({}, 'hidden', { value: 1 }),
  'an accessor of one object': Object.defineProperty({}, 'a', { get: () => 1, enumerable: true }),
  'an accessor that throws': Object.defineProperty({}, 'a', { get: fail, enumerable: true }),
  'an accessor in an array': Object.defineProperty([1], 0, { get: () => 1, enumerable: true }),
  'an accessor in an instance': Object.defineProperty(new Point(1, 2), 'x', { get: () => 1, enumerable: true }),
  'a symbol key': { [Symbol('k')]: 1 },
  'a registered symbol key': { [Symbol.for('k')]: 1 },
  'a hidden property of an instance': Object.defineProperty(new Point(1, 2), 'hidden', { value: 1 }),
  'a field over a setter of its class': Object.defineProperty(new Titled(), 'title', { value: 'x', enumerable: true }),
  'the key __proto__': JSON.parse('{"__proto__": {"admin": true}}'),
  'the key constructor': { constructor: 1 },
  'the key prototype': { prototype: 1 },
  'an object with toJSON': { toJSON: () => 'other' },
  'an object with valueOf': { valueOf: () => 1 },
  'an array with holes': Array(2),
  'an array with a name': Object.assign([1], { name: 2 }),
  'an array with a hidden name': Object.defineProperty([1], 'hidden', { value: 2 }),
  'a subclass of Array': new (class List extends Array {})(),
  'a subclass of Map': new (class Other extends Map {})(),
  'a named subclass of Map': new Table(),
  'a Map with a property': Object.assign(new Map(), { a: 1 }),
  'a Map that is not one': Object.create(Map.prototype),
  'a subclass of Set': new (class Other extends Set {})(),
  'a Set with a property': Object.assign(new Set(), { a: 1 }),
  'an invalid Date': new Date(NaN),
  'a subclass of Date': new (class Day extends Date {})(1),
  'a Date with a property': Object.assign(new Date(1), { a: 1 }),
  'a Date that is not one': Object.create(Date.prototype),
  'a RegExp with a lastIndex': Object.assign(/a/g, { lastIndex: 1 }),
  'a RegExp with a property': Object.assign(/a/, { a: 1 }),
  'a subclass of RegExp': new (class Pattern extends RegExp {})('a'),
  'a URL with a property': Object.assign(new URL('https://example.org'), { a: 1 }),
  'a subclass of URL': new (class Link extends URL {})('https://example.org'),
  'search parameters': new URLSearchParams('a=1'),
  'an Error': new Error('e', { cause: 1 }),
  'a TypeError': new TypeError('e'),
  'an error of a named class': new Failure('e'),
  'shared memory': new SharedArrayBuffer(1),
  'bytes in shared memory': new Uint8Array(new SharedArrayBuffer(1)),
  'bytes that are given twice': [eight, eight.subarray(1, 2)],
  'bytes and their buffer': [new Uint8Array([1]), eight.buffer, eight],
  'bytes with a property': Object.assign(new Uint8Array(1), { a: 1 }),
  'many bytes with a symbol': Object.assign(new Uint8Array(100_000), { [Symbol.for('a')]: 1 }),
  'a buffer with a property': Object.assign(new ArrayBuffer(1), { a: 1 }),
  'a buffer whose bytes were transferred': transferred(),
  'a resizable buffer': resizable(),
  'bytes in a resizable buffer': new Uint8Array(resizable()),
  'a named subclass of a typed array': new Bytes(1),
  'a WeakMap': new WeakMap(),
  'a WeakSet': new WeakSet(),
  'a WeakRef': new WeakRef({}),
  'a promise': Promise.resolve(),
  'an iterator': [1].values(),
  'a generator': (function* () {
    yield 1;
  })(),
  arguments: (function (..._args: unknown[]) {
    // eslint-disable-next-line prefer-rest-params -- this is what is tried
    return arguments;
  })(1),
  'the global object': globalThis,
  'an abort signal': new AbortController().signal,
  'a text decoder': new TextDecoder(),
  'a number format': new Intl.NumberFormat('en'),
  'too deep a nesting': deep(600),
  'a Proxy whose traps throw': new Proxy({}, { ownKeys: fail }),
  'a Proxy that shows nothing behind its keys': new Proxy({}, { ownKeys: () => ['ghost'] }),
  'a Proxy of a Date': new Proxy(new Date(1), {}),
  'a Proxy of a Map': new Proxy(new Map([[1, 2]]), {}),
  'a Proxy of a RegExp': new Proxy(/a/, {}),
  'a revoked Proxy': revoked(),
};

function fail(): never {
  throw new Error('asked');
}

function transferred(): ArrayBuffer {
  const buffer = new ArrayBuffer(2);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

function resizable(): ArrayBuffer {
  return Reflect.construct(ArrayBuffer, [1, { maxByteLength: 2 }]) as ArrayBuffer;
}

function deep(levels: number): unknown {
  return levels === 0 ? 1 : [deep(levels - 1)];
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe('every kind of value', () => {
  let store: MemoryStore;
  let master: Master<Kinds>;
  const expected: string[] = [];

  beforeAll(async () => {
    store = new MemoryStore();
    master = await Master.open(Kinds, { name: 'one', store });
  });

  afterAll(async () => {
    // What was carried runs again from the journal, here and elsewhere.
    await master.sync();
    const before = constructed;
    const newcomer = await Master.open(Kinds, { name: 'two', store });
    await master.close();
    const again = await Master.open(Kinds, { name: 'one', store });
    expect(again.query(({ seen }) => seen)).toEqual(expected);
    expect(newcomer.query(({ seen }) => seen)).toEqual(expected);
    expect(constructed).toBe(before);
    await again.close();
    await newcomer.close();
  });

  const accept = (given: unknown, run: (value: unknown) => string): void => {
    const portrait = portraitOf(given);
    expected.push(portrait);
    expect(run(given)).toBe(portrait);
  };

  test.each(Object.entries(carried))('%s is carried exactly', (_kind, value) => {
    for (const given of [value, { in: [value] }, new Map([['k', value]])]) {
      accept(given, (one) => master.model.keep(one));
    }
  });

  test.each(Object.entries(refused))('%s: refused, with its path', (_kind, value) => {
    const { version } = master;
    expect(refusal(() => master.model.keep(value)).message).toMatch(/^Argument 1 of keep cannot be recorded/);
    for (const given of [{ in: ['', value] }, new Map([['in', ['', value]]])])
      expect(refusal(() => master.model.keep(given)).message).toMatch(
        /^Argument 1 of keep cannot be recorded at in\.1.*: .* Nothing was logged or changed\.$/,
      );
    expect(master.version).toBe(version);
  });

  test('frozen, sealed and closed objects are carried; the copy of the call is its own and can be changed', () => {
    const frozen = Object.freeze({ a: Object.freeze([1, Object.freeze(new Point(1, 2))]) });
    for (const given of [frozen, Object.seal({ a: 1 }), Object.preventExtensions([1])])
      accept(given, (one) => master.model.keep(one));
  });

  test('a Proxy that shows something else the second time: what was seen once is recorded', () => {
    let asked = 0;
    const odd = new Proxy(
      {},
      {
        ownKeys: () => ['n'],
        getOwnPropertyDescriptor: () => ({ value: asked++, enumerable: true, configurable: true, writable: true }),
      },
    );
    const ran = master.model.keep(odd);
    expect(ran).toMatch(/^Object\{n: \d\}$/);
    expected.push(ran);
  });

  test('parameters of a type that `args` names', () => {
    const { model } = master;
    accept(Uint8Array.of(1, 2, 3), (value) => model.bytes(value));
    accept(Buffer.from('abc'), (value) => model.bytes(value));
    accept(new URL('http://a.b/c'), (value) => model.url(value));
    accept(new DataView(new ArrayBuffer(4)), (value) => model.view(value));
    accept(Uint8Array.of(1, 2, 3).buffer, (value) => model.buffer(value));
    accept(Buffer.from('abc'), (value) => model.nodeBuffer(value));
    accept(new Parameter(), (value) => model.parameter(value));
    expect(refusal(() => model.secret(new Secret(500))).message).toMatch(/class Secret .*#cents/);
    expect(refusal(() => model.error(new Error('boom'))).message).toMatch(/pass what it says/);
    expect(refusal(() => model.weak(new WeakMap())).message).toMatch(/WeakMap, whose data cannot be seen/);
  });
});

function refusal(run: () => unknown): PrevalentError {
  try {
    run();
  } catch (error) {
    expect((error as PrevalentError).code).toBe('UNCARRIABLE_ARGUMENT');
    return error as PrevalentError;
  }
  throw new Error('it was accepted');
}
