import { UnsupportedStateError } from '../errors.js';
import { describe, type Recorder } from './recorder.js';
import { BYTES } from './undo-log.js';

/**
 * Typed arrays, DataView and Buffer. Their methods need the real object, so they run on it; those that write are preceded by
 * recording the bytes they may change. (A bare ArrayBuffer cannot be guarded: whoever makes a view on it writes unseen.)
 */

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Methods that only read; everything else is taken to write. */
const READS =
  /^(at|byteLength|byteOffset|compare|constructor|entries|equals|every|filter|find|findIndex|findLast|findLastIndex|forEach|get[A-Z]\w*|includes|indexOf|inspect|join|keys|lastIndexOf|length|map|read\w*|reduce|reduceRight|some|toJSON|toLocaleString|toReversed|toSorted|toString|values|with|latin1Slice|utf8Slice|hexSlice|base64Slice|base64urlSlice|ucs2Slice|asciiSlice|copy|subarray|slice)$/;

/** Records every byte of a view, so that any write to it can be undone. */
function record(view: ArrayBufferView, key: unknown, membrane: Recorder): void {
  const log = membrane.writing(view, key);
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  log.push(BYTES, bytes, 0, bytes.slice());
  log.weigh(bytes.length);
}

function recordElement(view: ArrayBufferView, index: number, membrane: Recorder): void {
  const log = membrane.writing(view, index);
  const size = (view as Uint8Array).BYTES_PER_ELEMENT;
  const bytes = new Uint8Array(view.buffer, view.byteOffset + index * size, size);
  log.push(BYTES, bytes, 0, bytes.slice());
}

function isElement(target: ArrayBufferView, key: string | symbol): key is string {
  return typeof key === 'string' && !(target instanceof DataView) && /^(0|[1-9]\d*)$/.test(key);
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
    get(target, key) {
      if (key === 'buffer' || key === 'parent') return copyOfBuffer(target, membrane);
      const value = Reflect.get(target, key, target) as unknown;
      return typeof value === 'function' && key !== 'constructor' ? method(key, value as Method, membrane) : value;
    },
    set(target, key, value) {
      if (!isElement(target, key)) return refuse(target, key);
      const index = Number(key);
      membrane.writing(target, index);
      if (index < (target as Uint8Array).length) recordElement(target, index, membrane);
      // Also beyond the end, where it writes nothing but may throw, as the value may not fit.
      (target as Uint8Array)[index] = value as number;
      return true;
    },
    deleteProperty(target, key) {
      membrane.writing(target, key);
      if (!Object.prototype.hasOwnProperty.call(target, key)) return true;
      return isElement(target, key) ? false : refuse(target, key);
    },
    defineProperty(target, key, descriptor) {
      if (!isElement(target, key) || !('value' in descriptor)) return refuse(target, key);
      membrane.writing(target, key);
      if (Number(key) < (target as Uint8Array).length) recordElement(target, Number(key), membrane);
      return Reflect.defineProperty(target, key, descriptor);
    },
    preventExtensions: (target) => refuse(target, 'extensions'),
    setPrototypeOf: (target, prototype) =>
      prototype === Object.getPrototypeOf(target) ? true : refuse(target, '__proto__'),
  };
}

function method(key: string | symbol, native: Method, membrane: Recorder): Method {
  const writes = typeof key === 'string' && !READS.test(key);
  return function (this: unknown, ...args) {
    const raw = membrane.unwrap(this);
    const plain = args.map((arg) =>
      typeof arg === 'function' ? showing(arg as Method, raw, this) : membrane.unwrap(arg),
    );
    if (writes && ArrayBuffer.isView(raw)) record(raw, key, membrane);
    if (key === 'copy' && ArrayBuffer.isView(plain[0]) && membrane.isProxy(args[0] as object))
      record(plain[0], key, membrane);
    const result = native.apply(raw, plain);
    if (result === raw) return this;
    // A subarray is a second way to write the same bytes, so it is guarded as well.
    return ArrayBuffer.isView(result) && ArrayBuffer.isView(raw) && result.buffer === raw.buffer
      ? membrane.borrow(result)
      : result;
  };
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
