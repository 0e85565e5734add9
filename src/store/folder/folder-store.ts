import { resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Crc32 } from '../../event/checksum.js';
import { InvalidOptionError, SnapshotDamagedError } from '../../errors.js';
import { type StreamHeader, type StreamId, streamKey } from '../../event/event.js';
import { isUlid } from '../../event/ulid.js';
import type { Capabilities, Journal, JournalRequest, SnapshotListing, Store, StreamListing } from '../store.js';
import { BundleReader } from './bundle-reader.js';
import type { FileSystem } from './file-system.js';
import { wait } from '../wait.js';
import { FolderOpening } from './folder-opening.js';
import { isNewsFor, isStream, snapshotName, snapshotsOf, streamDirectory } from './layout.js';
import { type FolderStoreOptions, segmentBytesOf, timeLimitOf } from './folder-options.js';
import { withoutLinks } from './link-guard.js';
import { type Lock, takeLock } from './lock.js';
import { nodeFileSystem } from './node-file-system.js';
import { impatient, Lanes } from './others-files.js';
import { SegmentReader } from './segment-reader.js';
import { StreamCatalog } from './stream-catalog.js';
import { noteOwner, sayingPrivate } from './private-directory.js';
import { defaultLocalDirectory } from './session.js';
import { HIGHEST, readingLimits, type ReadingLimits } from './reading-limits.js';
import { Troubles } from './troubles.js';

/** Of the pool that all file operations of this process share; Node makes four unless told otherwise. */
const THREADS = Number(process.env.UV_THREADPOOL_SIZE) || 4;
const ALL_LANES = new Lanes(THREADS);

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
  readonly pause = wait;
  readonly capabilities: Capabilities;
  readonly #fs: FileSystem;
  /** The same, for reading what others wrote: it may hang. */
  readonly #others: FileSystem;
  readonly #lock: (directory: string, master: string) => Promise<Lock>;
  readonly #segmentBytes: number;
  readonly #limits: ReadingLimits;
  #begun = false;
  /** Masters that were opened here: what cannot be read of them is an error, not late. */
  readonly #mine = new Set<string>();
  readonly #readers = new Map<string, SegmentReader>();
  readonly #catalog: StreamCatalog;
  readonly #bundles: BundleReader;
  readonly #troubles = new Troubles();

  /** @param path the shared folder; made if it is not there */
  constructor(path: string, options: FolderStoreOptions = {}) {
    if (typeof path !== 'string' || path === '')
      throw new InvalidOptionError('store: the path of the shared folder is missing');
    this.#segmentBytes = segmentBytesOf(options);
    this.#limits = readingLimits(options.limits);
    this.location = resolve(path).replaceAll('\\', '/');
    this.#fs = withoutLinks(options.fileSystem ?? nodeFileSystem, this.location);
    const { location } = this;
    const bounds = { root: location, mine: this.#mine, limit: timeLimitOf(options) };
    this.#others = impatient(this.#fs, bounds, options.fileSystem === undefined ? ALL_LANES : new Lanes(THREADS));
    this.place = options.fileSystem ?? location;
    this.capabilities = {
      now: true,
      watch: this.#fs.watch !== undefined,
      fences: true,
      troubles: true,
      putsBack: true,
      checks: true,
      failures: ['refused'],
    };
    if (this.#fs.watch !== undefined) {
      const watch = this.#fs.watch.bind(this.#fs);
      this.watch = (master, listener) => watch(location, (names) => isNewsFor(master, names), listener);
    }
    this.#lock = options.lock ?? takeLock;
    const limits = (master: string): ReadingLimits => this.#limitsOf(master);
    this.#catalog = new StreamCatalog(this.#others, this.location, crc32, this.#troubles, limits);
    this.#bundles = new BundleReader(this.#others, this.location, crc32, this.#troubles, limits);
  }

  async open(request: JournalRequest): Promise<Journal> {
    const local = resolve(request.local ?? defaultLocalDirectory(this.location, request.master)).replaceAll('\\', '/');
    this.#mine.add(request.master);
    try {
      await this.#fs.mkdir(local);
    } catch (error) {
      throw sayingPrivate(error, local, true);
    }
    const lock = await this.#lock(local, request.master);
    try {
      const files = { fs: this.#fs, others: this.#others, root: this.location, catalog: this.#catalog };
      const place = { ...files, segmentBytes: this.#segmentBytes };
      const journal = await new FolderOpening(place, { ...request, local }, lock).journal();
      // Whoever names one looks after it.
      if (request.local === undefined)
        await noteOwner(this.#fs, local, { folder: this.location, master: request.master });
      this.#begun = true;
      return journal;
    } catch (error) {
      await lock.release();
      throw sayingPrivate(error, local);
    }
  }

  async streams(again: ReadonlySet<string> | 'all' = 'all'): Promise<readonly StreamListing[]> {
    this.#troubles.clear();
    // A drive that is gone must not look like a folder where nobody has written.
    return this.#bundles.renewed(await this.#catalog.streams(again, this.#begun));
  }

  async header(stream: StreamId): Promise<StreamHeader | undefined> {
    if (!isStream(stream)) return undefined;
    return (await this.#catalog.header(stream)) ?? (await this.#bundles.header(stream));
  }

  async read(stream: StreamId, after: number, upTo: number): Promise<readonly string[]> {
    if (!isStream(stream)) return [];
    const key = streamKey(stream);
    const troubles = this.#mine.has(stream.master) ? undefined : this.#troubles;
    const directory = streamDirectory(this.location, stream);
    const reader =
      this.#readers.get(key) ??
      new SegmentReader(this.#others, directory, troubles, this.#limitsOf(stream.master).line);
    this.#readers.set(key, reader);
    const lines = await reader.read(after, upTo);
    // Without an end it is asked how far the journal itself goes.
    if (upTo === Infinity || after + lines.length >= upTo) return lines;
    const more = await this.#bundles.lines(stream, after + lines.length, upTo);
    return more.length === 0 ? lines : [...lines, ...more];
  }

  // What was written here is read again here, whatever was given.
  #limitsOf(master: string): ReadingLimits {
    return this.#mine.has(master) ? HIGHEST : this.#limits;
  }

  trouble(stream: StreamId): string | undefined {
    return this.#troubles.of(this.location, stream);
  }

  async snapshots(stream: StreamId): Promise<readonly SnapshotListing[]> {
    if (!isStream(stream)) return [];
    const positions = await snapshotsOf(this.#others, streamDirectory(this.location, stream));
    return positions.map((position) => ({ position }));
  }

  async *readSnapshot(stream: StreamId, { position }: SnapshotListing): AsyncIterable<Uint8Array> {
    if (!isStream(stream) || !isUlid(position))
      throw new SnapshotDamagedError(`${streamKey(stream)}/${position} is no name of a snapshot`);
    const file = `${streamDirectory(this.location, stream)}/snapshots/${snapshotName(position)}`;
    const size = await this.#others.size(file);
    if (size > this.#limitsOf(stream.master).snapshot)
      throw new SnapshotDamagedError(
        `${file} has ${size} bytes, and no snapshot of others may have more than ${this.#limits.snapshot} here`,
      );
    for (let offset = 0; offset < size; offset += READ_BYTES) yield await this.#others.read(file, offset, READ_BYTES);
  }
}
