import { type Event, parseLine, type ParsedLine, type StreamId } from '../event/envelope.js';
import { decodeFrontier, type Frontier } from '../store/frontier.js';
import type { Store } from '../store/store.js';

/** What a shared folder holds of one stream, as anybody may read it. */
export interface StreamReport {
  readonly stream: StreamId;
  readonly frontier: Frontier | undefined;
  /** Published events that can be read, in order. */
  readonly events: readonly Event[];
  /** Why not all published events can be read; `undefined` if they can. */
  readonly trouble: string | undefined;
}

/** Reads everything published in a shared folder, without opening a master and without a model. Changes nothing. */
export async function readFolder(store: Store): Promise<StreamReport[]> {
  const reports: StreamReport[] = [];
  for (const { stream, frontier: text } of await store.streams()) {
    const frontier = decodeFrontier(text, store.crc32);
    const head = frontier?.head?.seq ?? 0;
    const lines = (await store.read(stream, 0, head)).map((line) => parseLine(line, store.crc32));
    const bad = lines.findIndex((line) => line.kind !== 'event');
    const events = (bad < 0 ? lines : lines.slice(0, bad)).map(
      (line) => (line as ParsedLine & { kind: 'event' }).event,
    );
    reports.push({ stream, frontier, events, trouble: troubleOf(text, frontier, head, events.length, bad) });
  }
  return reports;
}

/** All readable events of a folder in ULID order. */
export function mergedEvents(reports: readonly StreamReport[]): Event[] {
  return reports.flatMap(({ events }) => events).sort((left, right) => (left.id < right.id ? -1 : 1));
}

function troubleOf(
  text: string | undefined,
  frontier: Frontier | undefined,
  head: number,
  read: number,
  bad: number,
): string | undefined {
  if (text === undefined) return 'nothing published yet';
  if (frontier === undefined) return 'the frontier is damaged or of a newer version';
  if (bad >= 0) return `event ${bad + 1} is damaged`;
  return read < head ? `events ${read + 1} to ${head} have not arrived` : undefined;
}
