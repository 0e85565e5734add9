/** What is stored is checked in every place that can hold it: fields of collections, elements, keys, members. */
import { copyOf, Master, MemoryStore, Prevalent, Transaction } from '../../../src/index.js';
import { everyWay } from '../../every-way.js';

class Row extends Array<unknown> {}
class Named extends Map<unknown, unknown> {}
class Tags extends Set<unknown> {}
class Unnamed {
  n = 1;
}

const THREE = [true, false, undefined] as const;
/** Every descriptor of an element. */
const ATTRIBUTES = THREE.flatMap((writable) =>
  THREE.flatMap((enumerable) =>
    THREE.map((configurable): PropertyDescriptor =>
      Object.fromEntries(
        Object.entries({ value: 7, writable, enumerable, configurable }).filter(([, one]) => one !== undefined),
      ),
    ),
  ),
);

/** One call. */
interface Cell {
  readonly run: (shelf: Shelf) => void;
}

let cells: readonly Cell[] = [];

@Prevalent('places-shelf', { classes: { Row, Named, Tags } })
class Shelf {
  slot: unknown;
  readonly plain: Record<PropertyKey, unknown> = {};
  readonly list: unknown[] = [0, { n: 1 }];
  readonly row = Row.from<unknown>([0, { n: 1 }]);
  readonly lists = ATTRIBUTES.flatMap(
    () =>
      [
        [0, 1],
        [0, 1],
      ] as unknown[][],
  );
  readonly rows = ATTRIBUTES.flatMap(() => [Row.from([0, 1]), Row.from([0, 1])]);
  readonly map = new Map<unknown, unknown>();
  readonly named = new Named();
  readonly set = new Set<unknown>();
  readonly tags = new Tags();
  readonly error = new Error('stored');
  readonly old = { old: 1 };

  @Transaction() run(cell: number): void {
    cells[cell]!.run(this);
  }
}

type Put = (shelf: Shelf, value: unknown) => void;

const HOLDERS = ['plain', 'list', 'row', 'map', 'named', 'set', 'tags', 'error'] as const;
const FIELDS: Record<string, (target: Record<PropertyKey, unknown>, value: unknown) => void> = {
  assigned: (target, value) => void (target.a = value),
  'under a symbol': (target, value) => void (target[Symbol.for('a')] = value),
  'assigned after another': (target, value) => {
    target.b = {};
    target.b = value;
  },
  'named as what a member is stored for': (target, value) => void (target.value = value),
  defined: (target, value) =>
    Object.defineProperty(target, 'd', { value, writable: true, enumerable: true, configurable: true }),
};

const PLACES: Record<string, Put> = {
  'a field of the model': (shelf, value) => void (shelf.slot = value),
  'an element': ({ list }, value) => void list.push(value),
  'an element of a subclass': ({ row }, value) => void row.push(value),
  'a value of a map': ({ map }, value) => void map.set('k', value),
  'a key of a map': ({ map }, value) => void map.set(value, 1),
  'a member of a set': ({ set }, value) => void set.add(value),
  ...Object.fromEntries(
    HOLDERS.flatMap((holder) =>
      Object.entries(FIELDS).map(([how, put]) => [
        `a field of ${holder}, ${how}`,
        (shelf: Shelf, value: unknown) => {
          put(shelf[holder] as Record<PropertyKey, unknown>, value);
        },
      ]),
    ),
  ),
};

const readOnly = (descriptor: PropertyDescriptor, list: unknown[]): unknown[] =>
  Object.defineProperty(list, 0, { value: 0, ...descriptor });

const REFUSED: Record<string, readonly [code: string, make: () => unknown]> = {
  'a function': ['UNSUPPORTED_STATE', () => () => 1],
  'a local symbol': ['UNSUPPORTED_STATE', () => Symbol('local')],
  'a symbol of the language': ['UNSUPPORTED_STATE', () => Symbol.iterator],
  'an object of a class without a name': ['UNKNOWN_CLASS', () => new Unnamed()],
  'an object that holds a function': ['UNSUPPORTED_STATE', () => ({ deep: { run: () => 1 } })],
  'an accessor': [
    'UNSUPPORTED_STATE',
    () => ({
      get n() {
        return 1;
      },
    }),
  ],
  'a WeakMap': ['UNSUPPORTED_STATE', () => new WeakMap()],
  'a Promise': ['UNSUPPORTED_STATE', () => Promise.resolve(1)],
  'an object with a local symbol for a key': ['UNSUPPORTED_STATE', () => ({ [Symbol('local')]: 1 })],
  'an object with a symbol of the language for a key': ['UNSUPPORTED_STATE', () => ({ [Symbol.toStringTag]: 'Shelf' })],
  'a list of objects of a class without a name': ['UNKNOWN_CLASS', () => [new Unnamed()]],
  'an array with a read-only element': [
    'UNSUPPORTED_STATE',
    () => readOnly({ writable: false, enumerable: true }, [1]),
  ],
  'an array with a hidden element': ['UNSUPPORTED_STATE', () => readOnly({ writable: true, enumerable: false }, [1])],
};

/** Makes the calls in every way; gives the code with which each was refused, or `stored`, and the state they leave. */
async function endOf(table: readonly Cell[]): Promise<{ readonly codes: unknown[]; readonly state: string }> {
  cells = table;
  const codes: unknown[] = [];
  const { state } = await everyWay(Shelf, {
    calls: table.map((_, cell) => (shelf: Shelf) => {
      try {
        shelf.run(cell);
        codes[cell] = 'stored';
      } catch (error) {
        codes[cell] = (error as { code?: string }).code ?? error;
        throw error;
      }
    }),
  });
  return { codes, state };
}

