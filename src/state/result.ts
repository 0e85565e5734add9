import { withArticle } from '../article.js';
import { UnsupportedStateError } from '../errors.js';
import { fieldsOfView, VIEW_PROTOTYPES } from '../event/binary.js';
import { disguiseOf } from '../event/brand.js';
import { overlap } from '../model/byte-ranges.js';
import { NATIVE } from './admission.js';
import { isGuardedIterator } from './collection-traps.js';
import { emptyCopy } from './copy.js';
import { fieldForCopy } from './error-stack.js';
import { describe, type Recorder } from './recorder.js';

/**
 * The result of a call that stored new objects, as its caller gets it: objects of the state are guarded, and what only the result
 * holds is copied. A copy is read once, and nothing in it can turn into something else later, not even where it stood behind a
 * Proxy of the model's own.
 *
 * @param stored what the call made and stored
 * @throws UnsupportedStateError (`UNSUPPORTED_STATE`) for what could hand out stored objects unguarded: functions, accessors, iterators
 */
export function handOver(result: unknown, stored: ReadonlySet<object>, membrane: Recorder): unknown {
  return new Handover(stored, membrane).give(result);
}

/** No recursion: results may be deep. */
class Handover {
  readonly #stored: ReadonlySet<object>;
  readonly #membrane: Recorder;
  readonly #copies = new Map<object, object>();
  readonly #waiting: (() => void)[] = [];

  constructor(stored: ReadonlySet<object>, membrane: Recorder) {
    this.#stored = stored;
    this.#membrane = membrane;
  }

  give(result: unknown): unknown {
    if (typeof result === 'function') refuseResult('a function');
    const given = this.#of(result);
    for (let fill = this.#waiting.pop(); fill !== undefined; fill = this.#waiting.pop()) fill();
    return given;
  }

  #of(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const membrane = this.#membrane;
    if (membrane.isProxy(value) || membrane.isWhole(value)) return value;
    if (this.#stored.has(value)) return membrane.wrap(value);
    const known = this.#copies.get(value);
    if (known !== undefined) return known;
    const copy = this.#copyOf(value);
    this.#copies.set(value, copy);
    return copy;
  }

  #copyOf(value: object): object {
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return this.#bytes(value);
    if (isGuardedIterator(value)) return value;
    refuseHiding(value, this.#membrane);
    const copy = honest(value, () => emptyCopy(value));
    this.#waiting.push(() => {
      honest(value, () => {
        this.#fill(value, copy);
      });
    });
    return copy;
  }

  #fill(value: object, copy: object): void {
    if (copy instanceof Map) {
      Map.prototype.forEach.call(value, (one: unknown, key: unknown) => {
        Map.prototype.set.call(copy, this.#part('an entry', key), this.#part('an entry', one));
      });
    } else if (copy instanceof Set) {
      Set.prototype.forEach.call(value, (one: unknown) => {
        Set.prototype.add.call(copy, this.#part('a member', one));
      });
    }
    for (const key of Reflect.ownKeys(value)) {
      const field = fieldForCopy(value, key);
      if (field === undefined) continue;
      if (!('value' in field)) refuseResult(`the accessor ${String(key)}`);
      put(copy, key, field, this.#part(key, field.value));
    }
    if (Object.isFrozen(value)) Object.freeze(copy);
    else if (Object.isSealed(value)) Object.seal(copy);
    else if (!Object.isExtensible(value)) Object.preventExtensions(copy);
  }

  #part(place: PropertyKey, value: unknown): unknown {
    if (typeof value === 'function') refuseResult(`a function (${String(place)})`);
    return this.#of(value);
  }

  /** What shares memory with a stored view is guarded or copied; other bytes are the caller's own. */
  #bytes(value: ArrayBufferView | ArrayBuffer): object {
    refuseMore(value);
    for (const one of this.#stored) {
      if (!ArrayBuffer.isView(one) || !overlap(one, value)) continue;
      return ArrayBuffer.isView(value) ? (this.#membrane.borrow(value, one) as object) : value.slice(0);
    }
    return value;
  }
}

/** Bytes are given as they are: what hangs on them would be as well. */
function refuseMore(value: ArrayBufferView | ArrayBuffer): void {
  const isView = ArrayBuffer.isView(value);
  const prototype = Object.getPrototypeOf(value) as object;
  if (
    disguiseOf(value) !== undefined ||
    (isView ? !VIEW_PROTOTYPES.has(prototype) : prototype !== ArrayBuffer.prototype)
  )
    refuseResult(`${withArticle(describe(value))} with a class of its own`);
  const memory = isView ? value.buffer : value;
  const [field] = [...(isView ? fieldsOfView(value) : []), ...Reflect.ownKeys(memory)];
  if (field !== undefined) refuseResult(`${withArticle(describe(value))} with a field of its own (${String(field)})`);
}

// Most properties are ordinary ones, and assigning these is much faster.
function put(copy: object, key: PropertyKey, field: PropertyDescriptor, value: unknown): void {
  const isOrdinary = field.writable === true && field.enumerable === true && field.configurable === true;
  if (isOrdinary && !(key in copy)) (copy as Record<PropertyKey, unknown>)[key] = value;
  else Object.defineProperty(copy, key, { ...field, value });
}

/** What hands out new objects of the state later, unguarded and unseen. */
function refuseHiding(value: object, { classes }: Recorder): void {
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (/Iterator|Generator|^WeakRef$/.test(tag)) refuseResult(withArticle(tag));
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (!NATIVE.has(prototype) && (prototype === null || classes.nameOf(prototype) === undefined))
    refuseResult(`an instance of ${describe(value)}, a class that is not one of the model's and may hide them`);
}

/** @throws UnsupportedStateError (`UNSUPPORTED_STATE`) if an object is not what its prototype says, as a Proxy of a Map is none */
function honest<T>(value: object, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return refuseResult(`${withArticle(describe(value))} that cannot be read like one`, error);
  }
}

function refuseResult(what: string, cause?: unknown): never {
  throw new UnsupportedStateError(
    `A transaction that stored new objects returned ${what}, through which they would get out unguarded. Return the objects themselves, a list ([...items]), a plain object that holds them, or an instance of a class that is named in "classes".`,
    { cause },
  );
}
