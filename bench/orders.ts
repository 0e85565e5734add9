import { Prevalent } from '../src/index.js';

export class Customer {
  readonly orders: Order[] = [];
  constructor(
    readonly id: string,
    public name: string,
  ) {}
}

export class Line {
  constructor(
    readonly product: string,
    public count: number,
    public price: number,
  ) {}
}

export class Order {
  readonly lines: Line[] = [];
  readonly tags = new Set<string>();
  note: string | undefined;
  constructor(
    readonly id: string,
    readonly customer: Customer,
    readonly placed: Date,
  ) {}
}

/** A model whose objects refer to each other: customers, their orders, and lines of these. */
@Prevalent('bench-orders', { classes: [Customer, Line, Order] })
export class Orders {
  readonly customers = new Map<string, Customer>();
  readonly orders = new Map<string, Order>();
}

const TAGS = ['gift', 'express', 'fragile', 'returned'];

/** A model of about `objects` objects, and how many it has exactly. */
export function filledOrders(objects: number): { model: Orders; objects: number } {
  const model = new Orders();
  let count = 3;
  for (let i = 0; count < objects; i++) {
    const name = `customer-${i >> 2}`;
    const customer = model.customers.get(name) ?? new Customer(name, `Customer number ${i >> 2}`);
    if (!model.customers.has(name)) count += 2;
    model.customers.set(name, customer);
    const order = new Order(`order-${i}`, customer, new Date(1_700_000_000_000 + i * 1000));
    if (i % 3 === 0) order.tags.add(TAGS[i % TAGS.length]!);
    if (i % 5 === 0) order.note = `Leave it with neighbour ${i % 50}`;
    for (let line = 0; line <= i % 3; line++)
      order.lines.push(new Line(`product-${(i * 7 + line) % 5000}`, 1 + (i % 4), (i % 900) / 4));
    customer.orders.push(order);
    model.orders.set(order.id, order);
    count += 4 + order.lines.length;
  }
  return { model, objects: count };
}

/** The same data as JSON can carry it: references by id, collections as lists. */
export function plainOrders({ customers, orders }: Orders): unknown {
  return {
    customers: Array.from(customers.values(), ({ id, name, orders: own }) => ({
      id,
      name,
      orders: own.map((order) => order.id),
    })),
    orders: Array.from(orders.values(), ({ id, customer, lines, tags, placed, note }) => ({
      id,
      note,
      customer: customer.id,
      placed: placed.toISOString(),
      tags: [...tags],
      lines: lines.map(({ product, count, price }) => ({ product, count, price })),
    })),
  };
}
