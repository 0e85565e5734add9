import { withArticle } from '../article.js';
import { SharedStateError, UnknownClassError, UnsupportedStateError } from '../errors.js';
import { fieldsOfView, VIEW_PROTOTYPES } from '../event/binary.js';
import { type Disguise, disguiseOf } from '../event/brand.js';
import { BOXED } from '../event/carried-kinds.js';
import type { ClassTable } from '../model/class-table.js';
import { hiddenRemedy, hiddenStateOf } from '../model/hidden-state.js';
import { OF_ANOTHER_REALM, prototypeHere } from '../model/platform-class.js';
import { refuseOverrides } from './collection-traps.js';
import { isIndex } from './order.js';
import { describe, type PlaceOf } from './recorder.js';
import { LEAVE_OPEN } from './refusals.js';
import { isStack } from './taken-stack.js';

/** Prototypes of JavaScript's own classes that may live in a state, and subclasses of which need a stable name. */
export const NATIVE: ReadonlySet<object | null> = new Set([
  null,
  ...[Object, Array, Map, Set, Date, RegExp].map((type) => type.prototype as object),
  ...[Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError].map(
    (type) => type.prototype as object,
  ),
  ...VIEW_PROTOTYPES,
]);

/**
 * Checks that one object can be part of a state: recorded, undone, and carried by a snapshot.
 *
 * @param place which place holds it, for the error
 * @param meet told of each object that its properties refer to
 * @throws UnknownClassError (`UNKNOWN_CLASS`), UnsupportedStateError (`UNSUPPORTED_STATE`)
 */
export function admit(target: object, classes: ClassTable, place: PlaceOf, meet: Meet = ignore): void {
  if (classes.constants.size > 0 && classes.constants.has(target)) return;
  const prototype = Object.getPrototypeOf(target) as object | null;
  if (classes.values.ofPrototype(prototype) !== undefined) return;
  if (!NATIVE.has(prototype) && (prototype === null || !classes.has(prototype))) refuseClass(target, place);
  const disguise = disguiseOf(target);
  if (disguise !== undefined) refuseDisguise(disguise, place);
  const field = classes.staticFieldOf(target);
  if (field !== undefined && prototype !== classes.root) refuseStatic(field, place);
  if (ArrayBuffer.isView(target)) {
    admitView(target, prototype, place);
    return;
  }
  if (target instanceof Map || target instanceof Set) refuseOverrides(target);
  else if (target instanceof Date) admitBare(target, prototype, place, Date.prototype, 0, 'its time');
  else if (target instanceof RegExp)
    admitBare(target, prototype, place, RegExp.prototype, 1, 'its pattern, flags and lastIndex');
  admitProperties(target, meet);
}

type Meet = (value: object) => void;

function ignore(): void {
  // Nobody asked.
}

// Names and symbols apart: engines have the names of most objects at hand, and few objects have symbols.
function admitProperties(target: object, meet: Meet): void {
  const frozen = Object.isFrozen(target);
  const list = Array.isArray(target);
  for (const key of Object.getOwnPropertyNames(target)) admitProperty(target, key, frozen, list, meet);
  for (const key of Object.getOwnPropertySymbols(target)) {
    if (Symbol.keyFor(key) === undefined)
      refuseField(
        target,
        key,
        'has for its key a symbol that Symbol.for("…") did not make; use one that it made, or a string',
      );
    admitProperty(target, key, frozen, list, meet);
  }
}

