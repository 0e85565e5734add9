import { type StreamId, streamKey } from '../event/event.js';
import { ULID_MIN } from '../event/ulid.js';
import { isFromFuture } from '../event/ulid-clock.js';
import type { Frontier, Head } from '../store/frontier.js';
import type { Facts } from './facts.js';
import { hashAt, namedIn } from './seal.js';
import { type Heard, Lookup, type Need, type Seen } from './seen.js';

/**
 * What a master publishes about its streams, and what it learns from what others published.
 *
 * Invariants: the promise stays below every call that is not durable; nothing beyond the last durable event is published; new ids exceed
 * everything seen, but for what is from the future.
 */

/** An idle master tells the time at least so often (ms), so that nobody takes it for asleep. */
const IDLE_MS = 60_000;

/** What is said of an earlier stream whose frontier is not there. */
const SILENT: Frontier = {
  clock: ULID_MIN,
  head: undefined,
  seal: undefined,
  snapshot: undefined,
  session: '',
  modelHash: '',
  engine: undefined,
  fingerprint: undefined,
  seen: {},
  next: undefined,
};

/** What there is to say beside the time: when it is the same text as before, nothing is new. */
export function newsOf(facts: Facts): string {
  const { own, seal, published } = facts;
  return JSON.stringify([own.key, own.durable, seenOthers(facts), seal?.no, published.snapshot]);
}

// Seals wait for promises: they are renewed often enough not to be what a seal waits for.
/** How long (ms) a frontier may stand when nothing is new. */
export function idleMs({ settings }: Facts): number {
  return Math.min(IDLE_MS, settings.retention / 4, settings.patience / 4);
}

/** What runs a master's calls. */
export type Runtime = Pick<Frontier, 'modelHash' | 'engine'>;

/** What to publish. @param promise an id that every later call exceeds */
export function frontierOf(facts: Facts, { modelHash, engine }: Runtime, promise: string): Frontier {
  const { own, seal, published } = facts;
  const head = own.durable;
  const offered = published.snapshot;
  return {
    clock: head?.seq === own.last?.seq ? promise : (head?.id ?? ULID_MIN),
    head,
    seal,
    snapshot: offered && { no: offered.no, position: offered.position, events: offered.V[own.key] ?? 0 },
    session: own.header.session,
    modelHash,
    engine,
    fingerprint: offered && { no: offered.no, hash: offered.fingerprint },
    seen: seenOthers(facts),
    next: undefined,
  };
}

/** What was accepted of the others: of the own stream the head tells what is durable. */
function seenOthers({ own, state }: Facts): Readonly<Record<string, number>> {
  return Object.fromEntries([...state.seen].filter(([key]) => key !== own.key));
}

/** An earlier stream's frontier that is to be published anew. */
export interface Retirement {
  readonly stream: StreamId;
  readonly frontier: Frontier;
}

/** So many earlier streams that have said that they ended are read again at a sync: what it costs does not grow with their number. */
const READ_AGAIN = 4;

/**
 * This master's earlier streams as far as their journals go (a copy of one may have come back after its frontier), with the word that it
 * goes on in another one, so that readers look for that.
 *
 * @param turn number of the sync, by which streams that have ended are read again in turns; `all` reads each of them
 */
export function retirements(
  facts: Facts,
  seen: Seen,
  turn: number | 'all',
): Need | { readonly kind: 'retirements'; readonly list: readonly Retirement[] } {
  const look = new Lookup(seen);
  const earlier = look.heard.filter(({ own, stream }) => own && streamKey(stream) !== facts.own.key);
  const list = inTurn(earlier, turn).flatMap((heard): Retirement[] => {
    const end = endUnsaid(facts, heard, look);
    if (end === undefined) return [];
    const { frontier = SILENT, stream } = heard;
    const { last } = end;
    const clock = last !== undefined && last.id > frontier.clock ? last.id : frontier.clock;
    return [{ stream, frontier: { ...frontier, clock, head: last, next: facts.own.header.epoch } }];
  });
  return look.isIncomplete() ? look.need : { kind: 'retirements', list };
}

