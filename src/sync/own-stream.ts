import { PrevalentError, StoreUnreachableError } from '../errors.js';
import { type Event, type StreamHeader, streamKey } from '../event/envelope.js';
import { type CommitOptions, GroupCommit, type LineSink } from '../store/group-commit.js';
import type { Journal } from '../store/store.js';

/** The first line that a stream gets, with its event. */
export interface FirstLine {
  readonly line: string;
  readonly event: Event;
}

/** The stream this master writes: its journal and what goes there. After a cut it is another one. */
export class OwnStream {
  readonly #options: CommitOptions;
  #journal: Journal;
  #header: StreamHeader;
  #commit: GroupCommit;

  constructor(journal: Journal, options: CommitOptions) {
    this.#options = options;
    this.#journal = journal;
    this.#header = journal.header;
    this.#commit = new GroupCommit(journal, journal.head, options);
  }

  /** The journal that is there now; while a stream is being begun, that of the one before. */
  get journal(): Journal {
    return this.#journal;
  }

  get commit(): GroupCommit {
    return this.#commit;
  }

  get header(): StreamHeader {
    return this.#header;
  }

  /** The stream's key, `master@epoch`. */
  get key(): string {
    return streamKey(this.#header);
  }

  /**
   * Goes on with another stream. Calls are recorded there when this returns; header and first lines are its first batch, and those who wait
   * for calls of the old stream wait for it.
   *
   * @returns the journal that was left, to be closed, once its successor is there and durable; rejects with what the store refuses, as `GroupCommit.settle`
   */
  async succeed(header: StreamHeader, lines: readonly FirstLine[]): Promise<Journal> {
    const [left, commit] = [this.#journal, this.#commit];
    const newborn = new NewbornJournal(async (text) => {
      // A batch of the old stream that is on its way must not come after its successor.
      await retired;
      return (this.#journal = await left.succeed(header, text));
    });
    this.#header = header;
    this.#commit = new GroupCommit(newborn, undefined, this.#options);
    for (const { line, event } of lines) this.#commit.add(line, event);
    const retired = commit.retire(this.#commit);
    await this.#commit.settle();
    return left;
  }
}

/** A stream that is not there before its first lines are: it begins with them. */
class NewbornJournal implements LineSink {
  readonly #begin: (lines: string) => Promise<Journal>;
  #journal: Journal | undefined;

  constructor(begin: (lines: string) => Promise<Journal>) {
    this.#begin = begin;
  }

  get now(): LineSink['now'] {
    return this.#journal?.now;
  }

  async append(lines: string, firstSeq: number): Promise<void> {
    if (this.#journal !== undefined) await this.#journal.append(lines, firstSeq);
    else this.#journal = await this.#begin(lines).catch(tryAgain);
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
    `A seal was made without calls of this master, and the stream that takes them again cannot be begun (${(cause as Error).message}). It is tried again; the calls are safe in the old journal.`,
    { cause },
  );
}
