/** A model that holds one of everything a state may hold, for random programs. */
import { Prevalent, Transaction } from 'prevalent';
import { runSteps, type Step } from './state-program.js';

export class Item {
  note: unknown;
  constructor(
    public label: unknown,
    public count = 0,
  ) {}
  get double(): number {
    return this.count * 2;
  }
  set double(value: number) {
    this.count = value / 2;
  }
  bump(): this {
    this.count++;
    return this;
  }
}

export class Special extends Item {
  readonly parts: unknown[] = [];
  readonly index = new Map<unknown, unknown>();
  override get double(): number {
    return super.double + this.parts.length;
  }
  override set double(value: number) {
    super.double = value;
    this.parts.push(value);
  }
  get firstPart(): unknown {
    return this.parts[0];
  }
  set firstPart(value: unknown) {
    this.parts.unshift(value);
  }
  override bump(): this {
    this.index.set(this, this.count);
    return super.bump();
  }
}

export class Plain {
  x: unknown = 1;
  y: unknown = 2;
  swap(): void {
    [this.x, this.y] = [this.y, this.x];
  }
}

export class Stack extends Array<unknown> {
  title = 'stack';
  get top(): unknown {
    return this[this.length - 1];
  }
  set top(value: unknown) {
    this[Math.max(this.length - 1, 0)] = value;
  }
  pushTwice(value: unknown): number {
    return this.push(value, value);
  }
}

export class Registry extends Map<unknown, unknown> {
  owner: unknown = 'nobody';
  get first(): unknown {
    return this.values().next().value;
  }
  set first(value: unknown) {
    this.set('first', value);
  }
  addAll(...values: unknown[]): void {
    for (const value of values) this.set(this.size, value);
  }
}

export class Bag extends Set<unknown> {
  limit = 5;
  drop(): void {
    for (const one of this) if (typeof one !== 'object') this.delete(one);
  }
}

export class Fixed {
  readonly log: unknown[] = [];
  constructor(readonly name: unknown) {
    Object.freeze(this);
  }
  get size(): number {
    return this.log.length;
  }
  set entry(value: unknown) {
    this.log.push(value);
  }
}

export class Failure extends Error {
  override name = 'Failure';
  details: unknown = {};
}

export const CLASSES = { Item, Special, Plain, Stack, Registry, Bag, Fixed, Failure };

@Prevalent('state-property-world', { classes: CLASSES })
export class World {
  counter = 0;
  readonly plain: Record<PropertyKey, unknown> = { b: 1, a: { deep: 1 }, 7: 'seven', [Symbol.for('s')]: 'sym', c: 3 };
  readonly dictionary = Object.assign(Object.create(null), { one: {}, two: 2, three: [3] });
  readonly list: unknown[] = [1, { n: 2 }, 'three', [4, 5]];
  readonly holes: unknown[] = [];
  readonly map = new Map<unknown, unknown>();
  readonly set = new Set<unknown>(['x', 1, null]);
  readonly item = new Item('first', 1);
  special = new Special('special', 2);
  readonly plainClass = new Plain();
  readonly stack = new Stack();
  readonly registry = new Registry([['k', { v: 1 }]]);
  readonly bag = new Bag([1, 'b', { c: 1 }]);
  readonly fixed = new Fixed('fixed');
  readonly frozen = Object.freeze({ inner: { n: 1 }, list: Object.freeze([{ m: 1 }, 2]) });
  readonly sealed = Object.seal({ p: 1, q: {} });
  readonly sealedList = Object.seal([3, 1, { z: 1 }]);
  readonly date = new Date(1e12);
  readonly bytes = new Uint8Array([5, 4, 3, 2, 1]);
  readonly floats = new Float64Array([1.5, -0, NaN]);
  readonly view = new DataView(new ArrayBuffer(16));
  readonly buffer = Buffer.from('hello world!');
  readonly pattern = /[a-c]/g;
  readonly error = new Error('stored');
  readonly failure = new Failure('own');
  readonly big = 10n ** 20n;
  readonly cycle: Record<string, unknown> = { name: 'cycle' };
  readonly shared: unknown[] = [];

  constructor() {
    this.holes[1] = 'one';
    this.holes[4] = { four: 4 };
    this.stack.push('bottom', { s: 1 });
    const key = { key: true };
    this.map
      .set('t', { title: 't' })
      .set(key, 'by object')
      .set(3, key)
      .set('m', new Map([[1, 2]]));
    this.special.parts.push('part', this.item);
    this.special.index.set('item', this.item);
    this.cycle.self = this.cycle;
    this.cycle.world = this;
    this.shared.push(this.list[1], this.list[1], this.item);
  }

  @Transaction() run(steps: readonly Step[]): unknown {
    return runSteps(this, steps);
  }
}
