import { JournalDamagedError, ModelOutdatedError, type PrevalentError, type SnapshotDamagedError } from '../errors.js';
import { type Event, type StreamId, streamKey } from '../event/event.js';
import type { Seal } from '../store/frontier.js';
import type { SnapshotListing } from '../store/store.js';
import type { Base } from '../timeline/fold.js';
import type { VersionVector } from '../timeline/timeline.js';
import { type Acceptance, type AcceptRules, acceptStreams } from './accept.js';
import { endOf, goesBeyond, obeys } from './cut.js';
import type { Facts, Gone, Refusal, Saved } from './facts.js';
import { goneStreams } from './gone.js';
import { incomingOf, incomingOwn } from './incoming.js';
import { holdsAllOf } from './seal.js';
import type { Lookup, SnapshotBase } from './seen.js';
import { inOrder, isInStream, reached } from './vector.js';

/**
 * What a state is built on. A state that stands is revised, as long as nothing is put in or taken out behind its base; else it is built
 * anew, from the newest snapshot that no other event precedes and all events behind it, or from genesis.
 *
 * Invariants: a base holds nothing that does not count under the seal in force, and all events that are accepted later follow it; no event
 * of the state that stands is missing in the one that is built in its place.
 */

/** A base, and what is accepted behind it. */
export interface Whole extends Built {
  /** How many candidates could not be read. */
  readonly unread: number;
  /** Why candidates that are damaged were passed over. */
  readonly damages: readonly SnapshotDamagedError[];
}

/** What can be built on one base. */
export interface Built {
  readonly base: Base;
  readonly acceptance: Acceptance;
  /** Streams whose files no longer hold what the base does. */
  readonly gone: ReadonlyMap<string, Gone>;
  /** The base, if it is a snapshot in the own stream. */
  readonly saved?: Saved | undefined;
  /** Late events wait: they come before this base, and it holds what is nowhere else. */
  readonly isLast?: boolean;
}

/** A snapshot to start from. */
export interface Candidate {
  readonly stream: StreamId;
  readonly listing: SnapshotListing;
}

/** What accepting depends on, for a state that holds `accepted`. */
export function rulesFor({ now, settings, seal, obstacle }: Facts, accepted: VersionVector): AcceptRules {
  return { now, maxDrift: settings.maxClockDrift, accepted, seal, obstacle };
}

/** Whether something that is late comes before all that can be undone, or something that no longer counts cannot be. */
export function reachesBehindBase({ state }: Facts, events: readonly Event[], cut: VersionVector): boolean {
  if (events[0] !== undefined && events[0].id <= state.base) return true;
  return goesBeyond(state.baseVector, cut);
}

/** Whether a state would lack events that the seal in force names: they may have been deleted, and a snapshot stands in for them. */
export function lacksSealed(seal: Seal | undefined, vector: VersionVector, events: readonly Event[]): boolean {
  return seal !== undefined && !holdsAllOf(seal, reached(vector, events));
}

/** Snapshots to start from, newest first: this master's own, and what others published at a seal. */
export function candidates(seal: Seal | undefined, look: Lookup): Candidate[] {
  const all: Candidate[] = [];
  for (const { stream, frontier, own } of look.heard) {
    if (own) for (const listing of look.listings(stream)) all.push({ stream, listing });
    else if (frontier?.snapshot !== undefined && frontier.snapshot.no <= (seal?.no ?? 0))
      all.push({ stream, listing: frontier.snapshot });
  }
  return all.sort((left, right) => (left.listing.position > right.listing.position ? -1 : 1));
}

/**
 * What a state is built from anew: the newest base that serves, and all that is accepted behind it; `undefined` until all is read that this
 * takes: what a snapshot may hold is not asked for before the snapshot is read.
 *
 * @param cut streams that have ended
 * @param gone streams whose files no longer hold what this master has accepted
 */
