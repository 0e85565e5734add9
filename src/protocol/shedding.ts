import { type StreamHeader, streamKey } from '../event/event.js';
import type { Seal } from '../store/frontier.js';
import type { SnapshotListing } from '../store/store.js';
import type { VersionVector } from '../timeline/timeline.js';
import type { Facts, SealedSnapshot } from './facts.js';
import { knownEnd } from './frontier.js';
import { movedUpTo } from './reissue.js';
import { holdsAllOf, isReadable, namedIn } from './seal.js';
import { frontierIn, Lookup, type Need, type Seen } from './seen.js';

/**
 * What can go. A master that holds all that a seal names needs nothing before it any more: it offers a snapshot at the seal, if it pays or
 * is asked for, and deletes what that stands in for; cut streams first, and nothing of their successors before.
 *
 * Invariants: nothing is deleted unless a snapshot at the seal in force is published; a stream is deleted as a whole only if all that it ever
 * held was issued again in a stream that everybody who knows the seal can read.
 */

/** Something to delete: an own stream as a whole, or its events up to a number. */
export type Deletion =
  | { readonly kind: 'stream'; readonly stream: StreamHeader }
  | { readonly kind: 'events'; readonly stream: StreamHeader; readonly upTo: number };

/** A moment at a seal. */
export interface SealedPoint {
  readonly position: string;
  readonly vector: VersionVector;
  /** Number of the seal. */
  readonly seal: number;
}

/** What to do. */
export interface Shedding {
  readonly kind: 'shedding';
  /** Up to where it can be forgotten how to undo events; `undefined` if it stays as it is. */
  readonly base: string | undefined;
  /** A snapshot to be taken and offered before it is decided again; `undefined` if there is none. */
  readonly offer: SealedPoint | undefined;
  readonly deletions: readonly Deletion[];
  /** Why nothing can go, or not more. */
  readonly waiting: readonly string[];
  /** Under which circumstances this was decided: until they change, nothing more can go. */
  readonly circumstances: string;
}

/** Decides what can go now. */
export function decideShedding(facts: Facts, seen: Seen): Need | Shedding {
  const look = new Lookup(seen);
  const shedding = sheddingOf(facts, look);
  return look.isIncomplete() ? look.need : shedding;
}

function sheddingOf(facts: Facts, look: Lookup): Shedding {
  const { seal, state, published, asked, own } = facts;
  const nothing = { kind: 'shedding', base: undefined, offer: undefined, deletions: [], waiting: [] } as const;
  if (seal === undefined) return { ...nothing, circumstances: facts.shedUnder };
  if (!holdsAllOf(seal, state.accepted)) {
    const waiting = [`events that seal ${seal.no} names have not arrived yet`];
    return { ...nothing, waiting, circumstances: facts.shedUnder };
  }
  const epochs = look.heard.filter((heard) => heard.own).map(({ stream }) => stream.epoch);
  const circumstances = [seal.no, published.snapshot?.no, own.key, ...epochs, ...sealedGone(facts)].join(' ');
  const done = { ...nothing, base: seal.H, circumstances };
  if (asked === undefined && facts.shedUnder === circumstances) return done;
  const deletions = deletionsUnder(facts, seal, look);
  if (isOffered(facts, seal)) return { ...done, deletions };
  const point = { position: seal.H, vector: new Map(Object.entries(seal.V)), seal: seal.no };
  return pays(facts, deletions, look) ? { ...done, offer: point } : done;
}

/** Whether others can start from a snapshot at this seal instead of what is deleted. */
function isOffered({ published }: Pick<Facts, 'published'>, seal: Seal): boolean {
  return published.snapshot?.no === seal.no;
}

/** Streams that vanished with what is sealed of them: a snapshot at the seal stands in for all. */
function sealedGone({ gone }: Facts): string[] {
  return [...gone].flatMap(([key, { hold }]) => (hold === undefined ? [key] : []));
}

/** Whether a snapshot is worth what it lets go. */
function pays(facts: Facts, deletions: readonly Deletion[], look: Lookup): boolean {
  const { asked, own, published, snapshotBytes } = facts;
  // A frontier that was put back to an older copy may have lost an offer that others need.
  const isRestored = own.header.reason === 'restored' && published.snapshot === undefined;
  if (asked !== undefined || isRestored || sealedGone(facts).length > 0) return true;
  let bytes = 0;
  for (const deletion of deletions)
    bytes += look.deletable(deletion.stream, deletion.kind === 'stream' ? 'all' : deletion.upTo);
  return bytes > snapshotBytes;
}

