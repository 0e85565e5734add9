import { JournalDamagedError } from '../errors.js';
import { parseLine, type StreamId, streamKey } from '../event/envelope.js';
import { decodeFrontier } from '../store/frontier.js';
import type { Store } from '../store/store.js';
import { deletedUpTo } from './examination.js';
import { existingStore, type Print } from './folder.js';

/** How many lines of a stream are read at a time. */
const PART = 1_000;

/** Prints the published events of all masters in ULID order, each as the line of its journal. */
export async function exportEvents(folder: string, print: Print): Promise<void> {
  for await (const line of mergedLines(await existingStore(folder))) print(line);
}

interface Line {
  readonly id: string;
  readonly text: string;
}

/**
 * The lines of all published events in ULID order; of each stream no more than a part is in memory.
 *
 * @throws JournalDamagedError (`JOURNAL_DAMAGED`) if one of them is damaged or missing
 */
export async function* mergedLines(store: Store): AsyncGenerator<string> {
  const cursors: { lines: AsyncGenerator<Line>; next: Line }[] = [];
  for (const { stream, frontier: text } of await store.streams()) {
    const frontier = decodeFrontier(text, store.crc32);
    const lines = linesOf(store, stream, deletedUpTo(frontier, stream), frontier?.head?.seq ?? 0);
    const first = await lines.next();
    if (first.done !== true) cursors.push({ lines, next: first.value });
  }
  while (cursors.length > 0) {
    const least = cursors.reduce((one, other) => (other.next.id < one.next.id ? other : one));
    yield least.next.text;
    const next = await least.lines.next();
    if (next.done === true) cursors.splice(cursors.indexOf(least), 1);
    else least.next = next.value;
  }
}

async function* linesOf(store: Store, stream: StreamId, deleted: number, head: number): AsyncGenerator<Line> {
  // Perhaps not all that may be deleted is.
  let next = (await store.read(stream, 0, 1)).length > 0 ? 1 : deleted + 1;
  while (next <= head) {
    const lines = await store.read(stream, next - 1, Math.min(next - 1 + PART, head));
    if (lines.length === 0)
      throw new JournalDamagedError(
        `Event ${next} of ${streamKey(stream)} is published, and cannot be read in ${store.location}. Sync the folder again.`,
      );
    for (const text of lines) {
      const parsed = parseLine(text, store.crc32);
      if (parsed.kind !== 'event' || parsed.event.seq !== next)
        throw new JournalDamagedError(
          `Event ${next} of ${streamKey(stream)} in ${store.location} is damaged; \`prevalent verify\` tells where.`,
        );
      yield { id: parsed.event.id, text };
      next++;
    }
  }
}