function admitProperty(target: object, key: string | symbol, frozen: boolean, list: boolean, meet: Meet): void {
  // It is taken out where the error enters.
  if (isStack(target, key)) return;
  const descriptor = Object.getOwnPropertyDescriptor(target, key);
  if (descriptor === undefined) return;
  if (key === 'stack' && descriptor.enumerable === false)
    refuseField(
      target,
      key,
      'was put there by Error.captureStackTrace and names files of one machine; extend Error, or leave it out',
    );
  if (!('value' in descriptor)) refuseField(target, key, 'is an accessor of one object; declare it on the class');
  const value: unknown = descriptor.value;
  const fixed = descriptor.writable === false;
  const hidden = descriptor.enumerable === false && typeof key === 'string' && key !== 'length';
  if (list && !frozen && (fixed || hidden))
    refuseField(target, key, 'is a read-only or hidden part of an array; freeze the whole array or use an object');
  // A snapshot keeps elements by their values, and one mark for the whole array.
  if (list && isIndex(key) && (hidden || (descriptor.configurable === false && !Object.isSealed(target))))
    refuseField(
      target,
      key,
      'is a hidden or unconfigurable element of an array; seal the whole array or use an object',
    );
  if (typeof value === 'object' && value !== null) {
    if (!frozen && fixed && descriptor.configurable === false)
      refuseField(
        target,
        key,
        'is read-only and holds an object; freeze the whole object or leave the property writable',
      );
    meet(value);
  } else admitValue(target, key, value);
}

function admitValue(target: object, key: PropertyKey, value: unknown): void {
  if (typeof value === 'function') {
    // Libraries put functions in the place of the methods of a Map or Set that they freeze.
    const replaced = target instanceof Map || target instanceof Set;
    const remedy = replaced && Object.isFrozen(target) ? `; ${LEAVE_OPEN}` : '';
    refuseField(target, key, `holds a function; functions are code, not state${remedy}`);
  }
  if (typeof value === 'symbol' && Symbol.keyFor(value) === undefined)
    refuseField(target, key, 'holds a symbol that Symbol.for("…") did not make; use one that it made, or a string');
}

/** Dates and expressions are rebuilt from what they are, so nothing else may hang on them. */
function admitBare(
  target: object,
  prototype: object | null,
  place: PlaceOf,
  native: object,
  own: number,
  what: string,
): void {
  if (prototype !== native || Reflect.ownKeys(target).length !== own) {
    throw new UnsupportedStateError(
      `${place()} would hold ${withArticle(describe(native))} with a class or fields of its own, of which only ${what} would survive. Keep a plain ${describe(native)} in a field of a class of your own.`,
    );
  }
}

function admitView(target: ArrayBufferView, prototype: object | null, place: PlaceOf): void {
  if (!VIEW_PROTOTYPES.has(prototype as object)) {
    throw new UnsupportedStateError(
      `${place()} would hold ${withArticle(describe(target))}, a subclass of a typed array, which no snapshot can carry. Keep the bytes in a field of a class of your own.`,
    );
  }
  refuseMemory(target, place);
  for (const [what, [field]] of [
    [target, fieldsOfView(target)],
    [target.buffer, Reflect.ownKeys(target.buffer)],
  ] as const) {
    if (field === undefined) continue;
    throw new UnsupportedStateError(
      `${place()} would hold ${withArticle(describe(target))} with a field of its own${what === target ? '' : ' on its memory'} (${String(field)}): of binary data only the bytes are state. Store both in fields of an object of your own, or a copy of the bytes: copyOf(view).`,
    );
  }
}

function refuseMemory(target: ArrayBufferView, place: PlaceOf): void {
  const { buffer } = target;
  const why =
    tagOf(buffer) !== 'ArrayBuffer' || (buffer as { resizable?: boolean }).resizable === true
      ? 'shared or resizable memory, which can change without a transaction'
      : buffer.byteLength === 0 && isTransferred(buffer)
        ? 'memory that was transferred, so that its bytes are gone'
        : undefined;
  if (why === undefined) return;
  throw new UnsupportedStateError(
    `${place()} would hold ${withArticle(describe(target))} on ${why}. Store a copy that was made before: copyOf(view).`,
  );
}

