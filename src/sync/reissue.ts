import { type Event, type StreamHeader, type StreamId, streamKey } from '../event/envelope.js';
import { isUlid, ulidTime } from '../event/ulid.js';
import type { Seal } from '../store/frontier.js';
import { counts } from './seal.js';

/**
 * What becomes of a master's own events that came too late for a seal: a pure decision. They are issued again, once, at the
 * start of a new stream, so that nothing is lost and nothing counts twice.
 */

/** One of this master's own streams, as its header and its journal say. */
export interface OwnTail {
  readonly header: StreamHeader;
  /** Events after those that the seal names, in order. */
  readonly tail: readonly Event[];
}

/**
 * Sessions whose calls it is for this machine to issue again: its own, and those of machines that wrote under this name before and
 * are gone. A machine is taken for gone when it was silent for longer than patience; this one must be there for as long, to have got
 * what that one did about it; and of several that are left the oldest does it.
 *
 * @param found session and clock promise of each stream under this name
 * @param since time (ms) since when a machine that is there must have been heard of
 */
export function inherited(
  found: readonly { readonly session: string; readonly clock: string }[],
  mine: string,
  since: number,
): ReadonlySet<string> {
  const heirs = new Set([mine]);
  if (!isUlid(mine) || ulidTime(mine) >= since) return heirs;
  const awake = new Set(found.filter(({ clock }) => ulidTime(clock) >= since).map(({ session }) => session));
  if ([...awake].some((session) => session < mine)) return heirs;
  for (const { session } of found) if (!awake.has(session)) heirs.add(session);
  return heirs;
}

/** Own events that no longer count and were not issued again yet, in ULID order, and how far that goes in each stream. */
export interface CutTail {
  readonly events: readonly Event[];
  /** Last event of each own epoch that is in `events`. */
  readonly upTo: Readonly<Record<string, number>>;
}

/**
 * Number of the last event of a stream that was issued again, by what the headers of its successors say.
 *
 * @param remembered what this machine remembers to have issued again, though the file that says so may have been put back
 */
export function movedUpTo(
  stream: StreamId,
  own: readonly StreamHeader[],
  remembered: Readonly<Record<string, number>> = {},
): number {
  return Math.max(remembered[stream.epoch] ?? 0, ...own.map(({ moved }) => moved?.[stream.epoch] ?? 0));
}

/** Number of the last event that a stream ever had, as far as anybody in the folder says. */
export function knownEnd(
  key: string,
  said: readonly { readonly key: string; readonly head: number; readonly seen: Readonly<Record<string, number>> }[],
): number {
  return Math.max(0, ...said.map((one) => Math.max(one.key === key ? one.head : 0, one.seen[key] ?? 0)));
}

/** Which own events have to be issued again under a seal. The first event that does not count cuts its stream for good. */
export function cutTail(
  streams: readonly OwnTail[],
  seal: Seal,
  remembered: Readonly<Record<string, number>> = {},
): CutTail {
  const headers = streams.map(({ header }) => header);
  const events: Event[] = [];
  const upTo: Record<string, number> = {};
  for (const { header, tail } of streams) {
    const first = tail.find((event) => event.seq > (seal.V[streamKey(header)] ?? 0));
    if (first === undefined || counts(first, seal)) continue;
    const moved = movedUpTo(header, headers, remembered);
    const late = tail.filter(({ seq }) => seq >= first.seq && seq > moved);
    const last = late.at(-1);
    if (last === undefined) continue;
    events.push(...late);
    upTo[header.epoch] = last.seq;
  }
  events.sort((left, right) => (left.id < right.id ? -1 : 1));
  return { events, upTo };
}

/** The same calls as the first events of another stream: new ids, and `origin` keeps their time and randomness. */
export function reissue(events: readonly Event[], stream: StreamId, nextId: () => string): Event[] {
  return events.map(({ id, model, tx, txv, args, meta, origin }, index) => ({
    id: nextId(),
    master: stream.master,
    epoch: stream.epoch,
    seq: index + 1,
    model,
    tx,
    txv,
    args,
    meta,
    origin: origin ?? id,
  }));
}
