import { withArticle } from '../article.js';
import { isPlatformClass, OF_ANOTHER_REALM, prototypeHere } from '../model/platform-class.js';
import { hiddenRemedy, hiddenStateOf } from '../model/hidden-state.js';
import { fieldsOfView, VIEW_PROTOTYPES } from './binary.js';
import type { SharedBytes } from './shared-bytes.js';

/** Refuses the value that is looked at. */
export type Refuse = (why: string, cause?: unknown) => never;

/**
 * A copy of one of JavaScript's own objects that arguments may hold beside collections: Date, RegExp, URL, bytes. `undefined` for
 * anything else; what is such an object, but would lose something, is refused.
 */
export function copyNative(value: object, prototype: object, bytes: SharedBytes, refuse: Refuse): object | undefined {
  if (value instanceof Date) return copyDate(value, prototype, refuse);
  if (ArrayBuffer.isView(value)) return checkView(value, prototype, bytes, refuse);
  if (prototype === ArrayBuffer.prototype) return checkBuffer(value as ArrayBuffer, bytes, refuse);
  if (prototype === RegExp.prototype) return copyRegExp(value as RegExp, refuse);
  if (typeof URL !== 'undefined' && prototype === URL.prototype) {
    refuseProperties(value, 0, refuse);
    return new URL((value as URL).href);
  }
  return undefined;
}

function copyDate(value: Date, prototype: object, refuse: Refuse): Date {
  if (prototype !== Date.prototype) refuse('a subclass of Date comes back as a Date');
  const time = Date.prototype.getTime.call(value);
  if (Number.isNaN(time)) refuse('it is an invalid Date, which would come back as null');
  refuseProperties(value, 0, refuse);
  return new Date(time);
}

function copyRegExp(value: RegExp, refuse: Refuse): RegExp {
  refuseProperties(value, 1, refuse);
  if (value.lastIndex !== 0) refuse('its lastIndex is not 0 and would be lost; pass new RegExp(expression)');
  return new RegExp(value.source, value.flags);
}

// Not copied: nobody can write to it before it is text.
function checkView(view: ArrayBufferView, prototype: object, bytes: SharedBytes, refuse: Refuse): ArrayBufferView {
  if (!VIEW_PROTOTYPES.has(prototype))
    refuse(whyElsewhere(prototype) ?? 'a subclass of a typed array comes back without its class');
  const { buffer } = view;
  if (tagOf(buffer) === 'SharedArrayBuffer') refuse('its memory is shared, which a copy would not be; pass a copy');
  if ((buffer as { resizable?: boolean }).resizable === true)
    refuse('its memory is resizable, which a copy would not be; pass a copy');
  if (fieldsOfView(view).length > 0) refuse('it has properties of its own, which would be lost');
  bytes.claim(view);
  return view;
}

function checkBuffer(buffer: ArrayBuffer, bytes: SharedBytes, refuse: Refuse): ArrayBuffer {
  refuseProperties(buffer, 0, refuse);
  if ((buffer as { resizable?: boolean }).resizable === true)
    refuse('it is resizable, which a copy would not be; pass buffer.slice(0)');
  // Throws for one that was transferred, whose bytes are gone.
  bytes.claim(new Uint8Array(buffer));
  return buffer;
}

function refuseProperties(value: object, own: number, refuse: Refuse): void {
  if (Reflect.ownKeys(value).length !== own) refuse('it has properties of its own, which would be lost');
}

/** Why an object of a class that the model does not name cannot be recorded. */
export function whyUnknown(value: object, prototype: object): string {
  const elsewhere = whyElsewhere(prototype);
  if (elsewhere !== undefined) return elsewhere;
  const name = nameOfClass(value);
  if (value instanceof Map || value instanceof Set) return 'a subclass of Map or Set comes back without its class';
  if (value instanceof Error)
    return 'an Error has a stack, which is of this machine; pass what it says: its name and message';
  if (BOXED.has(prototype)) return `it is a boxed ${name}; pass the primitive`;
  const type: unknown = (prototype as { constructor?: unknown }).constructor;
  if (typeof type !== 'function' || isPlatformClass(type))
    return `it is ${withArticle(name)}, whose data cannot be seen from outside; pass plain data`;
  const hidden = hiddenStateOf(prototype);
  if (hidden !== undefined)
    return `the class ${name} ${hidden.what}, which can be neither recorded nor restored. ${hiddenRemedy(name, hidden)} Or pass plain data`;
  return `the class ${name} is not known; name it in @Prevalent(name, { classes: { ${nameFor(name)}: ${name} } }), under "values" if it is not yours, or pass plain data`;
}

/** Why an object of another realm is refused; `undefined` for others. */
export function whyElsewhere(prototype: object | null): string | undefined {
  return prototypeHere(prototype) === undefined ? undefined : `it ${OF_ANOTHER_REALM}`;
}

/** Prototypes of objects around primitives: `Object(5)`. */
export const BOXED: ReadonlySet<object> = new Set(
  [String, Number, Boolean, Symbol, BigInt].map(({ prototype }) => prototype),
);

function nameFor(className: string): string {
  return className.charAt(0).toLowerCase() + className.slice(1);
}

/** How messages name the class of an object. */
export function nameOfClass(value: object): string {
  const type: unknown = (value as { constructor?: unknown }).constructor;
  const name = typeof type === 'function' && type !== Object ? type.name : '';
  return name === '' ? tagOf(value) : name;
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

const bases = new WeakMap<object, { name: string | undefined }>();

/** JavaScript's own class that a class extends, whose data is not in fields; `undefined` if it extends none. */
export function nativeBase(prototype: object): string | undefined {
  let known = bases.get(prototype);
  if (known === undefined) bases.set(prototype, (known = { name: findNativeBase(prototype) }));
  return known.name;
}

function findNativeBase(prototype: object): string | undefined {
  for (
    let at = Object.getPrototypeOf(prototype) as object | null;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    const type: unknown = (at as { constructor?: unknown }).constructor;
    if (typeof type === 'function' && isPlatformClass(type)) return type.name;
  }
  return undefined;
}
