import { PrevalentError, StoreUnreachableError } from '../errors.js';
import type { LineSink } from '../store/group-commit.js';
import type { Journal } from '../store/store.js';

/** A stream that is not there before its first lines are: it begins with them. */
export class NewbornJournal implements LineSink {
  readonly #begin: (lines: string) => Promise<Journal>;
  #journal: Journal | undefined;
  /** It is being begun. */
  #birth: Promise<Journal> | undefined;

  constructor(begin: (lines: string) => Promise<Journal>) {
    this.#begin = begin;
  }

  get now(): LineSink['now'] {
    return this.#journal?.now;
  }

  async append(lines: string, firstSeq: number): Promise<void> {
    if (this.#birth === undefined) await this.#beginWith(lines);
    // It may have begun without them.
    else await (await this.#birth).append(lines, firstSeq);
  }

  /** Resolves when it is there, be it without a line. */
  async born(): Promise<void> {
    await (this.#birth ?? this.#beginWith(''));
  }

  async #beginWith(lines: string): Promise<void> {
    this.#birth = this.#begin(lines).catch((cause: unknown) => {
      this.#birth = undefined;
      return tryAgain(cause);
    });
    this.#journal = await this.#birth;
  }

  async cutBack(upTo: number): Promise<void> {
    // A stream that was not begun has nothing that could be cut.
    await this.#journal?.cutBack(upTo);
  }
}

// Nothing depends on the new stream before it is there, and its calls are safe in the one before: whatever keeps it from being begun may pass.
function tryAgain(cause: unknown): never {
  if (cause instanceof PrevalentError) throw cause;
  throw new StoreUnreachableError(
    `The stream in which this master goes on cannot be begun (${(cause as Error).message}). It is tried again; what was acknowledged is safe in the old journal.`,
    { cause },
  );
}
