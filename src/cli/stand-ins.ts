import { SnapshotDamagedError } from '../errors.js';
import { type StreamId, streamKey } from '../event/event.js';
import { isMissing } from '../store/folder/file-system.js';
import type { FolderStore } from '../store/folder/folder-store.js';
import { decodeFrontier } from '../store/frontier.js';
import type { StreamListing } from '../store/store.js';
import { END, HEAD, readFrames } from '../sync/snapshot/frames.js';
import type { VersionVector } from '../timeline/timeline.js';
import { HeaderReader, type SnapshotHeader } from '../sync/snapshot/header.js';

/** A published snapshot that stands in for events of a stream. */
export interface StandIn {
  /** The last event it holds. */
  readonly upTo: number;
  /** Number of the seal at which it was taken. */
  readonly no: number;
}

/** A published snapshot: what it holds of each stream, and the seal at which it was taken. */
export interface Offer {
  readonly vector: VersionVector;
  readonly no: number;
}

/** By stream, the snapshot that stands in for the most of its events: they may be gone. */
export type StandIns = ReadonlyMap<string, StandIn>;

/**
 * What the published snapshots of all masters stand in for, by what they say themselves: a seal may be newer than any of them,
 * and of a stream that lost events it may be another master's that still holds them. One that cannot be read stands in for nothing.
 */
export async function standInsOf(store: FolderStore, listings: readonly StreamListing[]): Promise<StandIns> {
  const offers: Offer[] = [];
  for (const { stream, frontier } of listings) {
    const published = decodeFrontier(frontier, store.crc32)?.snapshot;
    const header = published === undefined ? undefined : await readableHeader(store, stream, published.position);
    if (published !== undefined && header !== undefined) offers.push({ vector: header.vector, no: published.no });
  }
  return standInsAmong(offers);
}

/** What published snapshots stand in for together. */
export function standInsAmong(offers: readonly Offer[]): StandIns {
  const found = new Map<string, StandIn>();
  for (const { vector, no } of offers)
    for (const [key, upTo] of vector) if (upTo > (found.get(key)?.upTo ?? 0)) found.set(key, { upTo, no });
  return found;
}

/** The last event of a stream that a published snapshot stands in for; 0 if none does. */
export function deletedUpTo(standIns: StandIns, stream: StreamId): number {
  return standIns.get(streamKey(stream))?.upTo ?? 0;
}

async function readableHeader(
  store: FolderStore,
  stream: StreamId,
  position: string,
): Promise<SnapshotHeader | undefined> {
  try {
    return await snapshotHeader(store, stream, position);
  } catch (error) {
    if (error instanceof SnapshotDamagedError || isMissing(error)) return undefined;
    throw error;
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
