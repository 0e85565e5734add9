import { UnsupportedStateError } from '../errors.js';
import { describe, type PlaceOf, type Recorder } from './recorder.js';
import type { TakenStack } from './taken-stack.js';

/**
 * The stack of an error names files and lines of one machine, and engines keep it in different ways. So an error of a state has
 * none: it is taken out where the error enters the state, by a call as at a start, and cannot be put there again. What asks for it
 * hears the same behind the guard and on the raw object, live, after a replay, and in a state from a snapshot.
 */

/**
 * Takes the stack out of an object that enters a state, if it is an error that has one.
 *
 * @throws UnsupportedStateError (`UNSUPPORTED_STATE`) for an error that is closed, so that its stack cannot be taken out and put back
 */
export function takeStack(object: object, place: PlaceOf): TakenStack | undefined {
  if (!(object instanceof Error)) return undefined;
  const keys = Reflect.ownKeys(object);
  const at = keys.indexOf('stack');
  if (at < 0) return undefined;
  const field = Object.getOwnPropertyDescriptor(object, 'stack') as PropertyDescriptor;
  dropStack(object, place);
  return { field, later: keys.slice(at + 1) };
}

/**
 * As `takeStack`, where nothing is ever taken back.
 *
 * @throws UnsupportedStateError (`UNSUPPORTED_STATE`)
 */
export function dropStack(object: object, place: PlaceOf): void {
  if (!(object instanceof Error) || !Object.prototype.hasOwnProperty.call(object, 'stack')) return;
  if (!Object.isExtensible(object) || !Reflect.deleteProperty(object, 'stack')) refuseClosed(object, place);
}

/** A new error without a stack: it would tell of this place. */
export function bareError(): Error {
  const error = new Error();
  Reflect.deleteProperty(error, 'stack');
  return error;
}

/** A field of an object as a copy gets it: newer engines give an error its stack by an accessor, which would tell of the copy. */
export function fieldForCopy(object: object, key: PropertyKey): PropertyDescriptor | undefined {
  const field = Object.getOwnPropertyDescriptor(object, key);
  if (key !== 'stack' || field === undefined || 'value' in field || !(object instanceof Error)) return field;
  return { value: object.stack, writable: true, enumerable: false, configurable: true };
}

/** Traps for stored errors. Object.prototype.toString takes what is behind a Proxy for any object, unless it is told. */
export function forErrors(traps: ProxyHandler<object>, membrane: Recorder): ProxyHandler<object> {
  return {
    ...traps,
    get(target, key, receiver) {
      if (key === 'stack') {
        refuseReading(target, membrane);
        return undefined;
      }
      const value: unknown = traps.get?.(target, key, receiver);
      return value === undefined && key === Symbol.toStringTag ? 'Error' : value;
    },
    // Some engines have it on the prototype.
    has: (target, key) => key !== 'stack' && Reflect.has(target, key),
    set(target, key, value, receiver) {
      if (key === 'stack') refuseWriting(target, membrane);
      return traps.set?.(target, key, value, receiver) ?? Reflect.set(target, key, value, receiver);
    },
    defineProperty(target, key, descriptor) {
      if (key === 'stack') refuseWriting(target, membrane);
      return traps.defineProperty?.(target, key, descriptor) ?? Reflect.defineProperty(target, key, descriptor);
    },
  };
}

/** In a transaction the text was expected; nobody means to store `undefined` for it. */
function refuseReading(target: object, membrane: Recorder): void {
  if (membrane.log === undefined) return;
  throw new UnsupportedStateError(
    `The stack of a stored ${describe(target)} was read in a transaction; it is of one machine, so that an error of a state has none. Read its name, message and cause, or store the text you need: String(error).`,
  );
}

function refuseWriting(target: object, membrane: Recorder): void {
  membrane.writing(target, 'stack');
  throw new UnsupportedStateError(
    `${describe(target)}.stack of a stored error was written; a stack is of one machine, so that an error of a state has none. Keep the text in a field of another name.`,
  );
}

function refuseClosed(error: object, place: PlaceOf): never {
  throw new UnsupportedStateError(
    `${place()} would hold ${Object.isFrozen(error) ? 'a frozen' : 'a closed'} ${describe(error)} with its stack, which is of one machine and cannot be taken out of it. Take it out first: delete error.stack, then Object.freeze(error).`,
  );
}
