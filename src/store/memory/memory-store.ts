import { crc32 } from 'node:zlib';
import type { Crc32 } from '../../event/checksum.js';
import { MasterLockedError, ModelMismatchError } from '../../errors.js';
import { type StreamHeader, type StreamId, streamKey } from '../../event/envelope.js';
import type { Head, Journal, JournalRequest, SnapshotListing, Store, StreamListing } from '../store.js';

interface MemoryStream {
  readonly header: StreamHeader;
  readonly lines: string[];
  frontier: string | undefined;
  head: Head | undefined;
  readonly snapshots: Map<string, Uint8Array[]>;
}

/**
 * A store in the memory of one process: masters that share it converge, and reopening finds everything, until the process
 * ends. For tests, demonstrations and models that need no disk.
 *
 * @example
 * ```ts
 * import { MemoryStore } from 'prevalent';
 *
 * const store = new MemoryStore();
 * console.log(store.location); // 'memory'
 * ```
 */
export class MemoryStore implements Store {
  readonly location = 'memory';
  readonly crc32: Crc32 = crc32;
  readonly #streams = new Map<string, MemoryStream>();
  readonly #open = new Set<string>();

  open(request: JournalRequest): Promise<Journal> {
    for (const { header } of this.#streams.values()) {
      if (header.model !== request.model) {
        return Promise.reject(
          new ModelMismatchError(
            `This store holds the model "${header.model}", not "${request.model}". Use one store for each model.`,
          ),
        );
      }
    }
    if (this.#open.has(request.master)) {
      return Promise.reject(
        new MasterLockedError(`The master "${request.master}" is open already. Close it first, or use another name.`),
      );
    }
    this.#open.add(request.master);
    const mine = [...this.#streams.values()].filter(({ header }) => header.master === request.master);
    let stream = mine[mine.length - 1];
    if (stream === undefined) {
      const header: StreamHeader = {
        master: request.master,
        epoch: request.newEpoch(undefined),
        model: request.model,
        session: 'memory',
        reason: 'new',
      };
      stream = { header, lines: [], frontier: undefined, head: undefined, snapshots: new Map() };
      this.#streams.set(streamKey(header), stream);
    }
    return Promise.resolve(new MemoryJournal(stream, () => this.#open.delete(request.master)));
  }

  streams(): Promise<readonly StreamListing[]> {
    return Promise.resolve(
      [...this.#streams.values()].map(({ header, frontier }) => ({
        stream: { master: header.master, epoch: header.epoch },
        frontier,
      })),
    );
  }

  read(stream: StreamId, after: number, upTo: number): Promise<readonly string[]> {
    return Promise.resolve(this.#streams.get(streamKey(stream))?.lines.slice(after, upTo) ?? []);
  }

  async snapshots(stream: StreamId): Promise<readonly SnapshotListing[]> {
    const positions = [...(this.#streams.get(streamKey(stream))?.snapshots.keys() ?? [])];
    return positions
      .sort()
      .reverse()
      .map((position) => ({ position }));
  }

  async *readSnapshot(stream: StreamId, { position }: SnapshotListing): AsyncIterable<Uint8Array> {
    const chunks = this.#streams.get(streamKey(stream))?.snapshots.get(position);
    if (chunks === undefined) throw new Error(`There is no snapshot ${position} of ${streamKey(stream)}`);
    yield* chunks;
  }
}

class MemoryJournal implements Journal {
  readonly header: StreamHeader;
  readonly head: Head | undefined;
  readonly notices = [];
  readonly soon = queueMicrotask;
  readonly #stream: MemoryStream;
  readonly #release: () => void;

  constructor(stream: MemoryStream, release: () => void) {
    this.header = stream.header;
    this.head = stream.head;
    this.#stream = stream;
    this.#release = release;
  }

  append(lines: string, firstSeq: number): Promise<void> {
    this.appendNow(lines, firstSeq);
    return Promise.resolve();
  }

  appendNow(lines: string, firstSeq: number): void {
    const stream = this.#stream;
    const added = lines.split('\n');
    added.pop();
    stream.lines.length = firstSeq - 1;
    for (const line of added) stream.lines.push(line);
    const last = added[added.length - 1] ?? '';
    stream.head = { seq: stream.lines.length, id: (JSON.parse(last) as { id: string }).id };
  }

  cutBack(): Promise<void> {
    return Promise.resolve();
  }

  cutBackNow(): void {
    // Appending never fails here: there is nothing to take back.
  }

  publish(frontier: string): Promise<void> {
    this.#stream.frontier = frontier;
    return Promise.resolve();
  }

  async writeSnapshot(position: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const kept: Uint8Array[] = [];
    for await (const chunk of chunks) kept.push(chunk.slice());
    this.#stream.snapshots.set(position, kept);
  }

  removeSnapshot({ position }: SnapshotListing): Promise<void> {
    this.#stream.snapshots.delete(position);
    return Promise.resolve();
  }

  size(): Promise<{ journal: number; snapshots: number }> {
    const chars = (lines: readonly string[]): number => lines.reduce((sum, line) => sum + line.length + 1, 0);
    const snapshots = [...this.#stream.snapshots.values()].flat().reduce((sum, chunk) => sum + chunk.length, 0);
    return Promise.resolve({ journal: chars(this.#stream.lines), snapshots });
  }

  close(): Promise<void> {
    this.#release();
    return Promise.resolve();
  }
}
