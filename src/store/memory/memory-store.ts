import { type Crc32, crc32 } from '../../event/checksum.js';
import { MasterLockedError } from '../../errors.js';
import { type StreamHeader, type StreamId, streamKey } from '../../event/event.js';
import { decodeFrontier, type Frontier, type Seal } from '../frontier.js';
import { headerOf, restOf, type Session, type StreamFound } from '../opening.js';
import type {
  Capabilities,
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
import { wait } from '../wait.js';
import { MemoryLines } from './memory-lines.js';

type Memory = Required<Omit<Session, 'session' | 'epoch' | 'seen'>>;

interface MemoryStream {
  readonly header: StreamHeader;
  readonly lines: MemoryLines;
  frontier: string | undefined;
  /** What a machine would keep to itself; here the store does. */
  remembered: Memory;
  readonly snapshots: Map<string, Uint8Array[]>;
}

const NOTHING: Memory = { head: undefined, seal: undefined, deletable: 0, moved: {}, ends: {} };

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
  readonly place = this;
  readonly crc32: Crc32 = crc32;
  readonly capabilities: Capabilities = {
    now: true,
    watch: true,
    fences: false,
    troubles: false,
    putsBack: false,
    checks: false,
    failures: [],
  };
  readonly pause = wait;
  readonly #streams = new Map<string, MemoryStream>();
  readonly #open = new Set<string>();
  readonly #watchers = new Set<{ readonly master: string; readonly listener: StoreListener }>();

  async open(request: JournalRequest): Promise<Journal> {
    const { master, model } = request;
    if (this.#open.has(master))
      throw new MasterLockedError(`The master "${master}" is open already. Close it first, or use another name.`);
    const streams = [...this.#streams.values()].map(foundOf);
    const newest = streams.filter(({ stream }) => stream.master === master).at(-1);
    const before = newest && this.#streams.get(streamKey(newest.stream));
    // Nothing has to be read: it is all at hand.
    const journal = before && { isWhole: true, head: before.lines.head() };
    const session = sessionOf(before);
    const opening = request.decide({ master, model, location: this.location, session, streams, newest, journal });
    if (opening.kind === 'refuse') throw opening.error;
    const notices: string[] = [];
    if (opening.kind === 'begin') {
      if (opening.publishesRest && before !== undefined) publishRest(before, newest?.frontier, notices);
      if (opening.notice !== undefined) notices.push(opening.notice);
    }
    const stream =
      opening.kind === 'begin'
        ? begin(this.#streams, headerOf(request, request.newEpoch(newest?.stream.epoch), opening))
        : before;
    if (stream === undefined || opening.kind === 'read')
      throw new Error(`All of "${master}" is known, and it is still not known whether it goes on`);
    stream.remembered = { ...stream.remembered, ...opening.remembered };
    this.#open.add(master);
    const tell = (): void => {
      for (const { master, listener } of [...this.#watchers]) if (master !== request.master) listener.changed();
    };
    const parts = { streams: this.#streams, tell, release: () => this.#open.delete(master) };
    return new MemoryJournal(parts, stream, notices);
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

  trouble(): undefined {
    // Memory can be read.
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

/** What the journals of one store share. */
interface Shared {
  readonly streams: Map<string, MemoryStream>;
  /** Tells others that something was published. */
  readonly tell: () => void;
  readonly release: () => void;
}

class MemoryJournal implements Journal {
  readonly header: StreamHeader;
  readonly head: Head | undefined;
  readonly notices: readonly string[];
  readonly seal: Seal | undefined;
  readonly moved: Readonly<Record<string, number>>;
  readonly ends: Readonly<Record<string, number>>;
  readonly now: Now = {
    append: (lines, firstSeq) => this.#appendNow(lines, firstSeq),
    cutBack: (upTo) => this.#mine.lines.cut(upTo),
    isQuick: () => true,
    // Browsers refuse to run it as a method.
    soon: (work) => queueMicrotask(work),
  };
  readonly #shared: Shared;
  readonly #stream: MemoryStream;
  /** The stream that goes on; the name is its. */
  #successor: MemoryJournal | undefined;
  #isClosed = false;

  constructor(shared: Shared, stream: MemoryStream, notices: readonly string[]) {
    this.header = stream.header;
    this.head = stream.lines.head();
    this.notices = notices;
    this.seal = stream.remembered.seal;
    this.moved = { ...stream.remembered.moved, ...stream.header.moved };
    this.ends = stream.remembered.ends;
    this.#shared = shared;
    this.#stream = stream;
  }

  async append(lines: string, firstSeq: number): Promise<void> {
    this.#appendNow(lines, firstSeq);
  }

  #appendNow(lines: string, firstSeq: number): void {
    if (this.#successor !== undefined) throw new Error('This stream has ended; another one goes on');
    this.#mine.lines.append(lines, firstSeq);
  }

  /** The stream, while it is this journal's to write. */
  get #mine(): MemoryStream {
    this.#throwIfClosed();
    return this.#stream;
  }

  /** All streams, while this journal may write. */
  get #all(): Map<string, MemoryStream> {
    this.#throwIfClosed();
    return this.#shared.streams;
  }

  #throwIfClosed(): void {
    if (this.#isClosed) throw new Error(`The journal of ${streamKey(this.header)} is closed`);
  }

  async cutBack(upTo: number): Promise<void> {
    this.#mine.lines.cut(upTo);
  }

  async check(): Promise<void> {
    // Nothing damages what is in memory.
  }

  async publish(frontier: string, remember: Remembered): Promise<void> {
    const stream = this.#mine;
    stream.frontier = frontier;
    stream.remembered = { ...stream.remembered, ...remember };
    this.#shared.tell();
  }

  async retire(stream: StreamId, frontier: string): Promise<void> {
    const old = this.#all.get(streamKey(stream));
    if (old !== undefined) old.frontier = frontier;
  }

  async succeed(header: StreamHeader, lines: string): Promise<Journal> {
    if (this.#successor?.header.epoch === header.epoch) return this.#successor;
    const stream = begin(this.#all, header);
    stream.lines.append(lines, 1);
    stream.remembered = { ...NOTHING, seal: this.#stream.remembered.seal, moved: this.moved, ends: this.ends };
    this.#successor = new MemoryJournal(this.#shared, stream, []);
    return this.#successor;
  }

  async rotate(): Promise<void> {
    // Lines are deleted one by one; there are no segments.
  }

  async deletableEvents(stream: StreamId, upTo: number): Promise<number> {
    return this.#shared.streams.get(streamKey(stream))?.lines.deletable(upTo) ?? 0;
  }

  async deletableStream(stream: StreamId): Promise<number> {
    return this.#shared.streams.get(streamKey(stream))?.lines.size() ?? 0;
  }

  async deleteEvents(stream: StreamHeader, upTo: number): Promise<number> {
    return this.#all.get(streamKey(stream))?.lines.delete(upTo) ?? 0;
  }

  async deleteStream(stream: StreamId): Promise<number> {
    const freed = this.#all.get(streamKey(stream))?.lines.size() ?? 0;
    this.#all.delete(streamKey(stream));
    return freed;
  }

  async writeSnapshot(position: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const kept: Uint8Array[] = [];
    for await (const chunk of chunks) kept.push(chunk.slice());
    this.#mine.snapshots.set(position, kept);
  }

  async removeSnapshot({ position }: SnapshotListing): Promise<void> {
    this.#mine.snapshots.delete(position);
  }

  size(): Promise<{ journal: number; snapshots: number }> {
    const snapshots = [...this.#stream.snapshots.values()].flat().reduce((sum, chunk) => sum + chunk.length, 0);
    return Promise.resolve({ journal: this.#stream.lines.size(), snapshots });
  }

  async close(): Promise<void> {
    // Once: the name may be another one's by then.
    if (!this.#isClosed && this.#successor === undefined) this.#shared.release();
    this.#isClosed = true;
  }
}

/** Publishes what the writer of a stream had not. */
function publishRest(stream: MemoryStream, frontier: Frontier | undefined, notices: string[]): void {
  const rest = restOf(stream.header, frontier, stream.lines.head(), crc32);
  if (rest === undefined) return;
  stream.frontier = rest.frontier;
  notices.push(rest.notice);
}

/** The store itself is what remembers: whoever opens a master here is the one who wrote it. */
function sessionOf(stream: MemoryStream | undefined): Session | undefined {
  return stream && { session: stream.header.session, epoch: stream.header.epoch, ...stream.remembered };
}

function foundOf({ header, frontier }: MemoryStream): StreamFound {
  const { master, epoch } = header;
  return { stream: { master, epoch }, header, frontier: decodeFrontier(frontier, crc32) };
}

function begin(streams: Map<string, MemoryStream>, header: StreamHeader): MemoryStream {
  const stream: MemoryStream = {
    header,
    lines: new MemoryLines(),
    frontier: undefined,
    remembered: NOTHING,
    snapshots: new Map(),
  };
  streams.set(streamKey(header), stream);
  return stream;
}
