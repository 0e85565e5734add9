import { UnsupportedStateError } from '../errors.js';
import type { Recorder } from './recorder.js';
import { objectTraps } from './object-traps.js';
import { refuseTag } from './refused-reads.js';
import { SET_PROPERTY } from './undo-log.js';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Methods that write `lastIndex` when the expression is global or sticky; the others leave it as it was. */
const WRITES: ReadonlySet<PropertyKey> = new Set<PropertyKey>(['exec', 'test', Symbol.match, Symbol.replace]);

/** Traps for RegExp: its methods need the real object, and some of them write `lastIndex`. */
export function regexpTraps(membrane: Recorder): ProxyHandler<RegExp> {
  const shape = objectTraps(membrane)({});
  return {
    ...(shape as ProxyHandler<RegExp>),
    get(target, key, receiver: unknown) {
      const value = Reflect.get(target, key, membrane.unwrap(receiver)) as unknown;
      if (key === Symbol.toStringTag) {
        refuseTag(target, membrane);
        // Without it Object.prototype.toString takes what is behind a Proxy for any object.
        return value ?? 'RegExp';
      }
      return typeof value === 'function' && isOwn(key, value) ? recorded(key, value as Method, membrane) : value;
    },
    set(target, key, value, receiver) {
      if (membrane.unwrap(receiver) !== target) return Reflect.set(target, key, value, receiver);
      // An object as lastIndex would be called, unguarded, whenever the expression runs.
      if (key !== 'lastIndex' || typeof value === 'object') refuseField(target, key, membrane);
      return shape.set?.(target, key, value, receiver) ?? false;
    },
    defineProperty(target, key, descriptor) {
      if (key !== 'lastIndex') refuseField(target, key, membrane);
      return shape.defineProperty?.(target, key, descriptor) ?? false;
    },
  };
}

/** Tells methods of expressions, which need the real object, from those of every object, which work on its guard. */
function isOwn(key: PropertyKey, method: unknown): boolean {
  return key !== 'constructor' && method !== (Object.prototype as unknown as Record<PropertyKey, unknown>)[key];
}

function refuseField(target: RegExp, key: PropertyKey, membrane: Recorder): never {
  membrane.writing(target, key);
  throw new UnsupportedStateError(
    `RegExp.${String(key)} cannot be stored: a RegExp keeps its pattern, flags and lastIndex only. Store the two in an object of your own.`,
  );
}

function recorded(key: PropertyKey, native: Method, membrane: Recorder): Method {
  return function (this: unknown, ...args) {
    const raw = membrane.unwrap(this) as RegExp;
    if (raw === this) return native.apply(this, args);
    if (key === 'compile') refuseField(raw, key, membrane);
    const before = raw.lastIndex;
    if (WRITES.has(key) && (raw.global || raw.sticky)) membrane.writing(raw, 'lastIndex');
    try {
      return native.apply(raw, args);
    } finally {
      // Also when it throws: a replacer may, after lastIndex was reset.
      if (raw.lastIndex !== before) membrane.log?.push(SET_PROPERTY, raw, 'lastIndex', before);
    }
  };
}
