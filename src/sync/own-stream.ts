import { MasterFencedError, type PrevalentError } from '../errors.js';
import { type Event, type StreamHeader, type StreamId, streamKey } from '../event/event.js';
import { LineWriter } from '../event/line.js';
import type { Retirement } from '../protocol/frontier.js';
import type { Deletion } from '../protocol/shedding.js';
import { streamOf } from '../protocol/vector.js';
import type { Recording } from '../replica/recording.js';
import type { Replica } from '../replica/replica.js';
import { type CopyListing, encodeFrontier, type Frontier, type Head } from '../store/frontier.js';
import { type CommitOptions, type Durability, GroupCommit, type LineSink } from '../store/group-commit.js';
import type { CopyPlace, Journal, Recalled, Remembered, Store } from '../store/store.js';
import { NewbornJournal } from './newborn-journal.js';
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
  readonly #options: Omit<CommitOptions, 'onFailure'>;
  #journal: Journal;
  #header: StreamHeader;
  #commit: GroupCommit;
  /** Begins the stream that is written, until it is there. */
  #begin: (() => Promise<void>) | undefined;
  /** What the stream before still writes. */
  #leaving: GroupCommit | undefined;
  #writer: LineWriter;
  #key: string;

  constructor(store: Store, journal: Journal, replica: Replica, { durability, recorded, putBack }: OwnOptions) {
    this.location = store.location;
    this.#store = store;
    this.recorded = recorded;
    this.#replica = replica;
    this.#options = { durability, pause: store.pause };
    this.#journal = journal;
    this.#header = journal.header;
    this.#key = streamKey(journal.header);
    this.#writer = this.#writerOf(journal.header);
    this.#commit = this.#commitTo(journal, journal.head);
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
    return this.#commit.failure ?? this.#leaving?.failure;
  }

  get busy(): PrevalentError | undefined {
    return this.#commit.busy;
  }

  /** Takes a call. Errors as `GroupCommit.add`. */
  record(event: Event, args: string, meta: string): void {
    this.#commit.add(this.#writer.line(event, args, meta), event);
  }

  /** Resolves when everything recorded so far is durable. Errors as `GroupCommit.settle`. */
  settle(): Promise<void> {
    const [leaving, commit] = [this.#leaving, this.#commit];
    return leaving === undefined ? commit.settle() : leaving.settle().then(() => commit.settle());
  }

  /** As `settle`, but rejects while the store cannot be reached. */
  async flush(): Promise<void> {
    await this.#begin?.();
    await this.#commit.flush();
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
    // Nothing is told of a stream that is not there.
    await this.#begin?.();
    const remembered: Remembered = { head: frontier.head, seal: frontier.seal, seen, deletable };
    await this.#journal.publish(encodeFrontier(frontier, this.#store.crc32), remembered);
  }

  /**
   * Goes on with another stream. Calls are recorded there when this returns.
   *
   * @param events of the old stream that are issued again: with the header they are the first batch of the new one, and those who wait for calls
   * of the old stream wait for it. `undefined` if the old stream keeps what it was handed; the new one begins when that is durable
   * @returns the journal that was left, to be closed, once its successor is there and durable; rejects with what the store refuses, as `GroupCommit.settle`
   */
  async succeed(header: StreamHeader, events: readonly Event[] | undefined): Promise<Journal> {
    const [before, commit] = [this.#journal, this.#commit];
    const newborn = new NewbornJournal(async (text) => {
      // What the old stream is to hold must not come after its successor.
      await (events === undefined ? commit.flush() : left);
      this.#journal = await before.succeed(header, text);
      this.#begin = this.#leaving = undefined;
      return this.#journal;
    });
    // One that issues calls again begins with these, in one step.
    this.#begin = events === undefined ? () => newborn.born() : undefined;
    this.#leaving = events === undefined ? commit : undefined;
    this.#header = header;
    this.#key = streamKey(header);
    this.#writer = this.#writerOf(header);
    this.#commit = this.#commitTo(newborn, undefined);
    for (const event of events ?? []) this.record(event, JSON.stringify(event.args), JSON.stringify(event.meta));
    const left = events === undefined ? undefined : commit.handOver(this.#commit);
    if (events === undefined) await newborn.born();
    else await this.#commit.settle();
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

  /** Writes to the stream that is the own one now. */
  #commitTo(sink: LineSink, head: Head | undefined): GroupCommit {
    const key = this.#key;
    const onFailure = (failure: PrevalentError): void => this.#refused(failure, key, commit.durable);
    const commit: GroupCommit = new GroupCommit(sink, head, { ...this.#options, onFailure });
    return commit;
  }

  /** The store refused calls: they are taken back, and no more are taken. */
  #refused(failure: PrevalentError, key: string, durable: Head | undefined): void {
    // Refused first: a subscriber that hears of the loss may call.
    this.#replica.refuse(failure);
    const lost = this.#replica.dropAfter(durable?.seq ?? 0, key);
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
    return events.map((event) => ({ id: event.id, line: lineOf(writer, event) }));
  }

  /** Whether the store takes copies of events that are gone from the files of their masters. */
  get takesCopies(): boolean {
    return this.#store.copies?.write !== undefined;
  }

  /** Adds events to a copy of another stream: the same lines as their master wrote. */
  async copy(copy: CopyListing, events: readonly Event[]): Promise<void> {
    const [first] = events;
    if (first === undefined) return;
    const writer = new LineWriter(streamOf(copy.of), first.model, this.#store.crc32);
    const lines = events.map((event) => `${lineOf(writer, event)}\n`).join('');
    await this.#store.copies?.write?.(this.#placeOf(copy), first.seq, lines);
  }

  /** Removes one. */
  async dropCopy(copy: CopyListing): Promise<void> {
    await this.#store.copies?.drop?.(this.#placeOf(copy));
  }

  #placeOf({ of, name }: CopyListing): CopyPlace {
    return { by: this.#header.master, of: streamOf(of), name };
  }

  #writerOf(header: StreamHeader): LineWriter {
    return new LineWriter(header, header.model, this.#store.crc32);
  }
}

function lineOf(writer: LineWriter, event: Event): string {
  return writer.line(event, JSON.stringify(event.args), JSON.stringify(event.meta));
}
