import { JournalDamagedError, SnapshotDamagedError } from '../errors.js';
import { type StreamId, streamKey } from '../event/event.js';
import { parseLine } from '../event/line.js';
import { MOST_SEGMENT_BYTES } from '../event/limits.js';
import { streamOf } from '../protocol/vector.js';
import type { FolderStore } from '../store/folder/folder-store.js';
import { isMissing, namesIn } from '../store/folder/file-system.js';
import { segmentName, segmentsOf, streamDirectory } from '../store/folder/layout.js';
import { nodeFileSystem } from '../store/folder/node-file-system.js';
import { recoverStream } from '../store/folder/recovery.js';
import { decodeFrontier, type Frontier } from '../store/frontier.js';
import type { StreamListing } from '../store/store.js';
import { absentIn } from './accepted.js';
import { missingOf } from './published-lines.js';
import { deletedUpTo, snapshotHeader, standInsOf, type StandIns } from './stand-ins.js';
import { steadyLook } from './steady-look.js';

/** What every line, frontier and snapshot of one stream says about itself, without a model. */
export interface Examination {
  readonly stream: StreamId;
  readonly frontier: Frontier | undefined;
  /** Events that are there and whole, deleted ones included. */
  readonly events: number;
  /** Positions of the snapshots whose checksums are right. */
  readonly snapshots: readonly string[];
  readonly damagedSnapshots: readonly string[];
  /** What is damaged or missing, with the place. */
  readonly problems: readonly string[];
  /** What an operator has cut from the end, and where it is kept; no problem any more. */
  readonly cut: string | undefined;
  /** The first damage of the journal. */
  readonly damage: JournalDamagedError | undefined;
}

/** Checks all checksums and numbers of every stream in a folder. Changes nothing. */
export function examineAll(store: FolderStore): Promise<Examination[]> {
  const look = async (listings: readonly StreamListing[]): Promise<Examination[]> => {
    const standIns = await standInsOf(store, listings);
    const found: Examination[] = [];
    for (const { stream, frontier } of listings) found.push(await examine(store, stream, frontier, standIns));
    return withAbsent(found, await absentIn(store, listings, standIns));
  };
  return steadyLook(store, look, (found) => found.every(({ problems }) => problems.length === 0));
}

/** With what is not there of each stream, although somebody has accepted it. */
function withAbsent(found: readonly Examination[], absent: ReadonlyMap<string, string>): Examination[] {
  const keys = new Set(found.map(({ stream }) => streamKey(stream)));
  const nothing = {
    frontier: undefined,
    events: 0,
    snapshots: [],
    damagedSnapshots: [],
    cut: undefined,
    damage: undefined,
  };
  const gone = [...absent].filter(([key]) => !keys.has(key));
  return [
    ...found.map((one) => {
      // What was cut and is with others is told already.
      const problem = one.cut === undefined ? absent.get(streamKey(one.stream)) : undefined;
      return problem === undefined ? one : { ...one, problems: [...one.problems, problem] };
    }),
    ...gone.map(([key, problem]) => ({ stream: streamOf(key), ...nothing, problems: [problem] })),
  ];
}

/** Checks all checksums and numbers of one stream. @param standIns what may be gone */
export async function examine(
  store: FolderStore,
  stream: StreamId,
  text: string | undefined,
  standIns: StandIns,
): Promise<Examination> {
  const frontier = decodeFrontier(text, store.crc32);
  const problems: string[] = [];
  const refused = store.trouble(stream);
  if (refused !== undefined) problems.push(refused);
  if (text !== undefined && frontier === undefined)
    problems.push(
      `the frontier of ${streamKey(stream)} is damaged, or of a newer version; its master replaces it when it starts`,
    );
  const journal = await examineJournal(store, stream, frontier, deletedUpTo(standIns, stream), problems);
  const snapshots: string[] = [];
  const damagedSnapshots: string[] = [];
  for (const { position } of await store.snapshots(stream)) {
    try {
      await snapshotHeader(store, stream, position);
      snapshots.push(position);
    } catch (error) {
      // Its master removed it meanwhile.
      if (isMissing(error)) continue;
      if (!(error instanceof SnapshotDamagedError)) throw error;
      damagedSnapshots.push(position);
      problems.push(`the snapshot ${position} of ${streamKey(stream)}: ${error.message}`);
    }
  }
  const needed = frontier?.snapshot?.position;
  if (needed !== undefined && !snapshots.includes(needed) && !damagedSnapshots.includes(needed))
    problems.push(`the snapshot ${needed} of ${streamKey(stream)} is published and not there`);
  return { stream, frontier, ...journal, snapshots, damagedSnapshots, problems };
}

