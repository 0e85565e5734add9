/** Lines are put into a piece of memory of this size; what does not fit is kept as text. */
const PIECE_BYTES = 64 * 1024;
/** A buffer that holds little takes little memory: many masters have one each. */
const FIRST_BYTES = 1024;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Lines that wait to be written, as UTF-8: making a text of each and joining these takes longer than all else that is done to them.
 *
 * Invariant: before `length` there are whole lines, each with its line feed.
 */
export class LineBuffer {
  /** Where lines are put, from `length` on, in the room that `reserve` has made. */
  bytes = new Uint8Array(FIRST_BYTES);
  /** How much of `bytes` is taken. */
  length = 0;
  /** What stands before the bytes. */
  #texts: string[] = [];
  #sizeOfTexts = 0;

  /** How much waits: bytes, and characters of long lines. */
  get size(): number {
    return this.#sizeOfTexts + this.length;
  }

  /** Makes room for a line of so many bytes; gives whether it fits into a piece. */
  reserve(most: number): boolean {
    if (this.bytes.length - this.length >= most) return true;
    if (most > PIECE_BYTES) return false;
    if (this.bytes.length < PIECE_BYTES) {
      const larger = new Uint8Array(Math.min(PIECE_BYTES, Math.max(4 * this.bytes.length, this.length + most)));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    if (this.bytes.length - this.length < most) this.#setAside();
    return true;
  }

  /** Puts a line that is a text already, without its line feed. */
  put(line: string): void {
    this.#setAside();
    this.#texts.push(line, '\n');
    this.#sizeOfTexts += line.length + 1;
  }

  /** Takes everything out, as one text. */
  take(): string {
    this.#setAside();
    const text = this.#texts.length === 1 ? (this.#texts[0] as string) : this.#texts.join('');
    this.clear();
    return text;
  }

  /** Forgets everything. */
  clear(): void {
    this.length = 0;
    this.#texts = [];
    this.#sizeOfTexts = 0;
  }

  #setAside(): void {
    if (this.length === 0) return;
    this.#texts.push(decoder.decode(this.bytes.subarray(0, this.length)));
    this.#sizeOfTexts += this.length;
    this.length = 0;
  }
}
