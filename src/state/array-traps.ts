import { UnsupportedStateError } from '../errors.js';
import { ARRAY_INDEX, MAX_INDEX } from './order.js';
import { describe, type Recorder } from './recorder.js';
import {
  accessorNames,
  defineProperty,
  deleteProperty,
  describeProperty,
  objectTraps,
  recordAdded,
  refuseShrinking,
  write,
} from './object-traps.js';
import { REPLACE_ARRAY, SET_LENGTH, SET_PROPERTY, SPLICE, type UndoLog } from './undo-log.js';

type Mutator = (raw: unknown[], proxy: unknown[], args: unknown[], membrane: Recorder) => unknown;

const BYTES_PER_ELEMENT = 8;

/** Array methods that write, each recorded as one entry. */
const MUTATORS = new Map<unknown, Mutator>([
  [Array.prototype.push, push],
  [
    Array.prototype.pop,
    (raw, _, __, membrane) =>
      raw.length === 0 ? keepLength(raw, membrane) : splice(raw, raw.length - 1, 1, [], membrane)[0],
  ],
  [
    Array.prototype.shift,
    (raw, _, __, membrane) => (raw.length === 0 ? keepLength(raw, membrane) : splice(raw, 0, 1, [], membrane)[0]),
  ],
  [Array.prototype.unshift, (raw, _, args, membrane) => (splice(raw, 0, 0, args, membrane), raw.length)],
  [Array.prototype.splice, spliceCall],
  [Array.prototype.sort, sort],
  [
    Array.prototype.reverse,
    (raw, proxy, _, membrane) => (replaceWhole(raw, membrane), Array.prototype.reverse.call(raw), proxy),
  ],
  [
    Array.prototype.copyWithin,
    (raw, proxy, args, membrane) => (
      replaceWhole(raw, membrane),
      Array.prototype.copyWithin.apply(raw, args as [number, number]),
      proxy
    ),
  ],
  [Array.prototype.fill, fill],
]);

function keepLength(raw: unknown[], membrane: Recorder): undefined {
  membrane.writing(raw, 'length');
  return undefined;
}

function push(raw: unknown[], _: unknown[], args: unknown[], membrane: Recorder): number {
  const log = membrane.writing(raw, 'push');
  // All are checked before the first is pushed.
  const stored = args.map((arg, index) => membrane.store(arg, raw, raw.length + index));
  log.push(SET_LENGTH, raw, undefined, raw.length);
  for (const value of stored) Array.prototype.push.call(raw, value);
  return raw.length;
}

function splice(
  raw: unknown[],
  start: number,
  deleted: number,
  added: readonly unknown[],
  membrane: Recorder,
): unknown[] {
  const log = membrane.writing(raw, start);
  const stored = added.map((value, index) => membrane.store(value, raw, start + index));
  const out = copyRange(raw, start, start + deleted);
  log.push(SPLICE, raw, start, { out, added: stored.length });
  log.weigh(96 + out.length * BYTES_PER_ELEMENT);
  try {
    Array.prototype.splice.call(raw, start, deleted, ...stored);
  } catch (error) {
    // So many arguments that the stack ran out: nothing was changed.
    log.forget();
    throw error;
  }
  return wrapAll(out, raw, membrane);
}

// The arguments of splice are relative and optional; these are its own rules for them.
function spliceCall(raw: unknown[], _: unknown[], args: unknown[], membrane: Recorder): unknown[] {
  const start = relative(args[0], raw.length);
  const most = raw.length - start;
  const deleted = args.length === 0 ? 0 : args.length === 1 ? most : Math.min(Math.max(toInteger(args[1]), 0), most);
  return splice(raw, start, deleted, args.slice(2), membrane);
}

