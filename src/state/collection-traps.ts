import { UnsupportedStateError } from '../errors.js';
import { describe, type Recorder } from './recorder.js';
import { accessorNames, objectTraps } from './object-traps.js';
import { MAP_ADD, MAP_CLEAR, MAP_DELETE, MAP_SET, SET_ADD, SET_CLEAR, SET_DELETE } from './undo-log.js';

type AnyMap = Map<unknown, unknown>;
type AnySet = Set<unknown>;
type Callback = (value: unknown, key: unknown, collection: unknown) => void;

const DELETE_BYTES = 64;

const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(new Map().entries())) as object;

/** An iterator over a native one whose items are wrapped; it stays live under changes, as the native one does. */
function wrapping(native: Iterator<unknown>, wrap: (item: unknown) => unknown, tag: string): IterableIterator<unknown> {
  const iterator = Object.create(IteratorPrototype) as IterableIterator<unknown>;
  iterator.next = () => {
    const step = native.next();
    return step.done === true ? step : { done: false, value: wrap(step.value) };
  };
  Object.defineProperty(iterator, Symbol.toStringTag, { value: tag });
  return iterator;
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
    native.forEach.call(target, (value, key) => {
      visit.call(thisArg, membrane.wrap(value, target, key), membrane.wrap(key, target, key), this);
    });
  }
  function entries(this: unknown): IterableIterator<unknown> {
    const target = raw(this);
    const pair = (item: unknown): unknown => {
      const [key, value] = item as [unknown, unknown];
      return [membrane.wrap(key, target, key), membrane.wrap(value, target, key)];
    };
    return wrapping(native.entries.call(target), pair, 'Map Iterator');
  }
  function keys(this: unknown): IterableIterator<unknown> {
    const target = raw(this);
    return wrapping(native.keys.call(target), (key) => membrane.wrap(key, target, key), 'Map Iterator');
  }
  function values(this: unknown): IterableIterator<unknown> {
    const target = raw(this);
    return wrapping(native.values.call(target), (value) => membrane.wrap(value, target), 'Map Iterator');
  }
  return byNative(native, { get, has, set, delete: deleteKey, clear, forEach, entries, keys, values });
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
    native.forEach.call(target, (value) => {
      const seen = membrane.wrap(value, target);
      visit.call(thisArg, seen, seen, this);
    });
  }
  function values(this: unknown): IterableIterator<unknown> {
    const target = raw(this);
    return wrapping(native.values.call(target), (value) => membrane.wrap(value, target), 'Set Iterator');
  }
  function entries(this: unknown): IterableIterator<unknown> {
    const target = raw(this);
    const pair = (value: unknown): unknown => [membrane.wrap(value, target), membrane.wrap(value, target)];
    return wrapping(native.values.call(target), pair, 'Set Iterator');
  }
  return byNative(native, { has, add, delete: deleteValue, clear, forEach, entries, values });
}

function byNative(native: object, methods: Record<string, (...args: never[]) => unknown>): Map<unknown, unknown> {
  const found = new Map<unknown, unknown>();
  for (const [name, method] of Object.entries(methods)) found.set((native as Record<string, unknown>)[name], method);
  return found;
}

function nativeSize(prototype: object, target: object): number {
  return Reflect.get(prototype, 'size', target) as number;
}

/** The set algebra of newer engines: it only reads, so it runs on a copy of what is read. */
const ALGEBRA: ReadonlySet<PropertyKey> = new Set(
  'union intersection difference symmetricDifference isSubsetOf isSupersetOf isDisjointFrom'.split(' '),
);

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
      if (key === 'size') return nativeSize(native, target);
      if (key === '__proto__') return Object.getPrototypeOf(target) as unknown;
      if (isAccessor(target, key)) return Reflect.get(target, key, receiver) as unknown;
      const value = (target as Record<PropertyKey, unknown>)[key];
      if (typeof value === 'function')
        return methods.get(value) ?? (ownMethod(native, key, value) ? unknownMethod(key, value as Callback) : value);
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

function unknownMethod(key: PropertyKey, method: (...args: never[]) => unknown): unknown {
  return function (this: object, ...args: never[]): unknown {
    if (this instanceof Set && ALGEBRA.has(key)) return method.apply(new Set(this), args);
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
