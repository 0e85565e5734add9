import { UnknownClassError, UnsupportedStateError } from '../errors.js';
import { VIEW_PROTOTYPES } from '../event/binary.js';
import type { ClassTable } from '../model/class-table.js';
import type { Recorder } from './recorder.js';

/** Prototypes of JavaScript's own classes that may live in a state, and subclasses of which need a stable name. */
const NATIVE: ReadonlySet<object | null> = new Set([
  null,
  ...[Object, Array, Map, Set, Date, RegExp].map((type) => type.prototype as object),
  ...[Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError].map(
    (type) => type.prototype as object,
  ),
  ...VIEW_PROTOTYPES,
]);

/** What to do with one reference of a visited object. */
type Replace = (value: object) => object;

/** Visits what an object refers to and replaces references in place where `replace` gives another object. */
function visitReferences(target: object, replace: Replace, push: (value: object) => void): void {
  const one = (value: unknown, put: (value: object) => void): void => {
    if (typeof value !== 'object' || value === null) return;
    const other = replace(value);
    if (other !== value) put(other);
    else push(value);
  };
  if (ArrayBuffer.isView(target) || target instanceof ArrayBuffer) return;
  if (target instanceof Map) visitMap(target as Map<unknown, unknown>, one);
  else if (target instanceof Set) visitSet(target as Set<unknown>, one);
  const fields = target as Record<PropertyKey, unknown>;
  for (const key of Object.keys(target))
    one(fields[key], (value) => {
      replaceField(target, key, value);
    });
  const all = Reflect.ownKeys(target);
  if (all.length === Object.keys(target).length) return;
  for (const key of all) {
    if (!Object.prototype.propertyIsEnumerable.call(target, key))
      one(fields[key], (value) => {
        replaceField(target, key, value);
      });
    else if (typeof key === 'symbol')
      one(fields[key], (value) => {
        replaceField(target, key, value);
      });
  }
}

function replaceField(target: object, key: PropertyKey, value: object): void {
  if (!Reflect.set(target, key, value)) {
    throw new UnsupportedStateError(
      `A new object holds an object of the model in its read-only property ${String(key)}. Store it first and make it read-only never, or refer by id.`,
    );
  }
}

// Replacing a key moves it, so a map or set with replaced keys is filled again in its order.
function visitMap(target: Map<unknown, unknown>, one: (value: unknown, put: (value: object) => void) => void): void {
  const keys = [...target.keys()];
  const entries = [...target];
  for (const entry of entries) {
    const key = entry[0];
    one(entry[0], (other) => {
      entry[0] = other;
    });
    one(entry[1], (other) => {
      entry[1] = other;
      target.set(key, other);
    });
  }
  if (entries.every(([key], index) => key === keys[index])) return;
  target.clear();
  for (const [key, value] of entries) target.set(key, value);
}

function visitSet(target: Set<unknown>, one: (value: unknown, put: (value: object) => void) => void): void {
  const before = [...target];
  const values = before.map((value) => {
    let held = value;
    one(value, (other) => {
      held = other;
    });
    return held;
  });
  if (values.every((value, index) => value === before[index])) return;
  target.clear();
  for (const value of values) target.add(value);
}

/**
 * Makes the objects that a transaction stored part of the state: proxies in them become the objects they stand for, classes
 * are checked. Gives all objects that became part of it.
 *
 * @throws UnknownClassError (`UNKNOWN_CLASS`), UnsupportedStateError (`UNSUPPORTED_STATE`)
 */
export function adopt(fresh: Iterable<object>, membrane: Recorder): ReadonlySet<object> {
  return walk(fresh, membrane.classes, (value) => membrane.unwrap(value) as object);
}

/** Checks a whole state that was built without a membrane. Errors as `adopt`. */
export function audit(root: object, classes: ClassTable): void {
  walk([root], classes, (value) => value);
}

function walk(roots: Iterable<object>, classes: ClassTable, replace: Replace): ReadonlySet<object> {
  const seen = new Set<object>(roots);
  for (const target of seen) {
    check(target, classes);
    visitReferences(target, replace, (value) => seen.add(value));
  }
  return seen;
}

function check(target: object, classes: ClassTable): void {
  const prototype = Object.getPrototypeOf(target) as object | null;
  if (!NATIVE.has(prototype) && (prototype === null || classes.nameOf(prototype) === undefined)) refuseClass(target);
  if (ArrayBuffer.isView(target)) return;
  for (const key of Reflect.ownKeys(target)) {
    const descriptor = Object.getOwnPropertyDescriptor(target, key);
    const value: unknown = descriptor?.value;
    if (descriptor !== undefined && !('value' in descriptor) && !(target instanceof Error))
      refuseField(target, key, 'is an accessor of one object; declare it on the class');
    if (typeof value === 'function') refuseField(target, key, 'holds a function; functions are code, not state');
    if (typeof value === 'symbol' && Symbol.keyFor(value) === undefined)
      refuseField(target, key, 'holds a symbol that exists only in this process; use Symbol.for("…")');
    if (
      typeof value === 'object' &&
      value !== null &&
      descriptor?.configurable === false &&
      descriptor.writable === false &&
      !Object.isFrozen(target)
    ) {
      refuseField(
        target,
        key,
        'is read-only and holds an object; freeze the whole object or leave the property writable',
      );
    }
  }
}

function refuseField(target: object, key: PropertyKey, why: string): never {
  throw new UnsupportedStateError(`${target.constructor.name}.${String(key)} ${why}.`);
}

function refuseClass(target: object): never {
  const name = (target.constructor as { name?: string } | undefined)?.name ?? 'without a name';
  if (
    typeof (target as { then?: unknown }).then === 'function' ||
    target instanceof WeakMap ||
    target instanceof WeakSet ||
    target instanceof WeakRef
  ) {
    throw new UnsupportedStateError(
      `The state would hold a ${name}, which can be neither recorded nor stored. Store plain data instead.`,
    );
  }
  throw new UnknownClassError(
    `The state would hold an instance of ${name}, which has no stable name here. Name it: @Prevalent("…", { classes: [${name}] }), or put @Type(() => ${name}) on the field.`,
  );
}

/** Gives the objects of a call's result that are part of the state their guard; the rest is the caller's own. */
export function detach(result: unknown, stored: ReadonlySet<object>, membrane: Recorder): unknown {
  if (typeof result !== 'object' || result === null || membrane.isProxy(result)) return result;
  if (stored.has(result)) return membrane.wrap(result);
  const seen = new Set<object>([result]);
  for (const target of seen) {
    visitReferences(
      target,
      (value) => (stored.has(value) ? (membrane.wrap(value) as object) : value),
      (value) => {
        if (!membrane.isProxy(value)) seen.add(value);
      },
    );
  }
  return result;
}
