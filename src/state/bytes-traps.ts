import { UnsupportedStateError } from '../errors.js';
import { describe, type Recorder } from './recorder.js';
import { BYTES } from './undo-log.js';
import { refuseTag } from './refused-reads.js';

/**
 * Typed arrays, DataView and Buffer. Their methods need the real object, so they run on it; those that write are preceded by
 * recording the bytes they may change. (A bare ArrayBuffer cannot be guarded: whoever makes a view on it writes unseen.)
 */

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Methods that only read; everything else is taken to write. */
const READS =
  /^(at|byteLength|byteOffset|compare|copy|entries|equals|every|filter|find|findIndex|findLast|findLastIndex|forEach|get[A-Z]\w*|includes|indexOf|inspect|join|keys|lastIndexOf|length|map|read\w*|reduce|reduceRight|slice|some|subarray|to[A-Z]\w*|values|with|latin1Slice|utf8Slice|hexSlice|base64Slice|base64urlSlice|ucs2Slice|asciiSlice)$/;

/** Methods that call what they are given. */
const CALLS = /^(every|filter|find\w*|forEach|map|reduce\w*|some|sort|toSorted)$/;

/** Records `length` bytes of a view from byte `start` on, so that any write to them can be undone. */
function record(view: ArrayBufferView, key: unknown, membrane: Recorder, start: number, length: number): void {
  const owner = membrane.ownerOf(view);
  const log = membrane.writing(owner, key);
  const from = view.byteOffset + start;
  const bytes = new Uint8Array(view.buffer, from, length).slice();
  log.push(BYTES, owner, from - owner.byteOffset, bytes);
  log.weigh(bytes.length);
}

function recordElement(view: ArrayBufferView, index: number, membrane: Recorder): void {
  const size = (view as Uint8Array).BYTES_PER_ELEMENT;
  record(view, index, membrane, index * size, size);
}

/** Keys that are elements of a typed array or nothing at all: they never become properties. */
function isNumeric(target: ArrayBufferView, key: string | symbol): key is string {
  return typeof key === 'string' && !(target instanceof DataView) && (key === '-0' || String(Number(key)) === key);
}

function isElement(target: ArrayBufferView, key: string): boolean {
  return Object.prototype.hasOwnProperty.call(target, key);
}

/** Traps for typed arrays, Buffer and DataView. */
export function bytesTraps(membrane: Recorder): ProxyHandler<ArrayBufferView> {
  const refuse = (target: ArrayBufferView, key: string | symbol): never => {
    membrane.writing(target, key);
    throw new UnsupportedStateError(
      `${describe(target)}.${String(key)} cannot be changed: of binary data only the bytes are state. Store it in a field of an object of your own.`,
    );
  };
  return {
    get(target, key, receiver: unknown) {
      if (key === 'buffer' || key === 'parent') return copyOfBuffer(target, membrane);
      if (key === Symbol.toStringTag) refuseTag(target, membrane);
      const value = Reflect.get(target, key, membrane.unwrap(receiver)) as unknown;
      return typeof value === 'function' && needsView(target, key, value)
        ? method(key, value as Method, membrane)
        : value;
    },
    set(target, key, value, receiver) {
      // An object that inherits from the view, or one that Reflect.set was told to write to.
      if (membrane.unwrap(receiver) !== target) return Reflect.set(target, key, value, receiver);
      if (!isNumeric(target, key)) return refuse(target, key);
      membrane.writing(target, key);
      if (isElement(target, key)) recordElement(target, Number(key), membrane);
      // Also where there is no element: it writes nothing but may throw, as the value may not fit.
      (target as Uint8Array)[key as unknown as number] = value as number;
      return true;
    },
    deleteProperty(target, key) {
      membrane.writing(target, key);
      if (!Object.prototype.hasOwnProperty.call(target, key)) return true;
      return isNumeric(target, key) ? false : refuse(target, key);
    },
    defineProperty(target, key, descriptor) {
      if (!isNumeric(target, key)) return refuse(target, key);
      membrane.writing(target, key);
      if (isElement(target, key)) recordElement(target, Number(key), membrane);
      return Reflect.defineProperty(target, key, descriptor);
    },
    preventExtensions: (target) => refuse(target, 'extensions'),
    setPrototypeOf: (target, prototype) =>
      prototype === Object.getPrototypeOf(target) ? true : refuse(target, '__proto__'),
  };
}

/** Tells methods of binary data, which need the real object, from those of every object, which work on its guard. */
function needsView(target: object, key: PropertyKey, method: unknown): boolean {
  return key !== 'constructor' && method !== (rootPrototype(target) as Record<PropertyKey, unknown>)[key];
}

// Not Object.prototype: binary data of another realm (a vm context) has one of its own.
function rootPrototype(target: object): object {
  const prototype = Object.getPrototypeOf(target) as object | null;
  return prototype === null ? target : rootPrototype(prototype);
}

function method(key: string | symbol, native: Method, membrane: Recorder): Method {
  const writes = typeof key === 'string' && !READS.test(key);
  const calls = typeof key === 'string' && CALLS.test(key);
  return function (this: unknown, ...args) {
    const raw = membrane.unwrap(this);
    if (!ArrayBuffer.isView(raw)) return native.apply(this, args);
    const given = calls ? shownArguments(args, raw, this) : args.map((arg) => viewBehind(arg, membrane));
    if (writes) record(raw, key, membrane, 0, raw.byteLength);
    const target = given[0];
    if (key === 'copy' && target !== args[0] && ArrayBuffer.isView(target))
      record(target, key, membrane, 0, target.byteLength);
    const result = native.apply(raw, given);
    if (result === raw) return this;
    // A subarray is a second way to write the same bytes, so it is guarded as well.
    return ArrayBuffer.isView(result) && result.buffer === raw.buffer
      ? membrane.borrow(result, membrane.ownerOf(raw))
      : result;
  };
}

/** What a method that calls back gets: what goes with the callback (`thisArg`, an accumulator) is handed on to it as it is. */
function shownArguments([first, ...others]: unknown[], raw: unknown, guard: unknown): unknown[] {
  return [typeof first === 'function' ? showing(first as Method, raw, guard) : first, ...others];
}

/** Other methods work on bytes: they get the views behind guards. */
function viewBehind(arg: unknown, membrane: Recorder): unknown {
  const behind = membrane.unwrap(arg);
  return ArrayBuffer.isView(behind) ? behind : arg;
}

/** A callback that is shown the guard in place of the raw array it is called with. */
function showing(callback: Method, raw: unknown, guard: unknown): Method {
  return function (this: unknown, ...args) {
    return callback.apply(
      this,
      args.map((arg) => (arg === raw ? guard : arg)),
    );
  };
}

function copyOfBuffer(view: ArrayBufferView, membrane: Recorder): ArrayBuffer {
  if (membrane.log !== undefined) {
    throw new UnsupportedStateError(
      'The buffer of a stored typed array cannot be used in a transaction, because writes to it cannot be recorded. Use the typed array itself.',
    );
  }
  return (view.buffer as ArrayBuffer).slice(0);
}
