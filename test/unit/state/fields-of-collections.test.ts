/** What stands in a field of a Map or a Set is the model's like what stands in any other place: the same rules, the same refusals. */
import { Master, MemoryStore, Prevalent, Transaction } from 'prevalent';
import { everyWay } from '../../every-way.js';

class Unnamed {
  readonly field = 1;
}

class Shelf extends Map<unknown, unknown> {}
class Bag extends Set<unknown> {}

const HOLDERS = ['object', 'list', 'map', 'set', 'shelf', 'bag'] as const;
type Name = (typeof HOLDERS)[number];

@Prevalent('fields-of-collections', { classes: { shelf: Shelf, bag: Bag } })
class Store implements Record<Name, object> {
  readonly object = {};
  readonly list: unknown[] = [];
  readonly map = new Map<unknown, unknown>();
  readonly set = new Set<unknown>();
  readonly shelf = new Shelf();
  readonly bag = new Bag();

  @Transaction() put(name: Name, what: string): void {
    const holder = this[name] as Record<string, unknown>;
    holder.field = { first: true };
    holder.field = THINGS[what]!();
    AFTERWARDS[what]?.(holder.field as object);
  }
  /** An object for a key of a map, and a field that is named as its text. */
  @Transaction() putBoth(): void {
    const key = {};
    this.map.set(key, { in: 'the map' });
    Object.assign(this.map, { '[object Object]': { in: 'a field' } });
  }
}

const THINGS: Record<string, () => unknown> = {
  'an instance of an unnamed class': () => new Unnamed(),
  'one in a list': () => [new Unnamed()],
  'a function in an object': () => ({ run: () => 1 }),
  'a symbol of this process': () => ({ [Symbol('here')]: 1 }),
  'a WeakMap': () => new WeakMap(),
  'a Promise': () => Promise.resolve(1),
  'an accessor': () => Object.defineProperty({}, 'now', { get: () => 1 }),
  'a read-only element, made when it was stored': () => [1],
};

const AFTERWARDS: Record<string, (stored: object) => void> = {
  'a read-only element, made when it was stored': (list) => {
    Object.defineProperty(list, 0, { value: 2, writable: false });
  },
};

describe.each(HOLDERS)('in a field of the %s', (holder) => {
  test.each(Object.keys(THINGS))('%s is refused and leaves no trace', async (what) => {
    const master = await Master.open(Store, { name: 'a', store: new MemoryStore() });
    expect(() => {
      master.model.put(holder, what);
    }).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^(UNSUPPORTED_STATE|UNKNOWN_CLASS)$/) as string }),
    );
    expect(Object.keys(master.query((store) => store[holder]))).toEqual([]);
    await master.close();
  });
});

test('a key of a map that is an object is no name of a field', async () => {
  await everyWay(Store, { early: [], calls: [(store: Store): void => store.putBoth()] });
});
