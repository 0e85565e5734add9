import {
  type Head,
  type Journal,
  JournalDamagedError,
  MasterFencedError,
  type Remembered,
  type Session,
  type SnapshotListing,
  type StreamHeader,
  type StreamId,
} from 'prevalent';
import {
  type AsyncMap,
  type Birth,
  birthOf,
  type Chunk,
  chunksOf,
  crc32,
  digits,
  headOf,
  keyOf,
  linesOf,
  textAt,
  type Value,
} from './map-stream.js';

export interface MapJournalStart {
  readonly map: AsyncMap;
  /** Where it stands who writes under this name, and that it is us. */
  readonly lock: { readonly key: string; readonly is: string };
  readonly release: () => Promise<void>;
  readonly header: StreamHeader;
  readonly head: Head | undefined;
  readonly kept: Session;
  readonly notices: readonly string[];
}

export class MapJournal implements Journal {
  readonly header: StreamHeader;
  readonly head: Head | undefined;
  readonly notices: readonly string[];
  readonly seal: Journal['seal'];
  readonly moved: Journal['moved'];
  readonly ends: Journal['ends'];
  protected readonly start: MapJournalStart;
  protected kept: Session;
  #next: number;
  #successor: MapJournal | undefined;

  constructor(start: MapJournalStart) {
    this.header = start.header;
    this.head = start.head;
    this.notices = start.notices;
    this.seal = start.kept.seal;
    this.moved = { ...start.kept.moved, ...start.header.moved };
    this.ends = start.kept.ends ?? {};
    this.start = start;
    this.kept = start.kept;
    this.#next = (start.head?.seq ?? 0) + 1;
  }

  /** Only while the name is ours. */
  protected async put(key: string, value: Value | undefined): Promise<void> {
    const { map, lock } = this.start;
    if (await map.put(key, value, lock)) return;
    throw new MasterFencedError(
      `The master "${this.header.master}" is written by another process now. Close this one.`,
    );
  }

  /** Who lost the name learns it, also where nothing has to be written. */
  protected async held(): Promise<void> {
    await this.put(this.start.lock.key, this.start.lock.is);
  }