function isTransferred(buffer: ArrayBufferLike): boolean {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** @throws UnsupportedStateError (`UNSUPPORTED_STATE`) */
export function refuseSharedBytes(view: object): never {
  throw new UnsupportedStateError(
    `The state would hold two views on the same bytes, ${withArticle(describe(view))} and another. Store one, or a copy: copyOf(view).`,
  );
}

// The tag, because typed arrays of another realm (a vm context) bring their own ArrayBuffer.
function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

function refuseField(target: object, key: PropertyKey, why: string): never {
  throw new UnsupportedStateError(`${describe(target)}.${String(key)} ${why}.`);
}

function refuseDisguise({ is, says }: Disguise, place: PlaceOf): never {
  if (is === 'Arguments')
    throw new UnsupportedStateError(
      `${place()} would hold the arguments object of a function, which a snapshot brings back as a plain one. Store a list: [...arguments].`,
    );
  throw new UnsupportedStateError(
    is === 'Object'
      ? `${place()} would hold an object with the prototype of ${withArticle(says)}, which it is not, so that the methods fail. Make a real one, or store a plain object: {...object}.`
      : `${place()} would hold ${withArticle(is)} with another prototype than it was made with, behind which what it holds is lost. Store ${withArticle(is)} as it was made, or what it holds as plain data.`,
  );
}

function refuseStatic(field: string, place: PlaceOf): never {
  throw new SharedStateError(
    `${place()} would hold ${field}, which belongs to its class: after a snapshot it would be another object here, and no "===" would find it. ` +
      `Declare it: @Prevalent("…", { constants: { '${field}': ${field} } }); or store a copy, which keeps its class: copyOf(${field}).`,
  );
}

function refuseClass(target: object, place: PlaceOf): never {
  const name = describe(target);
  if (/^(Shared)?ArrayBuffer$/.test(tagOf(target))) {
    throw new UnsupportedStateError(
      `${place()} would hold a bare ${name}, whose bytes anybody can change unseen. Store a view of it: new Uint8Array(buffer).`,
    );
  }
  if (
    typeof (target as { then?: unknown }).then === 'function' ||
    target instanceof WeakMap ||
    target instanceof WeakSet ||
    target instanceof WeakRef
  ) {
    throw new UnsupportedStateError(
      `${place()} would hold ${withArticle(name)}, which can be neither recorded nor stored. Store plain data instead.`,
    );
  }
  const prototype = Object.getPrototypeOf(target) as object | null;
  if (prototypeHere(prototype) !== undefined)
    throw new UnsupportedStateError(`${place()} would hold ${withArticle(name)} that ${OF_ANOTHER_REALM}.`);
  if (prototype !== null && BOXED.has(prototype))
    throw new UnsupportedStateError(
      `${place()} would hold a boxed ${name}, an object of which only its primitive would survive. Store the primitive: value.valueOf().`,
    );
  const hidden = prototype === null ? undefined : hiddenStateOf(prototype);
  if (hidden !== undefined) {
    throw new UnsupportedStateError(
      `${place()} would hold ${withArticle(name)}, a class that ${hidden.what}, which can be neither recorded nor restored. ${hiddenRemedy(name, hidden)}`,
    );
  }
  if (/Iterator|Generator/.test(tagOf(target))) {
    throw new UnsupportedStateError(
      `${place()} would hold ${withArticle(tagOf(target))}, which can be neither recorded nor stored. Store a list: [...items].`,
    );
  }
  if (/^(Math|JSON|Reflect|Atomics|Intl|WebAssembly|Temporal|console|process|global|Window)$/.test(tagOf(target)))
    throw new UnsupportedStateError(
      `${place()} would hold ${tagOf(target)}, which is code of the platform, not state. Use it where you need it, and store what it gives.`,
    );
  const type: unknown =
    prototype === null ? undefined : Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof type !== 'function')
    throw new UnsupportedStateError(
      `${place()} would hold an object whose prototype is another object, which no snapshot brings back. Store its fields, {...object}, or make it an instance of a class.`,
    );
  if (type.name === '')
    throw new UnknownClassError(
      `${place()} would hold an instance of a class without a name, which no snapshot could tell from others. Give it one: @Prevalent("…", { classes: { item: TheClass } }).`,
    );
  throw new UnknownClassError(
    `${place()} would hold an instance of ${name}, which has no stable name here. Name it: @Prevalent("…", { classes: { ${name}: ${name} } }), or put @Type(() => ${name}) on the field. If it is there already, a bundler made two copies of class-transformer, and only the first way helps. If the class is not yours, let its objects be values: { values: { … } }.`,
  );
}
