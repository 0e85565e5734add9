import type { EncodedArgs } from './call-codec.js';
import { isId } from './ulid-clock.js';

/** Names one stream: the events of one master in one epoch. */
export interface StreamId {
  readonly master: string;
  /** ULID of the moment the stream began. */
  readonly epoch: string;
}

/** One event of a journal. */
export interface Event extends StreamId {
  /** ULID: the event's place in the total order. */
  readonly id: string;
  /** Contiguous from 1 within the stream. */
  readonly seq: number;
  /** Stable name of the model. */
  readonly model: string;
  /** Stable name of the transaction. */
  readonly tx: string;
  /** Version of the arguments. */
  readonly txv: number;
  readonly args: EncodedArgs;
  readonly meta: unknown;
  /** First id of a re-issued call. */
  readonly origin?: string;
}

/** First line of a stream. */
export interface StreamHeader extends StreamId {
  readonly model: string;
  /** Session of the machine that writes the stream. */
  readonly session: string;
  /** Why the stream began. */
  readonly reason: 'new' | 'restored' | 'cut';
  /** Readable only under a seal that reaches this ULID, because the stream continues one that such a seal cut; else `null`. */
  readonly after: string | null;
  /** Of a stream that continues cut ones: for the epoch of each, the last event that is re-issued here. */
  readonly moved?: Readonly<Record<string, number>>;
}

const MASTER_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Tells whether `name` may name a master: lower-case letters, digits and hyphens, at most 63, no hyphen first. */
export function isMasterName(name: unknown): name is string {
  return typeof name === 'string' && MASTER_NAME.test(name);
}

let [lastMaster, lastEpoch, lastKey] = ['', '', '@'];

/** Key of a stream in maps: `master@epoch`. */
export function streamKey({ master, epoch }: StreamId): string {
  // Events of a stream come in runs; making its key anew for each would take longer than what is done with it.
  if (epoch === lastEpoch && master === lastMaster) return lastKey;
  const key = `${master}@${epoch}`;
  [lastMaster, lastEpoch, lastKey] = [master, epoch, key];
  return key;
}

/**
 * Sorts events into the total order: by id. Clocks never make one id twice; where a copied machine or a stranger did, the name of
 * the stream decides, so that masters agree whichever they met first.
 */
export function compareEvents(left: StreamId & Pick<Event, 'id'>, right: StreamId & Pick<Event, 'id'>): number {
  if (left.id !== right.id) return left.id < right.id ? -1 : 1;
  const [one, other] = [streamKey(left), streamKey(right)];
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Text of an event's key; no id alone has this type. */
export type EventKey = `${string} ${string}`;

/** Key of an event in maps, also where two streams have one id: the id, and the stream's key. */
export function eventKey(event: StreamId & Pick<Event, 'id'>): EventKey {
  return `${event.id} ${streamKey(event)}`;
}

/** The id in an event's key. */
export function idOfKey(key: EventKey): string {
  return key.slice(0, key.indexOf(' '));
}

/** Tells whether a text is the key of a stream: of one that could be there, not of a path or a member of objects. */
export function isStreamKey(key: unknown): key is string {
  if (typeof key !== 'string') return false;
  const at = key.indexOf('@');
  return isMasterName(key.slice(0, Math.max(at, 0))) && isId(key.slice(at + 1));
}
