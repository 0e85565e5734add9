import 'reflect-metadata';
import { ValueTable } from '../../../src/model/values.js';
import { Type } from 'class-transformer';
import fc from 'fast-check';
import { Prevalent, Transaction, type PrevalentError } from 'prevalent';
import { CallCodec, type EncodedArgs } from '../../../src/event/call-codec.js';
import { sameGraph } from '../../../src/event/same-graph.js';
import { ClassTable } from '../../../src/model/class-table.js';
import { definitionOf } from '../../../src/model/prevalent.js';

class Point {
  constructor(
    public x: number,
    public y: number,
  ) {}
}
class Tagged extends Point {}

class Money {
  @Type(() => Date) since: Date;
  constructor(
    public cents = 0,
    since?: Date,
  ) {
    this.since = since ?? new Date(0);
  }
}
class Purse {
  @Type(() => Money) first = new Money();
  partner: Purse | undefined;
}
class Demanding {
  constructor(readonly given: { length: number }) {
    if (given.length === 0) throw new Error('empty');
  }
}

@Prevalent('codec', { classes: { point: Point } })
class Model {
  @Transaction() any(..._args: unknown[]): void {}
  @Transaction({ args: () => [Money, Date] }) pay(_money: Money, _on?: Date): void {}
  @Transaction({ args: () => [Purse] }) keep(_purse: Purse): void {}
  @Transaction({ args: () => [Demanding] }) demand(_one: Demanding): void {}
  @Transaction({ version: 3, upcast: { 1: ([a]) => [a, 1], 2: (args) => [...args, 2] } }) grown(
    ..._args: unknown[]
  ): void {}
}

const definition = definitionOf(Model);
const codec = new CallCodec(definition, new ClassTable(definition));
const transaction = (name: string) => definition.transactions.get(name)!;
const carry = (name: string, args: unknown[]): { args: unknown[]; text: string; flat: boolean } => {
  const encoded = codec.encode(transaction(name), args);
  expect(JSON.parse(encoded.text)).toEqual(encoded.args);
  return {
    ...encoded,
    args: codec.decode(transaction(name), JSON.parse(encoded.text) as EncodedArgs, transaction(name).version),
  };
};
const refusal = (name: string, args: unknown[]): unknown => {
  try {
    codec.encode(transaction(name), args);
  } catch (error) {
    return (error as PrevalentError).code;
  }
  return undefined;
};

