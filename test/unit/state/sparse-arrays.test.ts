import { Prevalent } from 'prevalent';
import { graphText } from '../../property/state-graph.js';
import { Counted } from './counted.js';
import { Managed } from './managed.js';

@Prevalent('state-sparse-arrays')
class Model {
  list: unknown[] = [];
}

/** Near elements, one in the middle, one at the end. */
function sparse(far: number): unknown[] {
  const list: unknown[] = ['a', { b: 1 }, 3];
  list[far / 2] = 'middle';
  list[far] = 'end';
  return list;
}

const OPERATIONS: readonly [name: string, run: (list: any[], far: number) => unknown][] = [
  ['a shorter length', (list) => (list.length = 2)],
  ['a shorter length beyond the middle', (list, far) => (list.length = far - 5)],
  ['a greater length', (list, far) => (list.length = far + 10)],
  ['pop', (list) => list.pop()],
  ['push', (list) => list.push('x', 'y')],
  ['shift', (list) => list.shift()],
  ['unshift', (list) => list.unshift('x', 'y')],
  ['splice near the start', (list) => list.splice(1, 1, 'x', 'y', 'z')],
  ['splice over the middle', (list, far) => Object.keys(list.splice(far / 4, far / 2))],
  ['splice at the end', (list, far) => list.splice(far, 1, 'x')],
  ['splice of all', (list) => Object.entries(list.splice(0)).length],
  ['sort', (list) => Object.keys(list.sort())],
  ['sort by a comparison', (list) => Object.keys(list.sort((a, b) => (String(a) < String(b) ? 1 : -1)))],
  ['reverse', (list) => Object.keys(list.reverse())],
  ['fill of few', (list) => Object.keys(list.fill(0, 0, 5))],
  ['copyWithin of few', (list, far) => Object.keys(list.copyWithin(0, far - 3))],
  ['copyWithin of many', (list, far) => Object.keys(list.copyWithin(2, far / 2 - 1))],
  ['delete', (list, far) => Reflect.deleteProperty(list, far)],
  ['an element far behind', (list, far) => (list[2 * far] = 'x')],
];

describe('arrays with one far index', () => {
  test.each(OPERATIONS)('%s does what it does natively, and is undone exactly', (_, run) => {
    const far = 20_000;
    const plain = new Model();
    plain.list = sparse(far);
    const result = run(plain.list, far);
    const managed = new Managed(Model);
    managed.transact((model) => (model.list = sparse(far)));
    const before = graphText(managed.raw);
    const applied = managed.apply((model) => run(model.list, far));
    expect(graphText(applied.result)).toBe(graphText(result));
    expect(graphText(managed.raw)).toBe(graphText(plain));
    managed.undo(applied.undo);
    expect(graphText(managed.raw)).toBe(before);
  });

  test.each(OPERATIONS)('%s takes the work of what is there, in changes and undo as well', (_, run) => {
    const far = 30_000_000;
    const counted = new Counted();
    const managed = new Managed(Model);
    managed.raw.list = counted.array(sparse(far));
    const { undo } = managed.apply((model) => {
      // What comes after the first write needs a copy of what was written.
      model.list[1] = 'b';
      return run(model.list, far);
    });
    managed.executor.changesOf(undo);
    managed.undo(undo);
    expect(counted.operations).toBeLessThan(2_000);
    expect(Object.keys(managed.raw.list)).toEqual(['0', '1', '2', String(far / 2), String(far)]);
  });

  test('a change tells elements that came in, with their holes', () => {
    const managed = new Managed(Model);
    const { undo } = managed.apply(({ list }) => {
      list.push('a');
      list[30_000_000] = 'far';
      list[5] = 'in a hole';
      Reflect.deleteProperty(list, 0);
    });
    const changes = managed.executor.changesOf(undo);
    expect(changes.map(({ kind, path }) => [kind, ...path])).toEqual([
      ['splice', 'list', 0],
      ['splice', 'list', 1],
      ['set', 'list', '5'],
      ['delete', 'list', '0'],
    ]);
    expect(Object.entries(changes[1]?.after as unknown[])).toEqual([['29999999', 'far']]);
  });
});

describe('at the greatest length', () => {
  const OVERFLOWS: readonly [name: string, run: (list: unknown[]) => unknown][] = [
    ['push', (list) => list.push('x', 'y')],
    ['unshift', (list) => list.unshift('x')],
    ['splice', (list) => list.splice(1, 0, 'x')],
    ['a greater length', (list) => (list.length = 2 ** 32)],
  ];

  test.each(OVERFLOWS)('%s throws a RangeError and leaves nothing behind', (_, run) => {
    const managed = new Managed(Model);
    managed.transact(({ list }) => {
      list.push('first');
      list.length = 2 ** 32 - 1;
    });
    const before = graphText(managed.raw);
    expect(() => managed.transact(({ list }) => run(list))).toThrow(RangeError);
    expect(graphText(managed.raw)).toBe(before);
  });

  test('what a push leaves when its error is caught is undone', () => {
    const managed = new Managed(Model);
    managed.transact(({ list }) => (list.length = 2 ** 32 - 1));
    const before = graphText(managed.raw);
    const { undo } = managed.apply(({ list }) => {
      expect(() => list.push('x', 'y')).toThrow(RangeError);
      return Object.keys(list);
    });
    expect(Object.keys(managed.raw.list)).toEqual(['4294967295', '4294967296']);
    managed.undo(undo);
    expect(graphText(managed.raw)).toBe(before);
  });
});

test('a comparison that changes the list it sorts is undone exactly', () => {
  const managed = new Managed(Model);
  managed.transact((model) => (model.list = [3, 1, 2, , 5]));
  const before = graphText(managed.raw);
  const plain = [3, 1, 2, , 5];
  const cut = (list: unknown[]) => () =>
    list.sort((left, right) => {
      list.length = 1;
      return Number(left) - Number(right);
    });
  cut(plain)();
  const { undo } = managed.apply(({ list }) => void cut(list)());
  expect(graphText(managed.raw.list)).toBe(graphText(plain));
  managed.undo(undo);
  expect(graphText(managed.raw)).toBe(before);
});
