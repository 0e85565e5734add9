import { Prevalent } from 'prevalent';
import { UnsupportedStateError, WriteOutsideTransactionError } from '../../../src/errors.js';
import { graphText } from '../../property/state-graph.js';
import { Managed } from './managed.js';

@Prevalent('state-bytes')
class Model {
  view = Uint8Array.of(3, 1, 2);
  wide = Float64Array.of(1.5, 2.5);
  // Small Buffers share one ArrayBuffer.
  first = Buffer.from('aaaa');
  second = Buffer.from('bbbb');
  data = new DataView(new ArrayBuffer(4));
  totals = { sum: 0 };
}

type Totals = Model['totals'];
const add = (totals: Totals, byte: number): Totals => ((totals.sum += byte), totals);
function addToThis(this: Totals): boolean {
  this.sum++;
  return false;
}

const HANDED_ON: [what: string, body: (m: Model) => unknown][] = [
  ...(['every', 'filter', 'find', 'findIndex', 'findLast', 'findLastIndex', 'forEach', 'map', 'some'] as const).map(
    (name): (typeof HANDED_ON)[number] => [`${name} with thisArg`, (m) => (m.view as any)[name](addToThis, m.totals)],
  ),
  ['reduce with an accumulator', (m) => m.view.reduce(add, m.totals)],
  ['reduceRight with an accumulator', (m) => m.view.reduceRight(add, m.totals)],
  ['reduce of a Buffer', (m) => m.first.reduce(add, m.totals)],
  ['what reduce gives', (m) => (m.view.reduce((totals) => totals, m.totals).sum = 5)],
];

describe('what a method of binary data hands on', () => {
  test.each(HANDED_ON)('%s is guarded: recorded in a transaction, refused outside', (_, body) => {
    const managed = new Managed(Model);
    const before = graphText(managed.raw);
    expect(() => body(managed.model)).toThrow(WriteOutsideTransactionError);
    expect(graphText(managed.raw)).toBe(before);
    const { undo } = managed.apply(body);
    expect(managed.raw.totals.sum).toBeGreaterThan(0);
    managed.undo(undo);
    expect(graphText(managed.raw)).toBe(before);
  });

  test('an accumulator that is a stored view stays guarded', () => {
    const { model } = new Managed(Model);
    expect(model.wide.reduce((all) => all, model.view)).toBe(model.view);
  });
});

const READS: [what: string, read: (m: Model) => unknown, gives: unknown][] = [
  ['Buffer.from of a view', (m) => [...Buffer.from(m.view)], [3, 1, 2]],
  ['Buffer.from of a Buffer', (m) => Buffer.from(m.first).toString(), 'aaaa'],
  ['new Uint8Array', (m) => [...new Uint8Array(m.view)], [3, 1, 2]],
  ['text', (m) => [String(m.view), 'text: '.concat(m.view as unknown as string)], ['3,1,2', 'text: 3,1,2']],
  ['hasOwnProperty', (m) => [m.view.hasOwnProperty(0), m.view.hasOwnProperty(3)], [true, false]],
  ['propertyIsEnumerable', (m) => m.view.propertyIsEnumerable('1'), true],
  ['valueOf', (m) => m.view.valueOf() === m.view, true],
  ['isPrototypeOf', (m) => m.view.isPrototypeOf(Object.create(m.view)), true],
  ['equals', (m) => m.first.equals(m.second), false],
  ['compare', (m) => m.first.compare(m.second), -1],
  ['indexOf a stored Buffer', (m) => m.first.indexOf(m.second), -1],
  ['copy to an own Buffer', (m) => m.first.copy(Buffer.alloc(9)), 4],
  ['subarray', (m) => [...m.view.subarray(1)], [1, 2]],
  ['JSON', (m) => JSON.stringify([m.first, m.view]), '[{"type":"Buffer","data":[97,97,97,97]},{"0":3,"1":1,"2":2}]'],
];

test.each(READS)('%s is a read, in a transaction and outside', (_, read, gives) => {
  const managed = new Managed(Model);
  expect(read(managed.model)).toEqual(gives);
  const { result, undo } = managed.apply(read);
  expect(result).toEqual(gives);
  expect(undo.empty).toBe(true);
});

describe('a write that is meant for another object', () => {
  test.each([
    [
      'an heir of a view',
      (m: Model) => {
        const heir = Object.create(m.view) as Uint8Array;
        heir[0] = 9;
        return [heir[0], m.view[0]];
      },
      [9, 3],
    ],
    ['Reflect.set with a receiver', (m: Model) => [Reflect.set(m.view, 0, 7, {}), m.view[0]], [true, 3]],
    [
      'an element that cannot be',
      (m: Model) => [Reflect.set(m.view, '-0', 7), Reflect.set(m.view, 3, 7)],
      [true, true],
    ],
  ] as const)('%s does not write the view', (_, body, gives) => {
    const managed = new Managed(Model);
    expect(managed.transact(body)).toEqual(gives);
    expect([...managed.raw.view]).toEqual([3, 1, 2]);
  });
});

describe('changes', () => {
  const changed = (body: (m: Model) => unknown): unknown[] => {
    const managed = new Managed(Model);
    const { undo } = managed.apply(body);
    return managed.executor
      .changesOf(undo)
      .map(({ path, before, after }) => [path.join('.'), Buffer.from(before as Uint8Array), after])
      .map(([path, before, after]) => [path, [...(before as Buffer)], [...(after as Uint8Array)]]);
  };

  test('name the Buffer that was written, of several in one ArrayBuffer', () => {
    const write = (m: Model): void => {
      expect(m.second.length).toBe(4);
      m.first[0] = 65;
      expect(m.second.length).toBe(4);
    };
    expect(changed(write)).toEqual([['first', [97], [65]]]);
  });
  test('name the view that a subarray is of, and say each range once', () => {
    expect(
      changed((m) => {
        m.view.subarray(1).subarray(1)[0] = 7;
        m.view[2] = 8;
      }),
    ).toEqual([['view', [2], [8]]]);
  });
});

test('a field of a view, and what would fix its shape, are refused', () => {
  const managed = new Managed(Model);
  for (const body of [
    (m: Model) => Object.assign(m.view, { label: 1 }),
    (m: Model) => Object.preventExtensions(m.view),
    (m: Model) => Object.setPrototypeOf(m.view, null),
  ]) {
    expect(() => managed.transact(body)).toThrow(UnsupportedStateError);
    expect(() => body(managed.model)).toThrow(WriteOutsideTransactionError);
  }
});
