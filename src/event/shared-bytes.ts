import { type Bytes, ByteRanges } from '../model/byte-ranges.js';

/** Sees to it that no two pieces of binary data share bytes: brought back, each would have its own. */
export class SharedBytes {
  readonly #ranges = new ByteRanges<true>();
  readonly #refuse: (data: Bytes) => never;

  /** @param refuse told of what shares bytes with earlier data */
  constructor(refuse: (data: Bytes) => never) {
    this.#refuse = refuse;
  }

  /** Notes a view or a buffer. @throws what `refuse` throws if it shares bytes with an earlier one */
  claim(data: Bytes): void {
    if (this.#ranges.has(data)) this.#refuse(data);
    this.#ranges.put(data, true);
  }
}