// Sorted is what readers see, so that a comparison and the toString of elements meet no unguarded object.
function sort(raw: unknown[], proxy: unknown[], args: unknown[], membrane: Recorder): unknown[] {
  replaceWhole(raw, membrane);
  const seen = wrapAll(copyRange(raw, 0, raw.length), raw, membrane);
  Array.prototype.sort.call(seen, args[0] as undefined);
  for (let i = 0; i < seen.length; i++) {
    if (i in seen) raw[i] = membrane.unwrap(seen[i]);
    else Reflect.deleteProperty(raw, String(i));
  }
  return proxy;
}

function fill(raw: unknown[], proxy: unknown[], args: unknown[], membrane: Recorder): unknown[] {
  replaceWhole(raw, membrane);
  Array.prototype.fill.call(raw, membrane.store(args[0], raw, 'fill'), args[1] as number, args[2] as number);
  return proxy;
}

function replaceWhole(raw: unknown[], membrane: Recorder): void {
  const log = membrane.writing(raw, 'length');
  log.push(REPLACE_ARRAY, raw, undefined, copyRange(raw, 0, raw.length));
  log.weigh(32 + raw.length * BYTES_PER_ELEMENT);
}

/** A plain array of the elements from `start` up to `end`, holes kept; slice would call a subclass's constructor. */
function copyRange(raw: readonly unknown[], start: number, end: number): unknown[] {
  const copy: unknown[] = new Array(end - start);
  for (let i = start; i < end; i++) if (i in raw) copy[i - start] = raw[i];
  return copy;
}

function wrapAll(values: readonly unknown[], holder: object, membrane: Recorder): unknown[] {
  const wrapped: unknown[] = new Array(values.length);
  values.forEach((value, index) => {
    wrapped[index] = membrane.wrap(value, holder, index);
  });
  return wrapped;
}

function toInteger(value: unknown): number {
  const number = Math.trunc(Number(value));
  return Number.isNaN(number) ? 0 : number;
}

function relative(value: unknown, length: number): number {
  const start = toInteger(value);
  return start < 0 ? Math.max(length + start, 0) : Math.min(start, length);
}

/** Traps for arrays. */
export function arrayTraps(membrane: Recorder): ProxyHandler<unknown[]> {
  const recorders = new Map<unknown, (this: unknown[], ...args: unknown[]) => unknown>();
  for (const [native, mutate] of MUTATORS) {
    recorders.set(native, function (this: unknown[], ...args) {
      const raw = membrane.unwrap(this) as unknown[];
      return raw === this ? (native as typeof mutate).apply(this, args as never) : mutate(raw, this, args, membrane);
    });
  }
  const shape = objectTraps(membrane)([]);
  const isAccessor = accessorsOfSubclasses();
  return {
    ...(shape as ProxyHandler<unknown[]>),
    get(target, key, receiver) {
      const plain = Object.getPrototypeOf(target) === Array.prototype;
      if (!plain && isAccessor(target, key)) return Reflect.get(target, key, receiver) as unknown;
      const value: unknown = target[key as unknown as number];
      if (typeof value === 'object') return key === '__proto__' ? value : membrane.wrap(value, target, key);
      if (typeof value !== 'function') return value;
      // A subclass's results are instances of it, and a sealed array may refuse midway: only the generic algorithms over
      // single elements get these right.
      return plain && Object.isExtensible(target) ? (recorders.get(value) ?? value) : value;
    },
    set(target, key, value, receiver) {
      if (membrane.unwrap(receiver) !== target || isAccessor(target, key))
        return Reflect.set(target, key, value, receiver);
      return setElement(target, key, value, membrane);
    },
    defineProperty(target, key, descriptor) {
      if (key === 'length') {
        if ('value' in descriptor) toLength(descriptor.value);
        if (descriptor.configurable === true || descriptor.enumerable === true || 'get' in descriptor) return false;
        if (descriptor.writable === false) refuseElement(target, key);
        return 'value' in descriptor ? setLength(target, descriptor.value, membrane) : true;
      }
      // As at admission; a snapshot does not look for hidden names among very many indices.
      const old = Object.prototype.hasOwnProperty.call(target, key);
      if (!(descriptor.writable ?? old) || (typeof key === 'string' && !(descriptor.enumerable ?? old)))
        refuseElement(target, key);
      const before = target.length;
      const done = defineProperty(target, key, descriptor, membrane);
      if (target.length !== before) membrane.log?.push(SET_LENGTH, target, undefined, before);
      return done;
    },
    deleteProperty: (target, key) => deleteElement(target, key, membrane),
    getOwnPropertyDescriptor: (target, key) => describeProperty(target, key, membrane),
  };
}

