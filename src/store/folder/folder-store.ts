import { resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Crc32 } from '../../event/checksum.js';
import { InvalidOptionError, ModelMismatchError, SnapshotDamagedError } from '../../errors.js';
import { type StreamHeader, type StreamId, streamKey } from '../../event/event.js';
import { headerLine } from '../../event/line.js';
import { isUlid } from '../../event/ulid.js';
import { decodeFrontier, type Seal } from '../frontier.js';
import type { Capabilities, Journal, JournalRequest, Notice, SnapshotListing, Store, StreamListing } from '../store.js';
import { type FileSystem, replaceFile, syncWayTo } from './file-system.js';
import { FolderJournal } from './folder-journal.js';
import {
  epochsOf,
  isNewsFor,
  isStream,
  removeTemporaries,
  segmentName,
  segmentsOf,
  snapshotName,
  snapshotsOf,
  streamDirectory,
} from './layout.js';
import { type FolderStoreOptions, segmentBytesOf } from './folder-options.js';
import { frontierOf, publishRest } from './left-over.js';
import { withoutLinks } from './link-guard.js';
import { type Lock, takeLock } from './lock.js';
import { nodeFileSystem } from './node-file-system.js';
import { claimFolder } from './own-folder.js';
import { recoverStream, type Scan } from './recovery.js';
import { SegmentReader } from './segment-reader.js';
import { StreamCatalog } from './stream-catalog.js';
import { keepTornTail } from './torn-tail.js';
import { defaultLocalDirectory, readSession, type Session, writeSession } from './session.js';
import { Troubles } from './troubles.js';

/** A snapshot is read in pieces of this size. */
const READ_BYTES = 1024 * 1024;

/**
 * Masters that share a folder (Dropbox, Syncthing, NFS, a USB stick): each writes its own directory in it and reads the others'.
 *
 * @example
 * ```ts
 * import { FolderStore } from 'prevalent';
 *
 * const store = new FolderStore('./shared');
 * console.log(store.location.endsWith('shared')); // true
 * ```
 */
export class FolderStore implements Store {
  readonly location: string;
  readonly place: string | object;
  readonly watch?: NonNullable<Store['watch']>;
  /** CRC-32 as Node has it. */
  static readonly crc32: Crc32 = crc32;
  readonly crc32: Crc32 = crc32;
  readonly capabilities: Capabilities;
  readonly #fs: FileSystem;
  readonly #lock: (directory: string, master: string) => Promise<Lock>;
  readonly #segmentBytes: number;
  #begun = false;
  /** Masters that were opened here: what cannot be read of them is an error, not late. */
  readonly #mine = new Set<string>();
  readonly #readers = new Map<string, SegmentReader>();
  readonly #catalog: StreamCatalog;
  readonly #troubles = new Troubles();

