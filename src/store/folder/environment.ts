import { inspect, types } from 'node:util';
import { runInThisContext } from 'node:vm';
import { typedArrayOf } from '../../model/byte-ranges.js';

type Environment = Record<string, string | undefined>;

/** What a test sees may be a copy of the environment (Jest): only that of the process itself moves its clocks. */
export function processEnvironments(): readonly Environment[] {
  const { env } = runInThisContext('process') as { env: Environment };
  return env === process.env ? [env] : [env, process.env];
}

/** Tells a Proxy from an ordinary object, which the language itself does not. */
export const { isProxy } = types;

/** What an object is, whatever its prototype says; without `all` only the usual, because each question takes time. */
export function brandOf(object: object, all: boolean): string | undefined {
  if (types.isMap(object)) return 'Map';
  if (types.isSet(object)) return 'Set';
  if (!all) return undefined;
  if (types.isPromise(object)) return 'Promise';
  if (types.isDate(object)) return 'Date';
  if (types.isRegExp(object)) return 'RegExp';
  if (types.isNativeError(object)) return 'Error';
  if (types.isWeakMap(object)) return 'WeakMap';
  if (types.isWeakSet(object)) return 'WeakSet';
  if (types.isArrayBuffer(object)) return 'ArrayBuffer';
  if (types.isSharedArrayBuffer(object)) return 'SharedArrayBuffer';
  if (types.isGeneratorObject(object)) return 'Generator';
  if (types.isMapIterator(object)) return 'Map Iterator';
  if (types.isSetIterator(object)) return 'Set Iterator';
  if (types.isArgumentsObject(object)) return 'Arguments';
  if (types.isNumberObject(object)) return 'Number';
  if (types.isStringObject(object)) return 'String';
  if (types.isBooleanObject(object)) return 'Boolean';
  if (types.isSymbolObject(object)) return 'Symbol';
  if (types.isBigIntObject(object)) return 'BigInt';
  return undefined;
}

const BRIEFLY = { maxArrayLength: 0, depth: 0, showHidden: true, customInspect: false };

/** Tells whether a typed array has fields beside its elements, without naming each of these. */
export function hasFields(view: NodeJS.TypedArray): boolean {
  const Typed =
    (globalThis as unknown as Record<string, new (...args: unknown[]) => object>)[typedArrayOf(view) ?? ''] ??
    Uint8Array;
  const twin = new Typed(view.buffer, view.byteOffset, view.length);
  Object.setPrototypeOf(twin, Object.getPrototypeOf(view) as object);
  return inspect(view, BRIEFLY) !== inspect(twin, BRIEFLY);
}

/** The JavaScript engine of the process and its version, such as `v8 12.4`; `undefined` if it does not tell. */
export function processEngine(): string | undefined {
  const { v8, bun } = process.versions;
  // Bun names a V8 as well, and runs another engine.
  return bun === undefined ? `v8 ${v8.split('.', 2).join('.')}` : undefined;
}
