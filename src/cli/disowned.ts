import { counted } from '../article.js';
import { InvalidOptionError, JournalDamagedError, SnapshotDamagedError } from '../errors.js';
import { type Event, type StreamHeader, type StreamId, streamKey } from '../event/event.js';
import { LINE_FEED, parseLine } from '../event/line.js';
import { isFromFuture, USUAL_DRIFT } from '../event/ulid-clock.js';
import type { FolderStore } from '../store/folder/folder-store.js';
import { segmentName, segmentsOf, streamDirectory } from '../store/folder/layout.js';
import { nodeFileSystem } from '../store/folder/node-file-system.js';
import { wholeFile } from '../store/folder/recovery.js';
import { decodeFrontier, type Frontier, type Head, type Seal } from '../store/frontier.js';
import type { VersionVector } from '../timeline/timeline.js';
import { snapshotHeader } from './stand-ins.js';

/** What becomes of one stream of the master. */
export interface Parted {
  readonly stream: StreamId;
  readonly header: StreamHeader;
  readonly frontier: Frontier | undefined;
  /** The last call that stays; `undefined` if none does. */
  readonly good: Head | undefined;
  /** How many events, from the first, are not in the journal any more. */
  readonly deleted: number;
  /** Calls after that, in order. */
  readonly bad: readonly Event[];
  /** Where these begin. */
  readonly cut: { readonly file: string; readonly bytes: Uint8Array; readonly byte: number } | undefined;
  /** Names of the files behind that. */
  readonly later: readonly string[];
  /** It was begun after the last good call, so that nothing of it stays, its name included. */
  readonly isWhole: boolean;
  /** Positions of snapshots that hold more than the good calls, or lie behind them. */
  readonly snapshots: readonly string[];
}

/** What everybody says. */
export interface Around {
  readonly frontiers: readonly { readonly stream: StreamId; readonly frontier: Frontier }[];
  /** The newest seal that is in force, whatever the ones say that lie in the future. */
  readonly seal: Seal | undefined;
  /** What the published snapshots hold that stay. */
  readonly vectors: readonly VersionVector[];
}

/** Tells an id that nobody takes yet. */
export function isAhead(id: string): boolean {
  return isFromFuture(id, Date.now(), USUAL_DRIFT);
}

/** Parts a stream of the master behind the id `after`. @throws JournalDamagedError (`JOURNAL_DAMAGED`) if it cannot be read */
export async function part(
  store: FolderStore,
  stream: StreamId,
  text: string | undefined,
  after: string,
): Promise<Parted | undefined> {
  const header = await store.header(stream);
  if (header === undefined) return undefined;
  const directory = streamDirectory(store.location, stream);
  let good: Head | undefined;
  let cut: Parted['cut'];
  const [bad, later]: [Event[], string[]] = [[], []];
  let first = Infinity;
  for (const segment of await segmentsOf(nodeFileSystem, directory)) {
    const file = `${directory}/${segmentName(segment)}`;
    const bytes = await wholeFile(nodeFileSystem, file, await nodeFileSystem.size(file));
    if (cut !== undefined) later.push(segmentName(segment));
    for (const { byte, event } of eventsOf(bytes, file, store)) {
      first = Math.min(first, event.seq);
      if (event.id <= after) good = { seq: event.seq, id: event.id };
      else {
        cut ??= { file, bytes, byte };
        bad.push(event);
      }
    }
  }
  const frontier = decodeFrontier(text, store.crc32);
  const deleted = first === Infinity ? (frontier?.head?.seq ?? 0) : first - 1;
  if (good === undefined && deleted > 0 && bad.length > 0) good = { seq: deleted, id: after };
  const goodSeq = bad.length === 0 ? Infinity : (good?.seq ?? 0);
  const snapshots: string[] = [];
  for (const { position } of await store.snapshots(stream)) {
    const vector = await vectorOf(store, stream, position);
    if (position > after || (vector?.get(streamKey(stream)) ?? 0) > goodSeq) snapshots.push(position);
  }
  return { stream, header, frontier, good, deleted, bad, cut, later, isWhole: stream.epoch > after, snapshots };
}