/** Tells accessors that subclasses of Array declare. */
function accessorsOfSubclasses(): (target: unknown[], key: string | symbol) => boolean {
  const known = new WeakMap<object, ReadonlySet<PropertyKey>>();
  return (target, key) => {
    const prototype = Object.getPrototypeOf(target) as object;
    if (prototype === Array.prototype) return false;
    let names = known.get(prototype);
    if (names === undefined) known.set(prototype, (names = accessorNames(prototype)));
    return names.has(key);
  };
}

function isIndex(key: string | symbol): boolean {
  return typeof key === 'string' && ARRAY_INDEX.test(key) && Number(key) <= MAX_INDEX;
}

function refuseElement(target: unknown[], key: string | symbol): never {
  throw new UnsupportedStateError(
    `${describe(target)}.${String(key)} would become read-only or hidden, which cannot be undone with whole-array methods. Freeze the array before you store it, or use an object.`,
  );
}

function setElement(target: unknown[], key: string | symbol, value: unknown, membrane: Recorder): boolean {
  if (key === 'length') return setLength(target, value, membrane);
  const log = membrane.writing(target, key);
  const stored = membrane.store(value, target, key);
  const fields = target as unknown as Record<PropertyKey, unknown>;
  if (Object.prototype.hasOwnProperty.call(target, key)) {
    log.push(SET_PROPERTY, target, key, fields[key]);
  } else {
    // Undone in reverse: first the element goes, then the length shrinks back.
    log.push(SET_LENGTH, target, undefined, target.length);
    recordAdded(target, key, log, membrane);
  }
  return write(target, key, stored, log);
}

function setLength(target: unknown[], value: unknown, membrane: Recorder): boolean {
  const log = membrane.writing(target, 'length');
  const length = toLength(value);
  const before = target.length;
  if (length < before) {
    if (!Object.isExtensible(target)) return shortenSealed(target, length, log);
    const out = copyRange(target, length, before);
    target.length = length;
    log.push(SPLICE, target, length, { out, added: 0 });
    log.weigh(96 + out.length * BYTES_PER_ELEMENT);
  } else {
    target.length = length;
    if (length > before) log.push(SET_LENGTH, target, undefined, before);
  }
  return true;
}

/** A sealed array gives up the holes at its end, but no element. */
function shortenSealed(target: unknown[], length: number, log: UndoLog): boolean {
  if (!Object.isSealed(target)) refuseShrinking(target, 'length');
  const before = target.length;
  const done = Reflect.set(target, 'length', length);
  if (target.length !== before) log.push(SET_LENGTH, target, undefined, before);
  return done;
}

/** What an array takes for its length. @throws RangeError, TypeError as an array would */
function toLength(value: unknown): number {
  if (typeof value === 'number' && value >= 0 && Number.isSafeInteger(value)) return value;
  const probe: unknown[] = [];
  probe.length = value as number;
  return probe.length;
}

function deleteElement(target: unknown[], key: string | symbol, membrane: Recorder): boolean {
  if (!isIndex(key)) return deleteProperty(target, key, membrane);
  const log = membrane.writing(target, key);
  if (!Object.prototype.hasOwnProperty.call(target, key)) return true;
  if (Object.isSealed(target)) return false;
  if (!Object.isExtensible(target)) refuseShrinking(target, key);
  log.push(SET_PROPERTY, target, key, target[Number(key)]);
  return Reflect.deleteProperty(target, key);
}
