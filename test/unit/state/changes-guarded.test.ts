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
  value: [() => new Money(7), (money: Money) => (money.cents = 70)],
  'array of Dates': [() => [new Date(3)], ([date]: Date[]) => date!.setTime(9)],
  'array of objects': [() => [{ a: 7 }], ([plain]: { a: number }[]) => (plain!.a = 70)],
};

@Prevalent('changes-guarded', { classes: { label: Label }, values: { money: MONEY } })
class Model {
  readonly o: { d: unknown } = { d: null };
  readonly list: unknown[] = [];
  readonly map = new Map<string, unknown>();
  readonly set = new Set<unknown>();
  @Transaction() put(kind: string): void {
    const [make] = KINDS[kind]!;
    this.o.d = make();
    this.list.push(make());
    this.map.set('k', make());
    this.set.add(make());
  }
  @Transaction() remove(): void {
    delete (this.o as { d?: unknown }).d;
    this.list.pop();
    this.map.delete('k');
    this.set.clear();
  }
}

/** Does to a value, and to what a list of elements holds, what a listener must not be able to. */
function spoil(kind: string, value: unknown): void {
  const [, change] = KINDS[kind]!;
  for (const one of Array.isArray(value) ? [value, ...(value as unknown[])] : [value])
    if (typeof one === 'object' && one !== null) {
      try {
        change(one);
      } catch (error) {
        expect([one, (error as { code?: unknown }).code ?? (error as Error).constructor.name]).toEqual([
          one,
          expect.stringMatching(/^(WRITE_OUTSIDE_TRANSACTION|UNSUPPORTED_STATE|TypeError)$/),
        ]);
      }
    }
}

test.each(Object.keys(KINDS))('a listener cannot change the state by a change that holds a %s', async (kind) => {
  const store = new MemoryStore();
  let time = 1_700_000_000_000;
  const now = (): number => time;
  const heard = await Master.open(Model, { name: 'heard', store, now });
  const other = await Master.open(Model, { name: 'other', store, now });
  const shown = { before: 0, after: 0 };
  heard.on('event', ({ changes = [] }) => {
    for (const { before, after } of changes) {
      spoil(kind, before);
      spoil(kind, after);
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
