import { type Event, type StreamId, streamKey } from '../event/event.js';
import type { ParsedLine } from '../event/line.js';
import type { Head } from '../store/frontier.js';
import type { VersionVector } from '../timeline/timeline.js';
import type { OwnFacts } from './facts.js';
import type { Lookup } from './seen.js';

/**
 * What is read of each stream before it is accepted: what lies between what a state holds and what the stream's master has published.
 *
 * Invariants: nothing is read beyond a published head, beyond the end of a stream that is cut, or of a stream that has nothing new.
 */

/** What was read of one stream. */
export interface Incoming {
  readonly stream: StreamId;
  /** Events accepted so far. */
  readonly accepted: number;
  /** Id of the last accepted event, if known. */
  readonly lastId: string | undefined;
  /** The last event its master published. */
  readonly head: Head;
  /** What its header says of the seal it needs; `undefined` while the header has not arrived. */
  readonly after: string | null | undefined;
  /** The last accepted event as it stands in the journal now; `undefined` if it was not read. */
  readonly last?: Event;
  /** Lines from `accepted + 1` on, as far as they have arrived. */
  readonly lines: readonly ParsedLine[];
  /** How many of its events count, if a seal is known to have cut it. */
  readonly count?: number | undefined;
  /** This master's own stream: what it wrote itself is never from the future. */
  readonly own?: boolean;
}

/** What a state holds of the streams that are read for it. */
export interface Reached {
  readonly accepted: VersionVector;
  readonly lastIds: ReadonlyMap<string, string>;
}

/** What is new for a state, of all streams but the one that is written. @param cut streams that a seal has cut, with how many events count */
export function incomingOf({ accepted, lastIds }: Reached, own: string, cut: VersionVector, look: Lookup): Incoming[] {
  const incoming: Incoming[] = [];
  for (const { stream, frontier } of look.heard) {
    const key = streamKey(stream);
    const head = frontier?.head;
    const count = cut.get(key);
    const from = accepted.get(key) ?? 0;
    if (key === own || head === undefined || Math.min(head.seq, count ?? Infinity) <= from) continue;
    const after = look.header(stream)?.after;
    incoming.push({ ...readFrom(stream, from, head, lastIds.get(key), look), after, count });
  }
  return incoming;
}

/** What a state lacks of the stream that is written; `undefined` if nothing. */
export function incomingOwn(
  { key, header, durable }: OwnFacts,
  accepted: VersionVector,
  look: Lookup,
): Incoming | undefined {
  const from = accepted.get(key) ?? 0;
  if (durable === undefined || durable.seq <= from) return undefined;
  return { ...readFrom(header, from, durable, undefined, look), after: header.after, own: true };
}

/** With the last accepted event, if it can be compared: a journal may have gone back and on again. */
function readFrom(
  { master, epoch }: StreamId,
  accepted: number,
  head: Head,
  lastId: string | undefined,
  look: Lookup,
): Omit<Incoming, 'after'> {
  const stream = { master, epoch };
  const read = { stream, accepted, lastId, head };
  const from = lastId === undefined ? accepted : Math.max(accepted - 1, 0);
  const lines = look.lines(stream, from, head.seq);
  const [first] = lines;
  if (from === accepted || look.isIncomplete()) return { ...read, lines };
  if (first?.kind === 'event' && first.event.seq === accepted)
    return { ...read, lines: lines.slice(1), last: first.event };
  return { ...read, lines: look.lines(stream, accepted, head.seq) };
}