export function wholeState(facts: Facts, look: Lookup, cut: VersionVector, gone = facts.gone): Whole | undefined {
  const ends = endsOf(cut, gone);
  let best: Built | undefined;
  let last: Built | undefined;
  let unread = 0;
  const damages: SnapshotDamagedError[] = [];
  const offers = candidates(facts.seal, look);
  if (look.isIncomplete()) return undefined;
  for (const { stream, listing } of offers) {
    const { base, damage, dropped } = look.snapshot(stream, listing);
    if (damage !== undefined) damages.push(damage);
    if (look.isIncomplete()) return undefined;
    if (base === undefined && dropped !== true) unread++;
    if (base === undefined) continue;
    const serves = !isAhead(facts, base) && obeys(base, facts.seal, look);
    const built = serves ? behind(facts, look, base, ends) : undefined;
    if (look.isIncomplete()) return undefined;
    const [first] = built?.acceptance.events ?? [];
    const isLate = first !== undefined && first.id <= base.position;
    if (built === undefined || (isLate && (last !== undefined || !mayWait(facts, built)))) {
      look.drop(stream, listing);
      continue;
    }
    const serving = { ...built, saved: savedAs(facts, stream, base) };
    if (isLate) {
      last = { ...serving, ...behind(facts, look, base, ends, base.position), isLast: true };
      continue;
    }
    const isLess = lacksSealed(facts.seal, base.vector, built.acceptance.events);
    if (!isLess && !(last !== undefined && letsGo(serving, last))) return { ...serving, unread, damages };
    best ??= serving;
  }
  best ??= behind(facts, look, facts.state.genesis, ends);
  if (look.isIncomplete()) return undefined;
  return { ...(last !== undefined && letsGo(best, last) ? last : best), unread, damages };
}

/** Whether a base holds what is in no file any more, and the own events, which never wait, follow it. */
function mayWait({ own }: Facts, { base, acceptance, gone }: Built): boolean {
  return gone.size > 0 && !acceptance.events.some((event) => event.id <= base.position && isInStream(event, own.key));
}

/** Whether what is built on one base lacks events that are in no file any more, and another base holds. */
function letsGo({ base, acceptance }: Built, { base: other, gone }: Built): boolean {
  const holds = reached(base.vector, acceptance.events);
  return [...gone.keys()].some((key) => (holds.get(key) ?? 0) < (other.vector.get(key) ?? 0));
}

/** Where reading ends: of a stream in two versions what stands in the place of accepted events is not read. */
function endsOf(cut: VersionVector, gone: ReadonlyMap<string, Gone>): VersionVector {
  const forks = [...gone].flatMap(([key, { hold }]) =>
    hold?.reason === 'fork' && !cut.has(key) ? [[key, hold.seq - 1] as const] : [],
  );
  return forks.length === 0 ? cut : new Map([...cut, ...forks]);
}

function savedAs({ own }: Facts, stream: StreamId, { position, vector, under }: SnapshotBase): Saved | undefined {
  return streamKey(stream) === own.key ? { position, vector, under } : undefined;
}

/** A journal that was put back to an older copy goes on without what a snapshot still contains. */
function isAhead({ own }: Facts, base: Base): boolean {
  return (base.vector.get(own.key) ?? 0) > (own.durable?.seq ?? 0);
}

function behind(facts: Facts, look: Lookup, base: Base, ends: VersionVector, floor?: string): Built {
  const { vector, names = new Map() } = base;
  const had = { accepted: vector, lastIds: names, entries: facts.state.entries };
  const incoming = incomingOf(had, facts.own.key, ends, look);
  const gone = goneStreams(facts, had, ends, look, incoming);
  const forward = incoming.filter(({ stream }) => !gone.has(streamKey(stream)));
  const own = incomingOwn(facts.own, vector, look);
  const rules = { ...rulesFor(facts, vector), floor };
  const acceptance = acceptStreams(own === undefined ? forward : [...forward, own], rules);
  return { base, acceptance, gone };
}

