import { inspect, isDeepStrictEqual } from 'node:util';
import { Prevalent } from 'prevalent';
import { UnsupportedStateError } from '../../../src/errors.js';
import { Managed } from './managed.js';

class Todo {
  done = false;
  constructor(readonly title: string) {}
}

function withoutStack(error: Error): Error {
  delete error.stack;
  return error;
}

@Prevalent('state-seeing-through', { classes: [Todo] })
class Model {
  todo = new Todo('tea');
  map = new Map<unknown, unknown>([
    ['a', { n: 1 }],
    ['b', [new Date(5)]],
  ]);
  set = new Set<unknown>([{ n: 1 }, 'x']);
  list: unknown[] = [1, { n: 2 }];
  frozen = Object.freeze({ deep: { n: 3 } });
  date = new Date(7);
  pattern = /x/gi;
  error = new RangeError('kept');
  frozenError = Object.freeze(withoutStack(new RangeError('frozen')));
  bytes = Uint8Array.of(1, 2, 3);
  self: Record<string, unknown> = { n: 4 };
  kept: unknown = null;
}

const native = structuredClone;

describe('structuredClone in a transaction', () => {
  test.each(Object.keys(new Model()) as (keyof Model)[])('clones %s as it does the bare one', (key) => {
    const managed = new Managed(Model);
    const clone = managed.transact((m) => native([structuredClone(m[key])]));
    expect(clone).toEqual(native([new Model()[key]]));
  });

  test('keeps cycles and shared references', () => {
    const managed = new Managed(Model);
    managed.transact((m) => (m.self['again'] = m.self));
    const same = managed.transact((m) => {
      const [one, other] = structuredClone([m.self, m.self]);
      return one === other && one['again'] === one && one !== m.self;
    });
    expect(same).toBe(true);
  });

  test('clones new objects that hold stored ones', () => {
    const managed = new Managed(Model);
    const clone = managed.transact((m) => native([structuredClone({ map: m.map, deep: [m.todo] })]));
    expect(clone).toEqual(native([{ map: new Model().map, deep: [{ title: 'tea', done: false }] }]));
  });

  test('refuses what it refuses', () => {
    const managed = new Managed(Model);
    expect(() => managed.transact((m) => structuredClone([m.map, () => 1]))).toThrow(/could not be cloned/);
    expect(() => managed.transact((m) => structuredClone([m.map, Symbol('s')]))).toThrow(/could not be cloned/);
  });

  test('is what the native one is outside, also after a transaction that throws', () => {
    const managed = new Managed(Model);
    expect(() =>
      managed.transact(() => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(() => structuredClone(managed.model.map)).toThrow(/could not be cloned/);
    expect(structuredClone([new Map([[1, new Date(5)]])])).toEqual(native([new Map([[1, new Date(5)]])]));
    expect([managed.model.bytes, new Uint8Array(1), 1].map((one) => ArrayBuffer.isView(one))).toEqual([
      false,
      true,
      false,
    ]);
  });
});

test('ArrayBuffer.isView in a transaction knows a stored view', () => {
  const managed = new Managed(Model);
  expect(
    managed.transact((m) => [m.bytes, m.list, new Uint8Array(1), 1].map((one) => ArrayBuffer.isView(one))),
  ).toEqual([true, false, true, false]);
});

describe('what would take a stored collection for an empty one is refused in a transaction', () => {
  const BODIES: [what: string, body: (m: Model) => unknown][] = [
    ['isDeepStrictEqual of a Set', (m) => isDeepStrictEqual(m.set, new Set(['y']))],
    ['isDeepStrictEqual to a Set', (m) => isDeepStrictEqual(new Set(['y']), m.set)],
    ['isDeepStrictEqual of a Map', (m) => isDeepStrictEqual(m.map, new Map())],
    ['isDeepStrictEqual of bytes', (m) => isDeepStrictEqual(m.bytes, Uint8Array.of(1, 2, 3))],
    ['isDeepStrictEqual of an expression', (m) => isDeepStrictEqual(m.pattern, /x/gi)],
    ['isDeepStrictEqual to an expression', (m) => isDeepStrictEqual({ pattern: /x/gi }, { pattern: m.pattern })],
    ['isDeepStrictEqual deep down', (m) => isDeepStrictEqual([{ map: m.map }], [{ map: new Map() }])],
    ['the tag that clone libraries begin with', (m) => Object.prototype.toString.call(m.map)],
  ];
  test.each(BODIES)('%s', (_, body) => {
    const managed = new Managed(Model);
    expect(() => managed.transact(body)).toThrow(UnsupportedStateError);
    expect(() => managed.transact(body)).toThrow(/was asked for in a transaction.*structuredClone/);
  });

  test('what needs no look behind the guard works', () => {
    const managed = new Managed(Model);
    const same = managed.transact((m) => [
      isDeepStrictEqual(m.list, [1, { n: 2 }]),
      isDeepStrictEqual(m.date, new Date(7)),
      isDeepStrictEqual(structuredClone(m.map), new Model().map),
      isDeepStrictEqual(structuredClone(m.set), new Set(['y'])),
      isDeepStrictEqual(structuredClone(m.pattern), /x/gi),
      Object.prototype.toString.call(m.error),
    ]);
    expect(same).toEqual([true, true, true, false, true, '[object Error]']);
    // Outside nothing becomes the state.
    expect(Object.prototype.toString.call(managed.model.pattern)).toBe('[object RegExp]');
  });
});

describe('the stack of a stored error, which has none', () => {
  test.each<[string, (m: Model) => unknown]>([
    ['of an error', (m) => m.error.stack],
    ['of a frozen error', (m) => (m.frozenError as Error).stack],
  ])('is refused in a transaction: %s', (_, body) => {
    const managed = new Managed(Model);
    expect(() => managed.transact(body)).toThrow(UnsupportedStateError);
    expect(() => managed.transact(body)).toThrow(/The stack of a stored RangeError was read/);
  });

  test('is no hindrance to spreading, throwing and printing it', () => {
    const managed = new Managed(Model);
    expect(
      managed.transact((m) => ({ ...(m.error as object), text: String(m.error), print: inspect(m.error) })),
    ).toMatchObject({
      text: 'RangeError: kept',
    });
    expect(() =>
      managed.transact((m) => {
        throw m.error;
      }),
    ).toThrow('kept');
  });
});

test.each([
  ['Map.prototype.get', (m: Model) => Map.prototype.get.call(m.map, 'a')],
  ['Set.prototype.add', (m: Model) => Set.prototype.add.call(m.set, 'a')],
  ['the size of a Set', (m: Model) => Reflect.get(Set.prototype, 'size', m.set) as unknown],
  ['RegExp.prototype.exec', (m: Model) => RegExp.prototype.exec.call(m.pattern, 'x')],
  ['DataView.prototype.getInt8', (m: Model) => DataView.prototype.getInt8.call(m.bytes as never, 0)],
])('%s taken from the prototype says what to do instead', (_, body) => {
  const managed = new Managed(Model);
  expect(() => managed.transact(body)).toThrow(UnsupportedStateError);
  expect(() => managed.transact(body)).toThrow(/stands behind a guard.*Call the method on the object itself/);
});
