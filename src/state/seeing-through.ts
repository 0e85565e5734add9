import { UnsupportedStateError } from '../errors.js';
import { prototypeHere } from '../model/platform-class.js';
import { meetParts } from './places.js';
import type { Recorder } from './recorder.js';
import { isInstance } from './thrown.js';

/**
 * Functions of the language that look for the real object and find a Proxy. While a transaction runs, or a new model is made, they are told
 * what stands behind the guards: `structuredClone(this.todos)` clones, `ArrayBuffer.isView(this.bytes)` is true. They are replaced
 * once, when the first model is opened, and are the native ones in between: to swap them for each call takes half
 * as long as a small call.
 */

type Clone = (value: unknown, options?: unknown) => unknown;

const globals = globalThis as unknown as { structuredClone: Clone };

let membrane: Recorder | undefined;
let replaced = false;

/** From now on transactions see through guards where it is asked for. */
export function replaceLookers(): void {
  if (replaced) return;
  replaced = true;
  const { isView } = ArrayBuffer;
  const { structuredClone: native } = globals;
  const isForeign = prototypeHere(Object.getPrototypeOf(native({})) as object) !== undefined;
  const lookers = {
    isView: (value: unknown): value is ArrayBufferView => isView(membrane?.unwrap(value) ?? value),
    structuredClone: (value: unknown, options?: unknown): unknown => {
      if (membrane === undefined) return native(value, options);
      const clone = native(new Bare(membrane).of(value), options);
      return isForeign ? broughtHome(clone) : clone;
    },
  };
  ArrayBuffer.isView = lookers.isView;
  globals.structuredClone = lookers.structuredClone;
}

/** Lets them see through the guards of one membrane; gives what they saw through before. */
export function seeThrough(guards: Recorder | undefined): Recorder | undefined {
  const outer = membrane;
  membrane = guards;
  return outer;
}

/** Under Jest the native clone makes objects of another realm, which no model knows: it would fail in tests alone. */
function broughtHome(clone: unknown): unknown {
  if (typeof clone !== 'object' || clone === null) return clone;
  const objects = new Set([clone]);
  for (const object of objects) {
    const here = prototypeHere(Object.getPrototypeOf(object) as object | null);
    if (here !== undefined) Object.setPrototypeOf(object, here);
    meetParts(object, (part) => objects.add(part));
  }
  return clone;
}

/** Copies of containers in which no guard is left, for the native clone, which loses classes by itself. */
class Bare {
  readonly #membrane: Recorder;
  readonly #copies = new Map<object, object>();

  constructor(guards: Recorder) {
    this.#membrane = guards;
  }

  of(value: unknown): unknown {
    const copy = this.#copyOf(value);
    // The Map grows while it is walked: no depth is too deep.
    for (const [raw, one] of this.#copies) if (one !== raw) this.#fill(raw, one);
    return copy;
  }

  #copyOf(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const raw = this.#membrane.unwrap(value) as object;
    let copy = this.#copies.get(raw);
    if (copy === undefined) this.#copies.set(raw, (copy = this.#empty(raw)));
    return copy;
  }

  #empty(raw: object): object {
    if (Array.isArray(raw)) return new Array<unknown>(raw.length);
    if (raw instanceof Map) return new Map();
    if (raw instanceof Set) return new Set();
    const prototype = Object.getPrototypeOf(raw) as object | null;
    const plain = prototype === null || prototype === Object.prototype;
    return plain || (!(raw instanceof Error) && this.#membrane.classes.nameOf(prototype) !== undefined) ? {} : raw;
  }

  #fill(raw: object, copy: object): void {
    if (copy instanceof Map) {
      for (const [key, value] of Map.prototype.entries.call(raw) as Iterable<[unknown, unknown]>)
        copy.set(this.#copyOf(key), this.#copyOf(value));
    } else if (copy instanceof Set) {
      for (const value of Set.prototype.values.call(raw) as Iterable<unknown>) copy.add(this.#copyOf(value));
    } else {
      for (const key of Object.keys(raw)) {
        const value = this.#copyOf((raw as Record<string, unknown>)[key]);
        Object.defineProperty(copy, key, { value, writable: true, enumerable: true, configurable: true });
      }
    }
  }
}

/** What the engine says of a method that was taken from its prototype and finds a Proxy in place of the object. */
const NOT_THE_OBJECT = /incompatible receiver|is not a typed array|called on non-/;

/** What Node's own functions say that take bytes and find a Proxy: they ask for a view, and say that they got one. */
const BYTES_ASKED_FOR = /instance of [^.]*(?:Buffer|ArrayBufferView)/;
const BYTES_GIVEN = /^[^]*Received an instance of (?:\w+Array|Buffer|DataView)\b|^(?![^]*Received)/;

/** What `Atomics` says of a guard. */
const INTEGERS_ASKED_FOR = /is not an integer (?:shared )?typed array/;

/** The error for a call that failed because a native function met a guard; any other error as it is. */
export function explained(error: unknown): unknown {
  const message = ownValue(error, 'message');
  if (typeof message !== 'string') return error;
  // Known by its code: in a test's context Node's TypeError is another one.
  const isOfNode =
    ownValue(error, 'code') === 'ERR_INVALID_ARG_TYPE' && BYTES_ASKED_FOR.test(message) && BYTES_GIVEN.test(message);
  if (isOfNode || (isInstance(error, TypeError) && INTEGERS_ASKED_FOR.test(message)))
    return new UnsupportedStateError(
      `${message}. Bytes of the model stand behind a guard, which functions of the platform do not look behind. Give them a copy: copyOf(view), or new Uint8Array(view).`,
      { cause: error },
    );
  if (!isInstance(error, TypeError) || !NOT_THE_OBJECT.test(message)) return error;
  return new UnsupportedStateError(
    `${message}. An object of the model stands behind a guard, which a method taken from a prototype does not look behind. Call the method on the object itself (map.get(key)), or copy the object first (new Map(map)).`,
    { cause: error },
  );
}

// Not by a getter: what a model throws is not asked to run anything, and may be a Proxy that throws again.
function ownValue(thrown: unknown, key: string): unknown {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  try {
    return Object.getOwnPropertyDescriptor(thrown, key)?.value;
  } catch {
    return undefined;
  }
}
