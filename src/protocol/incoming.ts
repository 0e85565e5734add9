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
  /** It was looked for what continues the last accepted event, beyond where the files of the stream end. */
  readonly continues?: boolean;
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
  const streams = [...look.heard, ...look.copied.map((stream) => ({ stream, frontier: undefined }))];
  for (const { stream, frontier } of streams) {
    const key = streamKey(stream);
    // Of the stream that is written nothing counts but what this master wrote.
    if (key === own) continue;
    const [count, lastId] = [cut.get(key), lastIds.get(key)];
    const from = accepted.get(key) ?? 0;
    const here = lastId === undefined ? undefined : { seq: from, id: lastId };
    const head = look.end(stream, frontier?.head, here);
    if (head === undefined || Math.min(head.seq, count ?? Infinity) <= from) continue;
    const lines = (after: number, upTo: number): readonly ParsedLine[] => look.lines(stream, after, upTo, here);
    const read = readFrom({ stream, accepted: from, lastId, head }, look, lines);
    const continues = from > 0 && from > (frontier?.head?.seq ?? 0);
    incoming.push({ ...read, after: look.after(stream), count, continues });
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
  const file = (after: number, upTo: number): readonly ParsedLine[] => look.file(header, after, upTo);
  const stream = { master: header.master, epoch: header.epoch };
  const read = readFrom({ stream, accepted: from, lastId: undefined, head: durable }, look, file);
  return { ...read, after: header.after, own: true };
}

/** With the last accepted event, if it can be compared: a journal may have gone back and on again. */
function readFrom(
  of: Pick<Incoming, 'stream' | 'accepted' | 'lastId' | 'head'>,
  look: Lookup,
  read: (after: number, upTo: number) => readonly ParsedLine[],
): Omit<Incoming, 'after'> {
  const { accepted, lastId, head } = of;
  const from = lastId === undefined ? accepted : Math.max(accepted - 1, 0);
  const lines = read(from, head.seq);
  const [first] = lines;
  if (from === accepted || look.isIncomplete()) return { ...of, lines };
  if (first?.kind === 'event' && first.event.seq === accepted)
    return { ...of, lines: lines.slice(1), last: first.event };
  return { ...of, lines: read(accepted, head.seq) };
}
