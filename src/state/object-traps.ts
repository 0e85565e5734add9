import { UnsupportedStateError } from '../errors.js';
import { describe, type Recorder } from './recorder.js';
import { orderedKeys } from './order.js';
import { ADD_PROPERTY, DEFINE_PROPERTY, DELETE_PROPERTY, SET_PROPERTY } from './undo-log.js';

type Fields = Record<PropertyKey, unknown>;

const hasOwn = Object.prototype.hasOwnProperty;

/** Deletes a property and records its place and value. */
export function deleteProperty(target: object, key: string | symbol, membrane: Recorder): boolean {
  const log = membrane.writing(target, key);
  const was = Object.getOwnPropertyDescriptor(target, key);
  if (was === undefined) return true;
  if (was.configurable !== true) return false;
  refuseFixedProperties(target, key);
  const stamp = membrane.orders.removing(target, key);
  log.push(DELETE_PROPERTY, target, key, { was, stamp });
  log.weigh(160);
  return Reflect.deleteProperty(target, key);
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
      `${describe(target)}.${String(key)} cannot be made unconfigurable once stored, because that cannot be undone. Do it before you store the object.`,
    );
  }
  const stored =
    'value' in descriptor ? { ...descriptor, value: membrane.store(descriptor.value, target, key) } : descriptor;
  if (!Reflect.defineProperty(target, key, stored)) return false;
  if (before !== undefined) log.push(DEFINE_PROPERTY, target, key, before);
  else {
    log.push(ADD_PROPERTY, target, key, undefined);
    membrane.orders.added(target, key);
  }
  log.weigh(96);
  return true;
}

/** A property's descriptor as a reader may see it. */
export function describeProperty(
  target: object,
  key: string | symbol,
  membrane: Recorder,
): PropertyDescriptor | undefined {
  const descriptor = Reflect.getOwnPropertyDescriptor(target, key);
  if (descriptor !== undefined && 'value' in descriptor) descriptor.value = membrane.wrap(descriptor.value);
  return descriptor;
}

function refuseShape(target: object, what: string): never {
  throw new UnsupportedStateError(
    `${what} of a stored ${describe(target)} cannot be undone. Do it before you store the object, or store a new one.`,
  );
}

/** Writes a plain data property of an object whose class has no accessors. */
function setField(target: object, key: string | symbol, value: unknown, membrane: Recorder): boolean {
  const log = membrane.writing(target, key);
  const stored = membrane.store(value, target, key);
  if (hasOwn.call(target, key)) {
    const before = (target as Fields)[key];
    (target as Fields)[key] = stored;
    if (!Object.is(before, stored)) log.push(SET_PROPERTY, target, key, before);
  } else {
    (target as Fields)[key] = stored;
    log.push(ADD_PROPERTY, target, key, undefined);
    membrane.orders.added(target, key);
  }
  return true;
}

/** The traps that all objects share. */
function commonTraps(membrane: Recorder): ProxyHandler<object> {
  return {
    deleteProperty: (target, key) => deleteProperty(target, key, membrane),
    defineProperty: (target, key, descriptor) => defineProperty(target, key, descriptor, membrane),
    getOwnPropertyDescriptor: (target, key) => describeProperty(target, key, membrane),
    preventExtensions: (target) => {
      membrane.writing(target, 'extensions');
      return refuseShape(target, 'Freezing or sealing');
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
      if (key === '__proto__') return Object.getPrototypeOf(target) as unknown;
      const value = (target as Fields)[key];
      return typeof value === 'object' ? membrane.wrap(value) : value;
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
      return membrane.wrap((target as Fields)[key]);
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
  // Outside a transaction the guard speaks, inside it the object's own refusal does.
  const refuse = (_: object, key: string | symbol): boolean => {
    membrane.writing(raw, key);
    return false;
  };
  const traps: ProxyHandler<object> = { set: refuse, defineProperty: refuse, deleteProperty: refuse };
  const proxy = make(shadow, traps);
  for (const key of Reflect.ownKeys(raw)) {
    const descriptor = describeProperty(raw, key, membrane);
    if (descriptor !== undefined) Object.defineProperty(shadow, key, descriptor);
  }
  Object.freeze(shadow);
  return proxy;
}