/** Those that have not said that they ended, and some of the others. */
function inTurn(earlier: readonly Heard[], turn: number | 'all'): readonly Heard[] {
  if (turn === 'all') return earlier;
  const ended = earlier.filter(({ frontier }) => frontier?.next !== undefined);
  const turns = Math.ceil(ended.length / READ_AGAIN);
  const due = new Set(ended.filter((_, index) => index % turns === turn % turns));
  return earlier.filter((heard) => heard.frontier?.next === undefined || due.has(heard));
}

/** The end of an earlier stream, if that or what succeeds it is not published yet. */
function endUnsaid(
  { seal }: Facts,
  { stream, frontier }: Heard,
  look: Lookup,
): { readonly last: Head | undefined } | undefined {
  // What a seal names may be deleted but for the newest, which may not be published any more where an old frontier came back.
  const named = namedIn(seal, streamKey(stream));
  const head = frontier?.head?.seq ?? 0;
  let more = look.events(stream, Math.max(head, named - 1), Infinity);
  // Where events follow the ones that are named, the newest of these may be deleted as well.
  if (more.length === 0 && head < named && !look.isIncomplete()) more = look.events(stream, named, Infinity);
  const last = more.at(-1);
  if (last !== undefined) return { last: { seq: last.seq, id: last.id } };
  return frontier !== undefined && frontier.next === undefined ? { last: frontier.head } : undefined;
}

/**
 * Ids that every new one must exceed. Nothing that a file says of the future pulls the clock along, be it in the own folder: what this
 * master really called in the future is in its journal, and its clock exceeds that anyway. A promise from the future binds nobody, since
 * no seal reaches so far.
 */
export function idsToExceed(
  { seal, settings, now }: Pick<Facts, 'seal' | 'settings' | 'now'>,
  heard: readonly Heard[],
): string[] {
  const published = heard.flatMap(({ frontier, own }) => {
    if (frontier === undefined) return [];
    const last = frontier.head === undefined ? [] : [frontier.head.id];
    return own ? [frontier.clock, ...last] : last;
  });
  const ids = published.filter((id) => !isFromFuture(id, now, settings.maxClockDrift));
  return seal === undefined ? ids : [...ids, seal.H];
}

/**
 * Number of the last event that a stream ever had, as far as anybody says: its own frontier, what others have accepted, and what seals name.
 * What a machine remembers by itself comes on top.
 */
export function knownEnd(key: string, heard: readonly Pick<Heard, 'stream' | 'frontier'>[]): number {
  const ends = heard.map(({ stream, frontier }) =>
    Math.max(
      streamKey(stream) === key ? (frontier?.head?.seq ?? 0) : 0,
      frontier?.seen[key] ?? 0,
      namedIn(frontier?.seal, key),
    ),
  );
  return Math.max(0, ...ends);
}

/** Which streams and snapshots are offered, as text: when others delete events, it changes first. */
export function offersOf(heard: readonly Heard[]): string {
  return heard.map(({ stream, frontier }) => `${streamKey(stream)} ${frontier?.snapshot?.position ?? ''}`).join();
}

/** Streams whose masters run the same code, hold the same seal, and are in another state there. */
export function divergedFrom({ seal, published }: Facts, modelHash: string, heard: readonly Heard[]): StreamId[] {
  const mine = published.snapshot;
  if (mine === undefined) return [];
  const hash = hashAt(seal, mine.no);
  return heard.flatMap(({ stream, frontier }) => {
    if (frontier?.fingerprint?.no !== mine.no || frontier.modelHash !== modelHash) return [];
    // Of two seals that were made apart both may have this number.
    if (hashAt(frontier.seal, mine.no) !== hash || frontier.fingerprint.hash === mine.fingerprint) return [];
    return [stream];
  });
}
