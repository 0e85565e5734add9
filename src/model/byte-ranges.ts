/** Bytes: a view on memory, or memory itself. */
export type Bytes = ArrayBufferView | ArrayBufferLike;

/** Tells whether an object is bytes. */
export function isBytes(object: object): object is Bytes {
  return ArrayBuffer.isView(object) || object instanceof ArrayBuffer;
}

/** Tells whether bytes are the same memory in part. */
export function overlap(one: Bytes, other: Bytes): boolean {
  const [memory, from, to] = rangeOf(one);
  const [otherMemory, otherFrom, otherTo] = rangeOf(other);
  return memory === otherMemory && from < otherTo && otherFrom < to;
}

type Getter = (this: unknown) => unknown;

const typed = gettersOf(Object.getPrototypeOf(Uint8Array.prototype) as object);
const data = gettersOf(DataView.prototype);

function gettersOf(prototype: object): (key: PropertyKey) => Getter {
  const fields = Object.getOwnPropertyDescriptors(prototype) as Record<PropertyKey, { readonly get?: unknown }>;
  return (key) => fields[key]?.get as Getter;
}

const [typeOf, memoryOf, dataMemoryOf] = [typed(Symbol.toStringTag), typed('buffer'), data('buffer')];
const [startOf, lengthOf] = [typed('byteOffset'), typed('byteLength')];
const [dataStartOf, dataLengthOf] = [data('byteOffset'), data('byteLength')];

/** Name of the type of a typed array, whatever its prototype says; `undefined` for anything else. */
export function typedArrayOf(object: object): string | undefined {
  return typeOf.call(object) as string | undefined;
}

/** Where bytes lie, whatever the prototype of a view says. */
export function rangeOf(bytes: Bytes): [memory: ArrayBufferLike, from: number, to: number] {
  if (!ArrayBuffer.isView(bytes)) return [bytes, 0, bytes.byteLength];
  const isTyped = typedArrayOf(bytes) !== undefined;
  const memory = (isTyped ? memoryOf : dataMemoryOf).call(bytes) as ArrayBufferLike;
  // Where a DataView stood on memory that was transferred, engines do not tell.
  if (memory.byteLength === 0) return [memory, 0, 0];
  const from = (isTyped ? startOf : dataStartOf).call(bytes) as number;
  return [memory, from, from + ((isTyped ? lengthOf : dataLengthOf).call(bytes) as number)];
}

interface Range<T> {
  readonly from: number;
  readonly to: number;
  readonly known: T;
}

/**
 * What is known of bytes, whichever view shows them. Ranges, not whole memory: Node's small Buffers are neighbours in one pool, and
 * none of them ever gets bytes of another.
 */
export class ByteRanges<T> {
  /** Ranges that do not overlap, rising. */
  readonly #byMemory = new WeakMap<ArrayBufferLike, Range<T>[]>();

  /** What is known of any of these bytes, without repetition. */
  of(bytes: Bytes): ReadonlySet<T> {
    const known = new Set<T>();
    for (const range of this.#overlapping(bytes)) known.add(range.known);
    return known;
  }

  /** Tells whether anything is known of any of these bytes. */
  has(bytes: Bytes): boolean {
    return this.#overlapping(bytes).length > 0;
  }

  /** From now on this is known of these bytes, and of what was known together with any of them. */
  put(bytes: Bytes, known: T): void {
    const [memory, from, to] = rangeOf(bytes);
    if (from === to) return;
    const ranges = this.#byMemory.get(memory);
    if (ranges === undefined) {
      this.#byMemory.set(memory, [{ from, to, known }]);
      return;
    }
    const met = this.#overlapping(bytes);
    const start = Math.min(from, met[0]?.from ?? from);
    const end = Math.max(to, met.at(-1)?.to ?? to);
    ranges.splice(firstEndingAfter(ranges, start), met.length, { from: start, to: end, known });
  }

  #overlapping(bytes: Bytes): Range<T>[] {
    const [memory, from, to] = rangeOf(bytes);
    const ranges = this.#byMemory.get(memory);
    const met: Range<T>[] = [];
    if (ranges === undefined || from === to) return met;
    for (let i = firstEndingAfter(ranges, from); i < ranges.length && (ranges[i] as Range<T>).from < to; i++)
      met.push(ranges[i] as Range<T>);
    return met;
  }
}

/** Index of the first range that reaches beyond a place. */
function firstEndingAfter(ranges: readonly Range<unknown>[], place: number): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle] as Range<unknown>).to <= place) low = middle + 1;
    else high = middle;
  }
  return low;
}
