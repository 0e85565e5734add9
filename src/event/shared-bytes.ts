/** Tells whether binary data shares bytes with other binary data. */
export function overlap(one: ArrayBufferView | ArrayBuffer, other: ArrayBufferView | ArrayBuffer): boolean {
  const [buffer, from, to] = stretchOf(one);
  const [otherBuffer, otherFrom, otherTo] = stretchOf(other);
  return buffer === otherBuffer && from < otherTo && otherFrom < to;
}

function stretchOf(data: ArrayBufferView | ArrayBuffer): [ArrayBufferLike, number, number] {
  return ArrayBuffer.isView(data)
    ? [data.buffer, data.byteOffset, data.byteOffset + data.byteLength]
    : [data, 0, data.byteLength];
}

/** Sees to it that no two pieces of binary data share bytes: brought back, each would have its own. */
export class SharedBytes {
  readonly #byBuffer = new Map<ArrayBufferLike, (ArrayBufferView | ArrayBuffer)[]>();
  readonly #refuse: (data: ArrayBufferView | ArrayBuffer) => never;

  /** @param refuse told of what shares bytes with earlier data */
  constructor(refuse: (data: ArrayBufferView | ArrayBuffer) => never) {
    this.#refuse = refuse;
  }

  /** Notes a view or a buffer. @throws what `refuse` throws if it shares bytes with an earlier one */
  claim(data: ArrayBufferView | ArrayBuffer): void {
    const buffer = ArrayBuffer.isView(data) ? data.buffer : data;
    const others = this.#byBuffer.get(buffer);
    if (others === undefined) {
      this.#byBuffer.set(buffer, [data]);
      return;
    }
    if (others.some((other) => overlap(other, data))) this.#refuse(data);
    others.push(data);
  }
}
