import { type Event, type ParsedLine, type StreamId, streamKey } from '../event/envelope.js';
import { LineReader } from '../event/line-reader.js';
import { decodeFrontier, type Frontier } from '../store/frontier.js';
import type { Head, Store } from '../store/store.js';
import type { VersionVector } from '../timeline/timeline.js';
import type { Incoming } from './merge.js';
import type { OwnStream } from './own-stream.js';

/** How many lines are read at a time. */
const PART = 5_000;

/** What another stream's master has published. */
export interface Heard {
  readonly stream: StreamId;
  readonly frontier: Frontier | undefined;
  /** A stream of this master: the one it writes, or one of an earlier epoch. */
  readonly own: boolean;
}

/** Which streams and snapshots are offered, as text: when others delete events, it changes first. */
export function offersOf(heard: readonly Heard[]): string {
  return heard.map(({ stream, frontier }) => `${streamKey(stream)} ${frontier?.snapshot?.position ?? ''}`).join();
}

/** Reads the streams of a store: what was published, and the events behind it. */
export class Streams {
  readonly #store: Store;
  readonly #frontiers = new Map<string, { readonly text: string; readonly frontier: Frontier | undefined }>();
  readonly #own: OwnStream;
  readonly #ended: () => VersionVector;
  /** Newest epoch found of each master. */
  readonly #newest = new Map<string, string>();

  /** @param ended streams of which nothing more counts */
  constructor(store: Store, own: OwnStream, ended: () => VersionVector) {
    this.#store = store;
    this.#own = own;
    this.#ended = ended;
  }

  /** Key of the stream this master writes. */
  get own(): string {
    return this.#own.key;
  }

  /** Rejects with the file and the place, if the store can tell where this master's own journal is damaged. */
  async findDamage(): Promise<void> {
    await this.#own.journal.check?.();
  }

  /** Everything published in the store. @param all looks for new streams of all masters, which takes longer */
  async heard(all = false): Promise<Heard[]> {
    const listings = await this.#store.streams(all ? 'all' : this.#gone());
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
  #gone(): ReadonlySet<string> {
    const ended = this.#ended();
    const gone = [...this.#newest].filter(([master, epoch]) => ended.has(streamKey({ master, epoch })));
    return new Set(gone.map(([master]) => master));
  }

  /** What this master's own frontier says it had accepted when it was last published. */
  async seenBefore(): Promise<Readonly<Record<string, number>>> {
    const own = (await this.heard(true)).find(({ stream }) => streamKey(stream) === this.own);
    return own?.frontier?.seen ?? {};
  }

  /**
   * Reads what lies between what is accepted and what is published, of all streams but the one this master writes.
   *
   * @param ended streams that a seal has cut, with how many of their events count
   */
  async incoming(
    heard: readonly Heard[],
    accepted: VersionVector,
    lastIds: ReadonlyMap<string, string>,
    ended: VersionVector,
  ): Promise<Incoming[]> {
    const found: Incoming[] = [];
    for (const { stream, frontier } of heard) {
      const key = streamKey(stream);
      if (key === this.own) continue;
      const head = frontier?.head;
      const from = accepted.get(key) ?? 0;
      const count = ended.get(key);
      if (head === undefined || Math.min(head.seq, count ?? Infinity) <= from) continue;
      found.push({ ...(await this.#read(stream, from, head, lastIds.get(key))), count });
    }
    return found;
  }

  /** Id of one event; `undefined` if it cannot be read. */
  async idOf(key: string, seq: number): Promise<string | undefined> {
    const [master = '', epoch = ''] = key.split('@');
    const [parsed] = await this.#parsed({ master, epoch }, seq - 1, seq);
    return parsed?.kind === 'event' && parsed.event.seq === seq ? parsed.event.id : undefined;
  }

  /** Events of a stream after `after` up to `upTo`, as far as they can be read. */
  async events(stream: StreamId, after: number, upTo: number): Promise<Event[]> {
    const events: Event[] = [];
    for (const parsed of await this.#parsed(stream, after, upTo)) {
      if (parsed.kind !== 'event' || parsed.event.seq !== after + events.length + 1) break;
      events.push(parsed.event);
    }
    return events;
  }

  /** Reads this master's own stream after `accepted` up to its last durable event. */
  async ownIncoming(accepted: number, head: Head): Promise<Incoming> {
    return { ...(await this.#read(this.#own.header, accepted, head, undefined)), own: true };
  }

  /**
   * The events of all streams between two moments, in ULID order; the first one that cannot be read, if there is one.
   *
   * @param unread events that are in memory and perhaps not in the store yet
   */
  async between(
    from: VersionVector,
    to: VersionVector,
    unread: readonly Event[],
  ): Promise<{ readonly events: readonly Event[] } | { readonly missing: { key: string; seq: number } }> {
    const inMemory = new Map(unread.map((event) => [`${streamKey(event)}#${event.seq}`, event]));
    const events: Event[] = [];
    for (const [key, last] of to) {
      const [master = '', epoch = ''] = key.split('@');
      const first = (from.get(key) ?? 0) + 1;
      const read = await this.events({ master, epoch }, first - 1, last);
      for (let seq = first; seq <= last; seq++) {
        const event = read[seq - first] ?? inMemory.get(`${key}#${seq}`);
        if (event === undefined) return { missing: { key, seq } };
        events.push(event);
      }
    }
    return { events: events.sort((left, right) => (left.id < right.id ? -1 : 1)) };
  }

  async #read(stream: StreamId, accepted: number, head: Head, lastId: string | undefined): Promise<Incoming> {
    // With the last accepted event, if it can be compared: a journal may have gone back and on again.
    const from = lastId === undefined ? accepted : Math.max(accepted - 1, 0);
    let lines = await this.#parsed(stream, from, head.seq);
    const last = from < accepted && lines[0]?.kind === 'event' ? lines[0].event : undefined;
    if (last?.seq === accepted) lines = lines.slice(1);
    else if (from < accepted) lines = await this.#parsed(stream, accepted, head.seq);
    const header = await this.#store.header(stream);
    const { master, epoch } = stream;
    return {
      stream: { master, epoch },
      accepted,
      lastId,
      head,
      after: header?.after,
      lines,
      ...(last?.seq === accepted ? { last } : {}),
    };
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