test.each(Object.entries(REFUSED))(
  '%s is refused wherever it is stored, and leaves no trace',
  async (_, [code, make]) => {
    const { codes, state } = await endOf(
      Object.values(PLACES).map((put) => ({
        run: (shelf) => {
          put(shelf, make());
        },
      })),
    );
    expect(Object.fromEntries(Object.keys(PLACES).map((place, cell) => [place, codes[cell]]))).toEqual(
      Object.fromEntries(Object.keys(PLACES).map((place) => [place, code])),
    );
    expect(state).toBe((await endOf([])).state);
  },
);

const BY_SYMBOL: readonly ((shelf: Shelf, symbol: symbol) => unknown)[] = [
  ({ old }, symbol) => ((old as unknown as Record<symbol, unknown>)[symbol] = 1),
  ({ old }, symbol) => ((old as unknown as Record<string, unknown>).by = symbol),
  ({ lists }, symbol) => (lists[0] = [{ [symbol]: 1 }]),
  ({ lists }, symbol) => (lists[0] = [symbol]),
  ({ lists }, symbol) => (lists[0] = [{ symbol }]),
];

test.each([Symbol('local'), Symbol.toStringTag])(
  'the refusal of %p names what can be stored in its place',
  async (symbol) => {
    cells = BY_SYMBOL.map((put) => ({ run: (shelf) => void put(shelf, symbol) }));
    const master = await Master.open(Shelf, { name: 'a', store: new MemoryStore() });
    for (const cell of BY_SYMBOL.keys())
      expect(() => master.model.run(cell)).toThrow(/symbol that Symbol\.for\("…"\) did not make.*string/);
    await master.close();
  },
);

test('a key of a map that is an object is no name of a field', async () => {
  const { codes } = await endOf([
    {
      run: ({ map }) => {
        map.set({}, { in: 'the map' });
        Object.assign(map, { '[object Object]': { in: 'a field' } });
      },
    },
  ]);
  expect(codes).toEqual(['stored']);
});

const KEPT: Record<string, (shelf: Shelf) => unknown> = {
  'a new object that refers to a stored one': ({ old }) => ({ old, list: [old] }),
  'a copy': ({ old }) => copyOf(old),
  'a new array': () => [1, , { n: 1 }],
  'what changes after it was stored': () => ({ n: [1] }),
};

test.each(Object.entries(KEPT))('%s is the same in every way wherever it is stored', async (_, make) => {
  const table = Object.values(PLACES).map((put): Cell => ({
    run: (shelf) => {
      const value = make(shelf) as Record<string, unknown>;
      put(shelf, value);
      value.later = shelf.old;
    },
  }));
  const { codes } = await endOf(table);
  expect(new Set(codes)).toEqual(new Set(['stored']));
});

/** Arrays of two elements, another for each cell. */
const ARRAYS: Record<string, (shelf: Shelf, cell: number) => unknown[]> = {
  stored: ({ lists }, cell) => lists[cell]!,
  'stored, of a subclass': ({ rows }, cell) => rows[cell]!,
};
const NEW_ARRAYS = Object.fromEntries(
  HOLDERS.flatMap((holder) =>
    Object.entries({ new: () => [0, 1], 'new, of a subclass': () => Row.from([0, 1]) }).map(([what, make]) => [
      `${what}, in a field of ${holder}`,
      (shelf: Shelf, cell: number): unknown[] => {
        const list = make();
        (shelf[holder] as unknown as Record<string, unknown>)[`cell ${cell}`] = list;
        return list;
      },
    ]),
  ),
);

type Attribute = 'writable' | 'enumerable' | 'configurable';

/** Defines elements by every descriptor; expected is that those are stored which leave the attributes that are needed. */
async function defineElements(
  arrayOf: (shelf: Shelf, cell: number) => unknown[],
  needed: readonly Attribute[],
  finish: (list: unknown[]) => void = () => undefined,
): Promise<void> {
  const { codes } = await endOf(
    ATTRIBUTES.flatMap((descriptor, row) =>
      [0, 2].map((index, column): Cell => ({
        run: (shelf) => {
          const list = arrayOf(shelf, row * 2 + column);
          Object.defineProperty(list, index, { ...descriptor });
          finish(list);
        },
      })),
    ),
  );
  const expected = ATTRIBUTES.flatMap((descriptor) =>
    // Absent means "as it is" for the element that exists.
    [true, false].map((absent) =>
      needed.every((attribute) => descriptor[attribute] ?? absent) ? 'stored' : 'UNSUPPORTED_STATE',
    ),
  );
  expect(codes).toEqual(expected);
}

test.each(Object.entries({ ...ARRAYS, ...NEW_ARRAYS }))(
  'elements of an array, %s, keep their attributes or are refused',
  async (_, arrayOf) => {
    await defineElements(arrayOf, ['writable', 'enumerable', 'configurable']);
  },
);

test.each(Object.entries(NEW_ARRAYS).filter(([array]) => array.endsWith('plain')))(
  'elements of an array, %s, keep their attributes when it is closed, sealed or frozen',
  async (_, arrayOf) => {
    await defineElements(arrayOf, ['writable', 'enumerable', 'configurable'], Object.preventExtensions);
    await defineElements(arrayOf, ['writable', 'enumerable'], Object.seal);
    await defineElements(arrayOf, ['enumerable'], Object.freeze);
  },
);
