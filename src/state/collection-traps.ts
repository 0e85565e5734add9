import { UnsupportedStateError } from '../errors.js';
import { describe, type Recorder } from './recorder.js';
import { accessorNames, objectTraps } from './object-traps.js';
import { refuseTag } from './refused-reads.js';
import { setAlgebra } from './set-algebra.js';
import { MAP_ADD, MAP_CLEAR, MAP_DELETE, MAP_SET, SET_ADD, SET_CLEAR, SET_DELETE } from './undo-log.js';

type AnyMap = Map<unknown, unknown>;
type AnySet = Set<unknown>;
type Callback = (value: unknown, key: unknown, collection: unknown) => void;

const DELETE_BYTES = 64;

type Step = IteratorResult<unknown>;

/** What iterators of guarded collections are: Proxies of native ones, so that they have the keys and the prototype of these. */
class IteratorTraps implements ProxyHandler<Iterator<unknown>> {
  readonly #next: () => Step;

  constructor(native: Iterator<unknown>, wrap: (item: unknown) => unknown) {
    this.#next = () => {
      const step = native.next();
      return step.done === true ? step : { value: wrap(step.value), done: false };
    };
  }

  get(target: Iterator<unknown>, key: PropertyKey, receiver: unknown): unknown {
    return key === 'next' ? this.#next : Reflect.get(target, key, receiver);
  }
}

const guardedIterators = new WeakSet();

/** An iterator over a native one whose items are wrapped; it stays live under changes, as the native one does. */
function wrapping(native: Iterator<unknown>, wrap: (item: unknown) => unknown): IterableIterator<unknown> {
  const iterator = new Proxy(native, new IteratorTraps(native, wrap));
  guardedIterators.add(iterator);
  return iterator as IterableIterator<unknown>;
}

/** Tells iterators whose items are guarded. */
export function isGuardedIterator(value: object): boolean {
  return guardedIterators.has(value);
}

/** A callback that meets guards only; what is no function is left to the native method to refuse. */
function guarded(visit: Callback, shown: Callback): Callback {
  return typeof visit === 'function' ? shown : visit;
}

