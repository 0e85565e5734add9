import { crc32 } from '../../event/checksum.js';
import { type StreamHeader, type StreamId, streamKey } from '../../event/event.js';
import { headerLine } from '../../event/line.js';
import type { Seal } from '../frontier.js';
import type { Session } from '../opening.js';
import type { Head, Journal, Remembered, SnapshotListing } from '../store.js';
import type { Database } from './database.js';
import type { Fence } from './fence.js';
import type { Statements } from './statements.js';
import { linesOf, type StoredEvents } from './stored-events.js';
import type { StoredSnapshots } from './stored-snapshots.js';

/** What the journals of one opening share. */
export interface Reach {
  readonly database: Database;
  readonly sql: Statements;
  readonly events: StoredEvents;
  readonly snapshots: StoredSnapshots;
  readonly fence: Fence;
  /** Where others listen. */
  readonly channel: string;
  /** Lets go of the name. */
  readonly release: () => Promise<void>;
}

/** What a journal begins with. */
export interface Begun {
  readonly header: StreamHeader;
  readonly head: Head | undefined;
  readonly session: Session;
  readonly notices: readonly string[];
}

/** What a statement of the owner's tells at least. */
interface Mine {
  readonly mine: boolean;
}

/** The journal of a `PostgresStore`: each member is one statement, which checks who owns the name. */
export class PostgresJournal implements Journal {
  readonly header: StreamHeader;
  readonly head: Head | undefined;
  readonly notices: readonly string[];
  readonly seal: Seal | undefined;
  readonly moved: Readonly<Record<string, number>>;
  readonly ends: Readonly<Record<string, number>>;
  readonly #reach: Reach;
  #session: Session;
  #successor: PostgresJournal | undefined;
  #isClosed = false;

  constructor(reach: Reach, { header, head, session, notices }: Begun) {
    this.header = header;
    this.head = head;
    this.notices = notices;
    this.seal = session.seal;
    this.moved = { ...session.moved, ...header.moved };
    this.ends = session.ends ?? {};
    this.#reach = reach;
    this.#session = session;
  }

  async append(text: string, firstSeq: number): Promise<void> {
    if (this.#successor !== undefined) throw new Error('This stream has ended; another one goes on');
    const last = firstSeq + linesOf(text).length - 1;
    const row = await this.#write<Mine & { added: boolean; last: string }>('append', firstSeq, last, text);
    if (row?.added === false) await this.#appendRest(text, firstSeq, Number(row.last));
  }

  /** Some of the lines are there, or seem to be: they were sent before. */
  async #appendRest(text: string, firstSeq: number, tail: number): Promise<void> {
    const lines = linesOf(text);
    // Others may have come in between, under way since a connection was lost: asked again, the answer is the newest.
    const end = Math.max(tail, (await this.#reach.events.head(this.header))?.seq ?? 0);
    if (end < firstSeq - 1)
      throw new Error(
        `${this.#reach.database.settings.location} holds ${end} events of ${streamKey(this.header)}, and ${firstSeq - 1} were stored: ` +
          'it was restored from a backup, or a standby that lacked them took over. Close this master and open it again.',
      );
    const known = await this.#reach.events.read(this.header, firstSeq - 1, firstSeq + lines.length - 1);
    const other = known.findIndex((line, index) => line !== lines[index]);
    if (other >= 0 || known.length < Math.min(lines.length, end - firstSeq + 1))
      throw new Error(`Event ${firstSeq + Math.max(other, 0)} of ${streamKey(this.header)} is another one already`);
    const rest = lines.slice(known.length);
    if (rest.length > 0) await this.append(`${rest.join('\n')}\n`, firstSeq + known.length);
  }

  async cutBack(upTo: number): Promise<void> {
    await this.#write('cutBack', upTo);
  }

  check(): Promise<void> {
    return this.#reach.events.checkAll(this.header, this.#session.deletable);
  }

  async publish(frontier: string, remember: Remembered): Promise<void> {
    const session = { ...this.#session, ...remember };
    await this.#write('publish', JSON.stringify(session), frontier, this.#reach.channel);
    this.#session = session;
  }

  async retire({ epoch }: StreamId, frontier: string): Promise<void> {
    await this.#write('retire', epoch, frontier);
  }

  async succeed(header: StreamHeader, lines: string): Promise<Journal> {
    if (this.#successor?.header.epoch === header.epoch) return this.#successor;
    const session: Session = {
      ...this.#session,
      epoch: header.epoch,
      head: undefined,
      deletable: 0,
      moved: { ...this.moved, ...header.moved },
    };
    const values = [JSON.stringify(session), header.epoch, headerLine(header, crc32), linesOf(lines).length, lines];
    await this.#reach.fence.write(
      (token) => this.#rows('succeed', token, values),
      (epoch) => epoch === header.epoch,
    );
    const head = await this.#reach.events.head(header);
    this.#successor = new PostgresJournal(this.#reach, { header, head, session, notices: [] });
    return this.#successor;
  }

  async rotate(): Promise<void> {
    // Each append is a row of its own: there is nothing to end.
    await this.#write('held');
  }

  async deletableEvents({ master, epoch }: StreamId, upTo: number): Promise<number> {
    const { database, sql } = this.#reach;
    const values = [database.settings.space, master, epoch, upTo];
    return Number((await database.rows<{ bytes: string }>(sql.deletable, values))[0]?.bytes ?? 0);
  }

  async deletableStream(stream: StreamId): Promise<number> {
    return (await this.#sizes(stream)).journal;
  }

  async deleteEvents({ epoch }: StreamHeader, upTo: number): Promise<number> {
    return Number((await this.#write<Mine & { bytes: string }>('deleteEvents', upTo, epoch))?.bytes ?? 0);
  }

  async deleteStream({ epoch }: StreamId): Promise<number> {
    return Number((await this.#write<Mine & { bytes: string }>('deleteStream', epoch))?.bytes ?? 0);
  }

  async writeSnapshot(position: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.#throwIfClosed();
    await this.#reach.snapshots.write(this.#reach.fence, this.header, position, chunks);
  }

  async removeSnapshot({ position }: SnapshotListing): Promise<void> {
    await this.#write('remove', position);
  }

  size(): Promise<{ readonly journal: number; readonly snapshots: number }> {
    return this.#sizes(this.header);
  }

  async close(): Promise<void> {
    const isLast = !this.#isClosed && this.#successor === undefined;
    this.#isClosed = true;
    if (isLast) await this.#reach.release();
  }

  async #sizes({ master, epoch }: StreamId): Promise<{ journal: number; snapshots: number }> {
    const { database, sql } = this.#reach;
    const values = [database.settings.space, master, epoch];
    const [row] = await database.rows<{ journal: string; snapshots: string }>(sql.size, values);
    return { journal: Number(row?.journal ?? 0), snapshots: Number(row?.snapshots ?? 0) };
  }

  /** Only while the name is ours, and this stream is the one that is written. */
  async #write<Row extends Mine = Mine>(statement: keyof Statements, ...values: unknown[]): Promise<Row | undefined> {
    this.#throwIfClosed();
    return this.#reach.fence.write((token) => this.#rows<Row>(statement, token, values));
  }

  #rows<Row extends Mine>(statement: keyof Statements, token: string, values: unknown[]): Promise<Row[]> {
    const { database, sql } = this.#reach;
    const { master, epoch } = this.header;
    return database.rows<Row>(sql[statement], [database.settings.space, master, token, epoch, ...values]);
  }

  #throwIfClosed(): void {
    if (this.#isClosed) throw new Error(`The journal of ${streamKey(this.header)} is closed`);
  }
}
