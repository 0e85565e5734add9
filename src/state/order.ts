/**
 * Keeps the iteration order of collections exact under undo. JavaScript's collections iterate in insertion order and can
 * only append; putting a deleted key back in its old place needs to know that place. The first delete in a collection gives
 * each of its keys a rising stamp (O(n), once); later inserts and deletes keep the stamps up to date (O(1)); after a rewind
 * that undid deletes, each touched collection is sorted by stamp, once.
 */

type Collection = Map<unknown, unknown> | Set<unknown> | object;

interface Stamps {
  readonly of: Map<unknown, number>;
  next: number;
}

const ARRAY_INDEX = /^(0|[1-9]\d{0,9})$/;
const MAX_INDEX = 2 ** 32 - 2;

/** Property keys that iterate in insertion order, that is all but array indices. */
export function orderedKeys(target: object): (string | symbol)[] {
  return Reflect.ownKeys(target).filter(
    (key) => typeof key === 'symbol' || !ARRAY_INDEX.test(key) || Number(key) > MAX_INDEX,
  );
}

function keysOf(target: Collection): Iterable<unknown> {
  if (target instanceof Map) return Map.prototype.keys.call(target);
  if (target instanceof Set) return Set.prototype.values.call(target);
  return orderedKeys(target);
}

/** The order of every collection of one model that has seen a delete. */
export class Orders {
  #stamps = new WeakMap<object, Stamps>();
  #any = false;
  readonly #unsettled = new Set<Collection>();

  /** A key was added at the end. */
  added(target: Collection, key: unknown): void {
    if (!this.#any) return;
    const stamps = this.#stamps.get(target);
    if (stamps !== undefined) stamps.of.set(key, stamps.next++);
  }

  /** A key is about to be deleted; gives the stamp that tells its place. */
  removing(target: Collection, key: unknown): number {
    let stamps = this.#stamps.get(target);
    if (stamps === undefined) {
      stamps = { of: new Map(), next: 0 };
      for (const one of keysOf(target)) stamps.of.set(one, stamps.next++);
      this.#stamps.set(target, stamps);
      this.#any = true;
    }
    const stamp = stamps.of.get(key) ?? -1;
    stamps.of.delete(key);
    return stamp;
  }

  /** An addition was undone. */
  unadded(target: Collection, key: unknown): void {
    if (this.#any) this.#stamps.get(target)?.of.delete(key);
  }

  /** A delete was undone: the key stands at the end until `settle`. */
  restored(target: Collection, key: unknown, stamp: number): void {
    this.#stamps.get(target)?.of.set(key, stamp);
    this.#unsettled.add(target);
  }

  /** A collection is about to be cleared; gives what `uncleared` needs. */
  clearing(target: Collection): unknown {
    const stamps = this.#stamps.get(target);
    this.#stamps.delete(target);
    return stamps;
  }

  /** A clear was undone and its entries stand in their old order. */
  uncleared(target: Collection, stamps: unknown): void {
    if (stamps === undefined) this.#stamps.delete(target);
    else this.#stamps.set(target, stamps as Stamps);
  }

  /** Puts every collection whose deletes were undone back in order. Ends each rewind. */
  settle(): void {
    if (this.#unsettled.size === 0) return;
    for (const target of this.#unsettled) {
      const stamps = this.#stamps.get(target);
      if (stamps !== undefined) reorder(target, stamps.of);
    }
    this.#unsettled.clear();
  }
}

function reorder(target: Collection, stamps: ReadonlyMap<unknown, number>): void {
  const keys = [...keysOf(target)];
  const placed = keys.map((key, index) => ({ key, stamp: stamps.get(key) ?? index }));
  if (placed.every((one, index) => index === 0 || (placed[index - 1]?.stamp ?? 0) <= one.stamp)) return;
  placed.sort((left, right) => left.stamp - right.stamp);
  if (target instanceof Map) {
    const entries = placed.map(({ key }) => [key, Map.prototype.get.call(target, key) as unknown]);
    Map.prototype.clear.call(target);
    for (const [key, value] of entries) Map.prototype.set.call(target, key, value);
  } else if (target instanceof Set) {
    Set.prototype.clear.call(target);
    for (const { key } of placed) Set.prototype.add.call(target, key);
  } else {
    reorderProperties(
      target,
      placed.map(({ key }) => key as string | symbol),
      keys as (string | symbol)[],
    );
  }
}

function reorderProperties(
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
