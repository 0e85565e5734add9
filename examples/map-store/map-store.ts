/** A store over an asynchronous map, as somebody else would write one: it uses what is exported, and nothing else. */
import {
  type Capabilities,
  decodeFrontier,
  headerOf,
  type Journal,
  type JournalRequest,
  MasterLockedError,
  type Opening,
  type OpeningFacts,
  restOf,
  type Session,
  type SnapshotListing,
  type Store,
  type StreamFound,
  type StreamHeader,
  type StreamId,
  type StreamListing,
  StoreUnreachableError,
} from 'prevalent';
import { MapJournal, type MapJournalStart } from './map-journal.js';
import {
  type AsyncMap,
  type Birth,
  birthOf,
  chunksOf,
  crc32,
  digits,
  headOf,
  keyOf,
  lastPart,
  textAt,
} from './map-stream.js';

export class MapStore implements Store {
  readonly location = 'a map';
  readonly place: object;
  readonly crc32 = crc32;
  readonly capabilities: Capabilities = {
    now: false,
    watch: false,
    fences: true,
    troubles: false,
    putsBack: false,
    checks: true,
    failures: ['lost', 'unanswered', 'refused'],
  };
  readonly pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  protected readonly map: AsyncMap;
  readonly #me = crypto.randomUUID();
  readonly #open = new Set<string>();

  constructor(map: AsyncMap) {
    this.place = this.map = map;
  }

  async open(request: JournalRequest): Promise<Journal> {
    const { master } = request;
    const lock = { key: `lock/${master}`, is: this.#me };
    const isOurs = !this.#open.has(master) && (await this.#take(lock));
    if (!isOurs) throw new MasterLockedError(`The master "${master}" is open. Close it first.`);
    try {
      const release = async (): Promise<void> => {
        await this.map.put(lock.key, undefined, lock);
        this.#open.delete(master);
      };
      const journal = await this.#opened(request, { map: this.map, lock, release });
      this.#open.add(master);
      return journal;
    } catch (error) {
      // What is tried again needs the lock; it is known whose it is.
      if (!(error instanceof StoreUnreachableError)) await this.map.put(lock.key, undefined, lock);
      throw error;
    }
  }

  /** Also if it was taken before, and the answer was lost. */
  async #take({ key, is }: MapJournalStart['lock']): Promise<boolean> {
    return (await this.map.put(key, is, { key, is: undefined })) || (await this.map.get(key)) === is;
  }

  async #opened(request: JournalRequest, parts: Pick<MapJournalStart, 'map' | 'lock' | 'release'>): Promise<Journal> {
    const facts = await this.#facts(request);
    const { newest } = facts;
    let opening = request.decide(facts);
    if (opening.kind === 'read' && newest !== undefined)
      opening = request.decide({ ...facts, journal: { isWhole: true, head: await headOf(this.map, newest.stream) } });
    if (opening.kind === 'refuse') throw opening.error;
    if (opening.kind === 'read') throw new Error('All is known, and it is still not known whether the journal goes on');
    if (opening.kind === 'begin') return this.#begin(request, facts, opening, parts);
    if (newest?.header === undefined) throw new Error('There is no journal that could go on');
    const { header } = newest;
    const { session } = facts;
    const { epoch } = header;
    const left = session?.epoch === epoch ? {} : { head: undefined, deletable: 0 };
    const before = { head: undefined, deletable: 0, ...session, ...left };
    const kept: Session = { ...before, session: header.session, epoch, ...opening.remembered };
    await this.remember(request.master, kept, parts.lock);
    return this.journal({ ...parts, header, kept, head: await headOf(this.map, header), notices: [] });
  }

  /** The session comes last: a stream without one counts as written by somebody else, and another one begins. */
  async #begin(
    request: JournalRequest,
    { newest }: OpeningFacts,
    opening: Extract<Opening, { kind: 'begin' }>,
    parts: Pick<MapJournalStart, 'map' | 'lock' | 'release'>,
  ): Promise<Journal> {
    const notices: string[] = [];
    if (opening.publishesRest && newest?.header !== undefined) {
      const rest = restOf(newest.header, newest.frontier, await headOf(this.map, newest.stream), crc32);
      if (rest !== undefined) {
        await this.map.put(keyOf('frontier', newest.stream), rest.frontier, parts.lock);
        notices.push(rest.notice);
      }
    }
    if (opening.notice !== undefined) notices.push(opening.notice);
    const header = headerOf(request, request.newEpoch(newest?.stream.epoch), opening);
    const birth: Birth = { header, lines: '' };
    await this.map.put(keyOf('birth', header), JSON.stringify(birth), parts.lock);
    const { session, epoch } = header;
    const kept: Session = { session, epoch, head: undefined, deletable: 0, ...opening.remembered };
    await this.remember(request.master, kept, parts.lock);
    return this.journal({ ...parts, header, kept, head: undefined, notices });
  }

  async #facts({ master, model }: JournalRequest): Promise<OpeningFacts> {
    const text = await textAt(this.map, `session/${master}`);
    const session = text === undefined ? undefined : (JSON.parse(text) as Session);
    const streams: StreamFound[] = [];
    for (const { stream, frontier } of await this.streams())
      streams.push({ stream, header: await this.header(stream), frontier: decodeFrontier(frontier, crc32) });
    // Keys come in their order, and so do epochs.
    const newest = streams.filter(({ stream }) => stream.master === master).at(-1);
    return { master, model, location: this.location, session, streams, newest, journal: undefined };
  }

  protected async remember(master: string, session: Session, lock: MapJournalStart['lock']): Promise<void> {
    await this.map.put(`session/${master}`, JSON.stringify(session), lock);
  }

  protected journal(start: MapJournalStart): MapJournal {
    return new MapJournal(start);
  }

  async streams(_again?: ReadonlySet<string> | 'all'): Promise<readonly StreamListing[]> {
    const all: StreamListing[] = [];
    for (const key of await this.map.keys('birth/')) {
      const [, master = '', epoch = ''] = key.split('/');
      const stream = { master, epoch };
      all.push({ stream, frontier: await textAt(this.map, keyOf('frontier', stream)) });
    }
    return all;
  }

  async header(stream: StreamId): Promise<StreamHeader | undefined> {
    return (await birthOf(this.map, stream))?.header;
  }

  async read(stream: StreamId, after: number, upTo: number): Promise<readonly string[]> {
    const found: string[] = [];
    let next = after + 1;
    for (const { first, lines } of await chunksOf(this.map, stream)) {
      if (first > next) break;
      const wanted = lines.slice(next - first, Math.max(0, upTo - first + 1));
      found.push(...wanted);
      next += wanted.length;
    }
    return found;
  }

  trouble(): undefined {
    // The map answers for all streams, or for none.
  }

  async snapshots(stream: StreamId): Promise<readonly SnapshotListing[]> {
    const keys = await this.map.keys(keyOf('snapshot', stream, ''));
    return keys.map((key) => ({ position: lastPart(key) })).reverse();
  }

  async *readSnapshot(stream: StreamId, { position }: SnapshotListing): AsyncIterable<Uint8Array> {
    const index = await textAt(this.map, keyOf('snapshot', stream, position));
    if (index === undefined) throw new Error(`There is no snapshot ${position}`);
    const { by, count } = JSON.parse(index) as { by: string; count: number };
    for (let no = 0; no < count; no++) {
      const piece = await this.map.get(keyOf('piece', stream, by, digits(no)));
      if (piece === undefined) throw new Error(`The snapshot ${position} was replaced or removed meanwhile`);
      yield piece as Uint8Array;
    }
  }
}