interface Placed {
  readonly byte: number;
  readonly event: Event;
}

function* eventsOf(bytes: Uint8Array, file: string, { crc32 }: FolderStore): Generator<Placed> {
  const decoder = new TextDecoder();
  let start = 0;
  for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
    const line = parseLine(decoder.decode(bytes.subarray(start, end)), crc32);
    if (line.kind === 'damaged' || line.kind === 'newer')
      throw new JournalDamagedError(
        `${file}, byte ${start}, cannot be read: ${line.kind === 'newer' ? 'a newer version of this program wrote it; run disown of that' : 'run `prevalent repair` first'}. Nothing was changed.`,
      );
    if (line.kind === 'event') yield { byte: start, event: line.event };
    start = end + 1;
  }
}

/** What a snapshot holds; `undefined` if it cannot be read. */
async function vectorOf(store: FolderStore, stream: StreamId, position: string): Promise<VersionVector | undefined> {
  try {
    return (await snapshotHeader(store, stream, position)).vector;
  } catch (error) {
    if (error instanceof SnapshotDamagedError) return undefined;
    throw error;
  }
}

/** Reads what all masters say. @param remembered the seal that the master's machine remembers */
export async function lookAround(
  store: FolderStore,
  parted: readonly Parted[],
  remembered: Seal | undefined,
): Promise<Around> {
  const frontiers = (await store.streams()).flatMap(({ stream, frontier }) => {
    const read = decodeFrontier(frontier, store.crc32);
    return read === undefined ? [] : [{ stream, frontier: read }];
  });
  const seals = [remembered, ...frontiers.map(({ frontier }) => frontier.seal)].filter(
    (seal): seal is Seal => seal !== undefined && !isAhead(seal.H),
  );
  const seal = seals.reduce<Seal | undefined>((newest, one) => ((newest?.no ?? 0) >= one.no ? newest : one), undefined);
  const vectors: VersionVector[] = [];
  for (const { stream, frontier } of frontiers) {
    const position = frontier.snapshot?.position;
    const goes = parted.find((one) => streamKey(one.stream) === streamKey(stream))?.snapshots ?? [];
    const vector =
      position === undefined || goes.includes(position) ? undefined : await vectorOf(store, stream, position);
    if (vector !== undefined) vectors.push(vector);
  }
  return { frontiers, seal, vectors };
}

/**
 * Refuses to disown calls that others have taken for good, or without which a good call would be lost.
 *
 * @throws InvalidOptionError (`INVALID_OPTION`)
 */
export function refuseLoss(parted: readonly Parted[], master: string, { frontiers, seal, vectors }: Around): void {
  for (const { stream, good, bad, deleted } of parted) {
    const key = streamKey(stream);
    if (deleted > 0 && !vectors.some((vector) => (vector.get(key) ?? 0) >= deleted))
      throw new InvalidOptionError(
        `Events 1 to ${deleted} of ${key} are deleted, and stand in no published snapshot but those that would go. Nothing was changed. ` +
          'Call compact() on a master that has everything, sync, and try again. If none has, they come in when the time of that snapshot has come.',
      );
    if (bad.length === 0) continue;
    const stays = good?.seq ?? 0;
    const accepted = frontiers.find((one) => one.stream.master !== master && (one.frontier.seen[key] ?? 0) > stays);
    if (accepted !== undefined)
      throw new InvalidOptionError(
        `${accepted.stream.master} has accepted ${counted(accepted.frontier.seen[key] ?? 0, 'event')} of ${key}, of which ${stays} would stay: what others have accepted counts. Nothing was changed. Undo those calls by calls of your model.`,
      );
    if ((seal?.V[key] ?? 0) > stays || vectors.some((vector) => (vector.get(key) ?? 0) > stays))
      throw new InvalidOptionError(
        `A seal or a published snapshot holds more of ${key} than the ${counted(stays, 'event')} that would stay: that counts. Nothing was changed. Undo those calls by calls of your model.`,
      );
  }
}
