import { UnsupportedStateError } from '../errors.js';
import { forErrors } from './error-stack.js';
import { describe, type Recorder } from './recorder.js';
import { orderedKeys } from './order.js';
import { LEAVE_OPEN } from './refusals.js';
import { ADD_PROPERTY, DEFINE_PROPERTY, DELETE_PROPERTY, SET_PROPERTY, type UndoLog } from './undo-log.js';

type Fields = Record<PropertyKey, unknown>;

const hasOwn = Object.prototype.hasOwnProperty;

/** Deletes a property and records its place and value. */
export function deleteProperty(target: object, key: string | symbol, membrane: Recorder): boolean {
  const log = membrane.writing(target, key);
  const was = Object.getOwnPropertyDescriptor(target, key);
  if (was === undefined) return true;
  if (was.configurable !== true) return false;
  if (!Object.isExtensible(target)) refuseShrinking(target, key);
  // Once is enough: no property of a stored object becomes fixed.
  if (!membrane.orders.fields.tracks(target)) refuseFixedProperties(target, key);
  const stamp = membrane.orders.fields.removing(target, key);
  log.push(DELETE_PROPERTY, target, key, { was, stamp });
  log.weigh(160);
  return Reflect.deleteProperty(target, key);
}

/** Refuses to take a property from an object that would not take it back. */
export function refuseShrinking(target: object, key: string | symbol): never {
  throw new UnsupportedStateError(
    `${describe(target)}.${String(key)} cannot be deleted, because the object takes no new properties and so the delete could not be undone. Do not use Object.preventExtensions on stored objects, or freeze them.`,
  );
}

/** Records a property that is about to be added. */
export function recordAdded(target: object, key: string | symbol, log: UndoLog, membrane: Recorder): void {
  if (typeof key === 'symbol' && Symbol.keyFor(key) === undefined) {
    throw new UnsupportedStateError(
      `${describe(target)} would get the key ${String(key)}, a symbol that Symbol.for("…") did not make. Use one that it made, or a string.`,
    );
  }
  log.push(ADD_PROPERTY, target, key, undefined);
  membrane.orders.fields.added(target, key);
}

// A deleted key is put back in its place by taking later ones out and in again, which a fixed property does not allow.
function refuseFixedProperties(target: object, key: string | symbol): void {
  for (const one of Array.isArray(target) ? [] : orderedKeys(target)) {
    if (Object.getOwnPropertyDescriptor(target, one)?.configurable === false) {
      throw new UnsupportedStateError(
        `${describe(target)}.${String(key)} cannot be deleted exactly, because ${String(one)} of the same object is not configurable. Define it configurable, or use a Map.`,
      );
    }
  }
}

/** Defines a property by descriptor and records what was there. */
export function defineProperty(
  target: object,
  key: string | symbol,
  descriptor: PropertyDescriptor,
  membrane: Recorder,
): boolean {
  const log = membrane.writing(target, key);
  const before = Object.getOwnPropertyDescriptor(target, key);
  if ('get' in descriptor || 'set' in descriptor) {
    throw new UnsupportedStateError(
      `${describe(target)}.${String(key)} would become an accessor of one object; accessors are code. Declare it on the class.`,
    );
  }
  // Absent means "leave as it is" for a property that exists, false for a new one.
  if (descriptor.configurable === false || (descriptor.configurable === undefined && before === undefined)) {
    throw new UnsupportedStateError(
      `${describe(target)}.${String(key)} cannot be made unconfigurable once stored, because that cannot be undone. Do it before you store the object, and ${LEAVE_OPEN}.`,
    );
  }
  if (before?.configurable === false && before.writable === true && descriptor.writable === false) {
    throw new UnsupportedStateError(
      `${describe(target)}.${String(key)} of a sealed object cannot become read-only once stored, because that cannot be undone. Do it before you store the object.`,
    );
  }
  const stored =
    'value' in descriptor ? { ...descriptor, value: membrane.store(descriptor.value, target, key) } : descriptor;
  if (before !== undefined) log.push(DEFINE_PROPERTY, target, key, before);
  else recordAdded(target, key, log, membrane);
  log.weigh(96);
  return Reflect.defineProperty(target, key, stored);
}

