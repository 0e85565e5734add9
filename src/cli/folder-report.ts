import { numbered } from '../article.js';
import { SeparateHistoriesError } from '../errors.js';
import { compareEvents, type Event, type StreamId, streamKey } from '../event/event.js';
import { parseLine } from '../event/line.js';
import type { FolderStore } from '../store/folder/folder-store.js';
import { decodeFrontier, type Frontier, type Seal } from '../store/frontier.js';
import type { StreamListing } from '../store/store.js';
import { counts, highestSeal } from '../protocol/seal.js';
import { type Gap, publishedLines } from './published-lines.js';
import { deletedUpTo, type StandIn, standInsOf, type StandIns } from './stand-ins.js';
import { steadyLook } from './steady-look.js';

/** What a shared folder holds of one stream, as anybody may read it. */
export interface StreamReport {
  readonly stream: StreamId;
  readonly frontier: Frontier | undefined;
  /** Published events that can be read, in order. */
  readonly events: readonly Event[];
  /** Events that are not there because a snapshot stands in for them. */
  readonly deleted: readonly Gap[];
  /** The snapshot that does. */
  readonly standIn: StandIn | undefined;
  /** How many events count, if a seal has cut the stream; `undefined` if it has not. */
  readonly cut: number | undefined;
  /** Why not all other published events can be read; `undefined` if they can. */
  readonly trouble: string | undefined;
  /** Whether something is damaged; what has not arrived is not. */
  readonly isDamaged: boolean;
}

/** What a shared folder holds. */
export interface FolderReport {
  readonly streams: readonly StreamReport[];
  /** The seal in force; `undefined` if nothing was sealed, or apart. */
  readonly seal: Seal | undefined;
  /** What to do about two seals of which neither extends the other. */
  readonly separate: string | undefined;
}

/** Reads everything published in a shared folder, without opening a master and without a model. Changes nothing. */
export function readFolder(store: FolderStore): Promise<FolderReport> {
  const look = async (listings: readonly StreamListing[]): Promise<FolderReport> => {
    const standIns = await standInsOf(store, listings);
    const sealed = sealIn(listings, store);
    const streams: StreamReport[] = [];
    for (const listing of listings) streams.push(await readStream(store, listing, standIns, sealed.seal));
    return { ...sealed, streams };
  };
  return steadyLook(store, look, ({ streams }) => streams.every(({ trouble }) => trouble === undefined));
}

/** All readable events of a folder in ULID order, each with the report on its stream. */
export function mergedEvents({ streams }: FolderReport): { event: Event; report: StreamReport }[] {
  return streams
    .flatMap((report) => report.events.map((event) => ({ event, report })))
    .sort((left, right) => compareEvents(left.event, right.event));
}

function sealIn(listings: readonly StreamListing[], { crc32 }: FolderStore): Omit<FolderReport, 'streams'> {
  const offers = listings.flatMap(({ stream, frontier }) => {
    const seal = decodeFrontier(frontier, crc32)?.seal;
    return seal === undefined ? [] : [{ seal, master: stream.master }];
  });
  const highest = highestSeal(undefined, offers);
  if (highest instanceof SeparateHistoriesError) return { seal: undefined, separate: highest.message };
  return { seal: highest, separate: undefined };
}

async function readStream(
  store: FolderStore,
  { stream, frontier: text }: StreamListing,
  standIns: StandIns,
  seal: Seal | undefined,
): Promise<StreamReport> {
  const frontier = decodeFrontier(text, store.crc32);
  const standIn = standIns.get(streamKey(stream));
  const upTo = deletedUpTo(standIns, stream);
  const events: Event[] = [];
  const deleted: Gap[] = [];
  const troubles: string[] = [];
  let isDamaged = text !== undefined && frontier === undefined;
  const refused = store.trouble(stream);
  if (text === undefined) troubles.push(refused ?? 'nothing published yet');
  else if (frontier === undefined) troubles.push('the frontier is damaged or of a newer version');
  for await (const piece of publishedLines(store, stream, frontier?.head?.seq ?? 0)) {
    if ('gap' in piece) {
      const { from, to } = piece.gap;
      if (from <= upTo) deleted.push({ from, to: Math.min(to, upTo) });
      if (to <= upTo) continue;
      const { what, have } = numbered('event', Math.max(from, upTo + 1), to);
      troubles.push(`${what} ${have} not arrived`);
      continue;
    }
    const line = parseLine(piece.text, store.crc32);
    if (line.kind !== 'event') {
      troubles.push(`event ${piece.seq} is damaged`);
      isDamaged = true;
      break;
    }
    events.push(line.event);
  }
  // The first event that does not count cuts the stream there for good.
  const first = events.find((event) => !counts(event, seal));
  const cut = first === undefined ? undefined : first.seq - 1;
  return { stream, frontier, events, deleted, standIn, cut, trouble: troubles.join(', ') || undefined, isDamaged };
}
