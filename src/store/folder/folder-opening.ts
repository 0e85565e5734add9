import { crc32 } from 'node:zlib';
import { MasterLockedError } from '../../errors.js';
import { type StreamHeader, type StreamId } from '../../event/event.js';
import { headerLine } from '../../event/line.js';
import { decodeFrontier } from '../frontier.js';
import { headerOf, type Opening, type OpeningFacts, type StreamFound } from '../opening.js';
import type { Journal, JournalRequest } from '../store.js';
import { WriterMark } from './writer-mark.js';
import { type FileSystem, replaceFile, syncWayTo } from './file-system.js';
import { FolderJournal } from './folder-journal.js';
import { epochsOf, removeTemporaries, segmentName, segmentsOf, streamDirectory } from './layout.js';
import { publishRest, readFrontier } from './left-over.js';
import { dropMemory, leftMemory, takeMemory } from './left-memory.js';
import type { Lock } from './lock.js';
import { claimFolder } from './own-folder.js';
import { type Recovered, recoverStream, type Scan } from './recovery.js';
import { type FolderSession, readSession, writeSession } from './session.js';
import type { StreamCatalog } from './stream-catalog.js';
import { takeOver } from './take-over.js';
import { keepTornTail } from './torn-tail.js';

/** Where journals are opened. */
export interface OpeningPlace {
  readonly fs: FileSystem;
  /** The same, for what others wrote. */
  readonly others: FileSystem;
  readonly root: string;
  readonly catalog: StreamCatalog;
  readonly segmentBytes: number;
}

/** What is found; the memory of this machine may lie in the folder. */
interface FolderFacts extends OpeningFacts {
  readonly session: FolderSession | undefined;
  readonly isLeft: boolean;
}

/** The own journal as it was read, and the file that is written on. */
interface Read {
  readonly header: StreamHeader;
  readonly segment: NonNullable<Recovered['segment']>;
  readonly found: Recovered;
}

/** Opens the journal of one master whose lock is held: looks what is there, asks what to do, and does it. */
export class FolderOpening {
  readonly #place: OpeningPlace;
  readonly #request: JournalRequest & { readonly local: string };
  readonly #lock: Lock;
  readonly #notices: string[] = [];

  constructor(place: OpeningPlace, request: JournalRequest & { readonly local: string }, lock: Lock) {
    this.#place = place;
    this.#request = request;
    this.#lock = lock;
  }

