import type { StreamHeader, StreamId } from '../event/event.js';
import type { Journal, Remembered, SnapshotListing } from '../store/store.js';

/** One call to a server, with what may happen to it on the way. */
export type Call = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** How a journal reaches its server, and what it needs of its store beyond that. */
export interface Ownership {
  /** Only who owns the name may write. */
  readonly write: Call;
  /** Whoever lost the name may still look. */
  readonly read: Call;
  readonly follow: (journal: Journal) => void;
  readonly close: () => Promise<void>;
}

/** The journal of a `RemoteMemoryStore`: each member is one call to the server. */
export class RemoteJournal implements Journal {
  readonly header: StreamHeader;
  readonly head: Journal['head'];
  readonly notices: Journal['notices'];
  readonly seal: Journal['seal'];
  readonly moved: Journal['moved'];
  readonly ends: Journal['ends'];
  readonly #inner: Journal;
  readonly #ownership: Ownership;
  /** Another stream of this master goes on; the name is its. */
  #isLeft = false;

  constructor(inner: Journal, ownership: Ownership) {
    this.header = inner.header;
    this.head = inner.head;
    this.notices = inner.notices;
    this.seal = inner.seal;
    this.moved = inner.moved;
    this.ends = inner.ends;
    this.#inner = inner;
    this.#ownership = ownership;
  }

  append(lines: string, firstSeq: number): Promise<void> {
    return this.#ownership.write('append', () => this.#inner.append(lines, firstSeq));
  }

  cutBack(upTo: number): Promise<void> {
    return this.#ownership.write('cutBack', () => this.#inner.cutBack(upTo));
  }

  check(): Promise<void> {
    return this.#ownership.read('check', () => this.#inner.check());
  }

  publish(frontier: string, remember: Remembered): Promise<void> {
    return this.#ownership.write('publish', () => this.#inner.publish(frontier, remember));
  }

  retire(stream: StreamId, frontier: string): Promise<void> {
    return this.#ownership.write('retire', () => this.#inner.retire(stream, frontier));
  }

  async succeed(header: StreamHeader, lines: string): Promise<Journal> {
    const next = await this.#ownership.write('succeed', async () => {
      const journal = await this.#inner.succeed(header, lines);
      this.#ownership.follow(journal);
      return journal;
    });
    this.#isLeft = true;
    return new RemoteJournal(next, this.#ownership);
  }

  rotate(): Promise<void> {
    return this.#ownership.write('rotate', () => this.#inner.rotate());
  }

  deletableEvents(stream: StreamId, upTo: number): Promise<number> {
    return this.#ownership.read('deletableEvents', () => this.#inner.deletableEvents(stream, upTo));
  }

  deletableStream(stream: StreamId): Promise<number> {
    return this.#ownership.read('deletableStream', () => this.#inner.deletableStream(stream));
  }

  deleteEvents(stream: StreamHeader, upTo: number): Promise<number> {
    return this.#ownership.write('deleteEvents', () => this.#inner.deleteEvents(stream, upTo));
  }

  deleteStream(stream: StreamId): Promise<number> {
    return this.#ownership.write('deleteStream', () => this.#inner.deleteStream(stream));
  }

  async writeSnapshot(position: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    // On this side: what they are made from is here.
    const pieces: Uint8Array[] = [];
    for await (const chunk of chunks) pieces.push(chunk.slice());
    const again = async function* (): AsyncGenerator<Uint8Array> {
      yield* pieces;
    };
    await this.#ownership.write('writeSnapshot', () => this.#inner.writeSnapshot(position, again()));
  }

  removeSnapshot(snapshot: SnapshotListing): Promise<void> {
    return this.#ownership.write('removeSnapshot', () => this.#inner.removeSnapshot(snapshot));
  }

  size(): Promise<{ readonly journal: number; readonly snapshots: number }> {
    return this.#ownership.read('size', () => this.#inner.size());
  }

  async close(): Promise<void> {
    if (!this.#isLeft) await this.#ownership.close();
  }
}
