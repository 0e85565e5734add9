import { visitReferences } from './references.js';

/**
 * Knows the raw objects that a reader may hold: those of a state that `query` has given away. A model that is never read raw
 * pays nothing. One that is pays one walk, when an object is first asked for, and then an entry for each new object.
 */
export class HandedOut {
  readonly #known = new WeakSet();
  /** A reader got the state as it is now: `given` before it was walked, `known` since. */
  #state: 'guarded' | 'given' | 'known' = 'guarded';

  /** The raw model goes to a reader. */
  give(): void {
    if (this.#state === 'guarded') this.#state = 'given';
  }

  /** Tells whether a reader may hold this raw object, as a part of the state below `root` or of an earlier one. */
  has(object: object, root: object): boolean {
    if (this.#state === 'given') this.#walk(root);
    return this.#known.has(object);
  }

  /** Objects became part of the state. */
  add(objects: Iterable<object>): void {
    if (this.#state === 'known') for (const object of objects) this.#known.add(object);
  }

  /** The state below `root` gives way to another one, whose objects nobody has seen yet. */
  leave(root: object): void {
    if (this.#state === 'given') this.#walk(root);
    this.#state = 'guarded';
  }

  #walk(root: object): void {
    const open = [root];
    this.#known.add(root);
    const push = (value: object): void => {
      if (this.#known.has(value)) return;
      this.#known.add(value);
      open.push(value);
    };
    for (let next = open.pop(); next !== undefined; next = open.pop()) visitReferences(next, keep, push, nothing);
    this.#state = 'known';
  }
}

function keep(value: object): object {
  return value;
}

function nothing(): void {
  // Nothing is replaced, so that nothing can be stuck.
}
