import { UncarriableArgumentError } from '../errors.js';
import type { ClassTable } from '../model/class-table.js';
import { VIEW_PROTOTYPES } from './binary.js';

/** Deeper nesting overflows the stack of superjson, and is no argument anybody means. */
export const MAX_DEPTH = 500;

/** Keys through which a prototype could be reached. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** What a walk over arguments learned. */
export class Carriage {
  /** Something in them needs more than plain JSON. */
  rich = false;
  /** Something may stand in several places: an object, a bigint, an unusual number. */
  shared = false;
  /** Something in them is carried as a whole: a constant. */
  whole = false;
  readonly seen = new Set<object>();

  constructor(readonly classes: ClassTable) {}
}

/** True for `{}` and null-prototype objects. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Walks arguments and refuses what would be lost on the way through a journal.
 *
 * @throws UncarriableArgumentError (`UNCARRIABLE_ARGUMENT`) naming the transaction, the argument and the path in it
 */
export function checkCarriable(args: readonly unknown[], transaction: string, carriage: Carriage): void {
  args.forEach((arg, index) => {
    visit(arg, [], carriage, (path, why) => {
      const place = path.length === 0 ? '' : ` at ${path.join('.')}`;
      throw new UncarriableArgumentError(
        `Argument ${index + 1} of ${transaction} cannot be recorded${place}: ${why}. Nothing was logged or changed.`,
      );
    });
  });
}

type Refuse = (path: readonly string[], why: string) => void;

function visit(value: unknown, path: string[], carriage: Carriage, refuse: Refuse): void {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return;
    case 'number':
      // Superjson takes repeated ones for references.
      if (!Number.isFinite(value) || Object.is(value, -0)) carriage.rich = carriage.shared = true;
      return;
    case 'bigint':
      carriage.rich = carriage.shared = true;
      return;
    case 'undefined':
      carriage.rich = true;
      return;
    case 'function': {
      refuse(path, 'a function has no data; pass what it would compute');
      return;
    }
    case 'symbol': {
      refuse(path, 'a symbol is not the same on another machine; pass a string');
      return;
    }
    default:
      if (value !== null) visitObject(value as object, path, carriage, refuse);
  }
}

function visitObject(value: object, path: string[], carriage: Carriage, refuse: Refuse): void {
  if (path.length > MAX_DEPTH) {
    refuse(path.slice(0, 5), `it is nested deeper than ${MAX_DEPTH} levels`);
    return;
  }
  if (carriage.classes.constants.has(value)) {
    carriage.rich = carriage.whole = true;
    return;
  }
  if (carriage.seen.has(value)) {
    // Shared or cyclic: superjson keeps the identity, plain JSON would not.
    carriage.rich = carriage.shared = true;
    return;
  }
  carriage.seen.add(value);
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (Array.isArray(value)) {
    visitArray(value, prototype, path, carriage, refuse);
    return;
  }
  if (prototype === Object.prototype || prototype === null) {
    if (prototype === null) {
      refuse(path, 'an object without a prototype comes back with one; pass {...object}');
      return;
    }
    visitFields(value, path, carriage, refuse);
    return;
  }
  if (value instanceof Map || value instanceof Set) {
    visitCollection(value, prototype, path, carriage, refuse);
    return;
  }
  carriage.rich = true;
  if (value instanceof Date) {
    if (prototype !== Date.prototype && !isDate(value)) {
      refuse(path, 'a subclass of Date comes back as a Date');
      return;
    }
    if (Number.isNaN(value.getTime())) {
      refuse(path, 'it is an invalid Date, which would come back as null');
      return;
    }
    return;
  }
  if (prototype === RegExp.prototype || (typeof URL !== 'undefined' && prototype === URL.prototype)) return;
  if (VIEW_PROTOTYPES.has(prototype) || prototype === ArrayBuffer.prototype) return;
  if (carriage.classes.nameOf(prototype) === undefined) {
    const name = value.constructor.name;
    refuse(
      path,
      `the class ${name} is not known; name it in @Prevalent(name, { classes: { ${name}: ${name} } }) or pass plain data`,
    );
    return;
  }
  visitFields(value, path, carriage, refuse);
}

// A Date read from a model is a guarded Date whose prototype stands between it and Date.prototype.
function isDate(value: Date): boolean {
  return Object.getPrototypeOf(Object.getPrototypeOf(value)) === Date.prototype && value.constructor === Date;
}

function visitArray(
  value: readonly unknown[],
  prototype: object | null,
  path: string[],
  carriage: Carriage,
  refuse: Refuse,
): void {
  if (prototype !== Array.prototype) {
    refuse(path, 'a subclass of Array comes back as an Array');
    return;
  }
  // Its own keys are its indexes and `length`; a hole and a named property together would keep their number.
  if (Reflect.ownKeys(value).length !== value.length + 1) {
    refuse(path, 'the array has holes or named properties');
    return;
  }
  for (let i = 0; i < value.length; i++) {
    if (!(i in value)) {
      refuse(path, 'the array has holes or named properties');
      return;
    }
    path.push(String(i));
    visit(value[i], path, carriage, refuse);
    path.pop();
  }
}

function visitFields(value: object, path: string[], carriage: Carriage, refuse: Refuse): void {
  const keys = Object.keys(value);
  if (Reflect.ownKeys(value).length !== keys.length) {
    refuse(path, 'it has symbol keys or hidden properties');
    return;
  }
  for (const key of keys) {
    if (FORBIDDEN_KEYS.has(key)) {
      refuse(
        path,
        `the key ${key} is not allowed, because a prototype could be reached through it; pass a Map, or a list of entries: Object.entries(object)`,
      );
      return;
    }
    path.push(key);
    visit((value as Record<string, unknown>)[key], path, carriage, refuse);
    path.pop();
  }
}

function visitCollection(
  value: Map<unknown, unknown> | Set<unknown>,
  prototype: object,
  path: string[],
  carriage: Carriage,
  refuse: Refuse,
): void {
  carriage.rich = true;
  if (prototype !== Map.prototype && prototype !== Set.prototype) {
    refuse(path, 'a subclass of Map or Set comes back without its class');
    return;
  }
  if (Reflect.ownKeys(value).length > 0) {
    refuse(path, 'a Map or Set with properties of its own comes back without them');
    return;
  }
  for (const one of value) {
    path.push('[entry]');
    if (value instanceof Map)
      (one as [unknown, unknown]).forEach((half) => {
        visit(half, path, carriage, refuse);
      });
    else visit(one, path, carriage, refuse);
    path.pop();
  }
}