/** A property's descriptor as a reader may see it. */
export function describeProperty(
  target: object,
  key: string | symbol,
  membrane: Recorder,
): PropertyDescriptor | undefined {
  const descriptor = Reflect.getOwnPropertyDescriptor(target, key);
  if (descriptor !== undefined && 'value' in descriptor)
    descriptor.value = membrane.wrap(descriptor.value, target, key);
  return descriptor;
}

function refuseShape(target: object, what: string, remedy = ''): never {
  throw new UnsupportedStateError(
    `${what} of a stored ${describe(target)} cannot be undone. Do it before you store the object, or store a new one${remedy}.`,
  );
}

/** Writes a property whose record is the newest. Takes the record back and gives `false` if the object refuses. */
export function write(target: object, key: string | symbol, stored: unknown, log: UndoLog): boolean {
  try {
    (target as Fields)[key] = stored;
    return true;
  } catch {
    // Read-only, or the object takes no new properties: whoever assigned gets a TypeError, Reflect.set gives false.
    log.forget();
    return false;
  }
}

/** Writes a plain data property of an object whose class has no accessors. */
function setField(target: object, key: string | symbol, value: unknown, membrane: Recorder): boolean {
  const log = membrane.writing(target, key);
  const stored = membrane.store(value, target, key);
  // Recorded first: running out of stack between the two must not lose the record.
  if (hasOwn.call(target, key)) log.push(SET_PROPERTY, target, key, (target as Fields)[key]);
  else recordAdded(target, key, log, membrane);
  return write(target, key, stored, log);
}

/** The traps that all objects share. */
function commonTraps(membrane: Recorder): ProxyHandler<object> {
  return {
    deleteProperty: (target, key) => deleteProperty(target, key, membrane),
    defineProperty: (target, key, descriptor) => defineProperty(target, key, descriptor, membrane),
    getOwnPropertyDescriptor: (target, key) => describeProperty(target, key, membrane),
    preventExtensions: (target) => {
      membrane.writing(target, 'extensions');
      return refuseShape(target, 'Freezing or sealing', `; ${LEAVE_OPEN}`);
    },
    setPrototypeOf: (target, prototype) => {
      membrane.writing(target, '__proto__');
      return prototype === Object.getPrototypeOf(target) || refuseShape(target, 'Changing the prototype');
    },
  };
}

/** Traps for plain objects and class instances; classes with accessors take the slower, exact way through Reflect. */
export function objectTraps(membrane: Recorder): (raw: object) => ProxyHandler<object> {
  const common = commonTraps(membrane);
  const fields: ProxyHandler<object> = {
    ...common,
    get(target, key) {
      const value = (target as Fields)[key];
      if (typeof value !== 'object') return value;
      return key === '__proto__' && !hasOwn.call(target, key) ? value : membrane.wrap(value, target, key);
    },
    set(target, key, value, receiver) {
      if (membrane.unwrap(receiver) !== target || key === '__proto__') return Reflect.set(target, key, value, receiver);
      return setField(target, key, value, membrane);
    },
  };
  const byPrototype = new WeakMap<object, ProxyHandler<object>>();
  return (raw) => {
    const prototype = Object.getPrototypeOf(raw) as object | null;
    if (prototype === null || prototype === Object.prototype) return fields;
    let traps = byPrototype.get(prototype);
    if (traps === undefined) {
      const names = accessorNames(prototype);
      traps = names.size === 0 ? fields : withAccessors(fields, names, membrane);
      if (raw instanceof Error) traps = forErrors(traps, membrane);
      byPrototype.set(prototype, traps);
    }
    return traps;
  };
}

/** Traps for a class with accessors: they run on the reader's view, and what they compute is the reader's own. */
function withAccessors(
  fields: ProxyHandler<object>,
  names: ReadonlySet<PropertyKey>,
  membrane: Recorder,
): ProxyHandler<object> {
  return {
    ...fields,
    get(target, key, receiver) {
      if (names.has(key) && !hasOwn.call(target, key)) return Reflect.get(target, key, receiver) as unknown;
      return membrane.wrap((target as Fields)[key], target, key);
    },
    set(target, key, value, receiver) {
      if (membrane.unwrap(receiver) !== target || (names.has(key) && !hasOwn.call(target, key)))
        return Reflect.set(target, key, value, receiver);
      return setField(target, key, value, membrane);
    },
  };
}

