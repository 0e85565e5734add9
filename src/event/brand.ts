import { typedArrayOf } from '../model/byte-ranges.js';
import { isPlatformClass } from '../model/platform-class.js';

/**
 * What an object is to the engine: the slots that it was made with. Its prototype says the same as long as nobody has changed that;
 * then methods fail or find nothing, and what goes by the prototype (a snapshot, a journal, a copy) loses what the slots hold.
 */

type Test = (object: object) => boolean;
type Method = (this: unknown, ...args: unknown[]) => unknown;

/** An object with nothing but properties. */
const PLAIN = 'Object';

/** Tells whether an object is a Map, whatever its prototype. */
export const isMap = answering(Map.prototype, 'has');
/** Tells whether an object is a Set, whatever its prototype. */
export const isSet = answering(Set.prototype, 'has');

/** Tests of what the language makes, by name. Not told are generators, which answer only by going on. */
const LANGUAGE: readonly (readonly [brand: string, test: Test])[] = [
  ['Map', isMap],
  ['Set', isSet],
  ['Promise', isPromise],
  ['Date', answering(Date.prototype, 'getTime')],
  ['RegExp', answering(RegExp.prototype, 'global')],
  ['Error', isError],
  ['WeakMap', answering(WeakMap.prototype, 'has')],
  ['WeakSet', answering(WeakSet.prototype, 'has')],
  ['WeakRef', answering(WeakRef.prototype, 'deref')],
  ['FinalizationRegistry', answering(FinalizationRegistry.prototype, 'unregister', [{}])],
  ['ArrayBuffer', answering(ArrayBuffer.prototype, 'byteLength')],
  ...classes('SharedArrayBuffer').map((type) => [type.name, answering(type.prototype, 'byteLength')] as const),
  ...[Number, String, Boolean, Symbol, BigInt].map(
    (type) => [type.name, answering(type.prototype as object, 'valueOf')] as const,
  ),
  ...[[].values(), new Map().keys(), new Set().keys(), ''[Symbol.iterator]()].map(
    (iterator) => [nameOf(iterator), answering(Object.getPrototypeOf(iterator) as object, 'next')] as const,
  ),
];

/** Tests of what platforms make; of all their classes, those whose objects are data. */
const PLATFORM: readonly (readonly [brand: string, test: Test])[] = [
  ...classes('URL').map((type) => [type.name, answering(type.prototype, 'href')] as const),
  ...classes('URLSearchParams').map((type) => [type.name, answering(type.prototype, 'toString')] as const),
  ...['Intl', 'Temporal'].flatMap((space) =>
    classesIn(space).flatMap(({ name, prototype }) =>
      ['resolvedOptions', 'calendarId', 'epochNanoseconds', 'nanoseconds', 'language', 'nanosecond']
        .filter((key) => key in prototype)
        .slice(0, 1)
        .map((key) => [`${space}.${name}`, answering(prototype, key)] as const),
    ),
  ),
];

const EVERYTHING = [...LANGUAGE, ...PLATFORM];

const TESTS: ReadonlyMap<string, Test> = new Map([
  ['Array', Array.isArray],
  ['DataView', (object) => ArrayBuffer.isView(object) && typedArrayOf(object) === undefined],
  ...LANGUAGE,
]);

/** What an object is, and what its prototype says. */
export interface Disguise {
  readonly is: string;
  readonly says: string;
}

/**
 * Finds an object that is not what its prototype says. Without `thoroughly` some that should be plain are not found: what the
 * platform makes (URL, Intl), and what has properties besides (of a promise, a WeakMap; without Node also of a Map or Set). A private
 * member of a program's class is never found: nobody but that class sees it.
 */
export function disguiseOf(object: object): Disguise | undefined {
  const says = saidBy(Object.getPrototypeOf(object) as object | null);
  return isWhat(object, says) ? undefined : { is: brandOf(object), says };
}

function isWhat(object: object, says: string): boolean {
  if (says === PLAIN) return isPlain(object);
  const test = TESTS.get(says);
  if (test !== undefined) return test(object);
  // Of other classes of the platform nothing is known here; they are in no state.
  return !TYPED.test(says) || typedArrayOf(object) === says;
}

const TYPED = /^(Ui|I)nt\d+(Clamped)?Array$|^Big(Ui|I)nt64Array$|^Float\d+Array$/;

/** Name of what an object is to the engine: `Map`, `Uint8Array`, `Error` for all errors; `Object` if it is nothing but its properties. */
export function brandOf(object: object): string {
  if (Array.isArray(object)) return 'Array';
  if (ArrayBuffer.isView(object)) return typedArrayOf(object) ?? 'DataView';
  const told = builtInTag(object) ?? askPlatform?.(object, true);
  if (told !== undefined) return told;
  if (askPlatform !== undefined && !isBare(object)) return PLAIN;
  for (const [brand, test] of EVERYTHING) if (test(object)) return brand;
  return PLAIN;
}

/** Tells what an object is, as far as the platform knows; not `all` is asked where time counts. */
type Ask = (object: object, all: boolean) => string | undefined;

