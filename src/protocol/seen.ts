import type { SnapshotDamagedError } from '../errors.js';
import { type Event, type StreamHeader, type StreamId, streamKey } from '../event/event.js';
import type { ParsedLine } from '../event/line.js';
import type { Frontier } from '../store/frontier.js';
import type { SnapshotListing } from '../store/store.js';
import type { Base } from '../timeline/fold.js';
import type { Refused } from './hold.js';
import { streamOf } from './vector.js';

/**
 * What was read of a store in one turn, as plain data. A decision asks for what it needs; what was not read yet is noted and read
 * before it decides again, so that a decision itself never waits.
 *
 * Invariant: what a decision gives counts only if nothing is missing.
 */

/** What a stream's master has published. */
export interface Heard {
  readonly stream: StreamId;
  readonly frontier: Frontier | undefined;
  /** A stream of this master: the one it writes, or one of an earlier epoch. */
  readonly own: boolean;
}

/** What is published of one stream. */
export function frontierIn(heard: readonly Heard[], key: string): Frontier | undefined {
  return heard.find(({ stream }) => streamKey(stream) === key)?.frontier;
}

/** A snapshot as a state to build on. */
export interface SnapshotBase extends Base {
  /** Number of the seal at which it was taken; `null` if at none. */
  readonly seal: number | null;
  /** Hash of the seal that the state in it obeyed, as far as it tells. */
  readonly under?: string | undefined;
  readonly fingerprint: string;
}

/** What became of reading a snapshot: its base, or why it was passed over (only if it is damaged); neither if it is not there. */
export interface SnapshotRead {
  readonly base?: SnapshotBase;
  readonly damage?: SnapshotDamagedError;
  /** It was read, and found to be of no use. */
  readonly dropped?: boolean;
  /** If it is of no use because an event behind it cannot be read: that event. */
  readonly lacks?: Lacking | undefined;
}

/** An event that cannot be read: its stream, and its number there. */
export interface Lacking {
  readonly key: string;
  readonly seq: number;
}

/** Something to read. */
export type Read =
  | { readonly kind: 'header'; readonly stream: StreamId }
  /** Lines of the events after `after` up to `upTo`. */
  | { readonly kind: 'lines'; readonly stream: StreamId; readonly after: number; readonly upTo: number }
  /** Which snapshots a stream has, newest first. */
  | { readonly kind: 'listings'; readonly stream: StreamId }
  | { readonly kind: 'snapshot'; readonly stream: StreamId; readonly listing: SnapshotListing }
  /** At which seal an own snapshot was taken, by its beginning: `null` if at none, `undefined` if that cannot be read. */
  | { readonly kind: 'snapshot-seal'; readonly stream: StreamId; readonly listing: SnapshotListing }
  /** Bytes that deleting would free. */
  | { readonly kind: 'deletable'; readonly stream: StreamId; readonly upTo: number | 'all' };

/** What each kind of reading gives. */
export interface Answers {
  header: StreamHeader | undefined;
  lines: readonly ParsedLine[];
  listings: readonly SnapshotListing[];
  snapshot: SnapshotRead;
  'snapshot-seal': number | null | undefined;
  deletable: number;
}

/** What was read in one turn. */
export interface Seen {
  readonly heard: readonly Heard[];
  /** By `readKey`. */
  readonly answers: ReadonlyMap<string, Answers[keyof Answers]>;
  /** What could not be read of others' streams while it was looked. */
  readonly refused?: readonly Refused[];
}

/** What has to be read before it can be decided. */
export interface Need {
  readonly kind: 'need';
  readonly reads: readonly Read[];
  /** Snapshots that were read and are of no use: what they hold can be forgotten, and this kept instead. */
  readonly drop: readonly { readonly read: Read; readonly instead: SnapshotRead }[];
}

/** Tells one thing to read from all others. */
export function readKey(read: Read): string {
  const text = `${read.kind} ${streamKey(read.stream)}`;
  if (read.kind === 'lines') return `${text} ${read.after} ${read.upTo}`;
  if (read.kind === 'deletable') return `${text} ${read.upTo}`;
  return read.kind === 'snapshot' || read.kind === 'snapshot-seal' ? `${text} ${read.listing.position}` : text;
}

/** Looks things up in what was seen, and notes what is not there yet. */
export class Lookup {
  readonly #seen: Seen;
  readonly #missing = new Map<string, Read>();
  readonly #dropped: Need['drop'][number][] = [];

  constructor(seen: Seen) {
    this.#seen = seen;
  }

  get heard(): readonly Heard[] {
    return this.#seen.heard;
  }

  get refused(): readonly Refused[] {
    return this.#seen.refused ?? [];
  }

  /** Whether something that was asked for is not read yet: what came of it does not count then. */
  isIncomplete(): boolean {
    return this.#missing.size > 0;
  }

  /** What has to be read. */
  get need(): Need {
    return { kind: 'need', reads: [...this.#missing.values()], drop: this.#dropped };
  }

  /** A stream's first line; `undefined` if it has not arrived. */
  header(stream: StreamId): StreamHeader | undefined {
    return this.#answer<'header'>({ kind: 'header', stream }, undefined);
  }

  /** Lines of a stream, as far as they have arrived. */
  lines(stream: StreamId, after: number, upTo: number): readonly ParsedLine[] {
    return upTo <= after ? [] : this.#answer<'lines'>({ kind: 'lines', stream, after, upTo }, []);
  }

  /** Events of a stream without a gap, as far as they can be read. */
  events(stream: StreamId, after: number, upTo: number): readonly Event[] {
    const events: Event[] = [];
    for (const line of this.lines(stream, after, upTo)) {
      if (line.kind !== 'event' || line.event.seq !== after + events.length + 1) break;
      events.push(line.event);
    }
    return events;
  }

  /** Id of one event; `undefined` if it cannot be read. */
  idOf(key: string, seq: number): string | undefined {
    return this.events(streamOf(key), seq - 1, seq)[0]?.id;
  }

  /** The snapshots of a stream, newest first. */
  listings(stream: StreamId): readonly SnapshotListing[] {
    return this.#answer<'listings'>({ kind: 'listings', stream }, []);
  }

  /** A snapshot, whole. */
  snapshot(stream: StreamId, listing: SnapshotListing): SnapshotRead {
    return this.#answer<'snapshot'>({ kind: 'snapshot', stream, listing }, {});
  }

  /** A snapshot that was read is of no use. @param lacks the event behind it that cannot be read, if that is why */
  drop(stream: StreamId, listing: SnapshotListing, lacks?: Lacking): void {
    this.#dropped.push({ read: { kind: 'snapshot', stream, listing }, instead: { dropped: true, lacks } });
  }

  /** At which seal a snapshot was taken, by its beginning. */
  snapshotSeal(stream: StreamId, listing: SnapshotListing): number | null | undefined {
    return this.#answer<'snapshot-seal'>({ kind: 'snapshot-seal', stream, listing }, undefined);
  }

  /** Bytes that deleting events of an own stream up to a number would free, or all of it. */
  deletable(stream: StreamId, upTo: number | 'all'): number {
    return this.#answer<'deletable'>({ kind: 'deletable', stream, upTo }, 0);
  }

  #answer<Kind extends keyof Answers>(read: Read & { readonly kind: Kind }, until: Answers[Kind]): Answers[Kind] {
    const key = readKey(read);
    if (this.#seen.answers.has(key)) return this.#seen.answers.get(key) as Answers[Kind];
    this.#missing.set(key, read);
    return until;
  }
}
