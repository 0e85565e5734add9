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
