/** What an object is to the engine must be what its prototype says: every kind with every prototype, wherever it comes in. */
import { copyOf, Prevalent } from '../../../src/index.js';
import { CallCodec } from '../../../src/event/call-codec.js';
import { brandOf, thoroughly } from '../../../src/event/brand.js';
import type { TransactionDefinition } from '../../../src/model/definition.js';
import { definitionOf } from '../../../src/model/prevalent.js';
import { audit } from '../../../src/state/audit.js';
import { StateDecoder } from '../../../src/state/snapshot-decoder.js';
import { StateEncoder } from '../../../src/state/snapshot-encoder.js';
import { assertSameState } from '../../../src/testing/index.js';
import { Managed } from './managed.js';

class Money {
  cents = 5;
}
class Table extends Map<unknown, unknown> {}
class Failure extends Error {}

@Prevalent('prototypes', { classes: { money: Money, table: Table, failure: Failure } })
class Model {
  slot: unknown = null;
}

/** Every kind of object, with what it is. */
const KINDS: Record<string, [is: string, make: () => object]> = {
  'plain object': ['Object', () => ({ a: 1 })],
  'empty object': ['Object', () => ({})],
  instance: ['Object', () => new Money()],
  Array: ['Array', () => [1, 2]],
  Map: ['Map', () => new Map([[1, 2]])],
  'Map with a field': ['Map', () => Object.assign(new Map([[1, 2]]), { a: 1 })],
  'subclass of Map': ['Map', () => new Table([[1, 2]])],
  Set: ['Set', () => new Set([1])],
  Date: ['Date', () => new Date(5)],
  RegExp: ['RegExp', () => /a/g],
  Error: ['Error', () => new Error('e')],
  'error of a class': ['Error', () => new Failure('e')],
  Uint8Array: ['Uint8Array', () => Uint8Array.of(1, 2)],
  Int8Array: ['Int8Array', () => Int8Array.of(-1, 2)],
  Float64Array: ['Float64Array', () => Float64Array.of(1.5)],
  DataView: ['DataView', () => new DataView(new ArrayBuffer(2))],
  Buffer: ['Uint8Array', () => Buffer.from('ab')],
  ArrayBuffer: ['ArrayBuffer', () => new ArrayBuffer(2)],
  SharedArrayBuffer: ['SharedArrayBuffer', () => new SharedArrayBuffer(2)],
  Promise: ['Promise', () => Promise.resolve(1)],
  WeakMap: ['WeakMap', () => new WeakMap()],
  WeakSet: ['WeakSet', () => new WeakSet()],
  WeakRef: ['WeakRef', () => new WeakRef({})],
  FinalizationRegistry: ['FinalizationRegistry', () => new FinalizationRegistry(() => undefined)],
  ...Object.fromEntries(
    [5, 'x', true, Symbol.for('s'), 5n].map((value) => {
      const boxed = Object(value) as object;
      return [`boxed ${typeof value}`, [boxed.constructor.name, () => Object(value) as object]];
    }),
  ),
  arguments: [
    'Arguments',
    () =>
      (function () {
        // eslint-disable-next-line prefer-rest-params -- they are what is looked at
        return arguments;
      })(),
  ],
  generator: [
    'Generator',
    () =>
      (function* () {
        yield 1;
      })(),
  ],
  'iterator of an Array': ['Array Iterator', () => [1].values()],
  'iterator of a Map': ['Map Iterator', () => new Map([[1, 2]]).entries()],
  'iterator of a Set': ['Set Iterator', () => new Set([1]).values()],
  'iterator of a text': ['String Iterator', () => 'x'[Symbol.iterator]()],
  URL: ['URL', () => new URL('https://a.example')],
  URLSearchParams: ['URLSearchParams', () => new URLSearchParams('a=1')],
  'Intl.NumberFormat': ['Intl.NumberFormat', () => new Intl.NumberFormat()],
  'Intl.Locale': ['Intl.Locale', () => new Intl.Locale('sv')],
};

/** Every prototype that objects of a state may have, with what it says. */
const PROTOTYPES: Record<string, [says: string, prototype: object | null]> = {
  none: ['Object', null],
  ...Object.fromEntries(
    [Object, Array, Map, Set, Date, RegExp].map((type) => [type.name, [type.name, type.prototype]]),
  ),
  ...Object.fromEntries(
    [Error, TypeError, AggregateError].map((type) => [type.name, ['Error', type.prototype as object]]),
  ),
  ...Object.fromEntries(
    [Uint8Array, Int8Array, Uint8ClampedArray, Float64Array, BigInt64Array, DataView].map((type) => [
      type.name,
      [type.name, type.prototype],
    ]),
  ),
  Buffer: ['Uint8Array', Buffer.prototype],
  'class of the model': ['Object', Money.prototype],
  'subclass of Map': ['Map', Table.prototype],
  'subclass of Error': ['Error', Failure.prototype],
};

