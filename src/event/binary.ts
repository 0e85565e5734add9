import { type Bytes, rangeOf } from '../model/byte-ranges.js';

/** Binary data in arguments and snapshots: which types carry it, and how it becomes text. */

type ViewClass = new (buffer: ArrayBuffer) => ArrayBufferView;

interface BufferClass {
  readonly prototype: object;
  from(memory: ArrayBuffer): ArrayBufferView;
}

/** Node's Buffer; absent in browsers, whatever the types of Node say. */
const NodeBuffer = (globalThis as { Buffer?: BufferClass }).Buffer;

const VIEWS: readonly ViewClass[] = [
  ...[DataView, Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
  ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array],
];

/** Prototypes of every view on binary data, DataView and Buffer included. */
export const VIEW_PROTOTYPES: ReadonlySet<object> = new Set([
  ...VIEWS.map((type) => type.prototype as object),
  ...(NodeBuffer === undefined ? [] : [NodeBuffer.prototype]),
]);

type HasFields = (view: Uint8Array) => boolean;

/** Engines name each element as well, which takes long. Not found so are hidden fields of long arrays, and any of very long ones. */
let hasFields: HasFields = (view) =>
  Object.getOwnPropertySymbols(view).length > 0 ||
  (view.length <= VERY_LONG && Object.values(view).length > view.length);

/** From now on this tells whether a typed array has fields beside its elements. Called once, by the entry point of a platform. */
export function useFieldTest(own: HasFields): void {
  hasFields = own;
}

const LONG = 256;
const VERY_LONG = 2 ** 22;

/** Names of what was put on a view beside its elements. */
export function fieldsOfView(view: ArrayBufferView): (string | symbol)[] {
  const length = view instanceof DataView ? 0 : (view as Uint8Array).length;
  if (length > LONG && !hasFields(view as Uint8Array)) return [];
  return Reflect.ownKeys(view).slice(length);
}

/** The bytes a view or buffer covers. */
export function bytesOf(value: Bytes): Uint8Array {
  const [memory, from, to] = rangeOf(value);
  return new Uint8Array(memory, from, to - from);
}

/** A view of the named type on its own copy of bytes; `undefined` if there is no such type. */
export function viewOf(type: string, bytes: Uint8Array): ArrayBufferView | ArrayBuffer | undefined {
  return viewOn(type, bytes.slice().buffer);
}

/**
 * A view of the named type on so many zeros; `undefined` if there is no such type. Nothing is written to its memory, so that
 * engines take none of it from the machine until somebody does.
 *
 * @throws RangeError for a length that the type cannot have, or that no memory can be had for
 */
export function emptyViewOf(type: string, byteLength: number): ArrayBufferView | ArrayBuffer | undefined {
  return viewOn(type, new ArrayBuffer(byteLength));
}

function viewOn(type: string, own: ArrayBuffer): ArrayBufferView | ArrayBuffer | undefined {
  if (type === 'ArrayBuffer') return own;
  if (type === 'Buffer') return NodeBuffer?.from(own) ?? new Uint8Array(own);
  const View = VIEWS.find((view) => view.name === type);
  return View === undefined ? undefined : new View(own);
}

/** Bytes as base64. */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

/** The bytes of a base64 text. @throws DOMException if it is none */
export function fromBase64(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
