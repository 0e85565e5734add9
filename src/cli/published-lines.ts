import { numbered } from '../article.js';
import type { StreamId } from '../event/event.js';
import type { FolderStore } from '../store/folder/folder-store.js';
import { segmentsOf, streamDirectory } from '../store/folder/layout.js';
import { nodeFileSystem } from '../store/folder/node-file-system.js';

/** How many lines of a stream are read at a time. */
const PART = 1_000;

/** Events that are not there. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

/** A line of an event that should have this number, or events that are not there. */
export type Piece = { readonly seq: number; readonly text: string } | { readonly gap: Gap };

/** The lines of a stream's published events in order, and what of them is not there; no more than a part is in memory. */
export async function* publishedLines(store: FolderStore, stream: StreamId, head: number): AsyncGenerator<Piece> {
  let next = 1;
  while (next <= head) {
    const lines = await store.read(stream, next - 1, Math.min(next - 1 + PART, head));
    for (const text of lines) yield { seq: next++, text };
    if (lines.length > 0) continue;
    const firsts = await segmentsOf(nodeFileSystem, streamDirectory(store.location, stream));
    const following = Math.min(head + 1, ...firsts.filter((first) => first > next));
    yield { gap: { from: next, to: following - 1 } };
    next = following;
  }
}

/**
 * The part of a gap that no snapshot stands in for, in words; `undefined` if there is none.
 *
 * @param key the stream
 * @param what why these events should be there
 */
export function missingOf(
  { from, to }: Gap,
  deleted: number,
  key: string,
  what: 'published' | 'sealed' = 'published',
): string | undefined {
  const first = Math.max(from, deleted + 1);
  if (first > to) return undefined;
  const { what: events, are, them } = numbered('Event', first, to);
  const remedy = what === 'sealed' ? '; call compact() on a master that has them' : '';
  return `${events} of ${key} ${are} ${what} and not there, and no snapshot replaces ${them}${remedy}`;
}
