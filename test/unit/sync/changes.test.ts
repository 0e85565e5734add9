import { type Change, Master, MemoryStore, Prevalent, Transaction } from '../../../src/index.js';

class Item {
  tags: string[] = [];
  due = new Date(0);
  constructor(
    readonly id: string,
    public title: string,
  ) {}
}

@Prevalent('changes', { classes: [Item] })
class Board {
  readonly items = new Map<string, Item>();
  readonly order: string[] = [];
  readonly seen = new Set<string>();
  readonly columns: Record<string, Item[]> = { open: [], closed: [] };
  readonly bytes = new Uint8Array(8);
  count = 0;

  @Transaction() add(id: string, title: string): Item {
    const item = new Item(id, title);
    this.items.set(id, item);
    this.columns['open']!.push(item);
    this.order.push(id);
    this.count++;
    return item;
  }
  @Transaction() rename(id: string, title: string): void {
    this.items.get(id)!.title = 'on the way';
    this.items.get(id)!.title = title;
  }
  @Transaction() same(id: string): void {
    const item = this.items.get(id)!;
    const { title } = item;
    item.title = 'other';
    item.title = title;
  }
  @Transaction() close(id: string): void {
    const open = this.columns['open']!;
    const [item] = open.splice(open.indexOf(this.items.get(id)!), 1);
    this.columns['closed']!.push(item!);
    item!.due.setTime(7);
    this.seen.add(id);
  }
  @Transaction() retitleClosed(title: string): void {
    for (const item of this.columns['closed']!) item.title = title;
  }
  @Transaction() remove(id: string): void {
    this.items.delete(id);
    this.seen.delete(id);
    delete this.columns['closed'];
  }
  @Transaction() shuffle(): void {
    this.order.unshift('first');
    this.order[1] = 'second';
    this.order.reverse();
    this.order.length = 1;
  }
  @Transaction() wipe(): void {
    this.items.clear();
  }
  @Transaction() poke(): void {
    this.bytes[3] = 9;
  }
  @Transaction() fail(): void {
    this.count = 99;
    throw new Error('no');
  }
}

/** Changes as plain texts that are easy to read and compare. */
function text({ kind, path, before, after }: Change): string {
  const show = (value: unknown): string =>
    value instanceof Map ? `Map(${value.size})` : value === undefined ? 'nothing' : JSON.stringify(value);
  return `${kind} ${path.join('.')}: ${show(before)} -> ${show(after)}`;
}

async function board(): Promise<{ master: Master<Board>; told: string[][]; last: () => string[] }> {
  const master = await Master.open(Board, { name: 'a', store: new MemoryStore() });
  const told: string[][] = [];
  master.on('event', ({ changes }) => told.push((changes ?? []).map(text)));
  return { master, told, last: () => told[told.length - 1]! };
}

test('every kind of write is one change with its path, what was there and what is there', async () => {
  const { master, last } = await board();
  const { model } = master;
  model.add('x', 'one');
  const item = '{"id":"x","title":"one","tags":[],"due":"1970-01-01T00:00:00.000Z"}';
  expect(last()).toEqual([
    `set items.x: nothing -> ${item}`,
    `splice columns.open.0: [] -> [${item}]`,
    'splice order.0: [] -> ["x"]',
    'set count: 0 -> 1',
  ]);
  model.rename('x', 'two');
  expect(last()).toEqual(['set items.x.title: "one" -> "two"']);
  model.same('x');
  expect(last()).toEqual([]);
  model.close('x');
  expect(last().map((line) => line.replace(/\{.*\}/g, 'item'))).toEqual(
    [
      'splice columns.open.0: [item -> []',
      'splice columns.closed.0: [] -> [item]',
      'set items.x.due: "1970-01-01T00:00:00.000Z" -> "1970-01-01T00:00:00.007Z"',
      'set seen.x: nothing -> "x"',
    ].map((line) => line.replace('[item -> []', '[item] -> []')),
  );
  model.retitleClosed('three');
  expect(last()).toEqual(['set items.x.title: "two" -> "three"']);
  model.poke();
  expect(last()).toEqual(['set bytes: {"0":0} -> {"0":9}']);
  model.shuffle();
  expect(last()).toEqual([
    'splice order.0: [] -> ["first"]',
    'set order.1: "x" -> "second"',
    'splice order.0: ["first","second"] -> ["second","first"]',
    'splice order.1: ["first"] -> []',
  ]);
  model.wipe();
  expect(last()).toEqual(['set items: Map(1) -> Map(0)']);
  model.remove('x');
  expect(last().map((line) => line.split(':')[0])).toEqual(['delete seen.x', 'delete columns.closed']);
  await master.close();
});

test('what changed in an object that has moved is told at the place where it is now', async () => {
  const { master, last } = await board();
  const { model } = master;
  model.add('x', 'one');
  model.add('y', 'two');
  model.close('x');
  model.wipe();
  model.retitleClosed('new');
  expect(last()).toEqual(['set columns.closed.0.title: "one" -> "new"']);
  await master.close();
});

test('values in changes are guarded, and a call that throws tells nothing', async () => {
  const { master, told } = await board();
  const seen: Change[] = [];
  master.on('event', ({ changes }) => seen.push(...(changes ?? [])));
  master.model.add('x', 'one');
  expect(() => ((seen[0]!.after as Item).title = 'behind the back')).toThrow(/outside a transaction/);
  expect(() => {
    master.model.fail();
  }).toThrow('no');
  expect(told).toHaveLength(1);
  await master.close();
});

test('late events of others tell what they changed when they ran; subscribers hear once', async () => {
  const store = new MemoryStore();
  let now = 1_000_000;
  const open = (name: string): Promise<Master<Board>> => Master.open(Board, { name, store, now: () => now++ });
  const a = await open('a');
  const b = await open('b');
  a.model.add('x', 'from a');
  b.model.add('y', 'from b');
  await a.sync();
  const told: string[][] = [];
  let heard = 0;
  b.on('event', ({ changes }) => told.push((changes ?? []).map(text).filter((line) => !line.includes('tags'))));
  b.subscribe(() => heard++);
  await b.sync();
  expect(told).toEqual([['splice order.0: [] -> ["x"]', 'set count: 0 -> 1']]);
  expect(heard).toBe(1);
  expect(b.model.order).toEqual(['x', 'y']);
  await a.close();
  await b.close();
});