  /** @param path the shared folder; made if it is not there */
  constructor(path: string, options: FolderStoreOptions = {}) {
    if (typeof path !== 'string' || path === '')
      throw new InvalidOptionError('store: the path of the shared folder is missing');
    this.#segmentBytes = segmentBytesOf(options);
    this.location = resolve(path).replaceAll('\\', '/');
    this.#fs = withoutLinks(options.fileSystem ?? nodeFileSystem, this.location);
    const { location } = this;
    this.place = options.fileSystem ?? location;
    this.capabilities = { now: true, watch: this.#fs.watch !== undefined, fences: false };
    if (this.#fs.watch !== undefined) {
      const watch = this.#fs.watch.bind(this.#fs);
      this.watch = (master, listener) => watch(location, (names) => isNewsFor(master, names), listener);
    }
    this.#lock = options.lock ?? takeLock;
    this.#catalog = new StreamCatalog(this.#fs, this.location, crc32, this.#troubles);
  }

  async open(request: JournalRequest): Promise<Journal> {
    const local = resolve(request.local ?? defaultLocalDirectory(this.location, request.master)).replaceAll('\\', '/');
    await this.#fs.mkdir(local);
    await this.#fs.mkdir(`${this.location}/${request.master}`);
    this.#begun = true;
    this.#mine.add(request.master);
    const lock = await this.#lock(local, request.master);
    try {
      const notices = await claimFolder(this.#fs, this.location, request.master);
      await this.#refuseOtherModels(request.model);
      return await this.#openLocked(request, local, lock, notices);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async streams(again: ReadonlySet<string> | 'all' = 'all'): Promise<readonly StreamListing[]> {
    this.#troubles.clear();
    // A drive that is gone must not look like a folder where nobody has written.
    return this.#catalog.streams(again, this.#begun);
  }

  async header(stream: StreamId): Promise<StreamHeader | undefined> {
    return isStream(stream) ? this.#catalog.header(stream) : undefined;
  }

  async read(stream: StreamId, after: number, upTo: number): Promise<readonly string[]> {
    if (!isStream(stream)) return [];
    const key = streamKey(stream);
    const troubles = this.#mine.has(stream.master) ? undefined : this.#troubles;
    const reader =
      this.#readers.get(key) ?? new SegmentReader(this.#fs, streamDirectory(this.location, stream), troubles);
    this.#readers.set(key, reader);
    return reader.read(after, upTo);
  }

  trouble(stream: StreamId): string | undefined {
    return this.#troubles.of(this.location, stream);
  }

  async snapshots(stream: StreamId): Promise<readonly SnapshotListing[]> {
    if (!isStream(stream)) return [];
    const positions = await snapshotsOf(this.#fs, streamDirectory(this.location, stream));
    return positions.map((position) => ({ position }));
  }

  async *readSnapshot(stream: StreamId, { position }: SnapshotListing): AsyncIterable<Uint8Array> {
    if (!isStream(stream) || !isUlid(position))
      throw new SnapshotDamagedError(`${streamKey(stream)}/${position} is no name of a snapshot`);
    const file = `${streamDirectory(this.location, stream)}/snapshots/${snapshotName(position)}`;
    const size = await this.#fs.size(file);
    for (let offset = 0; offset < size; offset += READ_BYTES) yield await this.#fs.read(file, offset, READ_BYTES);
  }

  async #openLocked(request: JournalRequest, local: string, lock: Lock, notices: Notice[]): Promise<Journal> {
    const { master } = request;
    const session = await readSession(this.#fs, local);
    const epoch = await this.#newestEpoch(master);
    if (epoch === undefined) {
      const vanished = session?.head !== undefined;
      if (vanished) {
        notices.push({
          kind: 'new-epoch',
          message: `The journal of "${master}" is gone from ${this.location}, although it had published ${session.head.seq} events; it continues in a new epoch. Other masters and other copies of the folder hold what they received.`,
        });
      }
      return this.#begin(request, local, lock, session, vanished ? 'restored' : 'new', notices);
    }
    const stream = { master, epoch };
    const directory = streamDirectory(this.location, stream);
    if (session === undefined || !continues(session, epoch, await this.#catalog.header(stream))) {
      await publishRest(this.#scan(stream, 0), notices);
      notices.push({
        kind: 'new-epoch',
        message: `The newest journal of "${master}" was written by another machine or copy; this one continues in a new epoch. All that is in it counts; what it lacks is with those who received it.`,
      });
      return this.#begin(request, local, lock, session, 'restored', notices);
    }
    const frontier = await frontierOf(this.#scan(stream, 0));
    const remembered = session.epoch === epoch ? (session.head?.seq ?? 0) : 0;
    const published = Math.max(frontier?.head?.seq ?? 0, remembered, await this.#seenOf(stream));
    const seal = newer(session.seal, frontier?.seal);
    const vouched = session.epoch === epoch ? session.deletable : 0;
    const deletable = Math.max(frontier?.snapshot?.events ?? 0, vouched);
    const scan = this.#scan(stream, published, deletable);
    const found = await recoverStream(scan);
    for (const one of [directory, `${directory}/snapshots`, local]) await removeTemporaries(this.#fs, one);
    for (const file of found.unused) await this.#fs.unlink(file);
    if (found.header === undefined || found.segment === undefined || (found.head?.seq ?? 0) < published) {
      await publishRest(this.#scan(stream, 0), notices);
      notices.push({
        kind: 'new-epoch',
        message: `The journal of "${master}" is older than what it had published (a restored backup?); it continues in a new epoch. What is missing here is with other masters, as far as they received it.`,
      });
      return this.#begin(request, local, lock, session, 'restored', notices);
    }
    if (found.torn !== undefined) notices.push(await keepTornTail(this.#fs, directory, found.segment, found.torn));
    const file = await this.#fs.open(`${directory}/${segmentName(found.segment.first)}`, false);
    return new FolderJournal({
      ...this.#parts(stream, local, published),
      header: found.header,
      head: found.head,
      next: (found.head?.seq ?? 0) + 1,
      seal,
      deletable,
      moved: session.moved ?? {},
      ends: session.ends ?? {},
      notices,
      lock,
      file,
      segment: found.segment.first,
      size: found.segment.size,
      allocated: found.torn === undefined ? found.segment.allocated : found.segment.size,
    });
  }

  /** The newest epoch that has a journal; a crash may leave the folder of one that never began. */
  async #newestEpoch(master: string): Promise<string | undefined> {
    for (const epoch of (await epochsOf(this.#fs, this.location, master)).reverse()) {
      if ((await segmentsOf(this.#fs, streamDirectory(this.location, { master, epoch }))).length > 0) return epoch;
    }
    return undefined;
  }

  /** Begins a new stream: its directory, its header, and the session that vouches for it. */
  async #begin(
    request: JournalRequest,
    local: string,
    lock: Lock,
    session: Session | undefined,
    reason: StreamHeader['reason'],
    notices: Notice[],
  ): Promise<Journal> {
    const { master } = request;
    const epoch = request.newEpoch((await epochsOf(this.#fs, this.location, master)).at(-1));
    const header: StreamHeader = {
      master,
      epoch,
      model: request.model,
      session: session?.session ?? epoch,
      reason,
      after: null,
    };
    const directory = streamDirectory(this.location, header);
    await syncWayTo(this.#fs, local);
    // Before the stream exists: a crash in between leaves nothing that another session would have to continue.
    const { seal, moved = {} } = session ?? {};
    const ends = endsOf(session);
    await writeSession(this.#fs, local, {
      session: header.session,
      epoch,
      head: undefined,
      seal,
      deletable: 0,
      moved,
      ends,
    });
    await this.#fs.mkdir(directory);
    await syncWayTo(this.#fs, `${this.location}/${master}`, this.location);
    const line = new TextEncoder().encode(headerLine(header, crc32) + '\n');
    await replaceFile(this.#fs, directory, segmentName(1), [line]);
    const file = await this.#fs.open(`${directory}/${segmentName(1)}`, false);
    return new FolderJournal({
      ...this.#parts(header, local, 0),
      header,
      head: undefined,
      next: 1,
      seal,
      deletable: 0,
      moved,
      ends,
      notices,
      lock,
      file,
      segment: 1,
      size: line.length,
      allocated: line.length,
    });
  }

  /** What all journals of this store have in common. */
  #parts(stream: StreamId, local: string, published: number) {
    const onStreams = (): void => {
      this.#catalog.forget(stream.master);
    };
    const directory = streamDirectory(this.location, stream);
    const check = (own: StreamId, deleted: number): Promise<unknown> =>
      recoverStream({ ...this.#scan(own, own.epoch === stream.epoch ? published : 0, deleted), thorough: true });
    return { fs: this.#fs, directory, local, segmentBytes: this.#segmentBytes, crc32, onStreams, check };
  }

  #scan(stream: StreamId, published: number, deleted = 0): Scan {
    return { fs: this.#fs, root: this.location, stream, published, deleted, crc32 };
  }

  /** How much of a stream any master says it has accepted: less in the journal means that it was put back to an older copy. */
  async #seenOf(stream: StreamId): Promise<number> {
    const key = streamKey(stream);
    const frontiers = (await this.#catalog.streams('all', true)).map((listing) =>
      decodeFrontier(listing.frontier, crc32),
    );
    return Math.max(0, ...frontiers.map((one) => Math.max(one?.seen[key] ?? 0, one?.seal?.V[key] ?? 0)));
  }

  async #refuseOtherModels(model: string): Promise<void> {
    for (const { stream } of await this.#catalog.streams('all', true)) {
      const header = await this.#catalog.header(stream);
      if (header !== undefined && header.model !== model) {
        throw new ModelMismatchError(
          `${this.location} holds the model "${header.model}" (written by ${stream.master}), not "${model}". Use one folder for each model.`,
        );
      }
    }
  }
}

/** A machine goes on with the stream it wrote last, or with the one that succeeded it right before a crash. */
function continues(session: Session, epoch: string, header: StreamHeader | undefined): boolean {
  if (session.epoch === epoch) return true;
  return header?.session === session.session && header.moved?.[session.epoch ?? ''] !== undefined;
}

/** What was published of the streams that this machine leaves. */
function endsOf(session: Session | undefined): Readonly<Record<string, number>> {
  const { epoch, head, ends } = session ?? {};
  return epoch === undefined || head === undefined ? { ...ends } : { ...ends, [epoch]: head.seq };
}

function newer(one: Seal | undefined, other: Seal | undefined): Seal | undefined {
  return (one?.no ?? 0) >= (other?.no ?? 0) ? one : other;
}
