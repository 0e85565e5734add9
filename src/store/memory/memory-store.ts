import { crc32 } from 'node:zlib';
import type { Crc32 } from '../../event/checksum.js';
import { MasterLockedError, ModelMismatchError } from '../../errors.js';
import { type StreamHeader, type StreamId, streamKey } from '../../event/envelope.js';
import type { Head, Journal, JournalRequest, SnapshotListing, Store, StreamListing } from '../store.js';

/** The lines of one stream. They arrive as one text for many and are taken apart when somebody reads them. */
class MemoryLines {
  readonly #lines: string[] = [];
  #arrived: { text: string; firstSeq: number }[] = [];

  append(text: string, firstSeq: number): void {
    this.#arrived.push({ text, firstSeq });
  }

  all(): readonly string[] {
    for (const { text, firstSeq } of this.#arrived) {
      this.#lines.length = firstSeq - 1;
      const lines = text.split('\n');
      lines.pop();
      for (const line of lines) this.#lines.push(line);
    }
    this.#arrived = [];
    return this.#lines;
  }

  /** The last event. */
  head(): Head | undefined {
    const lines = this.all();
    const last = lines[lines.length - 1];
    return last === undefined ? undefined : { seq: lines.length, id: (JSON.parse(last) as Head).id };
  }
}

interface MemoryStream {
  readonly header: StreamHeader;
  readonly lines: MemoryLines;
  frontier: string | undefined;
  readonly snapshots: Map<string, string[]>;
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
      stream = { header, lines: new MemoryLines(), frontier: undefined, snapshots: new Map() };
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
    return Promise.resolve(this.#streams.get(streamKey(stream))?.lines.all().slice(after, upTo) ?? []);
  }
}

class MemoryJournal implements Journal {
  readonly header: StreamHeader;
  readonly head: Head | undefined;
  readonly notices = [];
  readonly #stream: MemoryStream;
  readonly #release: () => void;

  constructor(stream: MemoryStream, release: () => void) {
    this.header = stream.header;
    this.head = stream.lines.head();
    this.#stream = stream;
    this.#release = release;
  }

  append(lines: string, firstSeq: number): Promise<void> {
    this.appendNow(lines, firstSeq);
    return Promise.resolve();
  }

  appendNow(lines: string, firstSeq: number): void {
    this.#stream.lines.append(lines, firstSeq);
  }

  cutBack(): Promise<void> {
    return Promise.resolve();
  }

  publish(frontier: string): Promise<void> {
    this.#stream.frontier = frontier;
    return Promise.resolve();
  }

  snapshots(): Promise<readonly SnapshotListing[]> {
    return Promise.resolve(
      [...this.#stream.snapshots.keys()]
        .sort()
        .reverse()
        .map((position) => ({ position })),
    );
  }

  async *readSnapshot({ position }: SnapshotListing): AsyncIterable<string> {
    yield* await Promise.resolve(this.#stream.snapshots.get(position) ?? []);
  }

  writeSnapshot(position: string, lines: Iterable<string>): Promise<void> {
    this.#stream.snapshots.set(position, [...lines]);
    return Promise.resolve();
  }

  removeSnapshot({ position }: SnapshotListing): Promise<void> {
    this.#stream.snapshots.delete(position);
    return Promise.resolve();
  }

  size(): Promise<{ journal: number; snapshots: number }> {
    const chars = (lines: readonly string[]): number => lines.reduce((sum, line) => sum + line.length + 1, 0);
    const snapshots = [...this.#stream.snapshots.values()].reduce((sum, lines) => sum + chars(lines), 0);
    return Promise.resolve({ journal: chars(this.#stream.lines.all()), snapshots });
  }

  close(): Promise<void> {
    this.#release();
    return Promise.resolve();
  }
}
