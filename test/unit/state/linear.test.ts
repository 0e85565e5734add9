import { Prevalent } from 'prevalent';
import { Counted } from './counted.js';
import { Managed } from './managed.js';

interface Item {
  n: number;
  parts?: Item[];
}

@Prevalent('state-linear')
class Model {
  list: Item[] = [];
  numbers: number[] = [];
  map = new Map<number, Item>();
  set = new Set<Item>();
  record: Record<string, Item> = {};
}

const fill = (list: Item[], n: number): void => {
  for (let i = 0; i < n; i++) list.push({ n: i });
};

/** What is done before in another transaction, and what is counted, with the changes that listeners are told. */
const PROGRAMS: readonly [name: string, prepare: (model: Model, n: number) => void, run: (model: Model) => void][] = [
  ['push', () => 0, ({ list }) => fill(list, size)],
  ['push of numbers', () => 0, ({ numbers }) => Array.from({ length: size }, (_, i) => numbers.push(i))],
  ['push, then reverse', () => 0, ({ list }) => (fill(list, size), list.reverse())],
  ['push, then sort', () => 0, ({ list }) => (fill(list, size), list.sort((a, b) => b.n - a.n))],
  ['push, then copy to the end of another list', () => 0, ({ list }) => (fill(list, size), list.splice(0, 1))],
  [
    'push, then all away by length',
    () => 0,
    ({ list }) => {
      fill(list, size);
      list.length = 0;
    },
  ],
  [
    'assignment behind the end',
    () => 0,
    ({ list }) => {
      for (let i = 0; i < size; i++) list[i] = { n: i };
    },
  ],
  [
    'nested lists, filled by turns',
    ({ list }, n) => {
      for (let i = 0; i < Math.sqrt(n); i++) list.push({ n: i, parts: [] });
    },
    ({ list }) => {
      for (let i = 0; i < Math.sqrt(size); i++) for (const one of list) one.parts?.push({ n: i });
      for (const one of list) one.parts?.reverse();
    },
  ],
  [
    'objects that moved, then changed',
    ({ list }, n) => fill(list, n),
    ({ list }) => {
      for (const one of list) one.n++;
      list.reverse();
      for (const one of list) one.n++;
    },
  ],
  [
    'objects that are changed, then removed',
    ({ list }, n) => fill(list, n),
    ({ list }) => {
      for (const one of list) one.n++;
      list.length = 0;
    },
  ],
  [
    'objects of a map, met without their keys',
    ({ map }, n) => {
      for (let i = 0; i < n; i++) map.set(i, { n: i });
    },
    ({ map }) => {
      for (const one of map.values()) one.n++;
    },
  ],
  [
    'deletes and adds in a map, a set and an object',
    ({ map, set, record }, n) => {
      for (let i = 0; i < n; i++) {
        map.set(i, { n: i });
        set.add({ n: i });
        record[`k${i}`] = { n: i };
      }
    },
    ({ map, set, record }) => {
      for (const [key, one] of [...map]) {
        map.delete(key);
        map.set(-1 - key, one);
      }
      for (const one of [...set]) {
        set.delete(one);
        set.add({ n: one.n });
      }
      for (const key of Object.keys(record)) {
        delete record[key];
        record[`${key}b`] = { n: 1 };
      }
    },
  ],
];

let size = 0;

/** Operations on the lists of a model, and reads of whole maps, for one program of a size. */
function work(n: number, prepare: (model: Model, n: number) => void, run: (model: Model) => void): number {
  size = n;
  const counted = new Counted();
  const managed = new Managed(Model);
  managed.raw.list = counted.array();
  managed.raw.numbers = counted.array();
  managed.transact((model) => {
    prepare(model, n);
  });
  const { entries } = Map.prototype;
  Map.prototype.entries = function (this: Map<unknown, unknown>) {
    counted.operations += this.size;
    return entries.call(this);
  };
  try {
    counted.operations = 0;
    const { undo } = managed.apply(run);
    managed.executor.changesOf(undo);
    managed.undo(undo);
    return counted.operations;
  } finally {
    Map.prototype.entries = entries;
  }
}

test.each(PROGRAMS)('%s: four times as much takes about four times the work', (_, prepare, run) => {
  const [small, large] = [work(400, prepare, run), work(1_600, prepare, run)];
  // Walks of the whole state and of a list that is looked through a few times count as well.
  expect(large).toBeLessThan(4.6 * small + 400);
});
