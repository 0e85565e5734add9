import { numbered } from '../article.js';
import { type Event, streamKey } from '../event/event.js';
import { idTime } from '../event/ulid-clock.js';
import type { Entry } from '../timeline/entry.js';
import type { VersionVector } from '../timeline/timeline.js';
import type { Hold } from './hold.js';
import type { Facts, Gone } from './facts.js';
import type { Incoming, Reached } from './incoming.js';
import { namedIn } from './seal.js';
import type { Heard, Lookup } from './seen.js';
import { isInStream, streamOf } from './vector.js';

/**
 * Streams whose files no longer hold what was accepted of them: a folder was deleted, a backup or the image of a machine was put back. What
 * was accepted stays, and nothing that stands there in its place is accepted. What a seal names is final, and its owner may have deleted it.
 *
 * Invariant: nothing is read of a stream whose frontier fits, and nothing again while what was found does not change.
 */

/** What a state holds, and which of it is in memory. */
export interface Had extends Reached {
  readonly entries: readonly Entry[];
}

/** Those of a state. @param cut streams that have ended @param incoming what was read of those that have news */
export function goneStreams(
  facts: Facts,
  had: Had,
  cut: VersionVector,
  look: Lookup,
  incoming: readonly Incoming[],
): ReadonlyMap<string, Gone> {
  const all = new Map<string, Gone>();
  const streams = new Map(look.heard.map((heardOf) => [streamKey(heardOf.stream), heardOf]));
  for (const [key, count] of had.accepted) {
    if (key === facts.own.key) continue;
    const isSealed = cut.has(key) || count <= namedIn(facts.seal, key);
    const mark = isSealed
      ? sealedMark(facts, key, streams.get(key), look)
      : markOf(had, key, streams.get(key), look, incoming);
    if (mark === undefined) continue;
    const known = facts.gone.get(key);
    if (known?.mark === mark) all.set(key, known);
    else
      all.set(
        key,
        isSealed ? sealedFind(mark, key) : { mark, ...describeGone(facts, had, key, streams.get(key), look) },
      );
  }
  return all;
}

/** A stream that is sealed, where its owner did not delete it for a snapshot that stands in: nobody else need have what it held. */
function sealedMark(
  { seal, published }: Facts,
  key: string,
  heard: Heard | undefined,
  look: Lookup,
): string | undefined {
  const named = namedIn(seal, key);
  if (heard?.frontier !== undefined || named === 0 || (published.snapshot?.V[key] ?? 0) >= named) return undefined;
  const { master } = streamOf(key);
  const isStoodIn = look.heard.some(({ stream, frontier }) => {
    const no = frontier?.snapshot?.no;
    return no !== undefined && (stream.master === master || no === seal?.no);
  });
  return isStoodIn ? undefined : 'sealed';
}

function sealedFind(mark: string, key: string): Gone {
  const { master } = streamOf(key);
  const message = `the journal of ${key} vanished, as after a folder was deleted; what a seal names of it is in no file of ${master} any more. This master keeps it in snapshots of its own`;
  return { mark, message, hold: undefined };
}

/** What became of a stream, as a text that tells it from other such finds; `undefined` if all is there. */
function markOf(
  { accepted, lastIds }: Had,
  key: string,
  heard: Heard | undefined,
  look: Lookup,
  incoming: readonly Incoming[],
): string | undefined {
  const count = accepted.get(key) ?? 0;
  if (heard === undefined) return `${count} vanished`;
  const head = heard.frontier?.head;
  const lastId = lastIds.get(key);
  const mark = `${count} ${head?.seq ?? 0} ${head?.id ?? ''}`;
  if (head !== undefined && head.seq === count) return lastId === undefined || head.id === lastId ? undefined : mark;
  if (head !== undefined && head.seq > count) {
    const last = incoming.find((read) => streamKey(read.stream) === key)?.last;
    return last === undefined || last.id === lastId ? undefined : mark;
  }
  // An older frontier that arrived late, or a torn one, says nothing as long as the journal behind it is whole.
  const id = look.idOf(key, count);
  return id !== undefined && (lastId === undefined || id === lastId) ? undefined : mark;
}

