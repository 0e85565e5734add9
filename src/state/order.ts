/**
 * Keeps the iteration order of collections exact under undo. JavaScript's collections iterate in insertion order and can
 * only append; putting a deleted key back in its old place needs to know that place. The first delete in a collection gives
 * each of its keys a rising stamp (O(n), once); later inserts and deletes keep the stamps up to date (O(1)); after a rewind
 * that undid deletes, each touched collection is sorted by stamp, once.
 */

/** Brings keys that stand as `present` into the order `wanted`. */
type Reorder = (target: object, wanted: readonly unknown[], present: readonly unknown[]) => void;

interface Stamps {
  readonly of: Map<unknown, number>;
  next: number;
}

/** Property keys that may be array indices; they iterate by number. */
const ARRAY_INDEX = /^(0|[1-9]\d{0,9})$/;
const MAX_INDEX = 2 ** 32 - 2;

/** Tells whether a property key is an array index. */
export function isIndex(key: unknown): key is string {
  return typeof key === 'string' && ARRAY_INDEX.test(key) && Number(key) <= MAX_INDEX;
}

/** Property keys that iterate in insertion order, that is all but array indices. */
export function orderedKeys(target: object): (string | symbol)[] {
  return Reflect.ownKeys(target).filter((key) => !isIndex(key));
}

function entryKeys(target: object): Iterable<unknown> {
  return target instanceof Map ? Map.prototype.keys.call(target) : Set.prototype.values.call(target as Set<unknown>);
}

/** The order of one kind of key: the fields of objects, or the entries of maps and sets. */
export class Order {
  #stamps = new WeakMap<object, Stamps>();
  #any = false;
  readonly #disordered = new Set<object>();
  readonly #keysOf: (target: object) => Iterable<unknown>;
  readonly #reorder: Reorder;

  constructor(keysOf: (target: object) => Iterable<unknown>, reorder: Reorder) {
    this.#keysOf = keysOf;
    this.#reorder = reorder;
  }

  /** A key was added at the end. */
  added(target: object, key: unknown): void {
    if (!this.#any) return;
    const stamps = this.#stamps.get(target);
    if (stamps !== undefined) stamps.of.set(key, stamps.next++);
  }

  /** A key is about to be deleted; gives the stamp that tells its place. */
  removing(target: object, key: unknown): number {
    let stamps = this.#stamps.get(target);
    if (stamps === undefined) {
      stamps = { of: new Map(), next: 0 };
      for (const one of this.#keysOf(target)) stamps.of.set(one, stamps.next++);
      this.#stamps.set(target, stamps);
      this.#any = true;
    }
    const stamp = stamps.of.get(key) ?? -1;
    stamps.of.delete(key);
    return stamp;
  }

  /** Tells whether a delete was seen in this collection. */
  tracks(target: object): boolean {
    return this.#any && this.#stamps.has(target);
  }

  /** An addition was undone. */
  unadded(target: object, key: unknown): void {
    if (this.#any) this.#stamps.get(target)?.of.delete(key);
  }

  /** A delete was undone: the key stands at the end until `endRewind`. */
  restored(target: object, key: unknown, stamp: number): void {
    this.#stamps.get(target)?.of.set(key, stamp);
    this.#disordered.add(target);
  }

  /** A collection is about to be cleared; gives what `uncleared` needs. */
  clearing(target: object): unknown {
    const stamps = this.#stamps.get(target);
    this.#stamps.delete(target);
    return stamps;
  }

  /** A clear was undone and its entries stand in their old order. */
  uncleared(target: object, stamps: unknown): void {
    if (stamps === undefined) this.#stamps.delete(target);
    else this.#stamps.set(target, stamps as Stamps);
  }

  /** Forgets all stamps, because no delete seen so far will ever be undone. */
  forget(): void {
    this.#stamps = new WeakMap();
    this.#any = false;
  }

  /** Puts every collection whose deletes were undone back in order. */
  endRewind(): void {
    if (this.#disordered.size === 0) return;
    for (const target of this.#disordered) {
      const stamps = this.#stamps.get(target)?.of;
      if (stamps === undefined) continue;
      const keys = [...this.#keysOf(target)];
      const placed = keys.map((key, index) => ({ key, stamp: stamps.get(key) ?? index }));
      if (placed.every((one, index) => index === 0 || (placed[index - 1]?.stamp ?? 0) <= one.stamp)) continue;
      placed.sort((left, right) => left.stamp - right.stamp);
      this.#reorder(
        target,
        placed.map(({ key }) => key),
        keys,
      );
    }
    this.#disordered.clear();
  }
}

/** The orders of one model: of every collection that has seen a delete. */
export class Orders {
  readonly fields = new Order(orderedKeys, reorderFields as Reorder);
  /** A map or set may have fields as well, so the two are kept apart. */
  readonly entries = new Order(entryKeys, reorderEntries);

  /** Puts everything back in order. Ends each rewind. */
  endRewind(): void {
    this.fields.endRewind();
    this.entries.endRewind();
  }

  /** Forgets the places of everything deleted, which will never be put back. */
  forget(): void {
    this.fields.forget();
    this.entries.forget();
  }
}

function reorderEntries(target: object, wanted: readonly unknown[]): void {
  if (target instanceof Map) {
    const entries = wanted.map((key) => [key, Map.prototype.get.call(target, key) as unknown]);
    Map.prototype.clear.call(target);
    for (const [key, value] of entries) Map.prototype.set.call(target, key, value);
  } else {
    Set.prototype.clear.call(target as Set<unknown>);
    for (const key of wanted) Set.prototype.add.call(target as Set<unknown>, key);
  }
}

function reorderFields(
  target: object,
  wanted: readonly (string | symbol)[],
  present: readonly (string | symbol)[],
): void {
  const first = wanted.findIndex((key, index) => key !== present[index]);
  for (const key of wanted.slice(first)) {
    const descriptor = Object.getOwnPropertyDescriptor(target, key);
    if (descriptor === undefined) continue;
    Reflect.deleteProperty(target, key);
    Object.defineProperty(target, key, descriptor);
  }
}