describe('what can be carried comes back as it was', () => {
  const shared = { deep: [1] };
  const buffer = new Uint8Array([9, 8, 7, 6, 5, 4, 3, 2]);
  test.each<[string, unknown]>([
    ['text', 'a\u0000"\\\ud83d\ude00\u2028'],
    ['half a surrogate pair', '\ud83d'],
    ['a number', 1.5e300],
    ['minus zero', -0],
    ['NaN', NaN],
    ['infinities', [Infinity, -Infinity]],
    ['null', null],
    ['undefined', undefined],
    ['a bigint', 2n ** 80n],
    ['a negative bigint', -1n],
    ['a Date', new Date(1234)],
    [
      'a Map',
      new Map<unknown, unknown>([
        [1, 'one'],
        [{ a: 1 }, new Map([[NaN, -0]])],
        [undefined, null],
      ]),
    ],
    ['a Set', new Set<unknown>([1, '1', new Set([new Date(5)]), undefined])],
    ['a RegExp', /a\/[b/]+"\\/giu],
    ['a URL', new URL('https://user@example.org:8080/a%20b?c=d#e')],
    ['an ArrayBuffer', new Uint8Array([1, 2, 3]).buffer],
    ['a DataView', new DataView(buffer.buffer, 2, 3)],
    ['a part of bytes', buffer.subarray(2, 5)],
    ['empty bytes', new Uint8Array(0)],
    ['a Buffer', Buffer.from('text')],
    ['floats', new Float64Array([1.5, -0, NaN, Infinity])],
    ['big integers', new BigInt64Array([-(2n ** 63n)])],
    ['clamped bytes', new Uint8ClampedArray([255])],
    [
      'fields with odd names',
      {
        'a.b': {
          '\\': undefined,
          '': new Date(1),
          '0': [undefined],
          'a\\.b': 1n,
          toString: 1,
          json: new Date(2),
          meta: 1,
        },
      },
    ],
    ['a registered class', new Point(-0, NaN)],
    ['registered classes in collections', new Map([[new Point(1, 2), [new Set([new Point(3, 4)])]]])],
    ['an object without fields', {}],
    ['an undefined field', { a: undefined }],
  ])('%s', (_what, value) => {
    for (const args of [[value], [{ in: [value] }, 'more'], [[value], value]]) {
      const back = carry('any', args).args;
      expect(back).toStrictEqual(args);
    }
  });

  test('many bytes', () => {
    const bytes = new Uint8Array(200_000).map((_, i) => i * 7);
    expect(carry('any', [bytes]).args).toStrictEqual([bytes]);
  });

  test('shared references stay shared, cycles stay cycles', () => {
    const cycle: { name: string; self?: unknown; list: unknown[] } = { name: 'c', list: [] };
    cycle.self = cycle;
    cycle.list.push(cycle, cycle.list);
    const point = new Point(1, 2);
    const map = new Map<string, unknown>([
      ['a', shared],
      ['b', point],
    ]);
    const args = [shared, [shared], cycle, map, new Set([shared, point]), point];
    const [first, second, third, fourth, fifth, sixth] = carry('any', args).args as [
      object,
      unknown[],
      { self: unknown; list: unknown[] },
      Map<string, unknown>,
      Set<unknown>,
      Point,
    ];
    expect(second[0]).toBe(first);
    expect(third.self).toBe(third);
    expect(third.list[0]).toBe(third);
    expect(third.list[1]).toBe(third.list);
    expect(fourth.get('a')).toBe(first);
    expect(fourth.get('b')).toBe(sixth);
    expect([...fifth][0]).toBe(first);
    expect([...fifth][1]).toBe(sixth);
    expect(sixth).toBeInstanceOf(Point);
  });

  test('instances are recorded with their class, also of classes that only `args` names', () => {
    const money = new Money(5, new Date(99));
    const { args, text } = carry('pay', [money, new Date(7)]);
    expect(args).toStrictEqual([money, new Date(7)]);
    expect(text).toBe(
      '{"json":[{"cents":5,"since":"1970-01-01T00:00:00.099Z"},"1970-01-01T00:00:00.007Z"],' +
        '"meta":{"values":{"0":[["class","Money"],{"since":["Date"]}],"1":["Date"]},"v":1}}',
    );
    const purse = new Purse();
    purse.partner = new Purse();
    expect(carry('keep', [purse]).args).toStrictEqual([purse]);
    purse.partner = purse;
    expect(() => codec.encode(transaction('keep'), [purse])).toThrow(
      /stands in several places, one of them in an instance/,
    );
    // No constructor runs when they come back.
    expect(carry('demand', [new Demanding('text')]).args).toStrictEqual([new Demanding('text')]);
  });

  test('a plain object where `args` names a class is recorded as an instance of it', () => {
    const { args, text } = carry('pay', [{ cents: 3, since: new Date(1) }]);
    expect(args).toStrictEqual([new Money(3, new Date(1))]);
    expect(text).toContain('["class","Money"]');
    const first = { cents: 7 };
    expect(carry('keep', [{ first, partner: { first: { cents: 1 } } }]).args).toStrictEqual([
      Object.assign(new Purse(), { first: new Money(7), partner: { first: { cents: 1 } } }),
    ]);
    // The same object is the same instance, wherever it stands.
    const [once, , again] = carry('pay', [first, new Date(1), [first]]).args as [Money, Date, [Money]];
    expect(once).toStrictEqual(new Money(7));
    expect(again[0]).toBe(once);
  });

  test('what was recorded before classes were recorded comes back as `args` says', () => {
    const [money] = codec.decode(transaction('pay'), [{ cents: 3, since: '1970-01-01T00:00:00.001Z' }], 1);
    expect(money).toStrictEqual(new Money(3, new Date(1)));
  });

  test('plain arguments stay plain JSON, primitives need no copy', () => {
    expect(codec.encode(transaction('any'), ['a', 1, null, true])).toEqual({
      args: ['a', 1, null, true],
      text: '["a",1,null,true]',
      flat: true,
    });
    expect(codec.encode(transaction('any'), [{ a: [1] }])).toEqual({
      args: [{ a: [1] }],
      text: '[{"a":[1]}]',
      flat: false,
    });
  });

  test('later changes of the caller change nothing that was encoded', () => {
    const arg = { list: [1], date: new Date(1) };
    const encoded = codec.encode(transaction('any'), [arg]);
    arg.list.push(2);
    arg.date.setTime(5);
    expect(codec.decode(transaction('any'), encoded.args, 1)).toEqual([{ list: [1], date: new Date(1) }]);
    const first = codec.decode(transaction('any'), encoded.args, 1);
    (first[0] as typeof arg).list.push(3);
    expect(codec.decode(transaction('any'), encoded.args, 1)).toEqual([{ list: [1], date: new Date(1) }]);
  });
});

/** Arguments of every kind; with `shared`, one object may stand in several places. */
function anyArguments(shared: boolean): fc.Arbitrary<unknown[]> {
  const key = fc
    .oneof(fc.string({ maxLength: 4 }), fc.constantFrom('a.b', '\\', 'a\\.b', '0', 'json'))
    .filter((name) => !['__proto__', 'constructor', 'prototype'].includes(name));
  const leaf = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.bigInt(),
    fc.constantFrom(null, undefined, -0),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 9 }),
    fc.float32Array({ maxLength: 3 }),
    fc.constantFrom('x', 'a/b').map((pattern) => new RegExp(pattern, 'g')),
    fc.constantFrom('https://example.org/?q=1').map((url) => new URL(url)),
    fc.tuple(fc.double(), fc.string()).map(([x, y]) => new Point(x, y as never)),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
      fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
      fc.array(tie('value'), { maxLength: 3 }).map((values) => new Set(values)),
      ...(shared
        ? [
            tie('value').map((one) => [one, { again: one }]),
            tie('value').map((one) => new Map([[one, one]])),
            tie('value').map((one) => {
              const list: unknown[] = [one];
              list.push(list);
              return list;
            }),
          ]
        : []),
    ),
  }));
  return fc.array(value, { maxLength: 4 });
}