/** The methods of Map, as they run on a proxy. */
function mapMethods(membrane: Recorder): Map<unknown, unknown> {
  const native = Map.prototype;
  const orders = membrane.orders.entries;
  const raw = (proxy: unknown): AnyMap => membrane.unwrap(proxy) as AnyMap;

  function get(this: unknown, key: unknown): unknown {
    const target = raw(this);
    const storedKey = membrane.unwrap(key);
    return membrane.wrap(native.get.call(target, storedKey), target, storedKey);
  }
  function has(this: unknown, key: unknown): boolean {
    return native.has.call(raw(this), membrane.unwrap(key));
  }
  function set(this: unknown, key: unknown, value: unknown): unknown {
    const target = raw(this);
    const log = membrane.writing(target, 'set');
    const storedKey = membrane.store(key, target, 'key');
    const stored = membrane.store(value, target, key);
    const before: unknown = native.get.call(target, storedKey);
    // Recorded first: running out of stack between the two must not lose the record.
    if (before !== undefined || native.has.call(target, storedKey)) log.push(MAP_SET, target, storedKey, before);
    else {
      log.push(MAP_ADD, target, storedKey, undefined);
      orders.added(target, storedKey);
    }
    native.set.call(target, storedKey, stored);
    return this;
  }
  function getOrInsert(this: unknown, key: unknown, value: unknown): unknown {
    if (!has.call(this, key)) set.call(this, key, value);
    return get.call(this, key);
  }
  function getOrInsertComputed(this: unknown, key: unknown, compute: (key: unknown) => unknown): unknown {
    if (typeof compute !== 'function') throw new TypeError(`${String(compute)} is not a function`);
    // As a Map keeps it: 0 for -0.
    if (!has.call(this, key)) set.call(this, key, compute(key === 0 ? 0 : key));
    return get.call(this, key);
  }
  function deleteKey(this: unknown, key: unknown): boolean {
    const target = raw(this);
    const log = membrane.writing(target, 'delete');
    const storedKey = membrane.unwrap(key);
    if (!native.has.call(target, storedKey)) return false;
    const was: unknown = native.get.call(target, storedKey);
    log.push(MAP_DELETE, target, storedKey, { was, stamp: orders.removing(target, storedKey) });
    log.weigh(DELETE_BYTES);
    return native.delete.call(target, storedKey);
  }
  function clear(this: unknown): void {
    const target = raw(this);
    const log = membrane.writing(target, 'clear');
    if (nativeSize(Map.prototype, target) === 0) return;
    const held = [...native.entries.call(target)];
    log.push(MAP_CLEAR, target, undefined, { held, order: orders.clearing(target) });
    log.weigh(held.length * DELETE_BYTES);
    native.clear.call(target);
  }
  function forEach(this: unknown, visit: Callback, thisArg?: unknown): void {
    const target = raw(this);
    const shown: Callback = (value, key) => {
      visit.call(thisArg, membrane.wrap(value, target, key), membrane.wrap(key, target, key), this);
    };
    native.forEach.call(target, guarded(visit, shown));
  }
  function entries(this: unknown): IterableIterator<unknown> {
    const target = raw(this);
    const pair = (item: unknown): unknown => {
      const [key, value] = item as [unknown, unknown];
      return [membrane.wrap(key, target, key), membrane.wrap(value, target, key)];
    };
    return wrapping(native.entries.call(target), pair);
  }
  function keys(this: unknown): IterableIterator<unknown> {
    const target = raw(this);
    return wrapping(native.keys.call(target), (key) => membrane.wrap(key, target, key));
  }
  function values(this: unknown): IterableIterator<unknown> {
    const target = raw(this);
    return wrapping(native.values.call(target), (value) => membrane.wrap(value, target));
  }
  return byNative(native, {
    get,
    has,
    set,
    getOrInsert,
    getOrInsertComputed,
    delete: deleteKey,
    clear,
    forEach,
    entries,
    keys,
    values,
  });
}

/** The methods of Set, as they run on a proxy. */
function setMethods(membrane: Recorder): Map<unknown, unknown> {
  const native = Set.prototype;
  const orders = membrane.orders.entries;
  const raw = (proxy: unknown): AnySet => membrane.unwrap(proxy) as AnySet;

  function has(this: unknown, value: unknown): boolean {
    return native.has.call(raw(this), membrane.unwrap(value));
  }
  function add(this: unknown, value: unknown): unknown {
    const target = raw(this);
    const log = membrane.writing(target, 'add');
    const stored = membrane.store(value, target, 'value');
    if (!native.has.call(target, stored)) {
      log.push(SET_ADD, target, stored, undefined);
      orders.added(target, stored);
      native.add.call(target, stored);
    }
    return this;
  }
  function deleteValue(this: unknown, value: unknown): boolean {
    const target = raw(this);
    const log = membrane.writing(target, 'delete');
    const stored = membrane.unwrap(value);
    if (!native.has.call(target, stored)) return false;
    log.push(SET_DELETE, target, stored, { was: undefined, stamp: orders.removing(target, stored) });
    log.weigh(DELETE_BYTES);
    return native.delete.call(target, stored);
  }
  function clear(this: unknown): void {
    const target = raw(this);
    const log = membrane.writing(target, 'clear');
    if (nativeSize(Set.prototype, target) === 0) return;
    const held = [...native.values.call(target)];
    log.push(SET_CLEAR, target, undefined, { held, order: orders.clearing(target) });
    log.weigh(held.length * DELETE_BYTES);
    native.clear.call(target);
  }
  function forEach(this: unknown, visit: Callback, thisArg?: unknown): void {
    const target = raw(this);
    const shown: Callback = (value) => {
      const seen = membrane.wrap(value, target);
      visit.call(thisArg, seen, seen, this);
    };
    native.forEach.call(target, guarded(visit, shown));
  }
  function values(this: unknown): IterableIterator<unknown> {
    const target = raw(this);
    return wrapping(native.values.call(target), (value) => membrane.wrap(value, target));
  }
  function entries(this: unknown): IterableIterator<unknown> {
    const target = raw(this);
    const pair = (value: unknown): unknown => [membrane.wrap(value, target), membrane.wrap(value, target)];
    return wrapping(native.values.call(target), pair);
  }
  const methods = byNative(native, { has, add, delete: deleteValue, clear, forEach, entries, values });
  for (const [one, guardedMethod] of setAlgebra(membrane)) methods.set(one, guardedMethod);
  return methods;
}

