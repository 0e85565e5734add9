import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InvalidOptionError, JournalDamagedError, SnapshotDamagedError, StoreUnreachableError } from '../errors.js';
import { type StreamId, streamKey } from '../event/envelope.js';
import { isMissing, replaceFile } from '../store/folder/file-system.js';
import type { FolderStore } from '../store/folder/folder-store.js';
import { FRONTIER_FILE, segmentName, segmentsOf, snapshotName, streamDirectory } from '../store/folder/layout.js';
import { LineCheck } from '../store/folder/line-check.js';
import { nodeFileSystem as fs } from '../store/folder/node-file-system.js';
import { decodeFrontier, type Frontier } from '../store/frontier.js';
import { deletedUpTo, snapshotHeader } from './examination.js';
import { existingStore, type Print } from './folder.js';

/** How often something is read again because a running master changed it meanwhile. */
const ATTEMPTS = 10;

interface Published {
  readonly stream: StreamId;
  readonly text: string;
  readonly frontier: Frontier;
}

/** A running master deleted something that was to be copied, because a newer snapshot stands in for it. */
class ChangedMeanwhile extends StoreUnreachableError {}

/**
 * Copies what every master has published, as one consistent moment, while masters may run. Nothing that is not published is
 * in the copy: it could still be taken back.
 */
export async function backup(folder: string, target: string, print: Print): Promise<void> {
  const store = await existingStore(folder);
  const root = resolve(target).replaceAll('\\', '/');
  await refuseUsed(root);
  for (const line of await copyAll(store, root, ATTEMPTS)) print(line);
  print(
    `Copied to ${root}. Put it in the place of the shared folder to use it; masters that were further go on in a new epoch.`,
  );
}

async function refuseUsed(root: string): Promise<void> {
  const names = await readdir(root).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  if (names.length > 0) throw new InvalidOptionError(`${root} is not empty; give a new folder for each backup`);
}

/** Copies one moment; gives what to tell about each stream. */
async function copyAll(store: FolderStore, root: string, attempts: number): Promise<string[]> {
  const moment = await consistentMoment(store);
  const heads = new Map(moment.map(({ stream, frontier }) => [streamKey(stream), frontier.head?.seq ?? 0]));
  const told: string[] = [];
  try {
    for (const published of moment) {
      const copied = await copyStream(store, root, published, heads);
      told.push(`${streamKey(published.stream)}: ${published.frontier.head?.seq ?? 0} events, ${copied} snapshots`);
    }
    return told;
  } catch (error) {
    if (!(error instanceof ChangedMeanwhile || isMissing(error)) || attempts <= 1) throw error;
    return copyAll(store, root, attempts - 1);
  }
}

/** Frontiers of which no seal speaks of events that another one does not yet publish. */
async function consistentMoment(store: FolderStore): Promise<Published[]> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const published: Published[] = [];
    for (const { stream, frontier: text } of await store.streams()) {
      const frontier = decodeFrontier(text, store.crc32);
      if (text !== undefined && frontier !== undefined) published.push({ stream, text, frontier });
    }
    const heads = new Map(published.map(({ stream, frontier }) => [streamKey(stream), frontier.head?.seq ?? 0]));
    const isWhole = published.every(({ frontier }) =>
      Object.entries(frontier.seal?.V ?? {}).every(([key, seq]) => seq <= (heads.get(key) ?? seq)),
    );
    if (isWhole) return published;
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
): Promise<number> {
  const directory = streamDirectory(root, stream);
  await fs.mkdir(`${directory}/snapshots`);
  await copyJournal(store, directory, stream, frontier);
  const copied = await copySnapshots(store, directory, stream, heads);
  const needed = frontier.snapshot?.position;
  if (needed !== undefined && !copied.includes(needed))
    throw new ChangedMeanwhile(
      `The snapshot ${needed} of ${streamKey(stream)}, which stands in for deleted events, cannot be read in ${store.location}. The backup is not whole; sync the folder and make it again.`,
    );
  // Last: the copy of a stream is readable only when all of it is there.
  await replaceFile(fs, directory, FRONTIER_FILE, [new TextEncoder().encode(text)]);
  for (const one of [`${root}/${stream.master}`, root]) await fs.syncDirectory(one);
  return copied.length;
}

async function copyJournal(store: FolderStore, target: string, stream: StreamId, frontier: Frontier): Promise<void> {
  const source = streamDirectory(store.location, stream);
  const head = frontier.head?.seq ?? 0;
  const deleted = deletedUpTo(frontier, stream);
  let reached = 0;
  for (const first of (await segmentsOf(fs, source)).filter((seq) => seq === 1 || seq <= head)) {
    const file = `${source}/${segmentName(first)}`;
    const bytes = await fs.read(file);
    if (first > Math.max(reached, deleted) + 1) break;
    const { end, last } = publishedPart(bytes, stream, head, store, file);
    reached = Math.max(reached, last);
    await replaceFile(fs, target, segmentName(first), [bytes.subarray(0, end)]);
  }
  if (reached < head && deleted < head)
    throw new ChangedMeanwhile(
      `Events ${reached + 1} to ${head} of ${streamKey(stream)} are not in ${store.location}. The backup is not whole; sync the folder and make it again.`,
    );
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
