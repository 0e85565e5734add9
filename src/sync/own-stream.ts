import { MasterFencedError, PrevalentError, StoreUnreachableError } from '../errors.js';
import { type Event, type StreamHeader, type StreamId, streamKey } from '../event/event.js';
import { LineWriter } from '../event/line-writer.js';
import type { Retirement } from '../protocol/frontier.js';
import type { Deletion } from '../protocol/shedding.js';
import type { Recording } from '../replica/recording.js';
import type { Replica } from '../replica/replica.js';
import { encodeFrontier, type Frontier, type Head } from '../store/frontier.js';
import { type CommitOptions, type Durability, GroupCommit, type LineSink } from '../store/group-commit.js';
import type { Journal, Recalled, Remembered, Store } from '../store/store.js';
import { reaching } from './reaching.js';

/** How calls are recorded. */
export interface OwnOptions {
  readonly durability: Durability;
  /** Told of each call that was recorded. */
  readonly recorded: () => void;
  /** As `Keeper.putBack`. */
  readonly putBack: (message: string, missing: number) => void;
}

/** The stream this master writes: its journal and what goes there. After a cut it is another one. */
export class OwnStream implements Recording {
  /** How messages name the store. */
  readonly location: string;
  readonly #store: Store;
  /** Told of each call that was recorded. */
  readonly recorded: () => void;
  readonly #replica: Replica;
  readonly #options: CommitOptions;
  #journal: Journal;
  #header: StreamHeader;
  #commit: GroupCommit;
  #writer: LineWriter;
  #key: string;

