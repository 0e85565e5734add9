/**
 * Running out of stack or memory depends on the machine: elsewhere the same call may go through. So on a replay it must not be
 * taken for a rejection, and a model's own error that only reads like it must not be taken for it.
 */

/** What engines say when the stack runs out. */
const STACK = /^(Maximum call stack size exceeded\.?|too much recursion)$/;
/** What they say when the system has no memory for a buffer. When there is none for objects, the process ends. */
const MEMORY = /^Array buffer allocation failed$/;

/** How many causes of causes are looked at. */
const DEPTH = 8;

function ownValue(object: object, key: PropertyKey): unknown {
  return Reflect.getOwnPropertyDescriptor(object, key)?.value as unknown;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function find(thrown: unknown, text: RegExp): object | undefined {
  try {
    for (let one = thrown, depth = 0; isObject(one) && depth < DEPTH; one = ownValue(one, 'cause'), depth++) {
      const prototype = Reflect.getPrototypeOf(one);
      const name = prototype === null ? undefined : ownValue(prototype, 'name');
      const message = ownValue(one, 'message');
      const isPlain = (name === 'RangeError' || name === 'InternalError') && ownValue(one, 'name') === undefined;
      if (isPlain && typeof message === 'string' && text.test(message)) return one;
    }
  } catch {
    // A Proxy that throws when it is looked at: no engine makes one.
  }
  return undefined;
}

/** The error, thrown or among the causes of what was thrown, that says the stack ran out. */
export function stackErrorIn(thrown: unknown): object | undefined {
  return find(thrown, STACK);
}

/** Enough to tell that what was refused was beyond any reason; the system backs it only when it is written to. */
const ROOM = 2 ** 32;

/** Tells whether a buffer was refused, to this call, by a system that has no room for a reasonable one either. */
export function isOutOfMemory(thrown: unknown): boolean {
  if (find(thrown, MEMORY) === undefined) return false;
  try {
    return new ArrayBuffer(ROOM).byteLength !== ROOM;
  } catch {
    return true;
  }
}

/** Runs `run`, and gives beside its result all range errors that code has made meanwhile; those of the engine are not among them. */
export function notingRangeErrors<T>(run: () => T): { result: T; made: WeakSet<object> } {
  const made = new WeakSet();
  const { RangeError: native } = globalThis;
  const noted = (error: object): object => {
    made.add(error);
    return error;
  };
  const noting: RangeErrorConstructor = new Proxy(native, {
    apply: (target, self, args) => noted(Reflect.apply(target, self, args) as object),
    construct: (target, args, newTarget) =>
      noted(Reflect.construct(target, args, newTarget === noting ? target : newTarget) as object),
  });
  const prototype = native.prototype as { constructor: unknown };
  globalThis.RangeError = noting;
  prototype.constructor = noting;
  try {
    return { result: run(), made };
  } finally {
    globalThis.RangeError = native;
    prototype.constructor = native;
  }
}
