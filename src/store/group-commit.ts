import { LineBuffer } from '../event/line-buffer.js';
import {
  MasterFencedError,
  OutcomeUnknownError,
  type PrevalentError,
  StoreBehindError,
  StoreUnreachableError,
} from '../errors.js';
import { notDurable, outcomeUnknown, takenBackBy } from './refusal.js';
import type { Head, Journal } from './store.js';
import { Waiters } from './waiters.js';

/** When calls become durable: see `MasterOptions.durability`. */
export type Durability = 'group' | 'always' | 'none';

/** What a group commit writes to. */
export type LineSink = Pick<Journal, 'append' | 'cutBack' | 'now'>;

/** Bytes of lines. A full buffer is written before the call that filled it returns, or callers wait: they feel a slow disk. */
const FULL = 8 * 1024 * 1024;

/** Where callers do not wait, and the store cannot write before a call returns, so much is kept in memory at most. */
const MOST = 8 * FULL;

/** A single caller is not worth more than so much standing still. */
const ALONE = 64 * 1024;

/** How long (ms) to wait before a store that could not be reached is tried again: the first time, and at most. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 5_000;

/** What is written together. */
interface Batch {
  readonly text: string;
  readonly start: number;
  readonly last: Head | undefined;
}

/** How a group commit behaves, and whom it tells. */
export interface CommitOptions {
  readonly durability: Durability;
  /** Told once, when the store has refused calls for good. */
  readonly onFailure: (error: PrevalentError) => void;
  /** Waits so many ms, as `Store.pause`. */
  readonly pause: (ms: number) => Promise<void>;
}

/**
 * Collects the lines of calls and writes them together: one write and one sync carry all that waited (group commit, as in
 * Gray & Reuter, "Transaction Processing", 1993). A caller who is alone is served at once, without a detour through another
 * thread; as soon as there are several, the event loop goes on while the disk works. A store that cannot be reached is tried again
 * while callers wait; what it refuses for good is taken back.
 */
export class GroupCommit {
  readonly #sink: LineSink;
  readonly #options: CommitOptions;
  /** Where the line of an event is put before `add` is told of it. */
  readonly lines = new LineBuffer();
  /** The first event whose line is there. */
  #first = 0;
  /** Last event that was handed over, or something else with its number and id. */
  #last: Head | undefined;
  #durable: Head | undefined;
  /** Last event that was written at once while an earlier batch was on its way. */
  #overtaken: Head | undefined;
  /** Why the store refused something; nothing more is written from here on, though it may not be told yet. */
  #refusal: { readonly cause: unknown } | undefined;
  /** Ends when the write that is on its way has ended; `undefined` while there is none. */
  #writing: Promise<void> | undefined;
  readonly #waiters = new Waiters();
  /** Whether the last batch had at most one caller who waited. */
  #quiet = true;
  #failure: PrevalentError | undefined;
  /** Why the store cannot be reached just now; it is tried again. */
  #unreached: StoreUnreachableError | undefined;
  #scheduled = false;
  #isOver = false;

  /** @param head the last event that is durable already */
  constructor(sink: LineSink, head: Head | undefined, options: CommitOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#last = this.#durable = head;
  }

  /** Last event that is on disk. */
  get durable(): Head | undefined {
    return this.#durable;
  }

  /** Last event that was handed over. */
  get last(): Head | undefined {
    return this.#last && { seq: this.#last.seq, id: this.#last.id };
  }

  /** Why nothing more can be written. */
  get failure(): PrevalentError | undefined {
    return this.#failure;
  }

