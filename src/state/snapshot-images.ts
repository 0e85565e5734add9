import { bytesOf } from '../event/binary.js';
import { NOTHING } from './snapshot-column.js';
import { emptyList, type FieldList, readFields } from './snapshot-fields.js';

/** One object as it was when the snapshot was begun. */
export interface Image {
  readonly fields: FieldList;
  /** Elements of an array (with its holes), members of a Set, keys of a Map. */
  readonly items: readonly unknown[];
  /** Values of a Map. */
  readonly values: readonly unknown[];
  /** Time of a Date. */
  readonly time: number;
}

/**
 * What objects were when the snapshot was begun, of those that were written since: an object is copied before its first write,
 * so that a snapshot of one moment can be taken in slices, between which transactions run, are undone and run again
 * (copy on write; System R's shadow pages, Lorie 1977).
 */
export class Images {
  readonly #objects = new Map<object, Image>();
  /** Views share buffers, so bytes are kept by these. */
  readonly #buffers = new Map<ArrayBufferLike, Uint8Array>();

  /** Keeps an object as it is now, unless it is kept already. */
  keep(object: object): void {
    if (ArrayBuffer.isView(object)) {
      if (!this.#buffers.has(object.buffer)) this.#buffers.set(object.buffer, new Uint8Array(object.buffer).slice());
    } else if (!this.#objects.has(object)) this.#objects.set(object, imageOf(object));
  }

  /** The object as it was; `undefined` if it is still the same. */
  of(object: object): Image | undefined {
    return this.#objects.size === 0 ? undefined : this.#objects.get(object);
  }

  /** Forgets an object that has been encoded. */
  forget(object: object): void {
    if (this.#objects.size > 0) this.#objects.delete(object);
  }

  /** The bytes of a view as they were. */
  bytes(view: ArrayBufferView): Uint8Array {
    const kept = this.#buffers.get(view.buffer);
    return kept === undefined ? bytesOf(view) : kept.subarray(view.byteOffset, view.byteOffset + view.byteLength);
  }
}

function imageOf(object: object): Image {
  const kind = Array.isArray(object) ? 'a' : object instanceof Error ? 'e' : 'o';
  const fields = readFields(object, kind, emptyList());
  const time = object instanceof Date ? Date.prototype.getTime.call(object) : 0;
  // A method of the array itself would run the constructor of a subclass.
  if (Array.isArray(object)) return { fields, items: ([] as unknown[]).concat(object), values: [], time };
  if (object instanceof Set) return { fields, items: [...Set.prototype.values.call(object)], values: [], time };
  if (object instanceof Map) {
    const items = [...Map.prototype.keys.call(object)] as unknown[];
    return { fields, items, values: [...Map.prototype.values.call(object)], time };
  }
  return { fields, items: [], values: [], time };
}

/** An element of an array, NOTHING where there is a hole. */
export function elementAt(array: readonly unknown[], index: number): unknown {
  const value = array[index];
  return value === undefined && !(index in array) ? NOTHING : value;
}
