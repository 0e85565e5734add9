import { type Event, streamKey } from '../event/event.js';
import type { Base } from '../timeline/fold.js';
import type { VersionVector } from '../timeline/timeline.js';
import { type Acceptance, acceptStreams } from './accept.js';
import { type Hold, type Refused, withRefused, withUnusable } from './hold.js';
import {
  brokenOwn,
  candidates,
  eventsBehind,
  firstMissing,
  holdsMoreSealed,
  lacksSealed,
  reachesBehindBase,
  rulesFor,
  type Whole,
  wholeState,
} from './base.js';
import { cutInState, cutStreams, goesBeyond } from './cut.js';
import type { Facts, Gone, Refusal, Saved } from './facts.js';
import { goneStreams } from './gone.js';
import { incomingOf } from './incoming.js';
import { type LateCalls, lateCalls, type OwnTail, ownTails, unreadable } from './reissue.js';
import { Lookup, type Need, type Seen } from './seen.js';
import { reached } from './vector.js';

/**
 * What becomes of the state when others were heard of, and when a seal is new: one decision, from what this master knows and what was seen
 * of the store. It is carried out in the turn of the event loop in which it was made, so that no call comes between.
 *
 * A start is the same with a state that was never built.
 *
 * Invariants: `decide` asks for all that it needs before anything is changed; what it gives leaves a state that obeys the seal in force.
 */

/** What to do. */
export interface Decision {
  readonly kind: 'decision';
  /** Streams that go no further for now, and why. */
  readonly holds: readonly Hold[];
  /** All streams that have ended, with how many of their events count. */
  readonly cut: VersionVector;
  /** Own calls to issue again at the head of the stream that succeeds; `undefined` if there are none. */
  readonly reissue: Reissue | undefined;
  readonly state: StateChange;
  /** Streams whose files no longer hold what was accepted of them. */
  readonly gone: ReadonlyMap<string, Gone>;
  /** What happened on the way that users should read. */
  readonly notices: readonly string[];
  /** Snapshots that do not stand in for what is missing, not to be read again for it. */
  readonly tried: string;
  /** As in `Facts`. */
  readonly unusable: readonly string[];
}

/** The calls, and what the stream that takes them depends on. */
export interface Reissue extends LateCalls {
  /** The seal that is to be known to whoever reads it. */
  readonly after: string;
}

/** What becomes of the state; events that are issued again follow these. */
export type StateChange =
  /** Nothing to put in, nothing to take out. */
  | { readonly kind: 'none' }
  /** Puts events in their places and takes out what is behind the ends of streams, by one rewind and one replay. */
  | { readonly kind: 'revise'; readonly events: readonly Event[] }
  /** Builds it anew. */
  | {
      readonly kind: 'rebuild';
      readonly base: Base;
      readonly events: readonly Event[];
      /** The base, if it is a snapshot in the own stream. */
      readonly saved: Saved | undefined;
    };

/** Decides, or asks for what has to be read first, or refuses. */
export function decide(facts: Facts, seen: Seen): Need | Refusal | Decision {
  const look = new Lookup(seen);
  const outcome = outcomeOf(facts, look);
  return look.isIncomplete() || outcome === undefined ? look.need : outcome;
}

/** `undefined` if something that was asked for is not read yet. */
function outcomeOf(facts: Facts, look: Lookup): Refusal | Decision | undefined {
  // A seal that was adopted right before: late calls cannot be issued again any more.
  if (!facts.isObeyed && facts.own.failure !== undefined)
    return { kind: 'refusal', own: false, error: facts.own.failure };
  const ended = cutInState(facts, look);
  const tails = ownTails(facts, look);
  if (look.isIncomplete()) return undefined;
  if ('kind' in ended) return ended;
  if ('kind' in tails) return tails;
  const late = lateUnder(facts, tails);
  const cut = cutStreams(ended, facts.seal, firstOf(tails));
  if (late === undefined && facts.state.isBuilt && cut.has(facts.own.key))
    return unreadable(facts, 'its late calls are re-issued when it can');
  const all = facts.state.isBuilt ? newsFor(facts, look, cut) : undefined;
  if (look.isIncomplete()) return undefined;
  const replacement: Replacement =
    all === undefined ? { whole: wholeState(facts, look, cut) } : replacementFor(facts, look, all);
  if (look.isIncomplete()) return undefined;
  const news = replacement.floor === undefined ? all : newsFor(facts, look, cut, replacement.floor);
  const {
    whole,
    tried = facts.tried,
    unusable = whole === undefined ? facts.unusable : unusableIn(whole),
  } = replacement;
  const change = whole === undefined ? revised(facts, news as News, late) : rebuilt(facts, whole, news?.cut ?? cut);
  if (change.kind === 'refusal') return change;
  const { outcome } = change;
  const gone = news?.gone ?? whole?.gone ?? facts.gone;
  const open = outcome.holds.filter((hold) => gone.get(streamKey(hold))?.hold === undefined);
  const held = { ...outcome, holds: [...open, ...[...gone.values()].flatMap(({ hold }) => hold ?? [])] };
  const holds = withUnusable(allHolds(facts, held, look.refused), unusable, facts.seal);
  const notices = [...outcome.notices, ...goneNotices(facts, gone)];
  return { kind: 'decision', reissue: late, gone, tried, unusable, ...outcome, holds, notices };
}

/** What is told once of each stream that was found to be gone. */
function goneNotices(facts: Facts, gone: ReadonlyMap<string, Gone>): string[] {
  return [...gone].filter(([key, { mark }]) => facts.gone.get(key)?.mark !== mark).map(([, { message }]) => message);
}

