import { JournalDamagedError, SnapshotDamagedError, StoreUnreachableError } from '../errors.js';
import { type StreamId, streamKey } from '../event/event.js';
import type { ParsedLine } from '../event/line.js';
import { LineReader } from '../event/line-reader.js';
import { offersOf } from '../protocol/frontier.js';
import type { Refused } from '../protocol/hold.js';
import {
  type Answers,
  type Heard,
  type Need,
  type Read,
  readKey,
  type Seen,
  type SnapshotRead,
} from '../protocol/seen.js';
import { decodeFrontier, type Frontier } from '../store/frontier.js';
import type { SnapshotListing, Store } from '../store/store.js';
import type { VersionVector } from '../timeline/timeline.js';
import type { OwnStream } from './own-stream.js';
import type { Snapshots } from './snapshot/snapshots.js';

/** How many lines are read at a time: so many that little is read twice where a store reads in blocks. */
const PART = 20_000;

/** How often a decision may ask for more; each time it asks for something new. */
const ROUNDS = 1_000;

/** How often something is tried while others delete what it is about to read. */
const TRIES = 5;

/** The only reader of the store: what others published, and what a decision asks for. What it keeps are caches. */
export class Look {
  readonly #store: Store;
  readonly #own: OwnStream;
  readonly #snapshots: Snapshots;
  readonly #frontiers = new Map<string, { readonly text: string; readonly frontier: Frontier | undefined }>();
  /** Ends what waits for the store, by an error. */
  readonly #waiting = new Set<(error: Error) => void>();
  /** Why nothing more is read; `undefined` while it is. */
  #closing: Error | undefined;
  /** Newest epoch found of each master. */
  readonly #newest = new Map<string, string>();

  constructor(store: Store, own: OwnStream, snapshots: Snapshots) {
    this.#store = store;
    this.#own = own;
    this.#snapshots = snapshots;
  }

  /**
   * Everything published in the store.
   *
   * @param again all masters, or those whose newest stream has ended: new streams of them are looked for, which takes longer
   */
  async heard(again: VersionVector | 'all'): Promise<Heard[]> {
    const listings = await this.#unlessClosing(() =>
      this.#store.streams(again === 'all' ? 'all' : this.#movedOn(again)),
    );
    const { master } = this.#own.header;
    for (const { stream } of listings)
      if (stream.epoch > (this.#newest.get(stream.master) ?? '')) this.#newest.set(stream.master, stream.epoch);
    return listings.map(({ stream, frontier }) => ({
      stream,
      frontier: this.#decoded(streamKey(stream), frontier),
      own: stream.master === master,
    }));
  }

  // An idle master's frontier is the same text each time.
  #decoded(key: string, text: string | undefined): Frontier | undefined {
    if (text === undefined) return undefined;
    let known = this.#frontiers.get(key);
    if (known?.text !== text)
      this.#frontiers.set(key, (known = { text, frontier: decodeFrontier(text, this.#store.crc32) }));
    return known.frontier;
  }

  // Whoever was cut goes on in another stream, and perhaps nothing but its folder tells so.
  #movedOn(ended: VersionVector): ReadonlySet<string> {
    const moved = [...this.#newest].filter(([master, epoch]) => ended.has(streamKey({ master, epoch })));
    return new Set(moved.map(([master]) => master));
  }

  /**
   * Reads what a decision needs, and decides again, until it is made.
   *
   * @param carryOut called with it in the turn of the event loop in which it was made
   */
  async until<Decided extends { readonly kind: string }, Done>(
    heard: readonly Heard[],
    decide: (seen: Seen) => Need | Decided,
    carryOut: (decided: Decided) => Done | Promise<Done>,
  ): Promise<Done> {
    const answers = new Map<string, Answers[keyof Answers]>();
    for (let round = 0; round < ROUNDS; round++) {
      const decided = decide({ heard, answers, refused: this.#refused(heard) });
      if (decided.kind !== 'need') return carryOut(decided as Decided);
      const { reads, drop } = decided as Need;
      for (const { read, instead } of drop) answers.set(readKey(read), instead);
      for (const read of reads) answers.set(readKey(read), await this.#unlessClosing(() => this.#answer(read)));
    }
    throw new Error(`A decision asked for more ${ROUNDS} times`);
  }

  /**
   * What `attempt` gives. While this master reads, others may seal and delete: what is gone then, a newer snapshot stands in for. As long as
   * they offer others than before, it is tried again.
   */
  async meanwhile<T>(first: readonly Heard[], attempt: (heard: readonly Heard[]) => Promise<T>): Promise<T> {
    let heard = first;
    for (let tries = 1; ; tries++) {
      try {
        return await attempt(heard);
      } catch (error) {
        if (!(error instanceof JournalDamagedError) || tries === TRIES) throw error;
        const again = await this.heard('all');
        if (offersOf(heard) === offersOf(again)) throw error;
        heard = again;
      }
    }
  }

  /** Nothing more is read: whoever waits for the store, now or later, gets this error. */
  leave(error: Error): void {
    this.#closing = error;
    for (const end of this.#waiting) end(error);
  }

  #unlessClosing<T>(read: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(this.#closing);
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      void read()
        .then(resolve, reject)
        .finally(() => this.#waiting.delete(reject));
    });
  }

  #refused(heard: readonly Heard[]): Refused[] {
    return heard.flatMap(({ stream, own }) => {
      const why = own ? undefined : this.#store.trouble(stream);
      return why === undefined ? [] : [{ stream, why }];
    });
  }

  async #answer(read: Read): Promise<Answers[keyof Answers]> {
    switch (read.kind) {
      case 'header':
        return this.#store.header(read.stream);
      case 'lines':
        return this.#lines(read.stream, read.after, read.upTo);
      case 'listings':
        return this.#store.snapshots(read.stream);
      case 'snapshot':
        return this.#snapshot(read.stream, read.listing);
      case 'snapshot-seal':
        return this.#snapshots.sealOf(read.listing);
      case 'deletable':
        return read.upTo === 'all'
          ? this.#own.deletableStream(read.stream)
          : this.#own.deletableEvents(read.stream, read.upTo);
    }
  }

  // A part at a time, so that the texts need not all be in memory at once.
  async #lines(stream: StreamId, after: number, upTo: number): Promise<ParsedLine[]> {
    const reader = new LineReader(this.#store.crc32);
    const parsed: ParsedLine[] = [];
    for (let from = after; from < upTo;) {
      const lines = await this.#store.read(stream, from, Math.min(from + PART, upTo));
      if (lines.length === 0) break;
      for (const line of lines) parsed.push(reader.read(line));
      from += lines.length;
    }
    return parsed;
  }

  async #snapshot(stream: StreamId, listing: SnapshotListing): Promise<SnapshotRead> {
    try {
      return { base: await this.#snapshots.read(stream, listing) };
    } catch (error) {
      if (error instanceof SnapshotDamagedError) return { damage: error };
      // Another master's file may not have arrived, or is just being replaced by a newer one.
      // So may one of its own: they are pruned in the background.
      if (stream.master !== this.#own.header.master && !this.#isUnknown(error)) return {};
      const isThere = (await this.#store.snapshots(stream)).some(({ position }) => position === listing.position);
      if (isThere) throw error;
      return {};
    }
  }

  /** Whether an error says nothing of one file: the store as a whole could not be reached. */
  #isUnknown(error: unknown): boolean {
    return error instanceof StoreUnreachableError && !this.#store.capabilities.troubles;
  }
}
