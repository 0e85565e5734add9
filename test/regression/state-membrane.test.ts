/** Failures that random programs and reading found in the membrane, each by name. */
import { Prevalent } from 'prevalent';
import { UnsupportedStateError, WriteOutsideTransactionError } from '../../src/errors.js';
import { graphText } from '../property/state-graph.js';
import { Managed } from '../unit/state/managed.js';

class Shelf extends Array<unknown> {
  constructor(...items: unknown[]) {
    super(...items);
    made++;
  }
}
let made = 0;

class Fixed {
  readonly entries: unknown[] = [];
  constructor() {
    Object.freeze(this);
  }
  set entry(value: unknown) {
    this.entries.push(value);
  }
}

@Prevalent('state-regressions', { classes: [Shelf, Fixed] })
class Model {
  list: unknown[] = [3, 1, 2];
  set = new Set<unknown>(['x']) as Set<unknown> & Record<string, unknown>;
  map = new Map<unknown, unknown>();
  plain: Record<string, unknown> = { a: 1, b: 2, c: 3 };
  pattern = /b/g;
  bytes = new Uint8Array([1, 2, 3]);
  shelf: unknown[] = Shelf.from([1, 2, 3]);
  sealed: unknown[] = Object.seal([1, 2, 3]);
  fixed = new Fixed();
  readOnly = Object.defineProperty({} as { a: number }, 'a', { value: 1, enumerable: true, configurable: true });
}

/** Runs a transaction that is expected to throw, and compares the state before and after. */
function leavesNoTrace(body: (model: Model) => unknown): unknown {
  const managed = new Managed(Model);
  const before = graphText(managed.raw);
  let thrown: unknown;
  try {
    managed.transact((model) => {
      body(model);
      throw new Error('end');
    });
  } catch (error) {
    thrown = error;
  }
  expect(graphText(managed.raw)).toBe(before);
  return thrown;
}

test('a push that is refused at its second element left the first one behind', () => {
  expect(leavesNoTrace((model) => model.list.push(4, model.bytes.subarray(1)))).toBeInstanceOf(UnsupportedStateError);
});

test('a replacer that throws left lastIndex changed', () => {
  const managed = new Managed(Model);
  managed.transact((model) => (model.pattern.lastIndex = 1));
  expect(() =>
    managed.transact((model) =>
      'abc'.replace(model.pattern, () => {
        throw new Error('in replace');
      }),
    ),
  ).toThrow('in replace');
  expect(managed.raw.pattern.lastIndex).toBe(1);
});

test('undoing the removal of very many elements overflowed the stack', () => {
  leavesNoTrace((model) => {
    model.list = [];
  });
  const managed = new Managed(Model);
  managed.transact((model) => (model.list = Array.from({ length: 300_000 }, (_, index) => index)));
  const before = graphText(managed.raw);
  managed.undo(managed.apply((model) => (model.list.length = 1)).undo);
  managed.undo(managed.apply((model) => model.list.splice(1, 299_000)).undo);
  expect(graphText(managed.raw)).toBe(before);
});

test('undoing a shorter length ran the constructor of a subclass of Array', () => {
  const managed = new Managed(Model);
  const { undo } = managed.apply((model) => (model.shelf.length = 1));
  made = 0;
  managed.undo(undo);
  expect(made).toBe(0);
  expect(graphText(managed.raw.shelf)).toContain('Shelf');
});

test('fields of a Map or Set shared the bookkeeping of its entries, so their order was lost', () => {
  const managed = new Managed(Model);
  managed.transact((model) => Object.assign(model.set, { a: 0, z: 0 }));
  const { undo } = managed.apply((model) => {
    model.set.delete('x');
    delete model.set.a;
  });
  managed.undo(undo);
  expect(Object.keys(managed.raw.set)).toEqual(['a', 'z']);
});

test('deleting "01" of an array recorded element 1', () => {
  const managed = new Managed(Model);
  managed.transact((model) => Object.assign(model.list, { '01': 'no index' }));
  managed.undo(managed.apply((model) => delete (model.list as unknown as Record<string, unknown>)['01']).undo);
  expect(managed.raw.list).toMatchObject({ '01': 'no index', 1: 1 });
});

test('a write that a read-only property refused broke the undo, or threw where Reflect.set gives false', () => {
  const managed = new Managed(Model);
  const before = graphText(managed.raw);
  const { undo, result } = managed.apply((model) => {
    model.plain.a = 'changed';
    expect(() => (model.readOnly.a = 2)).toThrow(TypeError);
    return [Reflect.set(model.readOnly, 'a', 3), Reflect.set(model.fixed, 'entries', 3)];
  });
  expect(result).toEqual([false, false]);
  managed.undo(undo);
  expect(graphText(managed.raw)).toBe(before);
});

test('array methods that a sealed array refuses midway left elements moved', () => {
  expect(leavesNoTrace((model) => model.sealed.shift())).toBeInstanceOf(TypeError);
  expect(leavesNoTrace((model) => model.sealed.splice(0, 1))).toBeInstanceOf(TypeError);
  expect(leavesNoTrace((model) => model.sealed.sort().reverse())).toEqual(new Error('end'));
  expect(leavesNoTrace((model) => Reflect.set(model.sealed, 'length', 1))).toEqual(new Error('end'));
});

test('a setter of a frozen instance was refused, although it only writes into what the instance holds', () => {
  const managed = new Managed(Model);
  managed.transact((model) => (model.fixed.entry = 'one'));
  expect(managed.raw.fixed.entries).toEqual(['one']);
  expect(() => (managed.model.fixed.entry = 'two')).toThrow(WriteOutsideTransactionError);
});

test('a callback of a typed array was handed the raw array', () => {
  const write = (bytes: Uint8Array): void => bytes.forEach((_, index, all) => (all[index] = 9));
  expect(() => write(new Managed(Model).model.bytes)).toThrow(WriteOutsideTransactionError);
  leavesNoTrace((model) => write(model.bytes));
});

test('default sort ran toString on raw objects, whose writes nobody recorded', () => {
  const managed = new Managed(Model);
  managed.transact((model) => (model.list = [[3], [1]]));
  const own = { join: Array.prototype.join };
  const before = graphText(managed.raw);
  Array.prototype.join = function (this: unknown[], ...args) {
    if (this.length === 1) this.push('joined');
    return own.join.apply(this, args);
  };
  try {
    managed.undo(managed.apply((model) => model.list.sort()).undo);
  } finally {
    Array.prototype.join = own.join;
  }
  expect(graphText(managed.raw)).toBe(before);
});

test('storing a symbol under an object key asked the key for its text', () => {
  const managed = new Managed(Model);
  managed.transact((model) => model.map.set(Object.create(null), Symbol.for('s')));
  expect([...managed.raw.map.values()]).toEqual([Symbol.for('s')]);
});

test('a property made of a length by definition was accepted, against what the array says', () => {
  const managed = new Managed(Model);
  expect(managed.transact((model) => Reflect.defineProperty(model.list, 'length', { configurable: true }))).toBe(false);
  expect(() => managed.transact((model) => Object.defineProperty(model.list, 'length', { value: 1.5 }))).toThrow(
    RangeError,
  );
});

test('text of a global expression could not be read outside a transaction', () => {
  expect(String(new Managed(Model).model.pattern)).toBe('/b/g');
});

test('a frozen result that holds a new object failed the transaction', () => {
  const managed = new Managed(Model);
  const result = managed.transact((model) => {
    const item = { n: 1 };
    model.list.push(item);
    return Object.freeze({ item });
  });
  expect(() => (result.item.n = 2)).toThrow(WriteOutsideTransactionError);
});