const comesBack = (args: unknown[]): boolean => {
  const encoded = codec.encode(transaction('any'), args);
  return sameGraph(
    args,
    codec.decode(transaction('any'), JSON.parse(encoded.text) as EncodedArgs, 1),
    new ValueTable(),
  );
};

test('nothing is lost on the way: decode(encode(x)) is x', () => {
  fc.assert(fc.property(anyArguments(false), comesBack), { seed: 20_240_101, numRuns: 1_500 });
});

test('where one object stands in several places, it comes back so or is refused', () => {
  let refused = 0;
  fc.assert(
    fc.property(anyArguments(true), (args) => {
      try {
        return comesBack(args);
      } catch (error) {
        refused++;
        return (error as PrevalentError).code === 'UNCARRIABLE_ARGUMENT';
      }
    }),
    { seed: 20_240_102, numRuns: 1_500 },
  );
  expect(refused).toBeLessThan(500);
});

describe('what cannot be carried is refused', () => {
  const holes: unknown[] = [1, 2, 3];
  Reflect.deleteProperty(holes, '1');
  const hiddenHole: unknown[] & { named?: number } = [1, 2];
  Reflect.deleteProperty(hiddenHole, '0');
  hiddenHole.named = 1;
  const deep = (levels: number): unknown => {
    let value: unknown = 1;
    for (let i = 0; i < levels; i++) value = [value];
    return value;
  };
  class List<T> extends Array<T> {}
  class Table<K, V> extends Map<K, V> {}
  class Day extends Date {}
  test.each<[string, unknown]>([
    ['a function', () => 1],
    ['a function in a field', { run: () => 1 }],
    ['a class', Point],
    ['a symbol', Symbol('s')],
    ['a global symbol', Symbol.for('s')],
    ['an instance of an unknown class', new (class Unknown {})()],
    ['a subclass of a registered class', new Tagged(1, 2)],
    ['an invalid Date', new Date(NaN)],
    ['an invalid Date in a Map', new Map([['d', new Date(NaN)]])],
    ['an array with holes', holes],
    ['an array with a hole and a name', hiddenHole],
    ['an array with a name', Object.assign([1], { name: 2 })],
    ['a Map with a property', Object.assign(new Map(), { name: 1 })],
    ['a Set with a property', Object.assign(new Set(), { name: 1 })],
    ['a subclass of Array', new List()],
    ['a subclass of Map', new Table()],
    ['a subclass of Date', new Day(1)],
    ['the key __proto__', JSON.parse('{"__proto__": {"admin": true}}')],
    ['the key constructor', { constructor: 1 }],
    ['the key prototype', { a: [{ prototype: 1 }] }],
    ['a symbol key', { [Symbol('k')]: 1 }],
    ['a hidden property', Object.defineProperty({}, 'hidden', { value: 1 })],
    ['an object without a prototype', Object.create(null)],
    ['an object with a strange prototype', Object.create({ inherited: 1 })],
    ['a promise', Promise.resolve()],
    ['a WeakMap', new WeakMap()],
    ['an error', new Error('e')],
    ['a boxed string', Object('s')],
    ['shared memory', new SharedArrayBuffer(1)],
    ['too deep a nesting', deep(600)],
    ['much too deep a nesting', deep(100_000)],
    [
      'a Proxy that lies',
      new Proxy(
        {},
        {
          ownKeys: () => ['ghost'],
          getOwnPropertyDescriptor: () => ({ value: () => 1, enumerable: true, configurable: true }),
          get: () => () => 1,
        },
      ),
    ],
  ])('%s', (_what, value) => {
    expect(refusal('any', [value])).toBe('UNCARRIABLE_ARGUMENT');
    expect(refusal('any', ['fine', { in: new Set([value]) }])).toBe('UNCARRIABLE_ARGUMENT');
  });

  test('the message names the transaction, the argument and the path', () => {
    expect(() => codec.encode(transaction('any'), [1, { list: [0, () => 1] }])).toThrow(
      /Argument 2 of any .* at list\.1: a function/,
    );
  });

  test('a plain object of which no instance can be made', () => {
    expect(() => codec.encode(transaction('demand'), [{ given: 'text' }])).toThrow(
      /Argument 1 of demand .* Demanding is meant.* constructor does not run without arguments.* Pass an instance of Demanding/,
    );
    expect(
      refusal('pay', [
        {
          get cents() {
            return 1;
          },
        },
      ]),
    ).toBe('UNCARRIABLE_ARGUMENT');
    expect(refusal('pay', [Object.assign(new Money(), { since: new Date(NaN) })])).toBe('UNCARRIABLE_ARGUMENT');
  });

  test('the deepest nesting that is carried also comes back', () => {
    let value: unknown = 1;
    let rich: unknown = 1n;
    for (let i = 0; i < 490; i++) {
      value = [value];
      rich = i % 2 === 0 ? new Map([['k', rich]]) : { f: rich };
    }
    expect(carry('any', [value]).args).toEqual([value]);
    expect(carry('any', [rich]).args).toEqual([rich]);
  });
});

test('older versions climb step by step', () => {
  expect(codec.decode(transaction('grown'), ['a'], 1)).toEqual(['a', 1, 2]);
  expect(codec.decode(transaction('grown'), ['a', 'b'], 2)).toEqual(['a', 'b', 2]);
  expect(codec.decode(transaction('grown'), ['a', 'b', 'c'], 3)).toEqual(['a', 'b', 'c']);
  expect(codec.open(['a'])).toEqual(['a']);
});
