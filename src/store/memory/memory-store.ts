import { type Crc32, crc32 } from '../../event/checksum.js';
import { MasterLockedError, ModelMismatchError } from '../../errors.js';
import { type StreamHeader, type StreamId, streamKey } from '../../event/event.js';
import type { Seal } from '../frontier.js';
import type {
  Head,
  Journal,
  JournalRequest,
  Now,
  Remembered,
  SnapshotListing,
  Store,
  StoreListener,
  StreamListing,
} from '../store.js';

/** The lines of one stream. They arrive as one text for many and are taken apart when somebody reads them. */
class MemoryLines {
  readonly #lines: string[] = [];
  #arrived: { text: string; firstSeq: number }[] = [];
  /** How many events were deleted; they are the first ones. */
  #deleted = 0;
  /** Number of the event that comes next. */
  #next = 1;

  append(text: string, firstSeq: number): void {
    if (firstSeq > this.#next) throw new Error(`Events ${this.#next} to ${firstSeq - 1} were not appended`);
    this.#arrived.push({ text, firstSeq });
    this.#next = Math.max(this.#next, firstSeq + countLines(text));
  }

  /** Takes events after `upTo` out again. */
  cut(upTo: number): void {
    const lines = this.#all();
    lines.length = Math.max(0, Math.min(lines.length, upTo - this.#deleted));
    this.#next = this.#deleted + lines.length + 1;
  }

  /** Lines of the events after `after` up to `upTo`; none if the first of them is deleted. */
  between(after: number, upTo: number): string[] {
    const lines = this.#all();
    return after < this.#deleted ? [] : lines.slice(after - this.#deleted, Math.max(0, upTo - this.#deleted));
  }

  /** The last event. */
  head(): Head | undefined {
    const lines = this.#all();
    const last = lines[lines.length - 1];
    return last === undefined
      ? undefined
      : { seq: this.#deleted + lines.length, id: (JSON.parse(last) as { id: string }).id };
  }

  /** Characters of all lines. */
  size(): number {
    return charsOf(this.#all());
  }

  /** Characters of the lines that `delete` would delete. */
  deletable(upTo: number): number {
    return charsOf(this.#all().slice(0, this.#covered(upTo)));
  }

  /** Deletes events up to `upTo`; the newest one stays, so that the stream's end is known. Gives the characters freed. */
  delete(upTo: number): number {
    const gone = this.#all().splice(0, this.#covered(upTo));
    this.#deleted += gone.length;
    return charsOf(gone);
  }

  #covered(upTo: number): number {
    return Math.max(0, Math.min(upTo - this.#deleted, this.#all().length - 1));
  }

  #all(): string[] {
    for (const { text, firstSeq } of this.#arrived) {
      const lines = text.split('\n');
      lines.pop();
      // What was sent before is sent again after a lost answer.
      const known = this.#deleted + this.#lines.length + 1 - firstSeq;
      for (let i = known; i < lines.length; i++) this.#lines.push(lines[i] as string);
    }
    this.#arrived = [];
    return this.#lines;
  }
}

interface MemoryStream {
  readonly header: StreamHeader;
  readonly lines: MemoryLines;
  frontier: string | undefined;
  seal: Seal | undefined;
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
  readonly capabilities = { now: true, watch: true, fences: false };
  readonly #streams = new Map<string, MemoryStream>();
  readonly #open = new Set<string>();
  readonly #watchers = new Set<{ readonly master: string; readonly listener: StoreListener }>();

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
        after: null,
      };
      stream = begin(this.#streams, header);
    }
    const tell = (): void => {
      for (const { master, listener } of [...this.#watchers]) if (master !== request.master) listener.changed();
    };
    return Promise.resolve(new MemoryJournal(this.#streams, stream, () => this.#open.delete(request.master), tell));
  }

  async watch(master: string, listener: StoreListener): Promise<() => Promise<void>> {
    const watcher = { master, listener };
    this.#watchers.add(watcher);
    return async () => {
      this.#watchers.delete(watcher);
    };
  }

  async header(stream: StreamId): Promise<StreamHeader | undefined> {
    return this.#streams.get(streamKey(stream))?.header;
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
    return Promise.resolve(this.#streams.get(streamKey(stream))?.lines.between(after, upTo) ?? []);
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
  readonly seal: Seal | undefined;
  readonly moved: Readonly<Record<string, number>>;
  readonly ends = {};
  readonly #streams: Map<string, MemoryStream>;
  readonly now: Now = {
    append: (lines, firstSeq) => this.#appendNow(lines, firstSeq),
    cutBack: (upTo) => this.#stream.lines.cut(upTo),
    isQuick: () => true,
    // Browsers refuse to run it as a method.
    soon: (work) => queueMicrotask(work),
  };
  readonly #stream: MemoryStream;
  #release: () => void;
  /** The stream that goes on. */
  #successor: MemoryJournal | undefined;
  readonly #tell: () => void;

  /** @param tell tells others that something was published */
  constructor(streams: Map<string, MemoryStream>, stream: MemoryStream, release: () => void, tell: () => void) {
    this.#tell = tell;
    this.header = stream.header;
    this.head = stream.lines.head();
    this.seal = stream.seal;
    this.moved = stream.header.moved ?? {};
    this.#streams = streams;
    this.#stream = stream;
    this.#release = release;
  }

  async append(lines: string, firstSeq: number): Promise<void> {
    this.#appendNow(lines, firstSeq);
  }

  #appendNow(lines: string, firstSeq: number): void {
    if (this.#successor !== undefined) throw new Error('This stream has ended; another one goes on');
    this.#stream.lines.append(lines, firstSeq);
  }

  async cutBack(upTo: number): Promise<void> {
    this.#stream.lines.cut(upTo);
  }

  async publish(frontier: string, { seal }: Remembered): Promise<void> {
    this.#stream.frontier = frontier;
    this.#stream.seal = seal;
    this.#tell();
  }

  async retire(stream: StreamId, frontier: string): Promise<void> {
    const old = this.#streams.get(streamKey(stream));
    if (old !== undefined) old.frontier = frontier;
  }

  async succeed(header: StreamHeader, lines: string): Promise<Journal> {
    if (this.#successor?.header.epoch === header.epoch) return this.#successor;
    const stream = begin(this.#streams, header);
    stream.lines.append(lines, 1);
    stream.seal = this.#stream.seal;
    this.#successor = new MemoryJournal(this.#streams, stream, this.#release, this.#tell);
    this.#release = () => undefined;
    return this.#successor;
  }

  async rotate(): Promise<void> {
    // Lines are deleted one by one; there are no segments.
  }

  async deletableEvents(stream: StreamId, upTo: number): Promise<number> {
    return this.#streams.get(streamKey(stream))?.lines.deletable(upTo) ?? 0;
  }

  async deletableStream(stream: StreamId): Promise<number> {
    return this.#streams.get(streamKey(stream))?.lines.size() ?? 0;
  }

  async deleteEvents(stream: StreamHeader, upTo: number): Promise<number> {
    return this.#streams.get(streamKey(stream))?.lines.delete(upTo) ?? 0;
  }

  async deleteStream(stream: StreamId): Promise<number> {
    const freed = this.#streams.get(streamKey(stream))?.lines.size() ?? 0;
    this.#streams.delete(streamKey(stream));
    return freed;
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
    const snapshots = [...this.#stream.snapshots.values()].flat().reduce((sum, chunk) => sum + chunk.length, 0);
    return Promise.resolve({ journal: this.#stream.lines.size(), snapshots });
  }

  close(): Promise<void> {
    this.#release();
    return Promise.resolve();
  }
}

function begin(streams: Map<string, MemoryStream>, header: StreamHeader): MemoryStream {
  const stream = {
    header,
    lines: new MemoryLines(),
    frontier: undefined,
    seal: undefined,
    snapshots: new Map(),
  };
  streams.set(streamKey(header), stream);
  return stream;
}

function countLines(text: string): number {
  let count = 0;
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) count++;
  return count;
}

function charsOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length + 1, 0);
}
