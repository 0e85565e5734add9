import { type Entry, lowerBound } from './entry.js';

/** Entries in ULID order: put on at the end, taken off at both ends, each at a cost that does not grow with the list. */
export class EntryList {
  #list: Entry[] = [];
  /** Those before are gone. */
  #first = 0;

  get length(): number {
    return this.#list.length - this.#first;
  }

  /** The entry at an index, counted from the first that is left. */
  at(index: number): Entry | undefined {
    return this.#list[this.#first + index];
  }

  get last(): Entry | undefined {
    return this.length === 0 ? undefined : this.#list[this.#list.length - 1];
  }

  /** Puts an entry on at the end. */
  push(entry: Entry): void {
    this.#list.push(entry);
  }

  /** Takes off the first `count` entries. */
  dropFirst(count: number): void {
    this.#first += count;
    // Only when many are gone, so that all moves together cost no more than a few times what was put on.
    if (this.#first * 4 > this.#list.length) this.#compact();
  }

  /** Takes off all entries from `id` on and gives them, in order. */
  cutFrom(id: string): Entry[] {
    const from = Math.max(lowerBound(this.#list, id), this.#first);
    if (from === this.#list.length) return [];
    const tail = this.#list.slice(from);
    this.#list.length = from;
    return tail;
  }

  /** All entries. */
  all(): readonly Entry[] {
    if (this.#first > 0) this.#compact();
    return this.#list;
  }

  #compact(): void {
    this.#list = this.#list.slice(this.#first);
    this.#first = 0;
  }
}
