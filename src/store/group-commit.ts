import { NotDurableError, OutcomeUnknownError, type PrevalentError } from '../errors.js';
import type { Head, Journal } from './store.js';

/** When calls become durable: see `MasterOptions.durability`. */
export type Durability = 'group' | 'always' | 'none';

/** A full buffer is written and synced before the call that filled it returns: callers feel a slow disk. */
const BUFFER_CHARS = 8 * 1024 * 1024;

/** A single caller is not worth more than so much standing still. */
const ALONE_CHARS = 64 * 1024;

interface Waiter {
  readonly seq: number;
  readonly resolve: () => void;
  readonly reject: (error: PrevalentError) => void;
}

/**
 * Collects the lines of calls and writes them together: one write and one sync carry all that waited (group commit, as in
 * Gray & Reuter, "Transaction Processing", 1993). A caller who is alone is served at once, without a detour through another
 * thread; as soon as there are several, the event loop goes on while the disk works.
 */
export class GroupCommit {
  readonly #journal: Journal;
  readonly #durability: Durability;
  readonly #onFailure: (error: PrevalentError) => void;
  #buffer: string[] = [];
  #chars = 0;
  #bufferStart = 0;
  #last: Head | undefined;
  #durable: Head | undefined;
  /** Last event that was written at once while an earlier batch was on its way. */
  #overtaken: Head | undefined;
  /** Why the disk refused something; nothing more is written from here on, though it may not be told yet. */
  #refusal: { readonly cause: unknown } | undefined;
  #writing = false;
  #waiters: Waiter[] = [];
  /** Whether the last batch had at most one caller who waited. */
  #quiet = true;
  #failure: PrevalentError | undefined;
  #scheduled = false;
  #retired = false;

  constructor(journal: Journal, durability: Durability, onFailure: (error: PrevalentError) => void) {
    this.#journal = journal;
    this.#durability = durability;
    this.#onFailure = onFailure;
    this.#last = this.#durable = journal.head;
  }

  /** Last event that is on disk. */
  get durable(): Head | undefined {
    return this.#durable;
  }

  /** Last event that was handed over. */
  get last(): Head | undefined {
    return this.#last;
  }

  /** Why nothing more can be written. */
  get failure(): PrevalentError | undefined {
    return this.#failure;
  }

  /**
   * Takes the line of one event.
   *
   * @throws NotDurableError (`NOT_DURABLE`) or OutcomeUnknownError (`OUTCOME_UNKNOWN`) if it was to be written at once and could not
   */
  add(line: string, event: Head): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#buffer.length === 0) this.#bufferStart = event.seq;
    this.#buffer.push(line);
    this.#chars += line.length + 1;
    this.#last = { seq: event.seq, id: event.id };
    if (this.#durability === 'always' || this.#chars > BUFFER_CHARS) {
      const failure = this.#writeNow();
      if (failure !== undefined) throw failure;
    } else if (this.#durability === 'group') this.#schedule();
  }

