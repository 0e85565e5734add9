import { JournalDamagedError } from '../errors.js';
import { compareEvents, type Event, type StreamHeader, type StreamId, streamKey } from '../event/event.js';
import { isUlid, ulidTime } from '../event/ulid.js';
import type { Seal } from '../store/frontier.js';
import { endsThere } from './cut.js';
import type { Facts, Refusal } from './facts.js';
import { namedIn } from './seal.js';
import type { Lookup } from './seen.js';
import { isInStream } from './vector.js';

/**
 * What becomes of a master's own events that came too late for a seal. They are issued again, once, at the start of a new stream, so that
 * nothing is lost and nothing counts twice.
 *
 * Invariants: a call is issued again only if the first event of its stream that the seal does not name is dead; what headers say was issued
 * again is not issued once more; the new events stand in the order of the old ones.
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
 * @param streams session and clock promise of each stream under this name
 * @param since time (ms) since when a machine that is there must have been heard of
 */
export function inherited(
  streams: readonly { readonly session: string; readonly clock: string }[],
  mine: string,
  since: number,
): ReadonlySet<string> {
  const heirs = new Set([mine]);
  if (!isUlid(mine) || ulidTime(mine) >= since) return heirs;
  const awake = new Set(streams.filter(({ clock }) => ulidTime(clock) >= since).map(({ session }) => session));
  if ([...awake].some((session) => session < mine)) return heirs;
  for (const { session } of streams) if (!awake.has(session)) heirs.add(session);
  return heirs;
}

/** Own events that no longer count and were not issued again yet, in ULID order, and how far that goes in each stream. */
export interface LateCalls {
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

/** Which own events have to be issued again under a seal. The first event that does not count cuts its stream for good. */
export function lateCalls(
  streams: readonly OwnTail[],
  seal: Seal,
  remembered: Readonly<Record<string, number>> = {},
): LateCalls {
  const headers = streams.map(({ header }) => header);
  const events: Event[] = [];
  const upTo: Record<string, number> = {};
  for (const { header, tail } of streams) {
    const first = tail.find((event) => event.seq > namedIn(seal, streamKey(header)));
    if (first === undefined || !endsThere(seal, streamKey(header), first.id)) continue;
    const moved = movedUpTo(header, headers, remembered);
    const late = tail.filter(({ seq }) => seq >= first.seq && seq > moved);
    const last = late.at(-1);
    if (last === undefined) continue;
    events.push(...late);
    upTo[header.epoch] = last.seq;
  }
  events.sort(compareEvents);
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

/** Own events that the seal in force does not name, by stream; none while the state obeys that seal already. */
export function ownTails(facts: Facts, look: Lookup): readonly OwnTail[] | Refusal {
  const { seal, own, now, settings } = facts;
  if (seal === undefined || facts.isObeyed) return [];
  const streams = look.heard.flatMap(({ stream, frontier, own: isOwn }) => {
    // Of the stream that is written the header is known, whatever can be read of it just now.
    const header = streamKey(stream) === own.key ? own.header : isOwn ? look.header(stream) : undefined;
    return header === undefined ? [] : [{ header, clock: frontier?.clock ?? header.epoch }];
  });
  const heirs = inherited(
    streams.map(({ header: { session }, clock }) => ({ session, clock })),
    own.header.session,
    now - settings.patience,
  );
  const tails: OwnTail[] = [];
  for (const { header } of streams) {
    const tail = heirs.has(header.session) ? tailOf(header, seal, facts, look) : [];
    if ('kind' in tail) return tail;
    tails.push({ header, tail });
  }
  return tails;
}

/** The events of an own stream from the first that a seal cuts; of the one that is written all of them, or none at all. */
function tailOf(header: StreamHeader, seal: Seal, facts: Facts, look: Lookup): readonly Event[] | Refusal {
  const { own, state } = facts;
  const key = streamKey(header);
  const named = namedIn(seal, key);
  const isCurrent = key === own.key;
  // Of an earlier stream all that it holds, published or not: a crash may have come between.
  const last = isCurrent ? (own.durable?.seq ?? 0) : Infinity;
  const [first] = last <= named ? [] : look.events(header, named, named + 1);
  if (first !== undefined && !endsThere(seal, key, first.id)) return [];
  const tail = first === undefined ? [] : look.events(header, named, last);
  if (!isCurrent || look.isIncomplete()) return tail;
  const end = tail.at(-1)?.seq ?? named;
  if (end < last) return unreadable(facts, `event ${end + 1} of ${last} is missing`);
  // Calls that were made since the journal was read are in memory only.
  const calls = state.entries.map(({ event }) => event).filter((event) => event.seq > end && isInStream(event, key));
  if (calls.some(({ seq }, index) => seq !== end + index + 1))
    return unreadable(facts, `calls after event ${end} are no longer in memory`);
  return [...tail, ...calls];
}

/** Own late calls cannot be read now. */
export function unreadable({ location }: Facts, what: string): Refusal {
  return {
    kind: 'refusal',
    own: true,
    error: new JournalDamagedError(
      `A seal was made without calls of this master, and its own journal in ${location} cannot be read now: ${what}. Nothing was changed or dropped; it is tried again at the next sync.`,
    ),
  };
}