  /** Why no call may be run at this moment; nothing has happened to earlier ones. */
  get busy(): StoreBehindError | undefined {
    if (this.#sink.now !== undefined && this.#unreached === undefined) return undefined;
    if (this.#options.durability === 'always')
      return new StoreBehindError('Late calls are being written to a new stream; call again when sync() has ended.');
    if (this.lines.size <= MOST) return undefined;
    return new StoreBehindError(
      `${this.lines.size} bytes of calls wait for the store${this.#unreached === undefined ? '' : ` (${this.#unreached.message})`}. Await durable() before more calls.`,
    );
  }

  /**
   * Takes the line of one event, which was put into `lines`.
   *
   * @throws NotDurableError (`NOT_DURABLE`) or OutcomeUnknownError (`OUTCOME_UNKNOWN`) if it was to be written at once and could not
   */
  add(event: Head): void {
    if (this.#failure !== undefined) {
      this.lines.clear();
      throw this.#failure;
    }
    if (this.#first === 0) this.#first = event.seq;
    this.#last = event;
    const { durability } = this.#options;
    const isFull = this.lines.size > FULL;
    // Not while an earlier batch waits to be sent again: it must not come behind this one.
    if (this.#sink.now !== undefined && this.#unreached === undefined && (durability === 'always' || isFull)) {
      const failure = this.#writeNow();
      if (failure !== undefined) throw failure;
    } else if (durability !== 'none' || isFull) this.#schedule();
  }

  /** Resolves when everything handed over so far is on disk. Rejects with why it is not. */
  settle(): Promise<void> {
    return this.#reaching(false);
  }

  /** As `settle`, but rejects while the store cannot be reached: for work that is tried again later as a whole. */
  flush(): Promise<void> {
    return this.#reaching(true);
  }

  /** Resolves when a call may be added without filling memory; `undefined` if it may be at once, as while less than a buffer waits. */
  room(): Promise<void> | undefined {
    return this.lines.size > FULL && this.#sink.now === undefined ? this.settle() : undefined;
  }

  /**
   * Nothing more is written here: everything that is not durable is handed over to `heir`, and with it those who wait.
   *
   * @returns ends when a write that is on its way has ended
   */
  handOver(heir: GroupCommit): Promise<void> {
    this.#isOver = true;
    this.#empty();
    if (this.#waiters.count > 0) this.#waiters.follow(heir.settle());
    return this.#writing ?? Promise.resolve();
  }

  /** The store is not tried again: whoever still waits hears that the outcome is unknown. For the end of a master. */
  giveUp(): void {
    if (this.#unreached === undefined || this.#failure !== undefined) return;
    this.#isOver = true;
    this.#refuse(
      new OutcomeUnknownError(
        `The master was closed while its store could not be reached (${this.#unreached.message}). Open it again to see which of the last calls were stored.`,
        { cause: this.#unreached },
      ),
    );
  }

  /** Another process writes this stream now, as was found in another way than by writing. */
  fence(error: MasterFencedError): void {
    this.#refusal ??= { cause: error };
    if (this.#failure === undefined) this.#refuse(error);
  }

  async #reaching(isImpatient: boolean): Promise<void> {
    const failure = this.#failure ?? (isImpatient ? this.#unreached : undefined);
    if (failure !== undefined) throw failure;
    const seq = this.#last?.seq ?? 0;
    if (seq <= (this.#durable?.seq ?? 0)) return;
    const reached = this.#waiters.wait(seq, isImpatient);
    this.#schedule();
    await reached;
  }

  // In a microtask, so that all calls of one turn of the event loop share one write.
  #schedule(): void {
    if (this.#scheduled || this.#writing !== undefined) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      const now = this.#isAlone() ? this.#sink.now : undefined;
      if (now === undefined) this.#begin();
      else now.soon(() => this.#begin());
    });
  }

  // Asked again after the turn: requests of many callers may come in one after the other.
  #begin(): void {
    this.#scheduled = false;
    if (this.#writing !== undefined || this.#first === 0 || this.#refusal !== undefined) return;
    if (this.#isAlone()) this.#writeNow();
    else this.#writing = this.#writeAll();
  }

  /** Whether exactly one caller waits, and waited alone the last time: then nobody is kept waiting by standing still. */
  #isAlone(): boolean {
    return this.#quiet && this.#waiters.count === 1 && this.lines.size <= ALONE && this.#sink.now?.isQuick() === true;
  }

  // Ends in the turn in which it finds nothing left to write, so that nothing can be handed over unseen in between.
  /** @param first a batch to be sent again, before what waits */
  async #writeAll(first?: Batch): Promise<void> {
    try {
      for (let again = first; this.#hasMore(again); again = undefined) {
        const batch = again ?? this.#take();
        try {
          await this.#send(() => this.#sink.append(batch.text, batch.start));
        } catch (error) {
          if (!this.#isOver) await this.#takeBack(error);
          return;
        }
        if (this.#isOver) return;
        this.#reached(this.#overtaken ?? batch.last);
        this.#overtaken = undefined;
        // What was written at once meanwhile was refused; it can be taken back only now.
        if (this.#refusal !== undefined) {
          await this.#takeBack(this.#refusal.cause);
          return;
        }
        if (this.#options.durability === 'none' && this.#waiters.count === 0) return;
      }
    } finally {
      this.#writing = undefined;
    }
  }

  #hasMore(again: Batch | undefined): boolean {
    return (again !== undefined || this.#first !== 0) && this.#failure === undefined;
  }

  #canWait(): boolean {
    return this.#options.durability !== 'always';
  }

  /** Asks the store for something; while it cannot be reached, again and again, ever more slowly. */
  async #send(ask: () => Promise<void>): Promise<void> {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        await ask();
        this.#unreached = undefined;
        return;
      } catch (error) {
        if (!(error instanceof StoreUnreachableError) || this.#isOver) {
          // Before anything else runs: what is handed over from now on must not be written behind it.
          this.#refusal ??= { cause: error };
          throw error;
        }
        this.#wouldWait(error);
        await this.#options.pause(pause);
        // What is handed over to another stream, or given up, is not sent any more.
        if (this.#hasEnded()) throw error;
      }
    }
  }

  #hasEnded(): boolean {
    return this.#isOver;
  }

  #wouldWait(trouble: StoreUnreachableError): void {
    this.#unreached = trouble;
    this.#waiters.delayed(trouble);
  }

  /** Writes what waits before it returns; gives why the store refused, if it did and that can be told already. */
  #writeNow(): PrevalentError | undefined {
    const { now } = this.#sink;
    if (this.#refusal !== undefined || now === undefined) return this.#failure;
    const { text, start, last } = this.#take();
    try {
      now.append(text, start);
    } catch (cause) {
      // It is sent again as long as anybody may wait. Only a call that must be durable when it returns cannot.
      if (cause instanceof StoreUnreachableError && this.#writing === undefined && this.#canWait()) {
        this.#writing = this.#writeAll({ text, start, last });
        return undefined;
      }
      this.#refusal = { cause };
      // Bytes that are still on their way would come after the cut.
      if (this.#writing === undefined) this.#refuse(takenBackBy(() => now.cutBack(this.#durable?.seq ?? 0), cause));
      return this.#failure;
    }
    // An earlier batch may still be on its way; what follows it is not durable before it is.
    if (this.#writing !== undefined) this.#overtaken = last;
    else this.#reached(last);
    return undefined;
  }

  #take(): Batch {
    const batch = { text: this.lines.take(), start: this.#first, last: this.last };
    this.#first = 0;
    this.#quiet = this.#waiters.count <= 1;
    return batch;
  }

  #empty(): void {
    this.lines.clear();
    this.#first = 0;
  }

  #reached(head: Head | undefined): void {
    this.#durable = head;
    this.#waiters.reached(head?.seq ?? 0);
  }

  async #takeBack(cause: unknown): Promise<void> {
    if (this.#failure !== undefined) return;
    // Another process writes there now: nothing of it is this one's to cut.
    if (cause instanceof MasterFencedError) {
      this.#refuse(cause);
      return;
    }
    let failure: PrevalentError;
    try {
      await this.#send(() => this.#sink.cutBack(this.#durable?.seq ?? 0));
      failure = notDurable(cause);
    } catch (error) {
      // Given up, or handed over to another stream: whoever waited has heard, or follows that one.
      if (this.#hasEnded()) return;
      failure = outcomeUnknown(cause, error);
    }
    this.#refuse(failure);
  }

  #refuse(failure: PrevalentError): void {
    this.#failure = failure;
    this.#unreached = undefined;
    this.#empty();
    const tell = this.#waiters.ended(failure);
    try {
      this.#options.onFailure(failure);
    } finally {
      this.#last = this.#durable;
      tell();
    }
  }
}
