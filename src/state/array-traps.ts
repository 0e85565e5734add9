import { UnsupportedStateError } from '../errors.js';
import { Elements, overwrite, splice as spliceElements } from './elements.js';
import { isIndex } from './order.js';
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
import { REPLACE, SET_LENGTH, SET_PROPERTY, SPLICE, type UndoLog } from './undo-log.js';

type Mutator = (raw: unknown[], proxy: unknown[], args: unknown[], membrane: Recorder) => unknown;

const BYTES_PER_ELEMENT = 8;
const MAX_LENGTH = 2 ** 32 - 1;

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
  [Array.prototype.reverse, reverse],
  [Array.prototype.copyWithin, copyWithin],
  [Array.prototype.fill, fill],
]);

function keepLength(raw: unknown[], membrane: Recorder): undefined {
  membrane.writing(raw, 'length');
  return undefined;
}

function push(raw: unknown[], proxy: unknown[], args: unknown[], membrane: Recorder): number {
  // Beyond the greatest length it writes properties, and then throws: one by one, each with its record.
  if (raw.length + args.length > MAX_LENGTH) return Array.prototype.push.apply(proxy, args);
  const log = membrane.writing(raw, 'push');
  // All are checked before the first is pushed. In their own list, which is of this call alone.
  for (let i = 0; i < args.length; i++) args[i] = membrane.store(args[i], raw, raw.length + i);
  log.push(SET_LENGTH, raw, undefined, raw.length);
  for (let i = 0; i < args.length; i++) Array.prototype.push.call(raw, args[i]);
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
  if (raw.length - deleted + added.length > MAX_LENGTH) throw new RangeError('Invalid array length');
  const stored = added.map((value, index) => membrane.store(value, raw, start + index));
  const out = Elements.of(raw, start, start + deleted);
  log.push(SPLICE, raw, start, { out, added: stored.length });
  log.weigh(96 + out.values.length * BYTES_PER_ELEMENT);
  try {
    spliceElements(raw, start, deleted, new Elements(stored.length, stored));
  } catch (error) {
    // The stack ran out: nothing was changed.
    log.forget();
    throw error;
  }
  return wrapAll(out, start, raw, membrane).list();
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
  membrane.writing(raw, 'sort');
  const { length } = raw;
  const seen = wrapAll(Elements.of(raw, 0, length), 0, raw, membrane);
  const sorted = [...seen.values];
  Array.prototype.sort.call(sorted, args[0] as undefined);
  const values = sorted.map((value) => membrane.unwrap(value));
  // Holes go to the end.
  const at = seen.at === undefined ? undefined : [...values.keys()];
  replace(raw, 0, new Elements(length, values, at), membrane);
  return proxy;
}

function reverse(raw: unknown[], proxy: unknown[], _: unknown[], membrane: Recorder): unknown[] {
  replace(raw, 0, Elements.of(raw, 0, raw.length).reversed(), membrane);
  return proxy;
}

function copyWithin(raw: unknown[], proxy: unknown[], args: unknown[], membrane: Recorder): unknown[] {
  const { length } = raw;
  const to = relative(args[0], length);
  const from = relative(args[1], length);
  const end = args[2] === undefined ? length : relative(args[2], length);
  const count = Math.max(Math.min(end - from, length - to), 0);
  replace(raw, to, Elements.of(raw, from, from + count), membrane);
  return proxy;
}

function fill(raw: unknown[], proxy: unknown[], args: unknown[], membrane: Recorder): unknown[] {
  membrane.writing(raw, 'fill');
  const { length } = raw;
  const start = relative(args[1], length);
  const end = args[2] === undefined ? length : relative(args[2], length);
  const count = Math.max(end - start, 0);
  const value = count === 0 ? undefined : membrane.store(args[0], raw, start);
  replace(raw, start, new Elements(count, new Array<unknown>(count).fill(value)), membrane);
  return proxy;
}

/** Writes elements over others, and records those. */
function replace(raw: unknown[], start: number, elements: Elements, membrane: Recorder): void {
  const log = membrane.writing(raw, 'length');
  const end = start + elements.length;
  // A comparison may have taken elements away meanwhile.
  if (raw.length < end) log.push(SET_LENGTH, raw, undefined, raw.length);
  const was = Elements.of(raw, start, end);
  log.push(REPLACE, raw, start, was);
  log.weigh(32 + was.values.length * BYTES_PER_ELEMENT);
  overwrite(raw, start, elements);
}

function wrapAll(elements: Elements, start: number, holder: object, membrane: Recorder): Elements {
  return elements.map((value, distance) => membrane.wrap(value, holder, start + distance));
}

function toInteger(value: unknown): number {
  const number = Math.trunc(value as number);
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
    const out = Elements.of(target, length, before);
    log.push(SPLICE, target, length, { out, added: 0 });
    log.weigh(96 + out.values.length * BYTES_PER_ELEMENT);
  } else if (length > before) log.push(SET_LENGTH, target, undefined, before);
  target.length = length;
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
  if (typeof value === 'number' && value >= 0 && value <= MAX_LENGTH && Number.isInteger(value)) return value;
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