/** Why a state cannot be built, if its own journal cannot be replayed; `undefined` if it can. */
export function brokenOwn(
  { own, location }: Facts,
  { acceptance, damages }: Pick<Whole, 'acceptance' | 'damages'>,
): Refusal | undefined {
  const broken = acceptance.held.find((hold) => streamKey(hold) === own.key);
  if (broken === undefined) return undefined;
  const why = `Your own journal in ${location} cannot be replayed: ${broken.message}. Nothing was dropped.`;
  const isMissing = broken.reason === 'gap' || broken.reason === 'unsealed';
  const unusable = damages.find(({ isIntact }) => isIntact) ?? damages[0];
  const refused = (error: PrevalentError): Refusal => ({ kind: 'refusal', own: true, error });
  if (unusable !== undefined && isMissing) {
    const both = `${why} A snapshot could replace what is missing. ${unusable.message}`;
    const options = { cause: unusable };
    return refused(unusable.isIntact ? new ModelOutdatedError(both, options) : new JournalDamagedError(both, options));
  }
  return refused(isMissing || broken.reason === 'damaged' ? new JournalDamagedError(why) : new ModelOutdatedError(why));
}

/** Whether a state built anew would hold more of the events that the seal in force names than this one after a merge, and no less of any stream. */
export function holdsMoreSealed({ state, seal }: Facts, whole: Whole, news: readonly Event[]): boolean {
  const [now, then] = [reached(state.accepted, news), reached(whole.base.vector, whole.acceptance.events)];
  const gains = Object.entries(seal?.V ?? {}).map(
    ([key, count]) => Math.min(then.get(key) ?? 0, count) - Math.min(now.get(key) ?? 0, count),
  );
  return gains.some((gain) => gain > 0) && gains.every((gain) => gain >= 0);
}

/** All events that count behind a base: those that were read, and calls that were made meanwhile, which are in memory only. */
export function eventsBehind({ base, acceptance }: Whole, { state }: Facts, cut: VersionVector): readonly Event[] {
  if (state.entries.length === 0) return acceptance.events;
  const read = new Set(acceptance.events.map(({ id }) => id));
  const unread = state.entries
    .map(({ event }) => event)
    .filter((event) => {
      const key = streamKey(event);
      const isBehind = event.seq > (base.vector.get(key) ?? 0) && event.seq <= endOf(cut, key);
      return isBehind && !read.has(event.id);
    });
  return inOrder([...acceptance.events, ...unread]);
}

/** Why a state cannot be built from a base and these events, if one that counts is missing among those of the state that stands. */
export function firstMissing(
  facts: Facts,
  base: Base,
  events: readonly Event[],
  cut: VersionVector,
): Refusal | undefined {
  const missing = missingIn(facts.state.accepted, base, events, cut);
  if (missing === undefined) return undefined;
  return {
    kind: 'refusal',
    own: false,
    error: new JournalDamagedError(
      `A merge needs the history of ${missing.key}, whose event ${missing.seq} cannot be read in ${facts.location}. ` +
        'Nothing was changed; sync the folder again, the merge is tried at the next sync.',
    ),
  };
}

function missingIn(
  accepted: VersionVector,
  base: Base,
  events: readonly Event[],
  cut: VersionVector,
): { key: string; seq: number } | undefined {
  const last = new Map(base.vector);
  let [key, seq] = ['', 0];
  for (const event of events) {
    // Events of a stream come in runs.
    const next = streamKey(event);
    if (next !== key) {
      if (key !== '') last.set(key, seq);
      [key, seq] = [next, last.get(next) ?? 0];
    }
    if (event.seq !== ++seq || event.id <= base.position) return { key, seq };
  }
  if (key !== '') last.set(key, seq);
  for (const [key, count] of accepted) {
    const seq = (last.get(key) ?? 0) + 1;
    if (seq <= Math.min(count, endOf(cut, key))) return { key, seq };
  }
  return undefined;
}
