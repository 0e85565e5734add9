import type { Head } from '../frontier.js';

/** The lines of one stream. They arrive as one text for many and are taken apart when somebody reads them. */
export class MemoryLines {
  readonly #lines: string[] = [];
  #arrived: { text: string; firstSeq: number }[] = [];
  /** How many events were deleted; they are the first ones. */
  #deleted = 0;
  /** Number of the event that comes next. */
  #next = 1;

  append(text: string, firstSeq: number): void {
    if (firstSeq > this.#next) throw new Error(`Events ${this.#next} to ${firstSeq - 1} were not appended`);
    this.#arrived.push({ text, firstSeq });
    this.#next = Math.max(this.#next, firstSeq + countLineFeeds(text));
  }

  /** Takes events after `upTo` out again. */
  cut(upTo: number): void {
    const lines = this.#all();
    lines.length = Math.max(0, Math.min(lines.length, upTo - this.#deleted));
    this.#next = this.#deleted + lines.length + 1;
  }

  /** Lines of the events after `after` up to `upTo`; none if the first of them is deleted. */
  between(after: number, upTo: number): string[] {
    const lines = this.#all();
    return after < this.#deleted ? [] : lines.slice(after - this.#deleted, Math.max(0, upTo - this.#deleted));
  }

  /** The last event. */
  head(): Head | undefined {
    const lines = this.#all();
    const last = lines[lines.length - 1];
    return last === undefined
      ? undefined
      : { seq: this.#deleted + lines.length, id: (JSON.parse(last) as { id: string }).id };
  }

  /** Characters of all lines. */
  size(): number {
    return charsOf(this.#all());
  }

  /** Characters of the lines that `delete` would delete. */
  deletable(upTo: number): number {
    return charsOf(this.#all().slice(0, this.#covered(upTo)));
  }

  /** Deletes events up to `upTo`; the newest one stays, so that the stream's end is known. Gives the characters freed. */
  delete(upTo: number): number {
    const gone = this.#all().splice(0, this.#covered(upTo));
    this.#deleted += gone.length;
    return charsOf(gone);
  }

  #covered(upTo: number): number {
    return Math.max(0, Math.min(upTo - this.#deleted, this.#all().length - 1));
  }

  #all(): string[] {
    for (const { text, firstSeq } of this.#arrived) {
      const lines = text.split('\n');
      lines.pop();
      // What was sent before is sent again after a lost answer.
      const known = this.#deleted + this.#lines.length + 1 - firstSeq;
      for (let i = known; i < lines.length; i++) this.#lines.push(lines[i] as string);
    }
    this.#arrived = [];
    return this.#lines;
  }
}

function countLineFeeds(text: string): number {
  let count = 0;
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) count++;
  return count;
}

function charsOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length + 1, 0);
}
