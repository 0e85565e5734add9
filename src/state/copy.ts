import { withArticle } from '../article.js';
import { UnsupportedStateError } from '../errors.js';
import { bytesOf, fieldsOfView, viewOf } from '../event/binary.js';
import { disguiseOf } from '../event/brand.js';
import { nameOfClass, nativeBase } from '../event/carried-kinds.js';
import { copyValue } from '../event/value-text.js';
import { behindGuard, isWhole } from '../model/ownership.js';
import { isPlatformClass, prototypeHere } from '../model/platform-class.js';
import { valueTypesOf } from '../model/values.js';
import { bareError, fieldForCopy } from './error-stack.js';

/**
 * A deep copy of anything of a model: a guarded object, a raw one, or what holds such objects. The copy is nobody's: it has no
 * guards, belongs to no model, and can be changed and passed to a transaction. Classes, `Map`, `Set`, `Date`, typed arrays, shared
 * references, cycles and the order of everything are kept; constructors do not run; constants stay the objects they are, values are decoded anew. What is frozen is not frozen in the copy.
 * Works inside and outside of transactions; on objects of no model, too.
 *
 * @throws UnsupportedStateError (`UNSUPPORTED_STATE`) for objects whose data cannot be seen (promises, `WeakMap`, …)
 * @example
 * ```ts
 * import { copyOf, Master, MemoryStore, Prevalent, Transaction } from 'prevalent';
 *
 * @Prevalent('copied-cards')
 * class Cards {
 *   readonly all: { title: string; tags: Set<string> }[] = [];
 *   @Transaction() add(card: { title: string; tags: Set<string> }): void { this.all.push(card); }
 * }
 *
 * const master = await Master.open(Cards, { name: 'desk', store: new MemoryStore() });
 * master.model.add({ title: 'Tea', tags: new Set(['drink']) });
 * const again = copyOf(master.model.all[0]!); // master.model.add(master.model.all[0]!) would throw LIVE_ARGUMENT
 * again.title = 'Coffee';
 * master.model.add(again);
 * await master.close();
 * ```
 */
export function copyOf<T>(value: T): T {
  return new Copier().copy(value) as T;
}

type Fill = () => void;

/** No recursion: states may be deep. */
class Copier {
  readonly #copies = new Map<object, object>();
  readonly #waiting: Fill[] = [];

  copy(value: unknown): unknown {
    const copy = this.#of(value);
    for (let fill = this.#waiting.pop(); fill !== undefined; fill = this.#waiting.pop()) fill();
    return copy;
  }

  #of(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const raw = behindGuard(value) as object;
    const known = this.#copies.get(raw);
    if (known !== undefined) return known;
    const [type] = valueTypesOf(raw);
    if (type === undefined && isWhole(raw)) return raw;
    const copy = type === undefined ? emptyCopy(raw) : copyValue(type, raw, refuseValue).copy;
    this.#copies.set(raw, copy);
    if (type !== undefined) return copy;
    this.#waiting.push(() => this.#fill(raw, copy));
    return copy;
  }

  #fill(raw: object, copy: object): void {
    if (copy instanceof Map) {
      Map.prototype.forEach.call(raw, (value: unknown, key: unknown) => {
        Map.prototype.set.call(copy, this.#of(key), this.#of(value));
      });
    } else if (copy instanceof Set) {
      Set.prototype.forEach.call(raw, (value: unknown) => {
        Set.prototype.add.call(copy, this.#of(value));
      });
    }
    for (const key of ArrayBuffer.isView(raw) ? fieldsOfView(raw) : Reflect.ownKeys(raw)) {
      const field = fieldForCopy(raw, key);
      if (field === undefined) continue;
      if ('value' in field) Object.defineProperty(copy, key, this.#fieldOf(key, copy, field));
      else Object.defineProperty(copy, key, { ...field, configurable: true });
    }
  }

  #fieldOf(key: string | symbol, copy: object, field: PropertyDescriptor): PropertyDescriptor {
    const { enumerable, value } = field as { enumerable?: boolean; value?: unknown };
    // The length of an array, or the lastIndex of an expression: these are not configurable.
    if (Object.getOwnPropertyDescriptor(copy, key)?.configurable === false) return { value };
    return { value: this.#of(value), enumerable: enumerable === true, writable: true, configurable: true };
  }
}

/** A copy of an object without its properties, entries and members; of this realm, if a built-in class of another one made it. */
export function emptyCopy(raw: object): object {
  if (disguiseOf(raw) !== undefined) refuseDisguise(raw);
  const own = Object.getPrototypeOf(raw) as object | null;
  const prototype = prototypeHere(own) ?? own;
  if (ArrayBuffer.isView(raw)) return copyOfView(raw, prototype);
  if (raw instanceof ArrayBuffer) return raw.slice(0);
  const copy = bareCopy(raw, prototype);
  if (Object.getPrototypeOf(copy) !== prototype) Object.setPrototypeOf(copy, prototype);
  return copy;
}

function bareCopy(raw: object, prototype: object | null): object {
  const is = ({ prototype: base }: { readonly prototype: object }): boolean =>
    prototype === base || (prototype !== null && Object.prototype.isPrototypeOf.call(base, prototype));
  if (Array.isArray(raw)) return new Array<unknown>(raw.length);
  if (prototype === Object.prototype) return {};
  if (is(Map)) return new Map();
  if (is(Set)) return new Set();
  if (is(Date)) return new Date(Date.prototype.getTime.call(raw));
  if (is(RegExp)) return new RegExp((raw as RegExp).source, (raw as RegExp).flags);
  if (typeof URL !== 'undefined' && prototype === URL.prototype) return new URL((raw as URL).href);
  if (is(Error)) return bareError();
  if (prototype !== null && hidesData(prototype)) refuse(raw);
  return Object.create(prototype) as object;
}

function hidesData(prototype: object): boolean {
  const type: unknown = (prototype as { constructor?: unknown }).constructor;
  return (typeof type === 'function' && isPlatformClass(type)) || nativeBase(prototype) !== undefined;
}

function copyOfView(raw: ArrayBufferView, prototype: object | null): ArrayBufferView {
  const name = (prototype as { constructor?: { name?: string } } | null)?.constructor?.name ?? '';
  const copy = viewOf(name, bytesOf(raw));
  if (copy === undefined || Object.getPrototypeOf(copy) !== prototype) return refuse(raw);
  return copy as ArrayBufferView;
}

function refuseValue(why: string, cause?: unknown): never {
  throw new UnsupportedStateError(`It cannot be copied: ${why}.`, { cause });
}

function refuseDisguise(raw: object): never {
  throw new UnsupportedStateError(
    `${withArticle(nameOfClass(raw))} cannot be copied that is not what its prototype says; what it holds cannot be seen. Copy what you need of it.`,
  );
}

function refuse(raw: object): never {
  throw new UnsupportedStateError(
    `An object of the class ${nameOfClass(raw)} cannot be copied: its data cannot be seen from outside. Copy what you need of it.`,
  );
}