const NATIVE_PROTOTYPES: ReadonlySet<object> = new Set(
  [Object, Array, Map, Set].map((type) => type.prototype as object),
);

/** The names of all getters and setters of a class and its parents, native ones aside; `__proto__` is one of them. */
export function accessorNames(prototype: object): ReadonlySet<PropertyKey> {
  const names = new Set<PropertyKey>();
  for (
    let one: object | null = prototype;
    one !== null && !NATIVE_PROTOTYPES.has(one);
    one = Object.getPrototypeOf(one) as object | null
  ) {
    for (const key of Reflect.ownKeys(one)) {
      const descriptor = Object.getOwnPropertyDescriptor(one, key);
      if (descriptor !== undefined && !('value' in descriptor)) names.add(key);
    }
  }
  if (names.size > 0) names.add('__proto__');
  return names;
}

/** Traps for the root, whose raw object may be replaced by a rebuilt one while its proxy stays. */
export function rootTraps(membrane: Recorder, current: () => object): ProxyHandler<object> {
  const choose = objectTraps(membrane);
  const traps = (): Required<Pick<ProxyHandler<object>, 'get' | 'set'>> & ProxyHandler<object> =>
    choose(current()) as Required<Pick<ProxyHandler<object>, 'get' | 'set'>>;
  const common = commonTraps(membrane) as Required<ProxyHandler<object>>;
  const forObject = traps();
  return {
    get: (_, key, receiver) => forObject.get(current(), key, receiver) as unknown,
    set: (_, key, value, receiver) => forObject.set(current(), key, value, receiver),
    has: (_, key) => Reflect.has(current(), key),
    ownKeys: () => Reflect.ownKeys(current()),
    getPrototypeOf: () => Reflect.getPrototypeOf(current()),
    deleteProperty: (_, key) => common.deleteProperty(current(), key),
    defineProperty: (_, key, descriptor) => common.defineProperty(current(), key, descriptor),
    getOwnPropertyDescriptor: (_, key) => common.getOwnPropertyDescriptor(current(), key),
    preventExtensions: () => common.preventExtensions(current()),
    setPrototypeOf: (_, prototype) => common.setPrototypeOf(current(), prototype),
  };
}

/** A frozen copy of a frozen object whose fields are what readers see; `make` registers the proxy before children are wrapped. */
export function frozenShadow(
  raw: object,
  membrane: Recorder,
  make: (shadow: object, traps: ProxyHandler<object>) => object,
): object {
  const shadow: object = Array.isArray(raw)
    ? []
    : (Object.create(Object.getPrototypeOf(raw) as object | null) as object);
  if (Array.isArray(raw)) Object.setPrototypeOf(shadow, Object.getPrototypeOf(raw) as object | null);
  const prototype = Object.getPrototypeOf(raw) as object | null;
  const setters = prototype === null ? new Set() : accessorNames(prototype);
  // Outside a transaction the guard speaks, inside it the object's own refusal does.
  const traps: ProxyHandler<object> = {
    set(_, key, value, receiver) {
      if (membrane.unwrap(receiver) !== raw || (setters.has(key) && !hasOwn.call(raw, key)))
        return Reflect.set(shadow, key, value, receiver);
      membrane.writing(raw, key);
      return false;
    },
    defineProperty(_, key, descriptor) {
      membrane.writing(raw, key);
      // Nothing may change; what says so already holds, or is refused by the shadow.
      return Reflect.defineProperty(shadow, key, descriptor);
    },
    deleteProperty(_, key) {
      membrane.writing(raw, key);
      return !hasOwn.call(raw, key);
    },
  };
  const proxy = make(shadow, raw instanceof Error ? forErrors({ get: Reflect.get, ...traps }, membrane) : traps);
  for (const key of Reflect.ownKeys(raw)) {
    const descriptor = describeProperty(raw, key, membrane);
    if (descriptor !== undefined) Object.defineProperty(shadow, key, descriptor);
  }
  Object.freeze(shadow);
  return proxy;
}
