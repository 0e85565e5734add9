import { JournalDamagedError } from '../errors.js';
import { type Event, type ParsedLine, type StreamId, streamKey } from '../event/envelope.js';
import { LineReader } from '../event/line-reader.js';
import { decodeFrontier, type Frontier } from '../store/frontier.js';
import type { Head, Journal, Store } from '../store/store.js';
import type { VersionVector } from '../timeline/timeline.js';
import type { Incoming } from './merge.js';

/** How many lines are read at a time. */
const PART = 5_000;

/** What another stream's master has published. */
export interface Heard {
  readonly stream: StreamId;
  readonly frontier: Frontier | undefined;
  /** A stream of this master: the one it writes, or one of an earlier epoch. */
  readonly own: boolean;
}

/** Reads the streams of a store: what was published, and the events behind it. */
export class Streams {
  readonly #store: Store;
  readonly #journal: Journal;

  constructor(store: Store, journal: Journal) {
    this.#store = store;
    this.#journal = journal;
  }

  /** Key of the stream this master writes. */
  get own(): string {
    return streamKey(this.#journal.header);
  }

  /** Rejects with the file and the place, if the store can tell where this master's own journal is damaged. */
  async findDamage(): Promise<void> {
    await this.#journal.check?.();
  }

  /** Everything published in the store. */
  async heard(): Promise<Heard[]> {
    const listings = await this.#store.streams();
    const { master } = this.#journal.header;
    return listings.map(({ stream, frontier }) => ({
      stream,
      frontier: decodeFrontier(frontier, this.#store.crc32),
      own: stream.master === master,
    }));
  }

  /** What this master's own frontier says it had accepted when it was last published. */
  async seenBefore(): Promise<Readonly<Record<string, number>>> {
    const own = (await this.heard()).find(({ stream }) => streamKey(stream) === this.own);
    return own?.frontier?.seen ?? {};
  }

  /** Reads what lies between what is accepted and what is published, of all streams but the one this master writes. */
  async incoming(
    heard: readonly Heard[],
    accepted: VersionVector,
    lastIds: ReadonlyMap<string, string>,
  ): Promise<Incoming[]> {
    const found: Incoming[] = [];
    for (const { stream, frontier } of heard) {
      const key = streamKey(stream);
      if (key === this.own) continue;
      const head = frontier?.head;
      const from = accepted.get(key) ?? 0;
      if (head !== undefined && head.seq > from) found.push(await this.#read(stream, from, head, lastIds.get(key)));
    }
    return found;
  }

  /** Reads this master's own stream after `accepted` up to its last durable event. */
  async ownIncoming(accepted: number, head: Head): Promise<Incoming> {
    return { ...(await this.#read(this.#journal.header, accepted, head, undefined)), own: true };
  }

  /**
   * The events of every stream from its first up to what `vector` says, in ULID order.
   *
   * @param unread events that are in memory and perhaps not in the store yet
   * @throws JournalDamagedError (`JOURNAL_DAMAGED`) if one of them can be read nowhere
   */
  async history(vector: VersionVector, unread: readonly Event[]): Promise<Event[]> {
    const inMemory = new Map(unread.map((event) => [`${streamKey(event)}#${event.seq}`, event]));
    const events: Event[] = [];
    for (const [key, seq] of vector) {
      const [master = '', epoch = ''] = key.split('@');
      const read = new Map<number, Event>();
      for (const parsed of await this.#parsed({ master, epoch }, 0, seq))
        if (parsed.kind === 'event') read.set(parsed.event.seq, parsed.event);
      for (let number = 1; number <= seq; number++) {
        const event = read.get(number) ?? inMemory.get(`${key}#${number}`);
        if (event === undefined) {
          throw new JournalDamagedError(
            `Event ${number} of ${key} cannot be read in ${this.#store.location}, so the history is not whole. Sync the folder again, or restore that journal from another copy.`,
          );
        }
        events.push(event);
      }
    }
    return events.sort((left, right) => (left.id < right.id ? -1 : 1));
  }

  async #read(stream: StreamId, accepted: number, head: Head, lastId: string | undefined): Promise<Incoming> {
    const lines = await this.#parsed(stream, accepted, head.seq);
    return { stream: { master: stream.master, epoch: stream.epoch }, accepted, lastId, head, lines };
  }

  // A part at a time, so that the texts need not all be in memory at once.
  async #parsed(stream: StreamId, after: number, upTo: number): Promise<ParsedLine[]> {
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
}
