/** Values of classes that nobody here owns: the same live, on every replay, after a snapshot, and never the caller's object. */
import { Decimal } from 'decimal.js';
import { DateTime } from 'luxon';
import { Master, MemoryStore, Prevalent, Transaction } from '../../../src/index.js';
import { everyWay, type Play } from '../../every-way.js';

const ZERO = new Decimal(0);

class Item {
  tags = new Map<string, Decimal>();
  constructor(
    readonly title: string,
    public price: Decimal,
    public due?: DateTime,
  ) {}
}

@Prevalent('shop-of-values', {
  classes: { item: Item },
  values: {
    decimal: { class: Decimal, encode: (d) => d.toString(), decode: (s) => new Decimal(s) },
    moment: {
      class: DateTime,
      encode: (d) => ({ ms: d.toMillis(), zone: d.zoneName }),
      decode: ({ ms, zone }: { ms: number; zone: string }) => DateTime.fromMillis(ms, { zone }),
    },
    url: { class: URL, encode: (u) => u.href, decode: (s) => new URL(s) },
  },
})
class Shop {
  total = ZERO;
  link = new URL('https://shop.example/a');
  opened: DateTime = DateTime.fromMillis(0, { zone: 'utc' });
  readonly items: Item[] = [];
  readonly byPrice = new Map<Decimal, Item[]>();
  readonly prices = new Set<Decimal>();
  readonly log: unknown[] = [];

  @Transaction() add(title: string, price: Decimal, due?: DateTime): Decimal {
    const item = new Item(title, price, due);
    item.tags.set('price', price).set('half', price.div(2));
    this.items.push(item);
    this.log.push(this.items.at(-1)?.price === price, this.total === ZERO, this.total.equals(ZERO));
    this.total = this.total.plus(price);
    this.byPrice.set(price, [item]);
    this.prices.add(price);
    this.log.push(this.byPrice.has(price), this.prices.has(price), [...this.prices].includes(price));
    return this.total;
  }
  @Transaction() reset(): void {
    this.total = ZERO;
    this.log.push(this.total === ZERO, this.prices.has(ZERO));
    for (const item of this.items) if (item.price.gt(5)) item.price = item.price.times('1.1');
  }
  @Transaction() visit(options: { links: Map<string, URL>; first: readonly URL[] }): string {
    this.link = options.links.get('home') ?? this.link;
    this.log.push(options.first[0] === options.first[1], options.first[0] === this.link);
    if (options.links.has('none') && this.items[0]?.title === 'early') throw new Error(`no ${this.link.href}`);
    return this.link.host;
  }
  @Transaction() drop(price: Decimal): boolean {
    for (const one of this.prices) if (one.equals(price)) this.prices.delete(one);
    const [first] = this.byPrice.keys();
    this.log.push(this.opened.toISO(), this.total === this.items[0]?.price);
    this.opened = this.opened.plus({ days: 1 });
    return first !== undefined && this.byPrice.delete(first);
  }
}

const home = new URL('https://home.example/?q=1');

const play: Play<Shop> = {
  early: [(shop) => shop.add('early', new Decimal('0.1'))],
  calls: [
    (shop) => shop.add('milk', new Decimal('0.2'), DateTime.fromISO('2026-02-03T04:05:06', { zone: 'Europe/Berlin' })),
    (shop) => shop.add('tea', new Decimal('1e21')),
    (shop) => {
      shop.reset();
    },
    (shop) => shop.visit({ links: new Map([['home', home]]), first: [home, home] }),
    (shop) => shop.add('salt', ZERO),
    (shop) => shop.visit({ links: new Map([['none', new URL('https://none.example/')]]), first: [] }),
    (shop) => shop.drop(new Decimal('0.2')),
    (shop) => shop.drop(shop.total),
  ],
  ask: (shop) => ({
    total: [shop.total.toString(), shop.total instanceof Decimal, shop.total === ZERO, shop.total.plus(1).toString()],
    link: [shop.link.href, shop.link === home, shop.link.searchParams.get('q')],
    opened: [shop.opened.toISO(), shop.opened.isValid],
    items: shop.items.map(({ price, due, tags }) => [price.toString(), due?.toISO(), tags.get('price') === price]),
    keys: [...shop.byPrice].map(([price, items]) => [price.toString(), items[0]?.price === price]),
    prices: [...shop.prices].map(String),
    has: shop.prices.has(ZERO),
  }),
};

test('values are alike in every way in which a state comes about, and never the object from outside', async () => {
  const { outcomes, state } = await everyWay(Shop, play);
  expect(outcomes.flatMap(({ error }, index) => (error === undefined ? [] : [[index, error]]))).toEqual([
    [6, 'Error: no https://home.example/?q=1'],
  ]);
  expect(state).toContain('"total":["0",true,false,"1"]');
  expect(state).toContain('"link":["https://home.example/?q=1",false,"1"]');
});

const shop = (options: { check?: 'replay' } = {}): Promise<Master<Shop>> =>
  Master.open(Shop, { name: 'one', store: new MemoryStore(), ...options });

test('results, changes, events and queries give values, not guards', async () => {
  const master = await shop();
  const changes: unknown[] = [];
  master.on('event', (event) => {
    for (const { path, before, after } of event.changes ?? []) if (path[0] === 'total') changes.push(before, after);
  });
  const price = new Decimal('1.5');
  const result = master.model.add('milk', price);
  expect(result).toBeInstanceOf(Decimal);
  expect(result.toString()).toBe('1.5');
  expect(changes.map(String)).toEqual(['0', '1.5']);
  expect(master.query((model) => model.total)).toBe(master.model.total);
  expect(master.model.items[0]?.price).not.toBe(price);
  expect(ZERO.toString()).toBe('0');
  for await (const { args } of master.events()) {
    expect(args[1]).toBeInstanceOf(Decimal);
    expect(String(args[1])).toBe('1.5');
  }
  await master.close();
});

test('one value in several places stays one, in arguments and in the state', async () => {
  const master = await shop();
  const url = new URL('https://a.example/');
  master.model.visit({ links: new Map(), first: [url, url] });
  master.model.visit({ links: new Map(), first: [url, new URL(url)] });
  expect([...master.model.log]).toEqual([true, false, false, false]);
  await master.close();
});

test('two masters never share a value, and a module keeps its own', async () => {
  const masters = [await shop(), await shop()];
  for (const { model } of masters) model.reset();
  expect(masters[0]?.model.total).not.toBe(masters[1]?.model.total);
  expect(masters[0]?.model.total).not.toBe(ZERO);
  for (const master of masters) await master.close();
});
