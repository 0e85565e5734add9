import { UnsupportedStateError } from '../errors.js';
import { ledger } from './ledger.js';

/**
 * Finds a Proxy that an application made itself, or one of its libraries. What its traps give is code: nothing of it is in a
 * snapshot, and the object behind it can be changed unseen. Decision 0033 says what is known where.
 */

type Test = (value: object) => boolean;

let platform: Test | undefined;
let test: Test = () => false;

/** From now on this tells what is a Proxy. Called once, by the entry point of a platform that can tell. */
export function useProxyTest(own: Test): void {
  platform = test = own;
}

/** Tells whether an object is a Proxy that is no guard of a model. Without a test of the platform, none is found. */
export function isForeignProxy(value: object): boolean {
  return test(value) && !ledger.guards.has(value);
}

/** Runs `run`; where the platform has no test of its own, objects are probed meanwhile, which makes them slow. */
export function probingForProxies<T>(run: () => T): T {
  if (platform !== undefined) return run();
  const before = test;
  test = isProbedProxy;
  try {
    return run();
  } finally {
    test = before;
  }
}

/**
 * No object can become its own ancestor, and the language looks for that no further than to the first Proxy. So a Proxy that leaves
 * `setPrototypeOf` alone takes for its prototype an object that inherits from it, and one that refuses says so by throwing. Not found
 * are a Proxy of an object that takes no new fields, and one whose trap answers like an ordinary object.
 */
export function isProbedProxy(value: object): boolean {
  try {
    const before = Reflect.getPrototypeOf(value);
    if (!Reflect.setPrototypeOf(value, Object.create(value) as object)) return false;
    Reflect.setPrototypeOf(value, before);
  } catch {
    // A trap threw, or the Proxy was revoked: an ordinary object does neither.
  }
  return true;
}

/** @throws UnsupportedStateError (`UNSUPPORTED_STATE`) for a Proxy that is no guard of a model */
export function refuseProxy(value: object, place: () => string): void {
  if (isForeignProxy(value))
    throw new UnsupportedStateError(
      `${place()} would hold a Proxy, whose traps are code, and the object behind it could change unseen. Store that object, or a copy: toRaw(x) in Vue, toJS(x) in MobX, current(draft) or the result of produce() in immer, copyOf(x) of a plain object or array.`,
    );
}
