/** Derived fields: computed from the rest of the state, kept until it changes, in no snapshot, the same on every way to a state. */
import 'reflect-metadata';
import {
  definePrevalent,
  Derived,
  Master,
  MemoryStore,
  type MasterOptions,
  Prevalent,
  Transaction,
} from '../../../src/index.js';
import { assertSameState } from '../../../src/testing/index.js';

let computed = 0;

function indexOf(items: ReadonlyMap<string, { readonly tags: ReadonlySet<string> }>): Map<string, Set<string>> {
  computed++;
  const index = new Map<string, Set<string>>();
  for (const [id, { tags }] of items)
    for (const tag of tags) index.set(tag, (index.get(tag) ?? new Set<string>()).add(id));
  return index;
}

class Item {
  readonly tags = new Set<string>();
}

abstract class Items {
  readonly items = new Map<string, Item>();
  abstract readonly byTag: ReadonlyMap<string, ReadonlySet<string>>;
  @Transaction() tag(id: string, tag: string): number {
    const item = this.items.get(id) ?? new Item();
    this.items.set(id, item);
    item.tags.add(tag);
    if (tag === 'bad') throw new Error('bad');
    return this.byTag.get(tag)?.size ?? 0;
  }
  @Transaction() untag(id: string, tag: string): void {
    this.items.get(id)?.tags.delete(tag);
  }
}

@Prevalent('derived-by-getter', { classes: { item: Item } })
class ByGetter extends Items {
  @Derived() override get byTag(): ReadonlyMap<string, ReadonlySet<string>> {
    return indexOf(this.items);
  }
}

@Prevalent('derived-by-option', {
  classes: { item: Item },
  derived: { byTag: (model: ByOption) => indexOf(model.items) },
})
class ByOption extends Items {
  declare readonly byTag: ReadonlyMap<string, ReadonlySet<string>>;
}

/** The class gives the field a value, and fills it itself: so it is without a master. */
@Prevalent('derived-with-value', {
  classes: { item: Item },
  derived: { byTag: (model: WithValue) => indexOf(model.items) },
})
class WithValue extends Items {
  override readonly byTag = new Map<string, Set<string>>();
  @Transaction() override tag(id: string, tag: string): number {
    super.tag(id, tag);
    this.byTag.set(tag, (this.byTag.get(tag) ?? new Set<string>()).add(id));
    return this.byTag.get(tag)?.size ?? 0;
  }
}

class Defined extends Items {
  declare readonly byTag: ReadonlyMap<string, ReadonlySet<string>>;
}
definePrevalent(Defined, {
  name: 'derived-defined',
  classes: { item: Item },
  transactions: ['tag', 'untag'],
  derived: { byTag: (model) => indexOf(model.items) },
});

const plain = (index: ReadonlyMap<string, ReadonlySet<string>>): unknown =>
  [...index].map(([tag, ids]) => [tag, [...ids]]);

const forms: [string, new () => Items][] = [
  ['a getter', ByGetter],
  ['an option', ByOption],
  ['an option for a field with a value', WithValue],
  ['definePrevalent', Defined],
];

