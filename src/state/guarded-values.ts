import { withArticle } from '../article.js';
import { UnsupportedStateError } from '../errors.js';
import { copyValue, encodeValue, type RefuseValue, short } from '../event/value-text.js';
import type { ValueTable, ValueType } from '../model/values.js';
import { describe, type PlaceOf } from './recorder.js';

interface Entered {
  readonly type: ValueType;
  readonly copy: object;
  readonly text: string;
  readonly place: PlaceOf;
}

/** A value that was changed where it stands: what it was known to be, and what it is. */
export interface Spoilt {
  readonly value: object;
  readonly before: string;
  readonly after: string;
}

/**
 * The values of one membrane. A state holds copies of its own, so that what a module or a caller keeps is never part of it, and
 * `===` to objects from outside is false alike in a live state and in one that was loaded.
 */
export class GuardedValues {
  readonly #table: ValueTable;
  /** What the running call brought in. */
  readonly #entered = new Map<object, Entered>();
  /** What values were when they were first seen, from the first `watch` on. */
  #known: WeakMap<object, string> | undefined;
  /** What the watched call was shown. */
  #shown: Set<object> | undefined;

  constructor(table: ValueTable) {
    this.#table = table;
  }

  /**
   * The state's copy of a value that a call stores; `undefined` if the object is no value.
   *
   * @throws UnsupportedStateError (`UNSUPPORTED_STATE`) if it does not come back from its text, or has none
   */
  enter(value: object, place: PlaceOf): object | undefined {
    const type = this.#table.typeOf(value);
    if (type === undefined) return undefined;
    const { copy, text } = copyValue(type, value, refuseAt(place));
    this.#entered.set(value, { type, copy, text, place });
    return copy;
  }

  /** Whether the running call brought none in. */
  get isEmpty(): boolean {
    return this.#entered.size === 0;
  }

  /** @throws UnsupportedStateError (`UNSUPPORTED_STATE`) if the call changed a value after it had stored it */
  refuseChanged(): void {
    for (const [value, { type, text, place }] of this.#entered) {
      if (encodeValue(type, value, refuseAt(place)) === text) continue;
      throw new UnsupportedStateError(
        `${place()} holds ${withArticle(describe(value))} that was changed after it had been stored; of a value the state keeps a copy. Change it first, or store a new one.`,
      );
    }
  }

  /** Ends the call. Gives what came in, and the copy of each. */
  leave(): [value: object, copy: object][] {
    const pairs = [...this.#entered].map(([value, { copy, text }]): [object, object] => {
      this.#known?.set(copy, text);
      return [value, copy];
    });
    this.#entered.clear();
    return pairs;
  }

  /** What an object is carried as; `undefined` if it is no value. */
  textOf(object: object): string | undefined {
    const type = this.#table.typeOf(object);
    return type === undefined
      ? undefined
      : encodeValue(
          type,
          object,
          refuseAt(() => 'The state'),
        );
  }

  /** A value, or a constant, is shown to a reader. */
  note(value: object): void {
    if (this.#known === undefined) return;
    if (!this.#known.has(value)) {
      const text = this.textOf(value);
      if (text === undefined) return;
      this.#known.set(value, text);
    }
    this.#shown?.add(value);
  }

  /** From now on it is remembered what values are; which ones are shown, until the next `spoilt`. */
  watch(): void {
    this.#known ??= new WeakMap();
    this.#shown = new Set();
  }

  /** The first of the values shown since `watch` that is not any more what it was. */
  spoilt(): Spoilt | undefined {
    const shown = this.#shown ?? [];
    this.#shown = undefined;
    for (const value of shown) {
      const [before, after] = [this.#known?.get(value), this.textOf(value)];
      if (before !== after) return { value, before: short(before ?? ''), after: short(after ?? '') };
    }
    return undefined;
  }
}

/** Refuses a value by the place that holds it. */
export function refuseAt(place: PlaceOf): RefuseValue {
  return (why, cause) => {
    throw new UnsupportedStateError(`${place()} cannot hold it: ${why}.`, { cause });
  };
}
