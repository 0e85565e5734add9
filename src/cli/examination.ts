import { JournalDamagedError, SnapshotDamagedError } from '../errors.js';
import { type StreamId, streamKey } from '../event/envelope.js';
import type { FolderStore } from '../store/folder/folder-store.js';
import { nodeFileSystem } from '../store/folder/node-file-system.js';
import { recoverStream } from '../store/folder/recovery.js';
import { decodeFrontier, type Frontier } from '../store/frontier.js';
import { END, HEAD, readFrames } from '../sync/snapshot-frames.js';
import { HeaderReader, type SnapshotHeader } from '../sync/snapshot-header.js';

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
  /** The first damage of the journal. */
  readonly damage: JournalDamagedError | undefined;
}

/** Checks all checksums and numbers of every stream in a folder. Changes nothing. */
export async function examineAll(store: FolderStore): Promise<Examination[]> {
  const found: Examination[] = [];
  for (const { stream, frontier } of await store.streams()) found.push(await examine(store, stream, frontier));
  return found;
}

/** Checks all checksums and numbers of one stream. */
export async function examine(store: FolderStore, stream: StreamId, text: string | undefined): Promise<Examination> {
  const frontier = decodeFrontier(text, store.crc32);
  const problems: string[] = [];
  if (text !== undefined && frontier === undefined)
    problems.push(
      `the frontier of ${streamKey(stream)} is damaged, or of a newer version; its master replaces it when it starts`,
    );
  const journal = await examineJournal(store, stream, frontier, problems);
  const snapshots: string[] = [];
  const damagedSnapshots: string[] = [];
  for (const { position } of await store.snapshots(stream)) {
    try {
      await snapshotHeader(store, stream, position);
      snapshots.push(position);
    } catch (error) {
      if (!(error instanceof SnapshotDamagedError)) throw error;
      damagedSnapshots.push(position);
      problems.push(`the snapshot ${position} of ${streamKey(stream)}: ${error.message}`);
    }
  }
  return { stream, frontier, ...journal, snapshots, damagedSnapshots, problems };
}

/** Events that a snapshot stands in for, so that their files may be gone. */
export function deletedUpTo(frontier: Frontier | undefined, stream: StreamId): number {
  return frontier?.snapshot === undefined ? 0 : (frontier.seal?.V[streamKey(stream)] ?? 0);
}

async function examineJournal(
  store: FolderStore,
  stream: StreamId,
  frontier: Frontier | undefined,
  problems: string[],
): Promise<{ events: number; damage: JournalDamagedError | undefined }> {
  const published = frontier?.head?.seq ?? 0;
  const scan = { fs: nodeFileSystem, root: store.location, stream, published, crc32: store.crc32, thorough: true };
  try {
    const { head, header } = await recoverStream({ ...scan, deleted: deletedUpTo(frontier, stream) });
    const events = head?.seq ?? 0;
    if (header === undefined)
      problems.push(`the journal of ${streamKey(stream)} has no header; perhaps it has not arrived`);
    if (events < published)
      problems.push(`events ${events + 1} to ${published} of ${streamKey(stream)} are published and not there`);
    else if (frontier?.head !== undefined && events === published && head?.id !== frontier.head.id)
      problems.push(`event ${published} of ${streamKey(stream)} is not the one that was published`);
    return { events, damage: undefined };
  } catch (error) {
    if (!(error instanceof JournalDamagedError)) throw error;
    problems.push(error.message);
    return { events: 0, damage: error };
  }
}

/**
 * What a snapshot says it is of, after all its checksums were compared.
 *
 * @throws SnapshotDamagedError (`SNAPSHOT_DAMAGED`) if they are wrong
 */
export async function snapshotHeader(store: FolderStore, stream: StreamId, position: string): Promise<SnapshotHeader> {
  const reader = new HeaderReader();
  let last = 0;
  for await (const { kind, content } of readFrames(store.readSnapshot(stream, { position }), store.crc32)) {
    if (kind === HEAD) reader.piece(content);
    last = kind;
  }
  if (last !== END) throw new SnapshotDamagedError('its end is missing');
  return reader.finish();
}