let askPlatform: Ask | undefined;
let thorough = false;

/** From now on the platform is asked first what an object is. Called once, by the entry point of a platform that can tell. */
export function useBrands(ask: Ask): void {
  askPlatform = ask;
}

/** Runs `run`, in which plain objects are looked at from all sides. */
export function thoroughly<T>(run: () => T): T {
  const before = thorough;
  thorough = true;
  try {
    return run();
  } finally {
    thorough = before;
  }
}

// Every new object of a state is asked, so that what costs more is asked of few.
function isPlain(object: object): boolean {
  if (Array.isArray(object) || ArrayBuffer.isView(object) || builtInTag(object) !== undefined) return false;
  const bare = isBare(object);
  if (askPlatform !== undefined && askPlatform(object, bare || thorough) !== undefined) return false;
  if (!bare || (askPlatform !== undefined && !thorough)) return true;
  const tests = thorough ? EVERYTHING : LANGUAGE;
  return untraced(() => !tests.some(([, test]) => test(object)));
}

/** Most tests of a plain object fail by an error whose stack nobody reads. */
function untraced<T>(run: () => T): T {
  const { stackTraceLimit } = Error;
  if (!Reflect.set(Error, 'stackTraceLimit', 0)) return run();
  try {
    return run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Tells whether it has no properties. */
function isBare(object: object): boolean {
  // Mostly the first one is at hand.
  for (const key in object) if (Object.prototype.hasOwnProperty.call(object, key)) return false;
  return Reflect.ownKeys(object).length === 0;
}

/** What the engine tells of an object that has no tag of its own or of its class. */
function builtInTag(object: object): string | undefined {
  if (Symbol.toStringTag in object) return undefined;
  const name = nameOf(object);
  return name === PLAIN ? undefined : name;
}

function nameOf(object: object): string {
  return Object.prototype.toString.call(object).slice(8, -1);
}

const saidByPrototype = new WeakMap<object, string>();

/** What objects of a prototype should be: what the nearest class in the chain makes that is not a program's. */
function saidBy(prototype: object | null): string {
  if (prototype === null || prototype === Object.prototype) return PLAIN;
  let says = saidByPrototype.get(prototype);
  if (says === undefined) saidByPrototype.set(prototype, (says = findSaid(prototype)));
  return says;
}

function findSaid(prototype: object): string {
  const type: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  const name = typeof type === 'function' && isPlatformClass(type) ? type.name : '';
  if (name === 'Buffer') return 'Uint8Array';
  if (TESTS.has(name) || isTypedArray(prototype)) return name;
  const above = saidBy(Object.getPrototypeOf(prototype) as object | null);
  if (above !== PLAIN) return above;
  const tag: unknown = Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)?.value;
  if (typeof tag === 'string' && /Iterator|Generator/.test(tag)) return tag;
  return name === '' ? PLAIN : name;
}

function isTypedArray(prototype: object): boolean {
  return Object.prototype.hasOwnProperty.call(prototype, 'BYTES_PER_ELEMENT');
}

function isError(object: object): boolean {
  const { isError: native } = Error as { isError?: Test };
  if (native !== undefined) return native(object);
  const told = builtInTag(object) ?? askPlatform?.(object, true);
  // A class with a tag of its own says nothing here.
  return told === 'Error' || (told === undefined && object instanceof Error && Symbol.toStringTag in object);
}

/** Tells whether an object is a promise. It is asked when it is about to be refused: nothing asks without waiting, so its failure is nobody's. */
export function isPromise(object: object): boolean {
  try {
    then.call(object, ignore, ignore);
    return true;
  } catch {
    return false;
  }
}

const then = methodIn(Object.getOwnPropertyDescriptor(Promise.prototype, 'then'));

function ignore(): void {
  // A promise in a state is refused, whatever becomes of it.
}

/** A test by a method or getter that throws at whatever is something else. */
function answering(prototype: object, key: string, args: readonly unknown[] = []): Test {
  const field = Object.getOwnPropertyDescriptor(prototype, key);
  const ask = methodIn(field);
  return (object) => {
    try {
      Reflect.apply(ask, object, args);
      return true;
    } catch {
      return false;
    }
  };
}

function methodIn(field: { readonly get?: unknown; readonly value?: unknown } | undefined): Method {
  return (field?.get ?? field?.value) as Method;
}

interface Class {
  readonly name: string;
  readonly prototype: object;
}

/** Classes of the platform, as far as it has them. */
function classes(...names: string[]): Class[] {
  return names.flatMap((name) => {
    const type = (globalThis as Record<string, unknown>)[name];
    return typeof type === 'function' ? [type] : [];
  });
}

function classesIn(space: string): Class[] {
  const found = (globalThis as Record<string, unknown>)[space];
  if (typeof found !== 'object' || found === null) return [];
  return Object.values(Object.getOwnPropertyDescriptors(found)).flatMap(({ value }: PropertyDescriptor) =>
    typeof value === 'function' && typeof (value as { prototype?: unknown }).prototype === 'object'
      ? [value as Class]
      : [],
  );
}