async function examineJournal(
  store: FolderStore,
  stream: StreamId,
  frontier: Frontier | undefined,
  deleted: number,
  problems: string[],
): Promise<Pick<Examination, 'events' | 'cut' | 'damage'>> {
  const published = frontier?.head?.seq ?? 0;
  const scan = { fs: nodeFileSystem, root: store.location, stream, published, crc32: store.crc32, thorough: true };
  try {
    const { head, header } = await recoverStream({ ...scan, deleted });
    const there = head?.seq ?? 0;
    const events = Math.max(there, Math.min(deleted, published));
    const missing = missingOf({ from: events + 1, to: published }, deleted, streamKey(stream));
    const cut = missing === undefined ? undefined : await cutFrom(store, stream, there);
    if (cut !== undefined) return { events, cut: `${missing}: ${cut}`, damage: undefined };
    if (header === undefined)
      problems.push(`the journal of ${streamKey(stream)} has no header; perhaps it has not arrived`);
    if (missing !== undefined) problems.push(missing);
    else if (frontier?.head !== undefined && there === published && head?.id !== frontier.head.id)
      problems.push(`event ${published} of ${streamKey(stream)} is not the one that was published`);
    return { events, cut: undefined, damage: undefined };
  } catch (error) {
    if (!(error instanceof JournalDamagedError)) throw error;
    problems.push(error.message);
    return { events: await goodEvents(store, stream, deleted), cut: undefined, damage: error };
  }
}

/** What was cut off behind the last event that is there, in words; `undefined` if nothing was, so that what is missing was lost otherwise. */
async function cutFrom(store: FolderStore, stream: StreamId, last: number): Promise<string | undefined> {
  const directory = streamDirectory(store.location, stream);
  const end = (await segmentsOf(nodeFileSystem, directory)).at(-1) ?? 1;
  const size = await nodeFileSystem.size(`${directory}/${segmentName(end)}`).catch((error: unknown) => {
    if (isMissing(error)) return 0;
    throw error;
  });
  const aside = (await namesIn(nodeFileSystem, directory, 'file')).filter((name) => name.endsWith('.rejected'));
  // Cut from the last file where that ends now, or put aside as the file that would follow.
  const begins = [`${segmentName(end)}.${size}.`, `${segmentName(last + 1)}.`];
  if (!aside.some((name) => begins.some((begin) => name.startsWith(begin)))) return undefined;
  return `repair or disown cut it off; what was cut is kept in ${aside.join(', ')} of ${directory}`;
}

/** How many events of a damaged journal are whole, deleted ones included. */
async function goodEvents(store: FolderStore, stream: StreamId, deleted: number): Promise<number> {
  const directory = streamDirectory(store.location, stream);
  const good = new Set<number>();
  for (const first of await segmentsOf(nodeFileSystem, directory)) {
    const bytes = await nodeFileSystem.read(`${directory}/${segmentName(first)}`, 0, MOST_SEGMENT_BYTES);
    for (const seq of eventsIn(bytes, store)) good.add(seq);
  }
  return deleted + [...good].filter((seq) => seq > deleted).length;
}

/** Numbers of the events that can be read in these bytes. */
export function eventsIn(bytes: Uint8Array, { crc32 }: FolderStore): number[] {
  return new TextDecoder()
    .decode(bytes)
    .split('\n')
    .map((line) => parseLine(line, crc32))
    .flatMap((line) => (line.kind === 'event' ? [line.event.seq] : []));
}
