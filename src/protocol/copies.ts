import { type StreamId, streamKey } from '../event/event.js';
import type { ParsedLine } from '../event/line.js';
import type { CopyListing, Frontier, Head } from '../store/frontier.js';
import { streamOf } from './vector.js';

/**
 * Copies: events of a stream that its own files lack, in the folders of others. Whoever reads a stream reads the union of its files and all
 * copies. A copy goes on where the published files end, or where the reader stands, if it continues that very version of the stream.
 *
 * Invariants: what a stream's files hold up to their published head comes from them; nothing of another version is put behind it.
 */

/** A copy, and the stream whose frontier tells of it. */
export interface Copy extends CopyListing {
  readonly by: StreamId;
}

/** By stream, the copies that are told of. */
export function copiesIn(
  heard: readonly { readonly stream: StreamId; readonly frontier: Frontier | undefined }[],
): ReadonlyMap<string, readonly Copy[]> {
  const all = new Map<string, Copy[]>();
  for (const { stream, frontier } of heard)
    for (const copy of frontier?.copies ?? []) all.set(copy.of, [...(all.get(copy.of) ?? []), { ...copy, by: stream }]);
  // The same order for everybody, the longest first.
  const orderOf = ({ name, by }: Copy): string => `${name} ${streamKey(by)}`;
  for (const copies of all.values())
    copies.sort((left, right) => right.to - left.to || (orderOf(left) < orderOf(right) ? -1 : 1));
  return all;
}

/** What a stream is read from. */
export interface Sources {
  /** The last event that its master published; `undefined` if nothing of it is there. */
  readonly head: Head | undefined;
  readonly copies: readonly Copy[];
  /** Lines of its own files. */
  readonly file: (after: number, upTo: number) => readonly ParsedLine[];
  /** Lines of a copy. */
  readonly copied: (copy: Copy, after: number, upTo: number) => readonly ParsedLine[];
}

/** The copies that go on where the published files end, each where the one before it ends. @param from where to go on instead, if that is further */
export function chainOf({ head, copies, copied }: Sources, from?: Head): readonly Copy[] {
  const chain: Copy[] = [];
  const published: { readonly seq: number; readonly id: string | null } = head ?? { seq: 0, id: null };
  let end = from !== undefined && from.seq > published.seq ? from : published;
  for (;;) {
    const { seq, id } = end;
    const going = copies.filter((copy) => {
      if (copy.to <= seq || copy.from > seq + 1) return false;
      return (copy.from === seq + 1 ? copy.follows : idAt(copied(copy, seq - 1, seq))) === id;
    });
    // Of several versions the same one for everybody; of this one the longest copy.
    const nextId = (copy: Copy): string =>
      copy.from === seq + 1 ? copy.name : (idAt(copied(copy, seq, seq + 1)) ?? '~');
    const least = going.map(nextId).sort()[0];
    const next = going.find((copy) => nextId(copy) === least);
    if (next === undefined) return chain;
    chain.push(next);
    end = { seq: next.to, id: next.id };
  }
}

function idAt([line]: readonly ParsedLine[]): string | undefined {
  return line?.kind === 'event' ? line.event.id : undefined;
}

/** The last event that can be read of a stream. */
export function endOf(head: Head | undefined, chain: readonly Copy[]): Head | undefined {
  const last = chain.at(-1);
  return last === undefined ? head : { seq: last.to, id: last.id };
}

/** Lines of the union, as far as they can be read without a gap. */
export function unionOf(sources: Sources, chain: readonly Copy[], after: number, upTo: number): readonly ParsedLine[] {
  // What its master has not published may still be taken back, unless nobody else has more.
  const published = chain.length === 0 ? upTo : Math.min(upTo, sources.head?.seq ?? 0);
  const lines = published > after ? [...sources.file(after, published)] : [];
  if (after + lines.length < published) return lines;
  for (const copy of chain) {
    const [next, last] = [after + lines.length, Math.min(upTo, copy.to)];
    if (last <= next) continue;
    const more = sources.copied(copy, next, last);
    lines.push(...more);
    if (next + more.length < last) break;
  }
  return lines;
}

/** Streams of which nothing is there but copies. */
export function copiedOnly(
  copies: ReadonlyMap<string, readonly Copy[]>,
  heard: readonly { readonly stream: StreamId }[],
): StreamId[] {
  const there = new Set(heard.map(({ stream }) => streamKey(stream)));
  return [...copies.keys()].filter((key) => !there.has(key)).map(streamOf);
}
