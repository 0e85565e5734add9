import { UnsupportedStateError } from '../errors.js';
import { describe } from './recorder.js';

/** Tells whether binary data shares bytes with a view. */
export function overlap(view: ArrayBufferView, other: ArrayBufferView | ArrayBuffer): boolean {
  if (other instanceof ArrayBuffer) return view.buffer === other;
  return (
    view.buffer === other.buffer &&
    view.byteOffset < other.byteOffset + other.byteLength &&
    other.byteOffset < view.byteOffset + view.byteLength
  );
}

/** Sees to it that no two views of a state share bytes: a snapshot would give each of them its own. */
export class SharedBytes {
  readonly #byBuffer = new Map<ArrayBufferLike, ArrayBufferView[]>();

  /** Notes a view. @throws UnsupportedStateError (`UNSUPPORTED_STATE`) if it shares bytes with an earlier one */
  claim(view: ArrayBufferView): void {
    const others = this.#byBuffer.get(view.buffer);
    if (others === undefined) {
      this.#byBuffer.set(view.buffer, [view]);
      return;
    }
    if (others.some((other) => overlap(other, view))) {
      throw new UnsupportedStateError(
        `The state would hold two views on the same bytes, a ${describe(view)} and another. Store one, or a copy: ${describe(view)}.from(view).`,
      );
    }
    others.push(view);
  }
}
