import { Prevalent, Transaction } from '../../src/index.js';

/** A model with one of everything whose order could go wrong. */
@Prevalent('shop')
export class Shop {
  readonly stock = new Map<string, { count: number; tags: string[]; by: string }>();
  readonly tags = new Set<string>();
  readonly queue: { token: string; at: number }[] = [];
  readonly prices: Record<string, { amount: number; history: number[] }> = {};
  readonly ids: string[] = [];
  counter = 0;

  @Transaction() put(token: string, key: string, count: number): string {
    this.counter++;
    const held = this.stock.get(key);
    if (held === undefined) this.stock.set(key, { count, tags: [], by: token });
    else {
      held.count += count;
      held.tags.push(token);
    }
    const id = crypto.randomUUID();
    this.ids.push(id);
    return id;
  }

  @Transaction() take(token: string, key: string): void {
    this.counter++;
    this.queue.push({ token, at: Date.now() });
    const held = this.stock.get(key);
    // Thrown after writes, so that a rejection has something to take back.
    if (held === undefined) throw new Error(`no ${key}`);
    if (--held.count <= 0) this.stock.delete(key);
  }

  @Transaction() tag(token: string, tag: string): void {
    if (this.tags.has(tag)) this.tags.delete(tag);
    else this.tags.add(tag);
    this.counter += token.length;
  }

  @Transaction() price(token: string, key: string, amount: number): void {
    const held = this.prices[key];
    if (amount === 0) delete this.prices[key];
    else if (held === undefined) this.prices[key] = { amount, history: [amount] };
    else {
      held.history.push(held.amount);
      held.amount = amount;
    }
    this.queue.push({ token, at: Date.now() });
  }

  @Transaction() serve(token: string, from: number): void {
    const [first] = this.queue.splice(from % (this.queue.length + 1), 1);
    if (first === undefined) throw new Error('nobody waits');
    if (first.token > token) this.queue.unshift(first);
    else this.queue.sort((left, right) => (left.token < right.token ? -1 : 1));
  }

  /** Deletes only under conditions that earlier events change, and sometimes throws afterwards: what is undone must be in place. */
  @Transaction() drop(token: string, key: string, how: number): void {
    if (this.counter % 3 === how) return;
    this.stock.delete(key);
    this.tags.delete(key);
    delete this.prices[key];
    this.counter += token.length;
    if (this.counter % 4 === how) throw new Error('not after all');
  }

  @Transaction() clear(token: string, what: number): void {
    if (what === 0) this.stock.clear();
    else if (what === 1) this.tags.clear();
    else this.queue.length = 0;
    if (token.endsWith('3')) throw new Error('changed my mind');
  }
}

/** A value with its order spelled out, so that equal texts mean equal states, iteration order included. */
export function dump(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Map) return ['map', ...[...value].map(([key, one]) => [dump(key), dump(one)])];
  if (value instanceof Set) return ['set', ...[...value].map(dump)];
  if (Array.isArray(value)) return value.map(dump);
  return { object: Object.entries(value).map(([key, one]) => [key, dump(one)]) };
}

/** A deep copy of plain data; structuredClone would give collections of another realm under Jest. */
export function copy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [key, copy(one)])) as T;
  if (value instanceof Set) return new Set(value) as T;
  if (Array.isArray(value)) return value.map(copy) as T;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copy(one)])) as T;
}
