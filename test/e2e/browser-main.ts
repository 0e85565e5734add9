/** What a page does: two masters of one model meet in the memory of a browser. It reports what came of it. */
import 'reflect-metadata';
import { Master, MemoryStore, Prevalent, Transaction } from '../../src/core.js';

class Item {
  readonly since = new Date();
  constructor(
    readonly id: string,
    readonly title: string,
  ) {}
}

@Prevalent('shopping', { classes: { item: Item } })
class Shopping {
  readonly items = new Map<string, Item>();
  @Transaction() add(title: string, amounts: Map<string, bigint>): string {
    if (title === '') throw new Error('a title is needed');
    const item = new Item(crypto.randomUUID(), `${title} ${[...amounts.values()].join()} ${Math.random()}`);
    this.items.set(item.id, item);
    return item.id;
  }
}

function refusalOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code ?? (error as Error).message;
  }
  return 'nothing was refused';
}

async function meet(): Promise<unknown> {
  const store = new MemoryStore();
  const phone = await Master.open(Shopping, { name: 'phone', store });
  const tablet = await Master.open(Shopping, { name: 'tablet', store });
  phone.model.add('milk', new Map([['litres', 2n]]));
  await tablet.transact((list) => list.add('bread', new Map()));
  for (const master of [phone, tablet, phone, tablet]) await master.sync();
  const listed = (list: Shopping): string => JSON.stringify([...list.items]);
  const same = phone.query(listed) === tablet.query(listed);
  await phone.compact();
  await phone.close();
  const again = await Master.open(Shopping, { name: 'phone', store });
  const path = await Master.open(Shopping, { name: 'other', store: './shared' }).then(
    () => 'opened',
    (error: unknown) => `${(error as { code: string }).code}: ${(error as Error).message}`,
  );
  return {
    titles: [...again.model.items.values()].map(({ title }) => title.split(' ')[0]).sort(),
    same: same && again.query(listed) === tablet.query(listed),
    thrown: refusalOf(() => again.model.add('', new Map())),
    written: refusalOf(() => (again.model.items as Map<string, unknown>).clear()),
    path,
  };
}

declare const report: (outcome: unknown) => void;

report(await meet());