/** Where a stream is held of which something is gone, and what to tell about it. */
function describeGone(
  facts: Facts,
  had: Had,
  key: string,
  heard: Heard | undefined,
  look: Lookup,
): { readonly message: string; readonly hold: Hold } {
  const count = had.accepted.get(key) ?? 0;
  const mine = had.entries.map(({ event }) => event).filter((event) => isInStream(event, key));
  const from = Math.max(namedIn(facts.seal, key), (mine[0]?.seq ?? count) - 1);
  const ids = new Map([...mine.map(({ seq, id }) => [seq, id] as const), ...lastOf(had, key)]);
  const there = heard === undefined ? [] : look.events(streamOf(key), from, count);
  const other = otherThan(ids, there, heard);
  const seq = other?.seq ?? Math.min(from + there.length, count - 1) + 1;
  const isVanished = heard?.frontier === undefined && there.length === 0;
  const reason = other !== undefined ? 'fork' : isVanished ? 'vanished' : 'backwards';
  const message = messageOf(facts, { key, reason, seq, count, other, ids });
  return { message, hold: { ...streamOf(key), seq, reason, message } };
}

function lastOf({ accepted, lastIds }: Had, key: string): (readonly [number, string])[] {
  const id = lastIds.get(key);
  return id === undefined ? [] : [[accepted.get(key) ?? 0, id]];
}

/** The first event that stands where another one was accepted, as far as that is known; the frontier may tell of it before the lines do. */
function otherThan(
  ids: ReadonlyMap<number, string>,
  there: readonly Event[],
  heard: Heard | undefined,
): { readonly seq: number; readonly id: string } | undefined {
  const head = heard?.frontier?.head;
  return [...there, ...(head === undefined ? [] : [head])].find(
    ({ seq, id }) => ids.get(seq) !== undefined && ids.get(seq) !== id,
  );
}

interface Find {
  readonly key: string;
  readonly reason: 'vanished' | 'backwards' | 'fork';
  /** The first event that is gone, and the last. */
  readonly seq: number;
  readonly count: number;
  readonly other: { readonly id: string } | undefined;
  readonly ids: ReadonlyMap<number, string>;
}

function messageOf({ settings }: Facts, { key, reason, seq, count, other, ids }: Find): string {
  const { master } = streamOf(key);
  const [first, last] = [ids.get(seq), ids.get(count)];
  const { what: which, are: is } = numbered('event', Math.min(seq, count), count);
  const named = first === undefined || last === undefined ? which : `${which} (${first} to ${last})`;
  const what = {
    vanished: `the journal of ${key} vanished: ${named}, accepted here before, ${is} in no file of ${master} any more, as after a folder was deleted. `,
    backwards: `the journal of ${key} went back: ${named}, accepted here before, ${is} no longer in it, as after a backup was restored. `,
    fork: `there are two versions of the journal of ${key}: ${named}, accepted here before, ${is} not in it, and ${other?.id ?? ''} stands there as event ${seq}, as after the image of a machine was put back. What stands there in their place is not accepted here. `,
  }[reason];
  return (
    `${what}This master keeps what it accepted, in memory and in a snapshot of its own, from which it starts; those who had not accepted it lack it. ` +
    `Put the files of ${master} from another copy of the folder back. ${sealable(settings.retention, last)}` +
    'Do not make those calls again: they would count twice'
  );
}

/** From when on others can get it with a snapshot: what `compact()` seals. */
function sealable(retention: number, last: string | undefined): string {
  if (last === undefined) return '';
  const time = new Date(idTime(last) + retention).toISOString();
  return `Or call compact() here after ${time}, when it is older than retention, so that others get it with a snapshot. `;
}