  /** Resolves when everything handed over so far is on disk. Rejects with why it is not. */
  async settle(): Promise<void> {
    const { failure } = this;
    if (failure !== undefined) throw failure;
    const seq = this.#last?.seq ?? 0;
    if (seq <= (this.#durable?.seq ?? 0)) return;
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ seq, resolve, reject });
      this.#schedule();
    });
  }

  /** Everything handed over is durable elsewhere: those who wait are told so, and nothing more is written here. */
  retire(): void {
    this.#retired = true;
    this.#buffer = [];
    this.#chars = 0;
    this.#reached(this.#last);
  }

  // In a microtask, so that all calls of one turn of the event loop share one write.
  #schedule(): void {
    if (this.#scheduled || this.#writing) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      const soon = this.#isAlone() ? this.#journal.soon : undefined;
      if (soon === undefined) this.#begin();
      else soon(() => this.#begin());
    });
  }

  // Asked again after the turn: requests of many callers may come in one after the other.
  #begin(): void {
    this.#scheduled = false;
    if (this.#writing || this.#buffer.length === 0 || this.#refusal !== undefined) return;
    if (this.#isAlone()) this.#writeNow();
    else void this.#writeAll();
  }

  /** Whether exactly one caller waits, and waited alone the last time: then nobody is kept waiting by standing still. */
  #isAlone(): boolean {
    return this.#quiet && this.#waiters.length === 1 && this.#chars <= ALONE_CHARS && this.#journal.soon !== undefined;
  }

  // Ends in the turn in which it finds nothing left to write, so that nothing can be handed over unseen in between.
  async #writeAll(): Promise<void> {
    this.#writing = true;
    try {
      while (this.#buffer.length > 0 && this.#failure === undefined) {
        const { text, start, last } = this.#take();
        try {
          await this.#journal.append(text, start);
        } catch (error) {
          if (this.#retired) return;
          this.#refusal ??= { cause: error };
          await this.#takeBack(this.#refusal.cause);
          return;
        }
        if (this.#retired) return;
        this.#reached(this.#overtaken ?? last);
        this.#overtaken = undefined;
        // What was written at once meanwhile was refused; it can be taken back only now.
        if (this.#refusal !== undefined) {
          await this.#takeBack(this.#refusal.cause);
          return;
        }
        if (this.#durability === 'none' && this.#waiters.length === 0) return;
      }
    } finally {
      this.#writing = false;
    }
  }

  /** Writes what waits before it returns; gives why the disk refused, if it did and that can be told already. */
  #writeNow(): PrevalentError | undefined {
    if (this.#refusal !== undefined) return this.#failure;
    const { text, start, last } = this.#take();
    try {
      this.#journal.appendNow(text, start);
    } catch (cause) {
      this.#refusal = { cause };
      // Bytes that are still on their way would come after the cut.
      if (!this.#writing) this.#refuse(this.#takenBackNow(cause));
      return this.#failure;
    }
    // An earlier batch may still be on its way; what follows it is not durable before it is.
    if (this.#writing) this.#overtaken = last;
    else this.#reached(last);
    return undefined;
  }

  #take(): { text: string; start: number; last: Head | undefined } {
    // An empty line at the end makes the last line feed, without copying the text once more.
    this.#buffer.push('');
    const text = this.#buffer.join('\n');
    const start = this.#bufferStart;
    this.#buffer = [];
    this.#chars = 0;
    this.#quiet = this.#waiters.length <= 1;
    return { text, start, last: this.#last };
  }

  #reached(head: Head | undefined): void {
    this.#durable = head;
    const seq = head?.seq ?? 0;
    const reached = this.#waiters.filter((waiter) => waiter.seq <= seq);
    this.#waiters = this.#waiters.filter((waiter) => waiter.seq > seq);
    for (const waiter of reached) waiter.resolve();
  }

  async #takeBack(cause: unknown): Promise<void> {
    let failure: PrevalentError;
    try {
      await this.#journal.cutBack();
      failure = notDurable(cause);
    } catch (error) {
      failure = outcomeUnknown(new AggregateError([cause, error], reason(cause)));
    }
    this.#refuse(failure);
  }

  #takenBackNow(cause: unknown): PrevalentError {
    if (this.#journal.cutBackNow === undefined) return outcomeUnknown(cause);
    try {
      this.#journal.cutBackNow();
      return notDurable(cause);
    } catch (error) {
      return outcomeUnknown(new AggregateError([cause, error], reason(cause)));
    }
  }

  #refuse(failure: PrevalentError): void {
    this.#failure = failure;
    this.#buffer = [];
    const waiters = this.#waiters;
    this.#waiters = [];
    try {
      this.#onFailure(failure);
    } finally {
      this.#last = this.#durable;
      for (const waiter of waiters) waiter.reject(failure);
    }
  }
}

function notDurable(cause: unknown): NotDurableError {
  return new NotDurableError(
    `The disk refused calls (${reason(cause)}); they were undone. The master is read-only now; make room or repair the disk and open it again.`,
    { cause },
  );
}

function outcomeUnknown(cause: unknown): OutcomeUnknownError {
  return new OutcomeUnknownError(
    `The disk refused calls (${reason(cause)}) and could not take them back. They were undone in memory; open the master again to see which of them the disk kept.`,
    { cause },
  );
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
