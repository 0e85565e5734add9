/**
 * A Map of V8 ends at 2^24 entries, and makes all of itself anew each time it has doubled: one of a million takes some 50 ms for
 * that, in which nothing else runs. So the numbers stand in several smaller ones.
 */
const SMALL = 2 ** 19;
/** So many small ones; a state beyond that has larger ones behind, because every look-up of a new object asks all. */
const SMALL_SHARDS = 8;
const LARGE = 2 ** 22;

/** The number of each object of a graph, from 0 in the order in which they were met. */
export class NodeNumbers {
  readonly #small: number;
  readonly #shards: Map<object, number>[] = [];
  #open: Map<object, number>;
  #room: number;
  #size = 0;

  /** @param small entries of a small shard; tests take few */
  constructor(small = SMALL) {
    this.#small = small;
    this.#open = new Map();
    this.#shards.push(this.#open);
    this.#room = small;
  }

  /** How many objects have a number. */
  get size(): number {
    return this.#size;
  }

  /** The number of an object; `undefined` if it was not met yet. */
  get(object: object): number | undefined {
    for (const shard of this.#shards) {
      const number = shard.get(object);
      if (number !== undefined) return number;
    }
    return undefined;
  }

  /** Gives the next number to an object that has none. */
  add(object: object): number {
    if (this.#room === 0) {
      this.#open = new Map();
      this.#shards.push(this.#open);
      this.#room = this.#shards.length <= SMALL_SHARDS ? this.#small : Math.max(this.#small, LARGE);
    }
    this.#room--;
    this.#open.set(object, this.#size);
    return this.#size++;
  }
}
