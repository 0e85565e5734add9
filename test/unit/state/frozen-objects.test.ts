/** Stored objects stay as open as they are; what freezes them is refused with what to do. */
import { produce, setAutoFreeze } from 'immer';
import { Master, MemoryStore, Prevalent, Transaction } from '../../../src/index.js';
import { everyWay } from '../../every-way.js';

@Prevalent('frozen-shop')
class Shop {
  items = [{ name: 'tea' }, { name: 'milk' }];
  map = new Map<string, number>();
  set = new Set<string>();
  slot: unknown;

  @Transaction() run(what: keyof typeof BODIES): void {
    BODIES[what]!(this);
  }
}

const freezing = (shop: Shop): void => {
  shop.items = produce(shop.items, (items) => {
    items[0]!.name += '!';
  });
};

const BODIES: Record<string, (shop: Shop) => unknown> = {
  freeze: (shop) => Object.freeze(shop.items[0]),
  seal: (shop) => Object.seal(shop.items),
  preventExtensions: (shop) => Object.preventExtensions(shop.map),
  'Reflect.preventExtensions': (shop) => Reflect.preventExtensions(shop.set),
  "immer's auto-freeze": freezing,
  'immer without it': (shop) => {
    setAutoFreeze(false);
    try {
      freezing(shop);
    } finally {
      setAutoFreeze(true);
    }
  },
  'a new frozen object': (shop) => (shop.slot = Object.freeze({ list: Object.freeze([1]), open: { n: 1 } })),
};

test.each(['freeze', 'seal', 'preventExtensions', 'Reflect.preventExtensions', "immer's auto-freeze"])(
  '%s of a stored object is refused with what to do, and leaves no trace',
  async (what) => {
    const master = await Master.open(Shop, { name: 'a', store: new MemoryStore() });
    expect(() => {
      master.model.run(what);
    }).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_STATE',
        message: expect.stringMatching(/Freezing or sealing of a stored .*setAutoFreeze\(false\)/) as string,
      }),
    );
    expect(
      master.query(({ items, map, set }) => [items, ...items, map, set].map((one) => Object.isExtensible(one))),
    ).toEqual([true, true, true, true, true]);
    expect(master.query(({ items }) => items[0]!.name)).toBe('tea');
    await master.close();
  },
);

test.each(['immer without it', 'a new frozen object'])('%s is the same in every way', async (what) => {
  const run = (shop: Shop): void => {
    shop.run(what);
  };
  const { outcomes } = await everyWay(Shop, {
    early: [run],
    calls: [run, run],
    ask: ({ slot, items }) => [Object.isFrozen(slot), Object.isFrozen(items)],
  });
  expect(outcomes.map(({ transaction, error }) => error ?? transaction)).toEqual(['run', 'run', 'run']);
});