/**
 * This machine's own streams, oldest first: those that were cut and whose successor is readable to all who know the seal, and the others. A
 * stream is left as well, although all of it counts, to issue the calls of another one under this name again.
 */
function deletionsUnder(facts: Facts, seal: Seal, look: Lookup): Deletion[] {
  const { header } = facts.own;
  const headers = look.heard.flatMap(({ stream, own }) => (own ? (look.header(stream) ?? []) : []));
  const mine = headers.filter(({ session }) => session === header.session);
  const cut = mine
    .filter((stream) => isLeftBehind(stream, headers, facts, seal, look))
    .sort((left, right) => (left.epoch < right.epoch ? -1 : 1));
  const others = mine.filter((stream) => stream.epoch !== header.epoch && !cut.includes(stream));
  return [
    ...cut.map((stream) => ({ kind: 'stream', stream }) as const),
    ...[...others, header].map(
      (stream) => ({ kind: 'events', stream, upTo: namedIn(seal, streamKey(stream)) }) as const,
    ),
  ];
}

/** Whether all that an own stream ever held was issued again, in a stream that everybody who knows the seal can read. */
function isLeftBehind(
  stream: StreamHeader,
  headers: readonly StreamHeader[],
  { own }: Facts,
  seal: Seal,
  look: Lookup,
): boolean {
  const moved = movedUpTo(stream, headers);
  const successor = headers.find((header) => (header.moved?.[stream.epoch] ?? -1) >= moved);
  // One that names no seal continues nothing.
  if (successor === undefined || successor.after === null || !isReadable(successor.after, seal)) return false;
  // Only if all that it ever held was issued again: what is missing here may come back from another copy.
  const end = Math.max(knownEnd(streamKey(stream), look.heard), own.ends[stream.epoch] ?? 0);
  return moved >= end && look.events(stream, moved, moved + 1).length === 0;
}

/** How many snapshots are kept: a late event may need an older one than the newest. */
const KEEP = 3;

/**
 * Which of the own snapshots can go: a few newest stay, those that stand in for deleted events, and one before these in case they are
 * damaged.
 *
 * @param listings newest first
 * @param standIns positions of those that others may start from
 */
export function superfluous(
  listings: readonly SnapshotListing[],
  standIns: readonly string[],
): readonly SnapshotListing[] {
  const newest = [...standIns].sort().at(-1);
  if (newest === undefined) return listings.slice(KEEP);
  const newer = listings.filter(({ position }) => position > newest);
  const older = listings.filter(({ position }) => position < newest && !standIns.includes(position));
  return [...newer.slice(KEEP - 1), ...older.slice(1)];
}

/** The newest snapshot at a seal that this machine took and that is still there to be started from; asked once, at the start. */
export function standingOffer(
  facts: Facts,
  seen: Seen,
): Need | { readonly kind: 'offer'; readonly offer: SealedSnapshot | undefined } {
  const look = new Lookup(seen);
  const offer = offerOf(facts, look);
  return look.isIncomplete() ? look.need : { kind: 'offer', offer };
}

function offerOf({ seal, own }: Facts, look: Lookup): SealedSnapshot | undefined {
  if (seal === undefined) return undefined;
  const { snapshot, fingerprint } = frontierIn(look.heard, own.key) ?? {};
  for (const listing of look.listings(own.header)) {
    if (snapshot?.position === listing.position && fingerprint?.no === snapshot.no)
      return { ...snapshot, fingerprint: fingerprint.hash, V: { [own.key]: snapshot.events } };
    // The frontier that said so is gone, or an older one came back; the snapshots themselves say it as well.
    if (look.snapshotSeal(own.header, listing) === null) continue;
    const { base } = look.snapshot(own.header, listing);
    if (look.isIncomplete()) return undefined;
    if (base === undefined || base.seal === null) continue;
    const { seal: no, position, vector } = base;
    return { no, position, fingerprint: base.fingerprint, V: Object.fromEntries(vector) };
  }
  return undefined;
}
