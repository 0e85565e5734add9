/** Classes of the platform whose instances are nothing but their properties. */
const TRANSPARENT: ReadonlySet<string> = new Set([
  'Object',
  'Array',
  'Error',
  'TypeError',
  'RangeError',
  'SyntaxError',
  'ReferenceError',
  'EvalError',
  'URIError',
  'AggregateError',
]);

/**
 * Name of the class of the platform that an object is an instance of, if that keeps something beside properties: Map, Date,
 * URL, Temporal.Instant, …; `undefined` for plain objects, arrays, errors and instances of the user's classes.
 */
export function platformClassOf(object: object): string | undefined {
  for (
    let prototype = Object.getPrototypeOf(object) as object | null;
    prototype !== null;
    prototype = Object.getPrototypeOf(prototype) as object | null
  ) {
    const type: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
    if (typeof type !== 'function' || TRANSPARENT.has(type.name)) continue;
    if (isPlatformClass(type)) return type.name;
  }
  return undefined;
}

/** Tells whether a class is JavaScript's or the platform's own (Map, URL, Buffer, …), not one of a program. */
export function isPlatformClass(type: { readonly name: string }): boolean {
  return (globalThis as Record<string, unknown>)[type.name] === type || isNative(type);
}

/** As `isPlatformClass`, without what a program may have put among the globals itself: that can be enumerated. */
export function isSurelyPlatformClass(type: { readonly name: string }): boolean {
  if (isNative(type)) return true;
  const field = Object.getOwnPropertyDescriptor(globalThis, type.name);
  return field?.enumerable === false && (globalThis as Record<string, unknown>)[type.name] === type;
}

function isNative(type: object): boolean {
  return /\{\s*\[native code\]\s*\}\s*$/.test(Function.prototype.toString.call(type));
}

/** Why an object is refused that `prototypeHere` knows, and what to do. */
export const OF_ANOTHER_REALM =
  'was made in another realm (a vm context, a frame; under Jest much of Node), whose built-in classes are not those of this one. Take a copy, which is made here: copyOf(value)';

/**
 * The prototype of this realm that stands for that of a built-in class of another realm: each has its own Object, Array, Map.
 * `undefined` for all other prototypes.
 */
export function prototypeHere(prototype: object | null): object | undefined {
  const type: unknown = prototype && Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof type !== 'function' || type.prototype !== prototype || !isNative(type)) return undefined;
  const own = (globalThis as Record<string, unknown>)[type.name];
  const here: unknown = typeof own === 'function' ? own.prototype : undefined;
  return typeof here === 'object' && here !== null && here !== prototype ? here : undefined;
}