describe.each(forms)('as %s', (_, Model) => {
  const open = (store: MemoryStore, name = 'one', more: Partial<MasterOptions> = {}): Promise<Master<Items>> =>
    Master.open(Model, { name, store, ...more });

  test('it is computed once for each state that is asked for it, and never for one that is not', async () => {
    const master = await open(new MemoryStore());
    master.model.items.get('none');
    computed = 0;
    expect(plain(master.model.byTag)).toEqual([]);
    master.model.untag('a', 'x');
    master.model.untag('a', 'x');
    expect(computed).toBe(1);
    const { byTag } = master.model;
    expect([master.model.byTag === byTag, master.query((raw) => plain(raw.byTag)), computed]).toEqual([true, [], 2]);
    await master.close();
  });

  test('a transaction reads it as it has made it, and it follows each change, a rejected one too', async () => {
    const master = await open(new MemoryStore(), 'one', { check: 'replay' });
    expect(master.model.tag('a', 'x')).toBe(1);
    expect(master.model.tag('b', 'x')).toBe(2);
    expect(plain(master.model.byTag)).toEqual([['x', ['a', 'b']]]);
    expect(() => master.model.tag('c', 'bad')).toThrow('bad');
    expect(plain(master.model.byTag)).toEqual([['x', ['a', 'b']]]);
    master.model.untag('a', 'x');
    expect(plain(master.model.byTag)).toEqual([['x', ['b']]]);
    await master.close();
  });

  test('it is the same live, after a late event, from a snapshot, for a newcomer, and in the past', async () => {
    const store = new MemoryStore();
    let now = 1_000_000;
    const clock = { now: () => now++ };
    const late = await open(store, 'late', clock);
    late.model.tag('l', 'y');
    now += 1_000;
    const one = await open(store, 'one', clock);
    one.model.tag('a', 'x');
    one.model.tag('b', 'y');
    await one.snapshot();
    expect(plain(one.model.byTag)).toEqual([
      ['x', ['a']],
      ['y', ['b']],
    ]);
    await late.sync();
    await one.sync();
    const expected = [
      ['y', ['l', 'b']],
      ['x', ['a']],
    ];
    expect(plain(one.model.byTag)).toEqual(expected);
    await late.sync();
    const newcomer = await open(store, 'newcomer', clock);
    for (const master of [late, newcomer]) {
      expect(plain(master.model.byTag)).toEqual(expected);
      assertSameState(one, master);
    }
    expect(plain((await one.at(new Date(now))).byTag)).toEqual(expected);
    await one.snapshot();
    await one.close();
    const again = await open(store, 'one', clock);
    expect(plain(again.model.byTag)).toEqual(expected);
    for (const master of [late, newcomer, again]) await master.close();
  });

  test('nobody writes to it from outside, and what is read of it is guarded', async () => {
    const master = await open(new MemoryStore());
    master.model.tag('a', 'x');
    const byTag = master.model.byTag as Map<string, Set<string>>;
    expect(() => byTag.set('y', new Set())).toThrow(expect.objectContaining({ code: 'WRITE_OUTSIDE_TRANSACTION' }));
    expect(() => byTag.get('x')?.add('b')).toThrow(expect.objectContaining({ code: 'WRITE_OUTSIDE_TRANSACTION' }));
    expect(plain(master.as({ user: 'ada' }).model.byTag)).toEqual([['x', ['a']]]);
    await master.close();
  });
});

test('without a master it is what the class says', () => {
  const [byGetter, withValue] = [new ByGetter(), new WithValue()];
  for (const model of [byGetter, withValue]) model.tag('a', 'x');
  expect([plain(byGetter.byTag), plain(withValue.byTag)]).toEqual([[['x', ['a']]], [['x', ['a']]]]);
});

test('a field of an older program gives way to the derived one, and the other way round', async () => {
  const store = new MemoryStore();
  const program = (derived: boolean): new () => { readonly byTag: unknown; tag(id: string): void } => {
    class Model {
      readonly ids: string[] = [];
      readonly byTag: unknown = 'stored';
      tag(id: string): void {
        this.ids.push(id);
      }
    }
    definePrevalent(Model, {
      name: 'gives-way',
      transactions: ['tag'],
      ...(derived ? { derived: { byTag: (model: Model) => model.ids.length } } : {}),
    });
    return Model;
  };
  const seen: unknown[] = [];
  for (const derived of [false, true, false]) {
    const master = await Master.open(program(derived), { name: 'one', store });
    master.model.tag('a');
    seen.push(master.model.byTag, Object.keys(master.model));
    await master.snapshot();
    await master.close();
  }
  expect(seen).toEqual(['stored', ['ids', 'byTag'], 2, ['ids'], 'stored', ['ids', 'byTag']]);
});

test('it cannot be set in a transaction', async () => {
  class Model {
    declare size: number;
    set(): void {
      this.size = 5;
    }
  }
  definePrevalent(Model, { name: 'set-derived', transactions: ['set'], derived: { size: () => 0 } });
  const master = await Master.open(Model, { name: 'one', store: new MemoryStore() });
  expect(() => master.model.set()).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED_STATE', message: expect.stringContaining('Model.size is derived') }),
  );
  await master.close();
});

test.each<[string, () => unknown]>([
  ['a method', () => Derived()(class {}.prototype, 'm', { value: () => 1 })],
  ['a static getter', () => Derived()(class {}, 's', { get: () => 1 })],
  ['a method, as a standard decorator', () => Derived()(() => 1, { kind: 'method', name: 'm' } as never)],
  ['no parentheses', () => (Derived as unknown as (target: object, key: string) => void)({}, 'x')],
  ['an option that is no function', () => Prevalent('no-function', { derived: { x: 5 as never } })(class X {})],
  [
    'an option for a method',
    () =>
      Prevalent('a-method', { derived: { m: () => 1 } })(
        class X {
          m(): void {
            // A method.
          }
        },
      ),
  ],
])('it is refused on %s', (_, decorate) => {
  expect(decorate).toThrow(expect.objectContaining({ code: 'DECORATOR_USAGE' }));
});

test('as a standard decorator', () => {
  const getter = Derived()(() => 7, {
    kind: 'getter',
    name: 'seven',
    static: false,
  } as never);
  expect(getter.call({})).toBe(7);
});
