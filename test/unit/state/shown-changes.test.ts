/** What a listener is told of a change is no way into the state, whatever kind of value changed. */
import { Master, MemoryStore, Prevalent, Transaction } from 'prevalent';

class Item {
  constructor(public name: string) {}
}

const MAKERS: Record<string, (n: number) => object> = {
  Date: (n) => new Date(n),
  'a plain object': (n) => ({ n, inner: { n } }),
  'an instance': (n) => new Item(String(n)),
  'an array': (n) => [n, { n }],
  'a Map': (n) => new Map<unknown, unknown>([[n, new Date(n)]]),
  'a Set': (n) => new Set<unknown>([n, new Date(n)]),
  'a RegExp': (n) => new RegExp(String(n), 'g'),
  bytes: (n) => new Uint8Array([n]),
  'a DataView': (n) => new DataView(new Uint8Array([n, n]).buffer),
  'an Error': (n) => new Error(String(n)),
};

interface Shown {
  readonly before?: unknown;
  readonly after?: unknown;
  readonly path: readonly unknown[];
}

/** What somebody may try on something that was shown. */
function deface(value: unknown): void {
  // A Date guards itself: fields that somebody gives it are found at the next call, and told then.
  const tries: ((it: Record<string, unknown>) => unknown)[] = [
    (it) => (it instanceof Date ? 0 : (it.n = 99)),
    (it) => (it instanceof Date ? 0 : (it.name = 'defaced')),
    (it) => (it instanceof Date ? 0 : (it[0] = 99)),
    (it) => (it instanceof Date ? 0 : Object.defineProperty(it, 'extra', { value: 1 })),
    (it) => delete it[0],
    (it) => (it as unknown as Date).setTime(99),
    (it) => Date.prototype.setTime.call(it, 99),
    (it) => Reflect.apply(Map.prototype.clear, it, []),
    (it) => Reflect.apply(Set.prototype.clear, it, []),
    (it) => (it as unknown as unknown[]).push(99),
    (it) => Reflect.apply(DataView.prototype.setInt8, it, [0, 99]),
  ];
  const inner = (it: object): unknown[] =>
    it instanceof Map || it instanceof Set ? [...(it as Iterable<unknown>)].flat() : Object.values(it);
  const seen = new Set<unknown>([value]);
  for (const one of seen) {
    if (typeof one !== 'object' || one === null) continue;
    for (const part of inner(one)) seen.add(part);
    for (const attempt of tries) {
      try {
        attempt(one as Record<string, unknown>);
      } catch {
        // Refused, as it should be; what is not is seen in the state.
      }
    }
  }
}

@Prevalent('shown-changes', { classes: { item: Item } })
class Store {
  field: unknown = null;
  readonly map = new Map<string, unknown>();
  readonly set = new Set<unknown>();
  readonly list: unknown[] = [];
  readonly holder: { value: unknown } = { value: null };

  @Transaction() put(kind: string, n: number): void {
    const make = MAKERS[kind]!;
    this.field = make(n);
    this.map.set('key', make(n));
    this.set.add(make(n));
    this.list.push(make(n));
    this.list[0] = make(n);
    this.holder.value = make(n);
  }
  @Transaction() clear(): void {
    this.field = null;
    this.map.clear();
    this.set.clear();
    this.list.length = 0;
    this.holder.value = null;
  }
}

test.each(Object.keys(MAKERS))('%s', async (kind) => {
  const store = new MemoryStore();
  const master = await Master.open(Store, { name: 'a', store });
  const texts = (): string => master.query((model) => JSON.stringify(shown(model)));
  let defaced = 0;
  master.on('event', ({ changes }) => {
    for (const change of (changes ?? []) as readonly Shown[]) {
      const before = texts();
      for (const value of [change.before, change.after, ...change.path]) deface(value);
      expect(texts()).toBe(before);
      defaced++;
    }
  });
  master.model.put(kind, 1);
  master.model.put(kind, 2);
  master.model.clear();
  master.model.put(kind, 3);
  const live = texts();
  expect(defaced).toBeGreaterThan(15);
  await master.close();
  const again = await Master.open(Store, { name: 'a', store });
  expect(again.query((model) => JSON.stringify(shown(model)))).toBe(live);
  await again.close();
});

/** A state as plain JSON, with what JSON leaves out. */
function shown(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return ['Date', value.getTime()];
  if (value instanceof RegExp) return [String(value), value.lastIndex, Object.keys(value)];
  if (value instanceof DataView) return ['View', new Uint8Array(value.buffer).join()];
  if (value instanceof Error) return ['Error', value.message, Object.keys(value)];
  if (value instanceof Map)
    return ['Map', [...value].map(([key, one]) => [shown(key), shown(one)]), Object.keys(value)];
  if (value instanceof Set) return ['Set', [...value].map(shown), Object.keys(value)];
  return Object.entries(value).map(([key, one]) => [key, shown(one)]);
}
