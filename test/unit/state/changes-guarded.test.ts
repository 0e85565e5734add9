/** What listeners get as changes is guarded or a copy: nothing they do to it reaches the state. */
import { Master, MemoryStore, Prevalent, Transaction } from 'prevalent';
import { assertSameState } from 'prevalent/testing';

class Label {
  text = 'a';
}

class Money {
  constructor(public cents: number) {}
}

const MONEY = {
  class: Money,
  encode: ({ cents }: Money) => String(cents),
  decode: (text: string) => new Money(Number(text)),
};

const KINDS: Record<string, readonly [make: () => object, spoil: (value: any) => unknown]> = {
  Date: [() => new Date(3), (date: Date) => date.setTime(9)],
  Map: [() => new Map([[1, 2]]), (map: Map<number, number>) => map.set(1, 9)],
  Set: [() => new Set([1]), (set: Set<number>) => set.add(9)],
  view: [() => new Uint8Array(2), (view: Uint8Array) => view.fill(9)],
  DataView: [() => new DataView(new ArrayBuffer(2)), (view: DataView) => view.setInt8(0, 9)],
  'plain object': [() => ({ a: 7 }), (plain: { a: number }) => (plain.a = 70)],
  'class instance': [() => new Label(), (label: Label) => (label.text = 'b')],
  RegExp: [() => /a/g, (re: RegExp) => (re.lastIndex = 5)],
  array: [() => [1, 2], (list: number[]) => list.push(9)],
  Error: [() => new Error('a'), (error: Error) => (error.message = 'b')],
  value: [() => new Money(7), (money: Money) => (money.cents = 70)],
  'array of Dates': [() => [new Date(3)], ([date]: Date[]) => date!.setTime(9)],
  'array of objects': [() => [{ a: 7 }], ([plain]: { a: number }[]) => (plain!.a = 70)],
};

/** What else may be tried on whatever was shown, a Date's own fields apart: these are found at the next call. */
const ATTACKS: readonly ((it: any) => unknown)[] = [
  (it) => it instanceof Date || (it.extra = 9),
  (it) => it instanceof Date || Object.defineProperty(it, 'extra', { value: 9 }),
  (it) => delete it[0],
  (it) => Date.prototype.setTime.call(it, 9),
  (it) => Map.prototype.clear.call(it),
  (it) => Set.prototype.clear.call(it),
  (it) => it instanceof Date || Array.prototype.push.call(it, 9),
  (it) => DataView.prototype.setInt8.call(it, 0, 9),
];

@Prevalent('changes-guarded', { classes: { label: Label }, values: { money: MONEY } })
class Model {
  field: unknown = null;
  readonly o: { d: unknown } = { d: null };
  readonly list: unknown[] = [];
  readonly map = new Map<string, unknown>();
  readonly set = new Set<unknown>();
  @Transaction() put(kind: string): void {
    const [make] = KINDS[kind]!;
    this.field = make();
    this.o.d = make();
    this.list.push(make());
    this.list[0] = make();
    this.map.set('k', make());
    this.set.add(make());
  }
  @Transaction() remove(): void {
    this.field = null;
    delete (this.o as { d?: unknown }).d;
    this.list.pop();
    this.map.delete('k');
    this.set.clear();
  }
}

/** Does to a value, and to all in it, what a listener must not be able to: it is refused, or changes a copy. */
function spoil(kind: string, shown: unknown): void {
  const [, change] = KINDS[kind]!;
  const reached = new Set([shown]);
  for (const one of reached) {
    if (typeof one !== 'object' || one === null) continue;
    for (const part of partsOf(one)) reached.add(part);
    for (const attempt of [change, ...ATTACKS]) {
      try {
        attempt(one);
      } catch (error) {
        expect([one, (error as { code?: unknown }).code ?? (error as Error).constructor.name]).toEqual([
          one,
          expect.stringMatching(/^(WRITE_OUTSIDE_TRANSACTION|UNSUPPORTED_STATE|TypeError)$/),
        ]);
      }
    }
  }
}

function partsOf(object: object): unknown[] {
  return object instanceof Map || object instanceof Set
    ? [...(object as Iterable<unknown>)].flat()
    : Object.values(object);
}

test.each(Object.keys(KINDS))('a listener cannot change the state by a change that holds a %s', async (kind) => {
  const store = new MemoryStore();
  let time = 1_700_000_000_000;
  const now = (): number => time;
  const heard = await Master.open(Model, { name: 'heard', store, now });
  const other = await Master.open(Model, { name: 'other', store, now });
  const shown = { before: 0, after: 0 };
  heard.on('event', ({ changes = [] }) => {
    for (const { path, before, after } of changes) {
      // A value has no guard, and a path needs the very one that it leads by.
      for (const one of kind === 'value' ? [before, after] : [...path, before, after]) spoil(kind, one);
      if (typeof before === 'object' && before !== null) shown.before++;
      if (typeof after === 'object' && after !== null) shown.after++;
    }
  });
  const meet = async (): Promise<void> => {
    for (const one of [heard, other, heard, other]) await one.sync();
    assertSameState(heard, other);
  };
  heard.model.put(kind);
  await meet();
  time += 10;
  other.model.put(kind);
  time += 10;
  heard.model.remove();
  await meet();
  expect(Object.values(shown).every((count) => count > 0)).toBe(true);
  const newcomer = await Master.open(Model, { name: 'newcomer', store, now });
  assertSameState(heard, newcomer);
  for (const one of [heard, other, newcomer]) await one.close();
});