  async journal(): Promise<Journal> {
    const { fs, root } = this.#place;
    // Nothing is made before it is decided: a folder that is not there may be a drive that is not mounted.
    const isThere = (await fs.kind(`${root}/${this.#request.master}`)) !== undefined;
    if (isThere) await this.#claim();
    let facts = await this.#facts();
    let opening = this.#request.decide(facts);
    let found: Recovered | undefined;
    if (opening.kind === 'refuse') throw opening.error;
    // Who wrote before may not have ended: it must not write to what is read from now on.
    const mark = await WriterMark.put(this.#place.fs, this.#request.local);
    facts = await this.#taken(facts);
    opening = this.#request.decide(facts);
    if (opening.kind === 'refuse') throw opening.error;
    if (opening.kind === 'read') {
      if (mark.hadAnother) await takeOver(this.#place.fs, streamDirectory(this.#place.root, newestOf(facts).stream));
      const { header, segment, head } = (found = await this.#read(facts, opening));
      const isWhole = header !== undefined && segment !== undefined;
      opening = this.#request.decide({ ...facts, journal: { isWhole, head } });
    }
    if (opening.kind === 'refuse') throw opening.error;
    if (!mark.isInPlaceNow()) throw openedMeanwhile(facts.master);
    if (opening.kind === 'begin') return this.#begin(opening, facts, mark, isThere);
    if (opening.kind === 'continue' && found?.header !== undefined && found.segment !== undefined)
      return this.#continue(opening, { header: found.header, segment: found.segment, found }, facts.session, mark);
    throw new Error(`The journal of "${facts.master}" was read, and it is still not known whether it goes on`);
  }

  async #claim(): Promise<void> {
    this.#notices.push(...(await claimFolder(this.#place.others, this.#place.root, this.#request.master)));
  }

  async #facts(): Promise<FolderFacts> {
    const { fs, root, catalog } = this.#place;
    const { master, model, local } = this.#request;
    const streams: StreamFound[] = [];
    for (const { stream, frontier } of await catalog.streams('all', false))
      streams.push({ stream, header: await catalog.header(stream), frontier: decodeFrontier(frontier, crc32) });
    const newest = await this.#newest();
    const own = await readSession(fs, local);
    // Once it was left in the folder, it is no longer what vouches for the stream.
    const isLeft = newest !== undefined && (own === undefined || own.left === newest.stream.epoch);
    const session = isLeft ? await leftMemory(fs, streamDirectory(root, newest.stream)) : own;
    const found = { master, model, location: root, memory: local, session, streams, newest, journal: undefined };
    return { ...found, isLeft: isLeft && session !== undefined };
  }

  /** Takes the memory that was left in the folder. Nobody else may, from now on. */
  async #taken(facts: FolderFacts): Promise<FolderFacts> {
    const { fs, root } = this.#place;
    if (facts.newest === undefined) return facts;
    const stream = streamDirectory(root, facts.newest.stream);
    if (facts.isLeft) return { ...facts, session: await takeMemory(fs, stream, this.#request.local) };
    await dropMemory(fs, stream);
    return facts;
  }

  /** The newest stream that has a journal; a crash may leave the folder of one that never began. */
  async #newest(): Promise<StreamFound | undefined> {
    const { fs, root, catalog } = this.#place;
    const { master } = this.#request;
    for (const epoch of (await epochsOf(fs, root, master)).reverse()) {
      const stream = { master, epoch };
      if ((await segmentsOf(fs, streamDirectory(root, stream))).length === 0) continue;
      // Read where it lies: what the system refuses of an own file ends the start.
      return { stream, header: await catalog.header(stream), frontier: await readFrontier(this.#scan(stream, 0)) };
    }
    return undefined;
  }

  /** Checks the end of the newest journal, and removes what a crash left beside it. */
  async #read(facts: OpeningFacts, { published, deletable }: Extract<Opening, { kind: 'read' }>): Promise<Recovered> {
    const { fs } = this.#place;
    const { stream, frontier } = newestOf(facts);
    const found = await recoverStream({
      ...this.#scan(stream, published, deletable),
      told: frontier?.head?.seq ?? 0,
    });
    const directory = streamDirectory(this.#place.root, stream);
    for (const place of [directory, `${directory}/snapshots`, this.#request.local]) await removeTemporaries(fs, place);
    for (const file of found.unused) await fs.unlink(file);
    return found;
  }

  /** Goes on where the newest stream ends. */
  async #continue(
    { remembered, published, deletable }: Extract<Opening, { kind: 'continue' }>,
    { header, segment, found: { head, torn } }: Read,
    session: FolderSession | undefined,
    mark: WriterMark,
  ): Promise<Journal> {
    const { fs, root } = this.#place;
    const directory = streamDirectory(root, header);
    if (torn !== undefined) this.#notices.push(await keepTornTail(fs, directory, segment, torn));
    const file = await fs.open(`${directory}/${segmentName(segment.first)}`, false);
    return new FolderJournal({
      ...this.#parts(header, published, mark),
      ...remembered,
      leaves: session?.leaves,
      published: { seen: session?.seen, head: session?.epoch === header.epoch ? session.head : undefined },
      header,
      head,
      next: (head?.seq ?? 0) + 1,
      deletable,
      file,
      segment: segment.first,
      size: segment.size,
      allocated: torn === undefined ? segment.allocated : segment.size,
    });
  }

  /** Begins a new stream: its directory, its header, and the session that vouches for it. */
  async #begin(
    opening: Extract<Opening, { kind: 'begin' }>,
    facts: FolderFacts,
    mark: WriterMark,
    isThere: boolean,
  ): Promise<Journal> {
    const { fs, root } = this.#place;
    const { local, master } = this.#request;
    if (!isThere) {
      await fs.mkdir(`${root}/${master}`);
      await this.#claim();
    }
    if (opening.publishesRest) await publishRest(this.#scan(newestOf(facts).stream, 0), this.#notices);
    if (opening.notice !== undefined) this.#notices.push(opening.notice);
    const header = headerOf(this.#request, this.#request.newEpoch((await epochsOf(fs, root, master)).at(-1)), opening);
    const directory = streamDirectory(root, header);
    await syncWayTo(fs, local);
    // Before the stream exists: a crash in between leaves nothing that another session would have to continue.
    const { session, epoch } = header;
    // It may have lost its private directory, and lose it again.
    const leaves = facts.session === undefined ? facts.newest !== undefined || undefined : facts.session.leaves;
    await writeSession(fs, local, { session, epoch, head: undefined, deletable: 0, ...opening.remembered, leaves });
    await fs.mkdir(directory);
    await syncWayTo(fs, `${root}/${master}`, root);
    const line = new TextEncoder().encode(headerLine(header, crc32) + '\n');
    await replaceFile(fs, directory, segmentName(1), [line]);
    const file = await fs.open(`${directory}/${segmentName(1)}`, false);
    return new FolderJournal({
      ...this.#parts(header, 0, mark),
      ...opening.remembered,
      leaves,
      published: { head: undefined },
      header,
      head: undefined,
      next: 1,
      deletable: 0,
      file,
      segment: 1,
      size: line.length,
      allocated: line.length,
    });
  }

  /** What all journals have in common. */
  #parts(stream: StreamId, published: number, mark: WriterMark) {
    const { fs, root, catalog, segmentBytes } = this.#place;
    const onStreams = (): void => {
      catalog.forget(stream.master);
    };
    const check = (own: StreamId, deleted: number): Promise<unknown> =>
      recoverStream({ ...this.#scan(own, own.epoch === stream.epoch ? published : 0, deleted), thorough: true });
    const directory = streamDirectory(root, stream);
    const { local } = this.#request;
    const own = { lock: this.#lock, mark, notices: this.#notices };
    return { fs, root, directory, local, segmentBytes, crc32, onStreams, check, ...own };
  }

  #scan(stream: StreamId, published: number, deleted = 0): Scan {
    return { fs: this.#place.fs, root: this.#place.root, stream, published, deleted, crc32 };
  }
}

function openedMeanwhile(master: string): MasterLockedError {
  return new MasterLockedError(
    `The master "${master}" was opened by another process at the same moment. Close it there, or give this one another name.`,
  );
}

function newestOf({ master, newest }: OpeningFacts): StreamFound {
  if (newest === undefined) throw new Error(`"${master}" has no journal that could be read`);
  return newest;
}