  async append(text: string, firstSeq: number): Promise<void> {
    if (this.#successor !== undefined) throw new Error('This stream has ended; another one goes on');
    if (firstSeq > this.#next) throw new Error(`Events ${this.#next} to ${firstSeq - 1} were not appended`);
    const fresh = linesOf(text).slice(this.#next - firstSeq);
    if (fresh.length === 0) return;
    await this.put(keyOf('events', this.header, digits(this.#next)), `${fresh.join('\n')}\n`);
    this.#next += fresh.length;
  }

  async cutBack(upTo: number): Promise<void> {
    await this.held();
    for (const { key, first, lines } of (await chunksOf(this.start.map, this.header)).reverse())
      if (first + lines.length - 1 > upTo) await this.#keep(key, lines.slice(0, Math.max(0, upTo - first + 1)));
    this.#next = upTo + 1;
  }

  /** Leaves these lines of a chunk. */
  async #keep(key: string, lines: readonly string[]): Promise<void> {
    const text = lines.map((line) => `${line}\n`).join('');
    const [kind, master = '', epoch = ''] = key.split('/');
    if (kind !== 'birth') return this.put(key, text === '' ? undefined : text);
    const birth = await birthOf(this.start.map, { master, epoch });
    await this.put(key, JSON.stringify({ ...birth, lines: text }));
  }

  async check(): Promise<void> {
    let next: number | undefined;
    for (const { key, first, lines } of await chunksOf(this.start.map, this.header)) {
      if (next !== undefined && first !== next)
        throw new JournalDamagedError(`Events ${next} to ${first - 1} are missing`);
      next = first + lines.length;
      for (const line of lines) if (!isWhole(line)) throw new JournalDamagedError(`A line of ${key} is damaged`);
    }
  }

  async publish(frontier: string, remember: Remembered): Promise<void> {
    await this.remember({ ...this.kept, ...remember });
    await this.put(keyOf('frontier', this.header), frontier);
  }

  protected async remember(session: Session): Promise<void> {
    await this.put(`session/${this.header.master}`, JSON.stringify(session));
    this.kept = session;
  }

  async retire(stream: StreamId, frontier: string): Promise<void> {
    await this.put(keyOf('frontier', stream), frontier);
  }

  async succeed(header: StreamHeader, lines: string): Promise<Journal> {
    if (this.#successor?.header.epoch === header.epoch) return this.#successor;
    const kept = await this.born(header, lines);
    const head = await headOf(this.start.map, header);
    return (this.#successor = this.again({ ...this.start, header, kept, head, notices: [] }));
  }

  /** One value is the birth; a crash before the session is written leaves a header that says what it goes on from. */
  protected async born(header: StreamHeader, lines: string): Promise<Session> {
    const birth: Birth = { header, lines };
    await this.put(keyOf('birth', header), JSON.stringify(birth));
    const kept = this.keptFor(header);
    await this.put(`session/${header.master}`, JSON.stringify(kept));
    return kept;
  }

  protected keptFor(header: StreamHeader): Session {
    const moved = { ...this.moved, ...header.moved };
    return { ...this.kept, epoch: header.epoch, head: undefined, deletable: 0, moved };
  }

  /** The journal of a successor. */
  protected again(start: MapJournalStart): MapJournal {
    return new (this.constructor as typeof MapJournal)(start);
  }

  /** Each append is a value of its own: there is nothing to end. */
  async rotate(): Promise<void> {
    await this.held();
  }

  /** Chunks that are covered as a whole; the newest one stays. */
  async #covered(stream: StreamId, upTo: number): Promise<Chunk[]> {
    const chunks = await chunksOf(this.start.map, stream);
    return chunks.slice(0, -1).filter(({ first, lines }) => first + lines.length - 1 <= upTo);
  }

  async deletableEvents(stream: StreamId, upTo: number): Promise<number> {
    return sizeOf(await this.#covered(stream, upTo));
  }

  async deletableStream(stream: StreamId): Promise<number> {
    return sizeOf(await chunksOf(this.start.map, stream));
  }

  async deleteEvents(stream: StreamHeader, upTo: number): Promise<number> {
    await this.held();
    const covered = await this.#covered(stream, upTo);
    for (const { key } of covered) await this.#keep(key, []);
    return sizeOf(covered);
  }

  async deleteStream(stream: StreamId): Promise<number> {
    await this.held();
    const freed = await this.deletableStream(stream);
    // The birth comes last: until then it is found, and deleting it can be tried again.
    for (const kind of ['snapshot', 'piece', 'events', 'frontier', 'birth'])
      for (const key of await this.start.map.keys(keyOf(kind, stream))) await this.put(key, undefined);
    return freed;
  }

  async writeSnapshot(position: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const before = await this.#piecesOf(position);
    const by = crypto.randomUUID();
    let count = 0;
    for await (const chunk of chunks) await this.put(keyOf('piece', this.header, by, digits(count++)), chunk.slice());
    await this.put(keyOf('snapshot', this.header, position), JSON.stringify({ by, count }));
    for (const key of before) await this.put(key, undefined);
  }

  async removeSnapshot({ position }: SnapshotListing): Promise<void> {
    const pieces = await this.#piecesOf(position);
    await this.put(keyOf('snapshot', this.header, position), undefined);
    for (const key of pieces) await this.put(key, undefined);
  }

  async #piecesOf(position: string): Promise<string[]> {
    const index = await textAt(this.start.map, keyOf('snapshot', this.header, position));
    if (index === undefined) return [];
    const { by } = JSON.parse(index) as { by: string };
    return this.start.map.keys(keyOf('piece', this.header, by, ''));
  }

  async size(): Promise<{ journal: number; snapshots: number }> {
    let snapshots = 0;
    for (const key of await this.start.map.keys(keyOf('piece', this.header, '')))
      snapshots += (await this.start.map.get(key))?.length ?? 0;
    return { journal: await this.deletableStream(this.header), snapshots };
  }

  async close(): Promise<void> {
    if (this.#successor === undefined) await this.start.release();
  }
}

/** A line ends with the checksum of what stands before it. */
function isWhole(line: string): boolean {
  const at = line.lastIndexOf(',"crc":"');
  return at > 0 && line.slice(at) === `,"crc":"${checksum(line.slice(0, at))}"}`;
}

function checksum(text: string): string {
  return crc32(new TextEncoder().encode(text)).toString(16).padStart(8, '0');
}

function sizeOf(chunks: readonly Chunk[]): number {
  return chunks.flatMap(({ lines }) => lines).reduce((sum, line) => sum + line.length + 1, 0);
}
