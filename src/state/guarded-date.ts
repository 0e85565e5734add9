import type { Recorder } from './recorder.js';
import { linkGuard, setDate } from './stored-date.js';
import { DATE_SET } from './undo-log.js';

/**
 * What a reader sees of a stored Date. No Proxy: `new Date(proxy)` would silently lose the milliseconds, and
 * `structuredClone`, `Intl` and others look for a real Date. It is a real Date of its own whose setters write the stored one,
 * and which follows the stored one.
 */

const prototypes = new WeakMap<Recorder, WeakMap<object, object>>();

/** A real Date whose setters are recorded in the membrane and change the stored `raw`. */
export function guardDate(raw: Date, membrane: Recorder): Date {
  const guard = new Date(raw.getTime());
  Object.setPrototypeOf(guard, guardedPrototype(Object.getPrototypeOf(raw) as object, membrane));
  linkGuard(raw, guard);
  return Object.preventExtensions(guard);
}

function guardedPrototype(prototype: object, membrane: Recorder): object {
  let known = prototypes.get(membrane);
  if (known === undefined) prototypes.set(membrane, (known = new WeakMap()));
  let guarded = known.get(prototype);
  if (guarded === undefined) {
    guarded = Object.create(prototype) as object;
    for (const name of Object.getOwnPropertyNames(Date.prototype)) {
      if (name.startsWith('set'))
        Object.defineProperty(guarded, name, { value: setter(name, membrane), writable: true, configurable: true });
    }
    known.set(prototype, guarded);
  }
  return guarded;
}

function setter(name: string, membrane: Recorder): (this: Date, ...args: number[]) => number {
  const native = (Date.prototype as unknown as Record<string, (...args: number[]) => number>)[name];
  return function (...args) {
    const raw = membrane.unwrap(this) as Date;
    const log = membrane.writing(raw, name);
    const before = raw.getTime();
    const after = native?.apply(raw, args) ?? NaN;
    if (!Object.is(before, after)) log.push(DATE_SET, raw, undefined, before);
    setDate(raw, after);
    return after;
  };
}
