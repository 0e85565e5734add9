import { mkdir, rm, rmdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { InvalidOptionError, JournalDamagedError, SnapshotDamagedError, StoreUnreachableError } from '../errors.js';
import { type StreamId, streamKey } from '../event/envelope.js';
import { isMissing, replaceFile, syncWayTo } from '../store/folder/file-system.js';
import type { FolderStore } from '../store/folder/folder-store.js';
import { FRONTIER_FILE, segmentName, segmentsOf, snapshotName, streamDirectory } from '../store/folder/layout.js';
import { LineCheck } from '../store/folder/line-check.js';
import { nodeFileSystem as fs } from '../store/folder/node-file-system.js';
import { wholeFile } from '../store/folder/recovery.js';
import { decodeFrontier, type Frontier } from '../store/frontier.js';
import type { StreamListing } from '../store/store.js';
import { existingStore, type Print } from './folder.js';
import { type Gap, missingOf } from './published-lines.js';
import { deletedUpTo, snapshotHeader, standInsOf } from './stand-ins.js';
import { ATTEMPTS, sameTexts } from './steady-look.js';

interface Published {
  readonly stream: StreamId;
  readonly text: string;
  readonly frontier: Frontier;
}

/** What is copied at once. */
interface Moment {
  readonly published: readonly Published[];
  /** Everything that was read to find it. */
  readonly listings: readonly StreamListing[];
}

/** What to tell about a copy. */
interface Copied {
  readonly told: readonly string[];
  /** What could not be copied because it is not there. */
  readonly missing: readonly string[];
}

/**
 * Copies what every master has published, as one consistent moment, while masters may run. Nothing that is not published is
 * in the copy: it could still be taken back. Gives how much is missing.
 */
export async function backup(folder: string, target: string, print: Print): Promise<number> {
  return backupOf(await existingStore(folder), target, print);
}

/** The same for the store in a folder. */
export async function backupOf(store: FolderStore, target: string, print: Print): Promise<number> {
  const root = resolve(target).replaceAll('\\', '/');
  await refuseUsed(root);
  await mkdir(dirname(root), { recursive: true });
  // Under another name until it is whole: what a failure leaves must not look like a backup, nor be in the way of the next one.
  const { told, missing } = await copyUnderName(store, root);
  for (const line of told) print(line);
  for (const line of missing) print(`${line}.`);
  if (missing.length > 0) print('The backup lacks this; all else is in it. Sync the folder and make another one.');
  print(
    `Copied to ${root}. Put it in the place of the shared folder to use it; masters that were further go on in a new epoch.`,
  );
  return missing.length;
}

/** Makes way for the copy: an empty folder is removed. */
async function refuseUsed(root: string): Promise<void> {
  try {
    await rmdir(root);
  } catch (cause) {
    if (isMissing(cause)) return;
    const { code } = cause as { code?: string };
    if (code === 'ENOTEMPTY' || code === 'EEXIST')
      throw new InvalidOptionError(`${root} is not empty; give a new folder for each backup`, { cause });
    throw new InvalidOptionError(`${root} cannot be replaced (${code}); give a new folder in it`, { cause });
  }
}

async function copyUnderName(store: FolderStore, root: string): Promise<Copied> {
  for (let attempt = 1; ; attempt++) {
    const partial = `${root}.partial-${process.pid}`;
    try {
      await rm(partial, { recursive: true, force: true });
      await mkdir(partial);
      const moment = await consistentMoment(store);
      const copied = await copyMoment(store, partial, moment);
      const isWhole = copied.missing.length === 0;
      if (isWhole || attempt >= ATTEMPTS || sameTexts(moment.listings, await store.streams())) {
        await fs.rename(partial, root);
        await syncWayTo(fs, dirname(root));
        return copied;
      }
    } catch (error) {
      // A running master removed it, because a newer snapshot stands in for it.
      if (!isMissing(error) || attempt >= ATTEMPTS) throw error;
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  }
}

async function copyMoment(store: FolderStore, root: string, { published, listings }: Moment): Promise<Copied> {
  const heads = new Map(published.map(({ stream, frontier }) => [streamKey(stream), frontier.head?.seq ?? 0]));
  const standIns = await standInsOf(store, listings);
  const told: string[] = [];
  const missing: string[] = [];
  for (const one of published) {
    const copied = await copyStream(store, root, one, heads, deletedUpTo(standIns, one.stream), missing);
    told.push(`${streamKey(one.stream)}: ${one.frontier.head?.seq ?? 0} events, ${copied} snapshots`);
  }
  return { told, missing };
}

/** Frontiers of which no seal speaks of events that another one does not yet publish. */
async function consistentMoment(store: FolderStore): Promise<Moment> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const published: Published[] = [];
    const listings = await store.streams();
    for (const { stream, frontier: text } of listings) {
      const frontier = decodeFrontier(text, store.crc32);
      if (text !== undefined && frontier !== undefined) published.push({ stream, text, frontier });
    }
    const heads = new Map(published.map(({ stream, frontier }) => [streamKey(stream), frontier.head?.seq ?? 0]));
    const isWhole = published.every(({ frontier }) =>
      Object.entries(frontier.seal?.V ?? {}).every(([key, seq]) => seq <= (heads.get(key) ?? seq)),
    );
    if (isWhole) return { published, listings };
  }
  throw new StoreUnreachableError(
    `${store.location} is not whole: a seal speaks of events that their masters do not publish there. Sync the folder and try again.`,
  );
}

