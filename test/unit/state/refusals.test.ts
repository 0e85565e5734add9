import { Prevalent } from 'prevalent';
import { AsyncTransactionError, UnknownClassError, UnsupportedStateError } from '../../../src/errors.js';
import { graphText } from '../../property/state-graph.js';
import { Managed } from './managed.js';

class Known {
  value: unknown = 1;
}

class Stranger {
  value = 1;
}

class Vault {
  #key = 1;
  open(): number {
    return this.#key;
  }
}
class Sealed extends Vault {}

class Doubling extends Map<unknown, unknown> {
  override set(key: unknown, value: unknown): this {
    return super.set(key, [value, value]);
  }
}

class Shouting extends Set<unknown> {
  override has(value: unknown): boolean {
    return super.has(value);
  }
}

class Moment extends Date {
  label = 'now';
}

class Bytes extends Uint8Array {}

@Prevalent('state-refusals', { classes: [Known, Doubling, Shouting, Moment, Bytes] })
class Model {
  slot: unknown = { old: true };
  plain: Record<PropertyKey, unknown> = { a: 1, b: 2 };
  list: unknown[] = [1, 2, 3];
  map = new Map<unknown, unknown>([['a', 1]]);
  set = new Set<unknown>(['a']);
  known = new Known();
  bytes = new Uint8Array([1, 2, 3, 4]);
  buffer = Buffer.from('text');
  date = new Date(0);
  pattern = /x/;
  fixed = Object.preventExtensions({ a: 1, b: 2 });
  sealed = Object.seal({ a: 1 });
  fixedList: unknown[] = Object.preventExtensions([1, 2]);
}

type Case = [
  what: string,
  error: abstract new (...args: never[]) => Error,
  message: RegExp,
  body: (m: Model) => unknown,
];