  constructor(store: Store, journal: Journal, replica: Replica, { durability, recorded, putBack }: OwnOptions) {
    this.location = store.location;
    this.#store = store;
    this.recorded = recorded;
    this.#replica = replica;
    this.#options = { durability, pause: store.pause, onFailure: (failure) => this.#refused(failure) };
    this.#journal = journal;
    this.#header = journal.header;
    this.#key = streamKey(journal.header);
    this.#writer = this.#writerOf(journal.header);
    this.#commit = new GroupCommit(journal, journal.head, this.#options);
    journal.keep?.({ recall: (header, after, upTo) => this.#recall(header, after, upTo), putBack });
  }

  /** The journal that is there now; while a stream is being begun, that of the one before. */
  get journal(): Journal {
    return this.#journal;
  }

  get header(): StreamHeader {
    return this.#header;
  }

  /** The stream's key, `master@epoch`. */
  get key(): string {
    return this.#key;
  }

  /** Last event that was handed over. */
  get last(): Head | undefined {
    return this.#commit.last;
  }

  /** Last event that is on disk. */
  get durable(): Head | undefined {
    return this.#commit.durable;
  }

  /** Why nothing more can be written; `undefined` while it can. */
  get failure(): PrevalentError | undefined {
    return this.#commit.failure;
  }

  get busy(): PrevalentError | undefined {
    return this.#commit.busy;
  }

  /** Takes a call. Errors as `GroupCommit.add`. */
  record(event: Event, args: string | undefined, meta: string): void {
    this.#writer.write(this.#commit.lines, event, args, meta);
    this.#commit.add(event);
  }

  /** Resolves when everything recorded so far is durable. Errors as `GroupCommit.settle`. */
  settle(): Promise<void> {
    return this.#commit.settle();
  }

  /** As `settle`, but rejects while the store cannot be reached. */
  flush(): Promise<void> {
    return this.#commit.flush();
  }

  /** As `GroupCommit.room`. */
  room(): Promise<void> | undefined {
    return this.#commit.room();
  }

  /** Releases the journal. */
  close(): Promise<void> {
    return this.#journal.close();
  }

  /** Waits no longer for a store that cannot be reached. As `GroupCommit.giveUp`. */
  giveUp(): void {
    this.#commit.giveUp();
  }

  /** Errors of the store get a code and a remedy; once another process writes the stream, nothing more is written here. */
  reaching<T>(work: () => Promise<T>): Promise<T> {
    return reaching(this.#store, work).catch((error: unknown) => {
      if (error instanceof MasterFencedError) this.#commit.fence(error);
      throw error;
    });
  }

  /** Publishes the frontier of this stream. @param deletable how many events a published snapshot stands in for */
  async publish(frontier: Frontier, deletable: number): Promise<void> {
    const seen = Object.keys(frontier.seen).sort();
    const remembered: Remembered = { head: frontier.head, seal: frontier.seal, seen, deletable };
    await this.#journal.publish(encodeFrontier(frontier, this.#store.crc32), remembered);
  }

  /**
   * Goes on with another stream. Calls are recorded there when this returns; header and first events are its first batch, and those who wait
   * for calls of the old stream wait for it.
   *
   * @returns the journal that was left, to be closed, once its successor is there and durable; rejects with what the store refuses, as `GroupCommit.settle`
   */
  async succeed(header: StreamHeader, events: readonly Event[]): Promise<Journal> {
    const [before, commit] = [this.#journal, this.#commit];
    const newborn = new NewbornJournal(async (text) => {
      // A batch of the old stream that is on its way must not come after its successor.
      await left;
      return (this.#journal = await before.succeed(header, text));
    });
    this.#header = header;
    this.#key = streamKey(header);
    this.#writer = this.#writerOf(header);
    this.#commit = new GroupCommit(newborn, undefined, this.#options);
    for (const event of events) this.record(event, JSON.stringify(event.args), JSON.stringify(event.meta));
    const left = commit.handOver(this.#commit);
    await this.#commit.settle();
    return before;
  }

  /** Publishes an earlier stream of this master anew. */
  async retire({ stream, frontier }: Retirement): Promise<void> {
    await this.#journal.retire(stream, encodeFrontier(frontier, this.#store.crc32));
  }

  /** Bytes that deleting a stream of this master would free. */
  deletableStream(stream: StreamId): Promise<number> {
    return this.#journal.deletableStream(stream);
  }

  /** Bytes that deleting events of one would free. */
  deletableEvents(stream: StreamId, upTo: number): Promise<number> {
    return this.#journal.deletableEvents(stream, upTo);
  }

  /** Bytes that this stream takes. */
  size(): ReturnType<Journal['size']> {
    return this.#journal.size();
  }

  /** Makes sure that what was written is still in its place. Errors as `Journal.hold`. */
  hold(): void {
    this.#journal.hold?.();
  }

  /** Rejects with the file and the place, if the store can tell where this stream is damaged. */
  check(): Promise<void> {
    return this.#journal.check();
  }

  /** Ends the segment that is written to. */
  rotate(): Promise<void> {
    return this.#journal.rotate();
  }

  /** Deletes something of the streams of this master. Gives the bytes freed. */
  delete(deletion: Deletion): Promise<number> {
    return deletion.kind === 'stream'
      ? this.#journal.deleteStream(deletion.stream)
      : this.#journal.deleteEvents(deletion.stream, deletion.upTo);
  }

  /** The store refused calls: they are taken back, and no more are taken. */
  #refused(failure: PrevalentError): void {
    // Refused first: a subscriber that hears of the loss may call.
    this.#replica.refuse(failure);
    const lost = this.#replica.dropAfter(this.durable?.seq ?? 0);
    if (lost.length > 0) this.#replica.notifier.tell('error', failure);
  }

  /** Events after `after` up to `upTo` of a stream, from the first of these on without a gap; none if the last is not among them. */
  #recall(header: StreamHeader, after: number, upTo: number): Recalled[] {
    const key = streamKey(header);
    const events = this.#replica.timeline.entries
      .map(({ event }) => event)
      .filter((event) => event.seq > after && event.seq <= upTo && streamKey(event) === key);
    const first = events[0]?.seq ?? 0;
    if (events.at(-1)?.seq !== upTo || events.some(({ seq }, index) => seq !== first + index)) return [];
    const writer = this.#writerOf(header);
    const lineOf = (event: Event): string => writer.line(event, JSON.stringify(event.args), JSON.stringify(event.meta));
    return events.map((event) => ({ id: event.id, line: lineOf(event) }));
  }

  #writerOf(header: StreamHeader): LineWriter {
    return new LineWriter(header, header.model, this.#store.crc32);
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