async function copyStream(
  store: FolderStore,
  root: string,
  { stream, text, frontier }: Published,
  heads: ReadonlyMap<string, number>,
  deleted: number,
  missing: string[],
): Promise<number> {
  const directory = streamDirectory(root, stream);
  await fs.mkdir(`${directory}/snapshots`);
  for (const gap of await copyJournal(store, directory, stream, frontier.head?.seq ?? 0)) {
    const told = missingOf(gap, deleted, stream);
    if (told !== undefined) missing.push(told);
  }
  const copied = await copySnapshots(store, directory, stream, heads);
  const needed = frontier.snapshot?.position;
  if (needed !== undefined && !copied.includes(needed))
    missing.push(`The snapshot ${needed} of ${streamKey(stream)}, which stands in for deleted events, cannot be read`);
  // Last: the copy of a stream is readable only when all of it is there.
  await replaceFile(fs, directory, FRONTIER_FILE, [new TextEncoder().encode(text)]);
  for (const one of [`${root}/${stream.master}`, root]) await fs.syncDirectory(one);
  return copied.length;
}

/** Copies the published part of a stream's journal; gives what of it is not there. */
async function copyJournal(store: FolderStore, target: string, stream: StreamId, head: number): Promise<Gap[]> {
  const source = streamDirectory(store.location, stream);
  const gaps: Gap[] = [];
  let reached = 0;
  for (const first of (await segmentsOf(fs, source)).filter((seq) => seq === 1 || seq <= head)) {
    const file = `${source}/${segmentName(first)}`;
    const bytes = await wholeFile(fs, file, await fs.size(file));
    if (first > reached + 1) gaps.push({ from: reached + 1, to: first - 1 });
    const { end, last } = publishedPart(bytes, stream, head, store, file);
    reached = Math.max(reached, first - 1, last);
    await replaceFile(fs, target, segmentName(first), [bytes.subarray(0, end)]);
  }
  if (reached < head) gaps.push({ from: reached + 1, to: head });
  return gaps;
}

/** How far a file holds good lines of events that are published. */
function publishedPart(
  bytes: Uint8Array,
  stream: StreamId,
  head: number,
  store: FolderStore,
  file: string,
): { end: number; last: number } {
  const lines = new LineCheck(bytes, stream, store.crc32);
  let [start, last] = [0, 0];
  for (let number = 1; ; number++) {
    const end = bytes.indexOf(10, start);
    const line = end < 0 ? undefined : lines.at(start, end);
    if (line === undefined || (line.kind === 'event' && line.event.seq > head)) return { end: start, last };
    if (line.kind !== 'event' && line.kind !== 'header') {
      if (last >= head) return { end: start, last };
      throw new JournalDamagedError(
        `${file}, line ${number} (byte ${start}) is damaged; \`prevalent verify\` tells more. The backup is not whole.`,
        { place: { file, line: number, byte: start } },
      );
    }
    if (line.kind === 'event') last = line.event.seq;
    start = end + 1;
  }
}

/** Copies the snapshots that speak of nothing beyond the copied heads; gives their positions. */
async function copySnapshots(
  store: FolderStore,
  target: string,
  stream: StreamId,
  heads: ReadonlyMap<string, number>,
): Promise<string[]> {
  const copied: string[] = [];
  for (const { position } of await store.snapshots(stream)) {
    try {
      const { vector } = await snapshotHeader(store, stream, position);
      if ([...vector].some(([key, seq]) => seq > (heads.get(key) ?? 0))) continue;
      await replaceFile(fs, `${target}/snapshots`, snapshotName(position), store.readSnapshot(stream, { position }));
      copied.push(position);
    } catch (error) {
      // Damaged, or removed by its master meanwhile: others serve as well.
      if (!(error instanceof SnapshotDamagedError) && !isMissing(error)) throw error;
    }
  }
  return copied;
}