const CASES: Case[] = [
  [
    'an unknown class',
    UnknownClassError,
    /^Model\.slot would hold an instance of Stranger.*classes: \{ Stranger: Stranger \}/,
    (m) => (m.slot = new Stranger()),
  ],
  [
    'an unknown class deep in a new object',
    UnknownClassError,
    /^Map\.1 would hold an instance of Stranger/,
    (m) => m.list.push({ deep: [new Map([[1, new Stranger()]])] }),
  ],
  [
    'an unknown class as a Map key',
    UnknownClassError,
    /^Map\.key would hold an instance of Stranger/,
    (m) => m.map.set(new Stranger(), 1),
  ],
  [
    'an unknown class in a Set',
    UnknownClassError,
    /^Set\.value would hold an instance of Stranger/,
    (m) => m.set.add(new Stranger()),
  ],
  [
    'an unknown class by splice',
    UnknownClassError,
    /^Array\.1 would hold an instance of Stranger/,
    (m) => m.list.splice(1, 1, new Stranger()),
  ],
  ['a function', UnsupportedStateError, /^Known\.value would hold a function/, (m) => (m.known.value = () => 1)],
  [
    'a function in a new object',
    UnsupportedStateError,
    /Object\.run holds a function/,
    (m) => (m.slot = { run: () => 1 }),
  ],
  [
    'a function in a new null-prototype object',
    UnsupportedStateError,
    /object\.run holds a function/,
    (m) => (m.slot = Object.assign(Object.create(null), { run: () => 1 })),
  ],
  [
    'a function among pushed elements',
    UnsupportedStateError,
    /Array\.4 would hold a function/,
    (m) => m.list.push(4, () => 1),
  ],
  [
    'a function under an object key',
    UnsupportedStateError,
    /Map\.\[object\] would hold a function/,
    (m) => m.map.set(Object.create(null), () => 1),
  ],
  [
    'a promise',
    UnsupportedStateError,
    /^Model\.slot would hold a Promise.*Store plain data/,
    (m) => void (m.slot = Promise.resolve()),
  ],
  [
    'a WeakMap',
    UnsupportedStateError,
    /^Model\.slot would hold a WeakMap.*Store plain data/,
    (m) => (m.slot = new WeakMap()),
  ],
  [
    'a URL',
    UnsupportedStateError,
    /^Model\.slot would hold a URL.*values: \{ url: \{ class: URL, encode/,
    (m) => (m.slot = new URL('https://example.org')),
  ],
  [
    'a formatter',
    UnsupportedStateError,
    /^Array\.3 would hold a NumberFormat.*Intl\.NumberFormat.*values:/,
    (m) => m.list.push(new Intl.NumberFormat('en')),
  ],
  [
    'a String object',
    UnsupportedStateError,
    /^Model\.slot would hold a boxed String, .*Store the primitive/,
    (m) => (m.slot = new String('x')),
  ],
  [
    'a generator',
    UnsupportedStateError,
    /^Model\.slot would hold a Generator.*Store a list: \[\.\.\.items\]/,
    (m) =>
      (m.slot = (function* () {
        yield 1;
      })()),
  ],
  [
    'an iterator',
    UnsupportedStateError,
    /^Model\.slot would hold a Map Iterator.*Store a list/,
    (m) => (m.slot = new Map().keys()),
  ],
  [
    'an object whose unnamed class hides its data in an unnamed base',
    UnsupportedStateError,
    /^Model\.slot would hold a Sealed, a class that extends Vault, which has the private member #key.*values:/,
    (m) => (m.slot = new Sealed()),
  ],
  ['a private symbol', UnsupportedStateError, /Model\.slot would hold a symbol/, (m) => (m.slot = Symbol('mine'))],
  [
    'a private symbol as a key',
    UnsupportedStateError,
    /Symbol\(mine\).*Symbol\.for/,
    (m) => (m.plain[Symbol('mine')] = 1),
  ],
  [
    'a private symbol as a key of a new object',
    UnsupportedStateError,
    /Symbol\(mine\).*Symbol\.for/,
    (m) => (m.slot = { [Symbol('mine')]: 1 }),
  ],
  [
    'an accessor',
    UnsupportedStateError,
    /Object\.late is an accessor/,
    (m) =>
      (m.slot = {
        get late() {
          return 1;
        },
      }),
  ],
  [
    'an accessor defined later',
    UnsupportedStateError,
    /accessor/,
    (m) => Object.defineProperty(m.plain, 'x', { get: () => 1, configurable: true }),
  ],
  [
    'a Map that overrides set',
    UnsupportedStateError,
    /Doubling overrides set of Map/,
    (m) => (m.slot = new Doubling()),
  ],
  [
    'a Set that overrides has',
    UnsupportedStateError,
    /Shouting overrides has of Set/,
    (m) => (m.slot = [new Shouting()]),
  ],
  ['a subclass of Date', UnsupportedStateError, /Keep a plain Date/, (m) => (m.slot = new Moment())],
  [
    'a Date with fields',
    UnsupportedStateError,
    /Keep a plain Date/,
    (m) => (m.slot = Object.assign(new Date(), { label: 1 })),
  ],
  [
    'an expression with fields',
    UnsupportedStateError,
    /Keep a plain RegExp/,
    (m) => (m.slot = Object.assign(/x/, { label: 1 })),
  ],
  [
    'a field of a stored expression',
    UnsupportedStateError,
    /RegExp\.label cannot be stored/,
    (m) => Object.assign(m.pattern, { label: 1 }),
  ],
  [
    'recompiling an expression',
    UnsupportedStateError,
    /RegExp\.compile/,
    (m) => (m.pattern as unknown as { compile(text: string): unknown }).compile('y'),
  ],
  [
    'a subclass of Uint8Array',
    UnsupportedStateError,
    /Bytes, a subclass of a typed array/,
    (m) => (m.slot = new Bytes(2)),
  ],
  [
    'a field of bytes',
    UnsupportedStateError,
    /Uint8Array\.label cannot be changed/,
    (m) => Object.assign(m.bytes, { label: 1 }),
  ],
  [
    'a bare ArrayBuffer',
    UnsupportedStateError,
    /bare ArrayBuffer.*Store a view/,
    (m) => (m.slot = { buffer: new ArrayBuffer(4) }),
  ],
  [
    'a bare SharedArrayBuffer',
    UnsupportedStateError,
    /bare SharedArrayBuffer/,
    (m) => (m.slot = new SharedArrayBuffer(4)),
  ],
  [
    'shared memory',
    UnsupportedStateError,
    /shared or resizable/,
    (m) => (m.slot = new Uint8Array(new SharedArrayBuffer(4))),
  ],
  [
    'a part of stored bytes',
    UnsupportedStateError,
    /Model\.slot would hold a part of another stored typed array/,
    (m) => (m.slot = m.bytes.subarray(1)),
  ],
  [
    'two views on the same bytes',
    UnsupportedStateError,
    /two views on the same bytes/,
    (m) => {
      const bytes = new Uint8Array(4);
      m.slot = [bytes, bytes.subarray(2)];
    },
  ],
  ['the buffer of stored bytes', UnsupportedStateError, /buffer of a stored typed array/, (m) => m.bytes.buffer],
  [
    'freezing a stored object',
    UnsupportedStateError,
    /Freezing or sealing of a stored Known/,
    (m) => Object.freeze(m.known),
  ],
  [
    'freezing a stored array',
    UnsupportedStateError,
    /Freezing or sealing of a stored Array/,
    (m) => Object.freeze(m.list),
  ],
  [
    'changing the prototype',
    UnsupportedStateError,
    /Changing the prototype of a stored Known/,
    (m) => Object.setPrototypeOf(m.known, Object.prototype),
  ],
  [
    'making a property unconfigurable',
    UnsupportedStateError,
    /Object\.hidden cannot be made unconfigurable/,
    (m) => Object.defineProperty(m.plain, 'hidden', { value: 1 }),
  ],
  [
    'making an element read-only',
    UnsupportedStateError,
    /Array\.0 would become read-only/,
    (m) => Object.defineProperty(m.list, 0, { writable: false }),
  ],
  [
    'a hidden field of an array',
    UnsupportedStateError,
    /Array\.note would become read-only or hidden/,
    (m) => Object.defineProperty(m.list, 'note', { value: 1, writable: true, configurable: true }),
  ],
  [
    'a read-only field of an array',
    UnsupportedStateError,
    /Array\.note would become read-only or hidden/,
    (m) => Object.defineProperty(m.list, 'note', { value: 1, enumerable: true, configurable: true }),
  ],
  [
    'making a length read-only',
    UnsupportedStateError,
    /Array\.length would become read-only/,
    (m) => Object.defineProperty(m.list, 'length', { writable: false }),
  ],
  [
    'an array with a read-only length',
    UnsupportedStateError,
    /Array\.length is a read-only/,
    (m) => (m.slot = Object.defineProperty([1], 'length', { writable: false })),
  ],
  [
    'making a sealed property read-only',
    UnsupportedStateError,
    /Object\.a of a sealed object/,
    (m) => Object.defineProperty(m.sealed, 'a', { writable: false }),
  ],
  [
    'a delete that could not be undone',
    UnsupportedStateError,
    /Object\.a cannot be deleted/,
    (m) => Reflect.deleteProperty(m.fixed, 'a'),
  ],
  [
    'shortening what could not grow again',
    UnsupportedStateError,
    /Array\.length cannot be deleted/,
    (m) => (m.fixedList.length = 0),
  ],
  ['popping what could not grow again', UnsupportedStateError, /Array\.1 cannot be deleted/, (m) => m.fixedList.pop()],
  [
    'a new read-only object that refers to a stored one',
    UnsupportedStateError,
    /Object\.known of a new object is read-only/,
    (m) => (m.slot = Object.freeze({ known: m.known })),
  ],
  [
    'a returned promise',
    AsyncTransactionError,
    /returned a promise/,
    (m) => {
      m.slot = 'changed';
      return Promise.reject(new Error('of no interest'));
    },
  ],
];

test.each(CASES)('%s is refused and leaves no trace', (_, error, message, body) => {
  const managed = new Managed(Model);
  const before = graphText(managed.raw);
  const attempt = (): unknown =>
    managed.transact((model) => {
      model.plain.a = 'changed';
      delete model.plain.b;
      model.map.set('new', {});
      model.list.unshift('changed');
      model.list.shift();
      return body(model);
    });
  expect(attempt).toThrow(error as never);
  expect(attempt).toThrow(message);
  expect(graphText(managed.raw)).toBe(before);
  managed.transact((model) => (model.slot = 'works'));
  expect(managed.raw.slot).toBe('works');
});

test('a class with private fields is refused before anything runs', () => {
  class Secret {
    #hidden = 1;
    get(): number {
      return this.#hidden;
    }
  }
  class Kept extends Secret {}
  for (const type of [Secret, Kept]) {
    @Prevalent('state-secret', { classes: { kept: type } })
    class Holder {
      secret = new type();
    }
    expect(() => new Managed(Holder)).toThrow(UnsupportedStateError);
    expect(() => new Managed(Holder)).toThrow(
      /private member #hidden.*"private hidden".*values: \{ (secret|kept): \{ class:/,
    );
  }
  @Prevalent('state-secret-model')
  class Model extends Secret {}
  expect(() => new Managed(Model)).toThrow(/state-secret-model extends Secret, which has the private member #hidden/);
});

describe('a genesis is refused', () => {
  test('with an unknown class', () => {
    @Prevalent('state-genesis-unknown')
    class Holder {
      stranger = new Stranger();
    }
    expect(() => new Managed(Holder)).toThrow(UnknownClassError);
  });

  test('when the model is a collection', () => {
    @Prevalent('state-genesis-map')
    class Holder extends Map<string, number> {}
    expect(() => new Managed(Holder)).toThrow(/itself a collection/);
  });

  test('when the model is frozen', () => {
    @Prevalent('state-genesis-frozen')
    class Holder {
      constructor() {
        Object.freeze(this);
      }
    }
    expect(() => new Managed(Holder)).toThrow(/frozen or sealed/);
  });
});

describe('running out', () => {
  const recurse = (model: Model, depth: number): void => {
    model.plain[depth % 50] = depth;
    model.map.set(depth % 50, depth);
    model.list.push(depth);
    recurse(model, depth + 1);
  };

  test('of stack undoes every write', () => {
    const managed = new Managed(Model);
    const before = graphText(managed.raw);
    for (let i = 0; i < 5; i++) {
      expect(() => managed.transact((model) => recurse(model, i))).toThrow(RangeError);
      expect(graphText(managed.raw)).toBe(before);
    }
  });

  test('of stack, caught inside, is undone with the rest', () => {
    const managed = new Managed(Model);
    const before = graphText(managed.raw);
    const { undo } = managed.apply((model) => {
      expect(() => recurse(model, 0)).toThrow(RangeError);
    });
    managed.undo(undo);
    expect(graphText(managed.raw)).toBe(before);
  });
});
