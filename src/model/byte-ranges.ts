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

function rangeOf(bytes: Bytes): [memory: ArrayBufferLike, from: number, to: number] {
  if (!ArrayBuffer.isView(bytes)) return [bytes, 0, bytes.byteLength];
  const { buffer } = bytes;
  // Where a view stood on memory that was transferred, engines do not tell.
  if (buffer.byteLength === 0) return [buffer, 0, 0];
  return [buffer, bytes.byteOffset, bytes.byteOffset + bytes.byteLength];
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
