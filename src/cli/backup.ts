import { mkdir, rm, rmdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { counted } from '../article.js';
import { InvalidOptionError, JournalDamagedError, SnapshotDamagedError } from '../errors.js';
import { type StreamId, streamKey } from '../event/event.js';
import { isMissing, replaceFile, syncWayTo } from '../store/folder/file-system.js';
import type { FolderStore } from '../store/folder/folder-store.js';
import { FRONTIER_FILE, segmentName, segmentsOf, snapshotName, streamDirectory } from '../store/folder/layout.js';
import { headerLine, LINE_FEED, LineCheck } from '../event/line.js';
import { nodeFileSystem as fs } from '../store/folder/node-file-system.js';
import { wholeFile } from '../store/folder/recovery.js';
import type { SnapshotHeader } from '../sync/snapshot/header.js';
import { existingStore, type Print } from './folder.js';
import { consistentMoment, headsOf, type Moment, type Published, sealedOf } from './moment.js';
import { type Gap, missingOf } from './published-lines.js';
import { type Offer, snapshotHeader, standInsAmong, type StandIns } from './stand-ins.js';
import { ATTEMPTS, sameTexts } from './steady-look.js';

/** What a journal holds more than its frontier tells. */
export const LEFT_OUT = 'lines that are not published are left out';

/** What became of a journal. */
interface Journal {
  /** Published events that are not in it. */
  readonly gaps: readonly Gap[];
  /** Whether it holds more than is published. */
  readonly goesOn: boolean;
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

async function copyMoment(store: FolderStore, root: string, moment: Moment): Promise<Copied> {
  const told: string[] = [];
  const missing = moment.unreadable.map(
    (stream) => `The frontier of ${streamKey(stream)} cannot be read, so that nothing of this stream is copied`,
  );
  const journals = new Map<string, Journal>();
  const offers: Offer[] = [];
  for (const one of moment.published) {
    const key = streamKey(one.stream);
    await fs.mkdir(`${streamDirectory(root, one.stream)}/snapshots`);
    const journal = await copyJournal(store, root, one);
    journals.set(key, journal);
    const copied = await copySnapshots(store, root, one, journal, moment.snapshots.get(key) ?? []);
    const { snapshot, head } = one.frontier;
    const offered = snapshot && copied.get(snapshot.position);
    if (snapshot !== undefined && offered === undefined)
      missing.push(`The snapshot ${snapshot.position} of ${key}, which replaces deleted events, cannot be read`);
    else if (snapshot !== undefined && offered !== undefined) offers.push({ vector: offered.vector, no: snapshot.no });
    told.push(`${key}: ${counted(head?.seq ?? 0, 'event')}, ${counted(copied.size, 'snapshot')}`);
    if (journal.goesOn) told.push(`${key}: ${LEFT_OUT}; they are in a backup made after its master's next sync`);
    await finishStream(root, one);
  }
  const standIns = standInsAmong(offers);
  for (const [key, { gaps }] of journals) missing.push(...missingIn(gaps, 'published', key, standIns));
  const heads = headsOf(moment);
  for (const [key, count] of sealedOf(moment))
    missing.push(...missingIn([{ from: (heads.get(key) ?? 0) + 1, to: count }], 'sealed', key, standIns));
  return { told, missing };
}

function missingIn(gaps: readonly Gap[], what: 'published' | 'sealed', key: string, standIns: StandIns): string[] {
  const upTo = standIns.get(key)?.upTo ?? 0;
  return gaps.map((gap) => missingOf(gap, upTo, key, what)).filter((told) => told !== undefined);
}

/** Last: the copy of a stream is readable only when all of it is there. */
async function finishStream(root: string, { stream, text }: Published): Promise<void> {
  await replaceFile(fs, streamDirectory(root, stream), FRONTIER_FILE, [new TextEncoder().encode(text)]);
  for (const one of [`${root}/${stream.master}`, root]) await fs.syncDirectory(one);
}

/** Copies the published part of a stream's journal. */
async function copyJournal(store: FolderStore, root: string, { stream, frontier }: Published): Promise<Journal> {
  const source = streamDirectory(store.location, stream);
  const head = frontier.head?.seq ?? 0;
  const gaps: Gap[] = [];
  const fill = async (from: number, to: number): Promise<void> => {
    gaps.push(...(await copyBundled(store, root, stream, { from, to })));
  };
  let [reached, goesOn] = [0, false];
  for (const first of await segmentsOf(fs, source)) {
    if (first > 1 && first > head) {
      goesOn = true;
      continue;
    }
    const file = `${source}/${segmentName(first)}`;
    const bytes = await wholeFile(fs, file, await fs.size(file));
    if (first > reached + 1) await fill(reached + 1, first - 1);
    const { end, last } = publishedPart(bytes, stream, head, store, file);
    reached = Math.max(reached, first - 1, last);
    goesOn ||= end < bytes.length;
    await replaceFile(fs, streamDirectory(root, stream), segmentName(first), [bytes.subarray(0, end)]);
  }
  if (reached < head) await fill(reached + 1, head);
  return { gaps, goesOn };
}

/** Copies events that are not in the files of the journal here, and have arrived in bundles. Gives what is not there at all. */
async function copyBundled(store: FolderStore, root: string, stream: StreamId, { from, to }: Gap): Promise<Gap[]> {
  const header = from === 1 ? await store.header(stream) : undefined;
  const lines = from === 1 && header === undefined ? [] : await store.read(stream, from - 1, to);
  if (lines.length > 0) {
    const begun = header === undefined ? [] : [headerLine(header, store.crc32)];
    const bytes = new TextEncoder().encode([...begun, ...lines].map((line) => `${line}\n`).join(''));
    await replaceFile(fs, streamDirectory(root, stream), segmentName(from), [bytes]);
  }
  const next = from + lines.length;
  return next > to ? [] : [{ from: next, to }];
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
    const end = bytes.indexOf(LINE_FEED, start);
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

/** Copies the snapshots of a stream's master that hold nothing unpublished; gives what they say they are of, by position. */
async function copySnapshots(
  store: FolderStore,
  root: string,
  { stream, frontier }: Published,
  { goesOn }: Journal,
  positions: readonly string[],
): Promise<Map<string, SnapshotHeader>> {
  const copied = new Map<string, SnapshotHeader>();
  const directory = `${streamDirectory(root, stream)}/snapshots`;
  for (const position of positions) {
    try {
      const header = await snapshotHeader(store, stream, position);
      // What its journal holds and did not publish could still be taken back; what it does not hold any more could not.
      if (goesOn && (header.vector.get(streamKey(stream)) ?? 0) > (frontier.head?.seq ?? 0)) continue;
      await replaceFile(fs, directory, snapshotName(position), store.readSnapshot(stream, { position }));
      copied.set(position, header);
    } catch (error) {
      // Damaged, or removed by its master meanwhile: others serve as well.
      if (!(error instanceof SnapshotDamagedError) && !isMissing(error)) throw error;
    }
  }
  return copied;
}
