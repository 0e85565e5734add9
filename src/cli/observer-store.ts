import type { StreamHeader, StreamId } from '../event/event.js';
import type { FolderStore } from '../store/folder/folder-store.js';
import { wait } from '../store/wait.js';
import { MemoryStore } from '../store/memory/memory-store.js';
import type { Capabilities, Journal, JournalRequest, SnapshotListing, Store, StreamListing } from '../store/store.js';

/** A folder to look at: whoever opens a master on it writes to memory only, and nobody hears of it. */
export class ObserverStore implements Store {
  readonly location: string;
  readonly place = this;
  readonly crc32: Store['crc32'];
  readonly capabilities: Capabilities = {
    now: true,
    watch: false,
    fences: false,
    troubles: true,
    putsBack: false,
    checks: false,
    failures: ['refused'],
  };
  readonly pause = wait;
  readonly #folder: FolderStore;
  readonly #own = new MemoryStore();
  readonly #hideSnapshots: boolean;
  #master = '';

  /** @param hideSnapshots so that everything is replayed from the beginning */
  constructor(folder: FolderStore, hideSnapshots: boolean) {
    this.location = folder.location;
    this.crc32 = folder.crc32;
    this.#folder = folder;
    this.#hideSnapshots = hideSnapshots;
  }

  open(request: JournalRequest): Promise<Journal> {
    this.#master = request.master;
    return this.#own.open(request);
  }

  async streams(): Promise<readonly StreamListing[]> {
    return [...(await this.#folder.streams()), ...(await this.#own.streams())];
  }

  header(stream: StreamId): Promise<StreamHeader | undefined> {
    return this.#of(stream).header(stream);
  }

  read(stream: StreamId, after: number, upTo: number): Promise<readonly string[]> {
    return this.#of(stream).read(stream, after, upTo);
  }

  trouble(stream: StreamId): string | undefined {
    return this.#of(stream).trouble(stream);
  }

  snapshots(stream: StreamId): Promise<readonly SnapshotListing[]> {
    return this.#hideSnapshots ? Promise.resolve([]) : this.#of(stream).snapshots(stream);
  }

  readSnapshot(stream: StreamId, snapshot: SnapshotListing): AsyncIterable<Uint8Array> {
    return this.#of(stream).readSnapshot(stream, snapshot);
  }

  #of(stream: StreamId): Store {
    return stream.master === this.#master ? this.#own : this.#folder;
  }
}