const PAIRS = Object.entries(KINDS).flatMap(([kind, [is, make]]) =>
  Object.entries(PROTOTYPES).map(([name, [says, prototype]]) => {
    const disguised = (): object => Object.setPrototypeOf(make(), prototype) as object;
    return { kind, name, fits: is === says, is, says, make: disguised };
  }),
);

/** The error, or `undefined`: whatever is refused is refused by a code. */
function errorOf(run: () => unknown): { code: string; message: string } | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^[A-Z_]+$/) as string });
    return error as { code: string; message: string };
  }
}

function fromSnapshot(root: object, managed: Managed<Model>): Model {
  const encoder = new StateEncoder(root, managed.classes);
  const decoder = new StateDecoder(managed.classes);
  while (!encoder.done) for (const chunk of encoder.advance(() => false)) decoder.chunk(chunk);
  return decoder.finish() as Model;
}

test.each(Object.entries(KINDS))('%s is told from all others, whatever its prototype', (_, [is, make]) => {
  for (const [, prototype] of [['', Object.getPrototypeOf(make()) as object], ...Object.values(PROTOTYPES)] as const) {
    const object = Object.setPrototypeOf(make(), prototype) as object;
    expect(brandOf(object)).toBe(is);
  }
});

describe.each(Object.keys(KINDS))('%s', (given) => {
  test.each(PAIRS.filter(({ kind }) => kind === given))(
    'with the prototype $name: fits $fits',
    ({ fits, make, is, says }) => {
      const managed = new Managed(Model);
      const passing = (): unknown =>
        errorOf(() =>
          managed.transact((model) => {
            model.slot = make();
            model.slot = null;
          }),
        );
      // What comes and goes is nobody's business; of `arguments` reading all throws.
      if (given !== 'arguments') expect(passing()).toBeUndefined();
      const stored = errorOf(() =>
        thoroughly(() =>
          managed.transact((model) => {
            model.slot = make();
          }),
        ),
      );
      const born = errorOf(() => {
        audit(Object.assign(new Model(), { slot: [make()] }), managed.classes);
      });
      if (fits) {
        expect([stored, born]).toEqual([undefined, undefined]);
        const again = fromSnapshot(managed.raw, managed);
        assertSameState(managed.raw, again);
        assertSameState(managed.model, again);
        expect(brandOf(again.slot as object)).toBe(is);
        assertSameState([copyOf(managed.model.slot)], [again.slot]);
      } else {
        for (const error of [stored, born]) {
          expect(error?.code).toBe('UNSUPPORTED_STATE');
          expect(error?.message).toMatch(
            is === 'Object'
              ? /would hold an object with the prototype of an? \w+, which it is not/
              : is === 'Arguments'
                ? /would hold the arguments object of a function/
                : /with another prototype than/,
          );
          if (is === 'Object') expect(error?.message).toContain(says);
        }
        expect(managed.raw.slot).toBeNull();
        // Nothing is thinned on the way of an argument, a copy or a result.
        const codec = new CallCodec(definitionOf(Model), managed.classes);
        const call = { name: 'take' } as TransactionDefinition;
        expect(errorOf(() => thoroughly(() => codec.encode({ ...call, args: undefined }, [make()])))?.code).toBe(
          'UNCARRIABLE_ARGUMENT',
        );
        expect(errorOf(() => thoroughly(() => copyOf({ deep: make() })))?.code).toBe('UNSUPPORTED_STATE');
        expect(
          errorOf(() =>
            thoroughly(() =>
              managed.transact((model) => {
                model.slot = {};
                return [make()];
              }),
            ),
          )?.code,
        ).toBe('UNSUPPORTED_STATE');
      }
    },
  );
});

test('what holds data of a program is found without the check as well', () => {
  for (const { kind, fits, make } of PAIRS) {
    if (fits || !/^(Map|Set|Date|RegExp|Error|Array|\w+Array|DataView|Buffer|Promise|WeakMap|plain)/.test(kind))
      continue;
    const managed = new Managed(Model);
    expect(
      errorOf(() =>
        managed.transact((model) => {
          model.slot = { deep: [make()] };
        }),
      )?.code,
    ).toBe('UNSUPPORTED_STATE');
  }
});