function byNative(native: object, methods: Record<string, (...args: never[]) => unknown>): Map<unknown, unknown> {
  const found = new Map<unknown, unknown>();
  for (const [name, method] of Object.entries(methods))
    if (name in native) found.set((native as Record<string, unknown>)[name], method);
  return found;
}

function nativeSize(prototype: object, target: object): number {
  return Reflect.get(prototype, 'size', target) as number;
}

/** Traps for maps and sets. A native method that is not known here is refused: it might write. */
export function collectionTraps(membrane: Recorder): { map: ProxyHandler<AnyMap>; set: ProxyHandler<AnySet> } {
  return {
    map: traps(membrane, Map.prototype, mapMethods(membrane)),
    set: traps(membrane, Set.prototype, setMethods(membrane)),
  };
}

function traps(membrane: Recorder, native: object, methods: ReadonlyMap<unknown, unknown>): ProxyHandler<never> {
  const shape = objectTraps(membrane)({});
  const bySubclass = new WeakMap<object, ReadonlySet<PropertyKey>>();
  const isAccessor = (target: object, key: PropertyKey): boolean => {
    const prototype = Object.getPrototypeOf(target) as object;
    if (prototype === native) return false;
    let names = bySubclass.get(prototype);
    if (names === undefined) bySubclass.set(prototype, (names = accessorNames(prototype)));
    return names.has(key);
  };
  const handler: ProxyHandler<object> = {
    ...shape,
    get(target, key, receiver) {
      if (key === 'size') return nativeSize(native, membrane.unwrap(receiver) as object);
      if (key === Symbol.toStringTag) refuseTag(target, membrane);
      if (key === '__proto__') return Object.getPrototypeOf(target) as unknown;
      if (isAccessor(target, key)) return Reflect.get(target, key, receiver) as unknown;
      const value = (target as Record<PropertyKey, unknown>)[key];
      if (typeof value === 'function')
        return methods.get(value) ?? (ownMethod(native, key, value) ? unknownMethod(key) : value);
      return membrane.wrap(value, target, key);
    },
    set(target, key, value, receiver) {
      if (isAccessor(target, key)) return Reflect.set(target, key, value, receiver);
      return shape.set?.(target, key, value, receiver) ?? false;
    },
  };
  return handler;
}

function ownMethod(native: object, key: PropertyKey, value: unknown): boolean {
  return (
    key !== 'constructor' &&
    (native as Record<PropertyKey, unknown>)[key] === value &&
    Object.prototype.hasOwnProperty.call(native, key)
  );
}

function unknownMethod(key: PropertyKey): unknown {
  return function (this: object): never {
    throw new UnsupportedStateError(
      `${describe(this)}.${String(key)} is newer than this library, which cannot record it. Use get, has, set and delete.`,
    );
  };
}

/** A subclass that overrides a native method calls `super`, which reaches no proxy: refused before it fails far from its cause. */
export function refuseOverrides(raw: AnyMap | AnySet): void {
  const native: object = raw instanceof Map ? Map.prototype : Set.prototype;
  for (let one = Object.getPrototypeOf(raw) as object; one !== native; one = Object.getPrototypeOf(one) as object) {
    for (const key of Reflect.ownKeys(one)) {
      if (key !== 'constructor' && key !== Symbol.toStringTag && Object.prototype.hasOwnProperty.call(native, key)) {
        throw new UnsupportedStateError(
          `${describe(raw)} overrides ${String(key)} of ${describe(native)}, which cannot be recorded. Keep the ${describe(native)} in a field of a class of your own instead.`,
        );
      }
    }
  }
}
