import { UnsupportedStateError, WriteOutsideTransactionError } from '../errors.js';
import { describe, describePlace } from './recorder.js';

/** What to do where a library freezes stored objects, or new ones that hold stored ones. */
export const LEAVE_OPEN = 'tell libraries not to freeze what they are given: setAutoFreeze(false) in immer';

/** @throws UnsupportedStateError (`UNSUPPORTED_STATE`) for a root that cannot be guarded */
export function refuseRoot(root: object): void {
  if (Array.isArray(root) || root instanceof Map || root instanceof Set || root instanceof Date) {
    throw new UnsupportedStateError(
      `The model ${describe(root)} is itself a collection, which cannot be guarded. Keep the collection in a field of it.`,
    );
  }
  const fixed = Object.values(Object.getOwnPropertyDescriptors(root)).some(
    ({ configurable }) => configurable === false,
  );
  if (fixed || !Object.isExtensible(root)) {
    throw new UnsupportedStateError(
      `The model ${describe(root)} is frozen or sealed, or has a fixed field; its fields are the state. Freeze what they hold instead.`,
    );
  }
}

/** @throws WriteOutsideTransactionError (`WRITE_OUTSIDE_TRANSACTION`) always */
export function refuseWrite(target: object, key: unknown): never {
  throw new WriteOutsideTransactionError(
    `${describePlace(target, key)} was written outside a transaction; nothing was changed. Put the change into a @Transaction method of the model and call that.`,
  );
}

/** @throws UnsupportedStateError (`UNSUPPORTED_STATE`) always */
export function refuseBorrowed(target: object, key: unknown): never {
  throw new UnsupportedStateError(
    `${describePlace(target, key)} would hold a part of another stored typed array; the two would share their bytes on this machine only. Store a copy of it: Uint8Array.from(part).`,
  );
}

/** Refuses functions and local symbols. @throws UnsupportedStateError (`UNSUPPORTED_STATE`) */
export function checkPrimitive(value: unknown, target: object, key: unknown): void {
  if (typeof value === 'function') {
    throw new UnsupportedStateError(
      `${describePlace(target, key)} would hold a function; functions are code, not state. Store what it needs and make it a method.`,
    );
  }
  if (Symbol.keyFor(value as symbol) === undefined) {
    throw new UnsupportedStateError(
      `${describePlace(target, key)} would hold a symbol that Symbol.for("…") did not make. Use one that it made, or a string.`,
    );
  }
}