/** Holds of streams whose events cannot be accepted, and of those that could not be read. */
function allHolds(
  facts: Facts,
  { holds, state }: Pick<Outcome, 'holds' | 'state'>,
  refused: readonly Refused[],
): readonly Hold[] {
  // Going through all events is dear, and as a rule nothing was refused.
  return refused.length === 0 ? holds : withRefused(holds, refused, reachedBy(facts, state));
}

/** What the state holds of each stream after a change. */
function reachedBy({ state }: Facts, change: StateChange): VersionVector {
  if (change.kind === 'none') return state.accepted;
  return reached(change.kind === 'rebuild' ? change.base.vector : state.accepted, change.events);
}

/** What others published since the last merge. */
interface News extends Acceptance {
  readonly cut: VersionVector;
  readonly gone: ReadonlyMap<string, Gone>;
}

/** @param floor id up to which nothing can be put in */
function newsFor(facts: Facts, look: Lookup, cut: VersionVector, floor?: string): News {
  const incoming = incomingOf(facts.state, facts.own.key, cut, look);
  const gone = goneStreams(facts, facts.state, cut, look, incoming);
  const forward = incoming.filter(({ stream }) => !gone.has(streamKey(stream)));
  const accepted = acceptStreams(forward, { ...rulesFor(facts, facts.state.accepted), floor });
  return { ...accepted, cut: cutStreams(cut, facts.seal, accepted.dead), gone };
}

/** Own calls to be issued again. */
function lateUnder({ seal, own }: Facts, tails: readonly OwnTail[]): Reissue | undefined {
  if (seal === undefined) return undefined;
  const late = lateCalls(tails, seal, own.moved);
  return late.events.length === 0 ? undefined : { ...late, after: seal.H };
}

function firstOf(tails: readonly OwnTail[]): ReadonlyMap<string, string> {
  const firsts = tails.flatMap(({ header, tail: [first] }) =>
    first === undefined ? [] : [[streamKey(header), first.id] as const],
  );
  return new Map(firsts);
}

/** What the state is built anew from, and what was learned of the snapshots. */
interface Replacement extends Partial<Pick<Decision, 'tried' | 'unusable'>> {
  /** `undefined` if the state that stands goes on. */
  readonly whole: Whole | undefined;
  /** Late events up to this id wait. */
  readonly floor?: string;
}

function replacementFor(facts: Facts, look: Lookup, { events, cut, gone }: News): Replacement {
  const { seal, state } = facts;
  if (reachesBehindBase(facts, events, cut)) {
    const whole = wholeState(facts, look, cut, gone);
    if (whole === undefined || gone.size === 0 || reachesBehindBase(facts, [], cut)) return { whole };
    // What is gone can be put behind the late events only if it can be read.
    const isWhole = whole.isLast !== true && rebuilt(facts, whole, cut).kind === 'outcome';
    return isWhole ? { whole } : { whole: undefined, floor: state.base };
  }
  if (!lacksSealed(seal, state.accepted, events)) return { whole: undefined };
  const offers = candidates(seal, look).map(({ stream, listing }) => `${streamKey(stream)} ${listing.position}`);
  // Each of them is read whole once: as a rule the events are only on their way.
  const asked = `${seal?.no ?? 0} ${offers.join()}`;
  if (look.isIncomplete() || offers.length === 0 || facts.tried === asked) return { whole: undefined };
  const whole = wholeState(facts, look, cut, gone);
  if (whole === undefined || brokenOwn(facts, whole) !== undefined) return { whole };
  if (!lacksSealed(seal, whole.base.vector, whole.acceptance.events)) return { whole };
  // Perhaps for some of them: a machine may be gone before it could show what it sealed last.
  const behind = eventsBehind(whole, facts, cut);
  if (holdsMoreSealed(facts, whole, events) && firstMissing(facts, whole.base, behind, cut) === undefined)
    return { whole };
  const unusable = unusableIn(whole);
  return whole.unread === 0 ? { whole: undefined, tried: asked, unusable } : { whole: undefined, unusable };
}

/** Snapshots that are whole and hold what this program does not know. */
function unusableIn({ damages }: Whole): readonly string[] {
  return damages.filter(({ isIntact }) => isIntact).map(({ message }) => message);
}

type Outcome = Pick<Decision, 'holds' | 'cut' | 'state' | 'notices'>;

function revised(
  { state }: Facts,
  { events, held, cut }: News,
  late: Reissue | undefined,
): { readonly kind: 'outcome'; readonly outcome: Outcome } {
  const isNews = events.length > 0 || late !== undefined;
  const change: StateChange = isNews || goesBeyond(state.accepted, cut) ? { kind: 'revise', events } : { kind: 'none' };
  return { kind: 'outcome', outcome: { holds: held, cut, state: change, notices: [] } };
}

function rebuilt(
  facts: Facts,
  whole: Whole,
  before: VersionVector,
): Refusal | { readonly kind: 'outcome'; readonly outcome: Outcome } {
  const { base, acceptance, damages, saved } = whole;
  const cut = cutStreams(before, facts.seal, acceptance.dead);
  const events = eventsBehind(whole, facts, cut);
  const refusal = brokenOwn(facts, whole) ?? firstMissing(facts, base, events, cut);
  if (refusal !== undefined) return refusal;
  return {
    kind: 'outcome',
    outcome: {
      holds: acceptance.held,
      cut,
      state: { kind: 'rebuild', base, events, saved },
      notices: [...damages.map(({ message }) => message), ...(base.notice === undefined ? [] : [base.notice])],
    },
  };
}
