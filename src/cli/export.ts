import { JournalDamagedError } from '../errors.js';
import { compareEvents, type StreamId, streamKey } from '../event/event.js';
import { parseLine } from '../event/line.js';
import type { FolderStore } from '../store/folder/folder-store.js';
import { decodeFrontier } from '../store/frontier.js';
import { existingStore, type Print } from './folder.js';
import { missingOf, publishedLines } from './published-lines.js';
import { deletedUpTo, standInsOf } from './stand-ins.js';

/**
 * Prints the published events of all masters in ULID order, each as the line of its journal. Gives how many stretches of them
 * are missing, and warns of each.
 */
export async function exportEvents(folder: string, print: Print, warn: Print): Promise<number> {
  let missing = 0;
  const lines = mergedLines(await existingStore(folder), (text) => {
    missing++;
    warn(`${text}. Sync the folder again.`);
  });
  for await (const line of lines) print(line);
  return missing;
}

interface Line {
  readonly id: string;
  readonly text: string;
}

/**
 * The lines of all published events in ULID order that are there; of each stream no more than a part is in memory.
 *
 * @param missing told of events that are not there although no snapshot stands in for them
 * @throws JournalDamagedError (`JOURNAL_DAMAGED`) if one of them is damaged
 */
export async function* mergedLines(store: FolderStore, missing: (text: string) => void): AsyncGenerator<string> {
  const cursors: { stream: StreamId; lines: AsyncGenerator<Line>; next: Line }[] = [];
  const listings = await store.streams();
  const standIns = await standInsOf(store, listings);
  for (const { stream, frontier: text } of listings) {
    const head = decodeFrontier(text, store.crc32)?.head?.seq ?? 0;
    const lines = linesOf(store, stream, head, deletedUpTo(standIns, stream), missing);
    const first = await lines.next();
    if (first.done !== true) cursors.push({ stream, lines, next: first.value });
  }
  while (cursors.length > 0) {
    const least = cursors.reduce((one, other) =>
      compareEvents({ ...other.stream, ...other.next }, { ...one.stream, ...one.next }) < 0 ? other : one,
    );
    yield least.next.text;
    const next = await least.lines.next();
    if (next.done === true) cursors.splice(cursors.indexOf(least), 1);
    else least.next = next.value;
  }
}

async function* linesOf(
  store: FolderStore,
  stream: StreamId,
  head: number,
  deleted: number,
  missing: (text: string) => void,
): AsyncGenerator<Line> {
  for await (const piece of publishedLines(store, stream, head)) {
    if ('gap' in piece) {
      let told = missingOf(piece.gap, deleted, streamKey(stream));
      // A running master may have published a snapshot meanwhile, and deleted what it stands in for.
      if (told !== undefined) {
        const standIns = await standInsOf(store, await store.streams());
        told = missingOf(piece.gap, deletedUpTo(standIns, stream), streamKey(stream));
      }
      if (told !== undefined) missing(told);
      continue;
    }
    const parsed = parseLine(piece.text, store.crc32);
    if (parsed.kind !== 'event' || parsed.event.seq !== piece.seq)
      throw new JournalDamagedError(
        `Event ${piece.seq} of ${streamKey(stream)} in ${store.location} is damaged; \`prevalent verify\` tells where.`,
      );
    yield { id: parsed.event.id, text: piece.text };
  }
}
