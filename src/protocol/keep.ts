import type { Event } from '../event/event.js';
import type { CopyListing } from '../store/frontier.js';
import { goesBeyond } from './cut.js';
import type { Decision } from './decide.js';
import type { Facts, Saved } from './facts.js';
import { namedIn, sealHash } from './seal.js';
import { frontierIn, type Heard, Lookup, type Need, type Seen } from './seen.js';
import { isOffered } from './shedding.js';
import { isInStream, streamOf } from './vector.js';

/**
 * What a master does so as not to let go of what it accepted, when the files that held it are gone: it saves it in a snapshot
 * of its own, and publishes a copy of what is in memory.
 *
 * Invariants: while something is gone, the newest snapshot that a start can use holds all of it; only what was published before is copied.
 */

/** Whether a snapshot has to be taken for that. */
export function isKeepingDue({ gone, saved, seal, state }: Facts): boolean {
  if (gone.size === 0) return false;
  // Under another seal it could not be told from its events whether they still count.
  if (saved === undefined || saved.under !== (seal && sealHash(seal))) return true;
  return [...gone.keys()].some((key) => (saved.vector.get(key) ?? 0) < (state.accepted.get(key) ?? 0));
}

/** The snapshot that a start can still use after a decision: none that something comes in before, or out of. */
export function savedAfter(
  saved: Saved | undefined,
  { state, cut }: Pick<Decision, 'state' | 'cut'>,
): Saved | undefined {
  if (state.kind === 'rebuild') return state.saved;
  if (saved === undefined || state.kind === 'none') return saved;
  const [first] = state.events;
  const isOvertaken = first !== undefined && first.id <= saved.position;
  return isOvertaken || goesBeyond(saved.vector, cut) ? undefined : saved;
}

/** The copies that this machine told of last. */
export function copiesBefore(heard: readonly Heard[], session: string): readonly CopyListing[] {
  const own = heard.filter(({ own: isOwn, frontier }) => isOwn && frontier?.session === session);
  const newest = own.sort((left, right) => (left.stream.epoch < right.stream.epoch ? -1 : 1)).at(-1);
  return newest?.frontier?.copies ?? [];
}

/** A copy to be written. */
export interface CopyDue {
  /** What is told of it then. */
  readonly listing: CopyListing;
  /** What is to be added: its last events, or all. */
  readonly events: readonly Event[];
}

/** Which copies are due, and which are not needed any more. */
export interface Copying {
  readonly kind: 'copying';
  readonly due: readonly CopyDue[];
  readonly over: readonly CopyListing[];
}

export function decideCopies(facts: Facts, seen: Seen): Need | Copying {
  const { copies } = facts;
  if (copies === undefined) return { kind: 'copying', due: [], over: [] };
  const look = new Lookup(seen);
  const due = [...facts.gone.keys()].flatMap((key) => copyDue(facts, key, look));
  const over = copies.filter((copy) => isOver(facts, copy, look));
  return look.isIncomplete() ? look.need : { kind: 'copying', due, over };
}

function copyDue({ gone, state, copies = [], seal }: Facts, key: string, look: Lookup): CopyDue[] {
  const mine = state.entries.map(({ event }) => event).filter((event) => isInStream(event, key));
  const needed = Math.max(gone.get(key)?.hold?.seq ?? Infinity, mine[0]?.seq ?? Infinity);
  const [first, last] = [mine.find(({ seq }) => seq === needed), mine.at(-1)];
  if (first === undefined || last === undefined || last.seq !== state.accepted.get(key)) return [];
  const idAt = (seq: number): string | undefined =>
    seq === (state.baseVector.get(key) ?? 0) ? state.baseNames.get(key) : mine.find((event) => event.seq === seq)?.id;
  const known = copies.find((copy) => copy.of === key && copy.from <= needed && idAt(copy.to) === copy.id);
  if (known?.id === last.id) return [];
  const end = { to: last.seq, id: last.id };
  if (known !== undefined) return [{ listing: { ...known, ...end }, events: mine.filter(({ seq }) => seq > known.to) }];
  const header = look.header(streamOf(key));
  // Whoever reads this knows the seal under which it was accepted.
  const after = header === undefined ? (seal?.H ?? null) : header.after;
  const begin = { of: key, name: first.id, from: needed, follows: idAt(needed - 1) ?? null, after };
  return [{ listing: { ...begin, ...end }, events: mine.filter(({ seq }) => seq >= needed) }];
}

/** Whether the events of a copy are in the files of their master again, or a snapshot of this one stands in for them. */
function isOver(facts: Facts, { of, from, to, id }: CopyListing, look: Lookup): boolean {
  const { seal, gone } = facts;
  const isCovered = seal !== undefined && namedIn(seal, of) >= to && isOffered(facts, seal);
  if (gone.get(of)?.isOther === true) return false;
  if (isCovered) return true;
  if (gone.has(of) || (frontierIn(look.heard, of)?.head?.seq ?? 0) < to) return false;
  const there = look.fileEvents(streamOf(of), from - 1, to);
  return there.length === to - from + 1 && there.at(-1)?.id === id;
}
