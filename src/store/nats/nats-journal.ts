import { crc32 } from '../../event/checksum.js';
import { type StreamHeader, type StreamId, streamKey } from '../../event/event.js';
import { headerLine } from '../../event/line.js';
import type { Seal } from '../frontier.js';
import type { Session } from '../opening.js';
import type { Head, Journal, Remembered, SnapshotListing } from '../store.js';
import type { Link } from './link.js';
import { type MasterRecord, type SnapshotRecord, withStream } from './master-record.js';
import { type OwnedRecord, withoutStream } from './owned-record.js';
import { OwnSubject, type Writing } from './own-subject.js';
import type { Records } from './records.js';
import type { StoredEvents } from './stored-events.js';
import type { StoredObjects } from './stored-objects.js';

/** What the journals of one opening share. */
export interface Reach {
  readonly link: Link;
  readonly events: StoredEvents;
  readonly records: Records;
  readonly objects: StoredObjects;
  readonly own: OwnedRecord;
  /** Tells others that something was published. */
  readonly tell: () => void;
  /** Lets go of the name. */
  readonly release: () => Promise<void>;
}

/** What a journal begins with. */
export interface Begun {
  readonly header: StreamHeader;
  readonly head: Head | undefined;
  readonly session: Session;
  readonly subject: OwnSubject;
  readonly notices: readonly string[];
}

/** The subject of a stream, for its owner. */
export function ownSubject({ link, events, own }: Reach, stream: StreamId): Writing {
  return { link, events, stream, by: own.token, fenced: () => own.fenced() };
}

/** The journal of a `NatsStore`: events on a subject of their own, all else in the record of its master. */
export class NatsJournal implements Journal {
  readonly header: StreamHeader;
  readonly head: Head | undefined;
  readonly notices: readonly string[];
  readonly seal: Seal | undefined;
  readonly moved: Readonly<Record<string, number>>;
  readonly ends: Readonly<Record<string, number>>;
  readonly #reach: Reach;
  readonly #subject: OwnSubject;
  #successor: NatsJournal | undefined;
  #isClosed = false;

  constructor(reach: Reach, { header, head, session, subject, notices }: Begun) {
    this.header = header;
    this.head = head;
    this.notices = notices;
    this.seal = session.seal;
    this.moved = { ...session.moved, ...header.moved };
    this.ends = session.ends ?? {};
    this.#reach = reach;
    this.#subject = subject;
  }

  async append(text: string, firstSeq: number): Promise<void> {
    this.#throwIfClosed();
    if (this.#successor !== undefined) throw new Error('This stream has ended; another one goes on');
    await this.#subject.append(text, firstSeq);
  }

  async cutBack(upTo: number): Promise<void> {
    await this.#open().cutBack(upTo, () => this.#reach.own.held());
  }

  async check(): Promise<void> {
    const { records, events } = this.#reach;
    const found = await records.ofMaster(this.header.master);
    await events.checkAll(this.header, found?.record.session?.deletable ?? 0);
  }

  async publish(frontier: string, remember: Remembered): Promise<void> {
    this.#throwIfClosed();
    await this.#reach.own.publish(this.header.epoch, frontier, (record) => {
      const mine = this.#writtenHere(record);
      return { ...mine, session: { ...(mine.session as Session), ...remember } };
    });
    this.#reach.tell();
  }

  async retire({ epoch }: StreamId, frontier: string): Promise<void> {
    this.#throwIfClosed();
    await this.#reach.own.held();
    const streams = await this.#streams();
    if (!Object.hasOwn(streams, epoch)) return;
    await this.#reach.own.publish(epoch, frontier, (record) => this.#writtenHere(record));
  }

  async succeed(header: StreamHeader, lines: string): Promise<Journal> {
    this.#throwIfClosed();
    if (this.#successor?.header.epoch === header.epoch) return this.#successor;
    const { own } = this.#reach;
    await own.held();
    // Nothing that is under way gets into this stream any more.
    await this.#subject.end();
    const subject = OwnSubject.begun(ownSubject(this.#reach, header));
    if (lines !== '') await subject.append(lines, 1);
    const { epoch } = header;
    const record = await own.change((before) => {
      if (before.epoch === epoch) return before;
      const mine = this.#writtenHere(before);
      const moved = { ...this.moved, ...header.moved };
      const session = { ...(mine.session as Session), epoch, head: undefined, deletable: 0, moved };
      return withStream({ ...mine, session, epoch }, epoch, { header: headerLine(header, crc32) });
    });
    const begun = { header, head: subject.head, session: record.session as Session, subject, notices: [] };
    return (this.#successor = new NatsJournal(this.#reach, begun));
  }

  async rotate(): Promise<void> {
    // Each append is a message of its own: there is nothing to end.
    this.#throwIfClosed();
    await this.#reach.own.held();
  }

  async deletableEvents(stream: StreamId, upTo: number): Promise<number> {
    return (await this.#reach.events.covered(stream, upTo)).bytes;
  }

  async deletableStream(stream: StreamId): Promise<number> {
    return this.#reach.events.size(stream);
  }

  async deleteEvents(stream: StreamHeader, upTo: number): Promise<number> {
    this.#throwIfClosed();
    const { own, events } = this.#reach;
    await own.held();
    const { before, bytes } = await events.covered(stream, upTo);
    if (bytes > 0) await events.messages.purge(events.subject(stream), before);
    return bytes;
  }

  async deleteStream(stream: StreamId): Promise<number> {
    this.#throwIfClosed();
    const { own, events } = this.#reach;
    await own.held();
    const bytes = await events.size(stream);
    await events.messages.purge(events.subject(stream));
    // Last: until then it is found, and deleting it can be tried again.
    await own.change((record) => withoutStream(this.#writtenHere(record), stream.epoch));
    await own.sweep();
    return bytes;
  }

  async writeSnapshot(position: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.#throwIfClosed();
    const { own, objects } = this.#reach;
    const { master, epoch } = this.header;
    const object = objects.name(master, epoch, position);
    await own.write(
      object,
      () => objects.write(object, chunks),
      (record, written) => this.#withSnapshot(this.#writtenHere(record), position, written),
    );
    await own.sweep();
  }

  async removeSnapshot({ position }: SnapshotListing): Promise<void> {
    this.#throwIfClosed();
    await this.#reach.own.change((record) => this.#withSnapshot(this.#writtenHere(record), position, undefined));
    await this.#reach.own.sweep();
  }

  /** With another snapshot at a position, or none; the object of the one before is of no use any more. */
  #withSnapshot(record: MasterRecord, position: string, snapshot: SnapshotRecord | undefined): MasterRecord {
    const { epoch } = this.header;
    const { [position]: before, ...others } = record.streams[epoch]?.snapshots ?? {};
    const snapshots = snapshot === undefined ? others : { ...others, [position]: snapshot };
    const gone = before === undefined || before.object === snapshot?.object ? [] : [before.object];
    return { ...withStream(record, epoch, { snapshots }), trash: [...record.trash, ...gone] };
  }

  async size(): Promise<{ readonly journal: number; readonly snapshots: number }> {
    const journal = await this.#reach.events.size(this.header);
    const { snapshots = {} } = (await this.#streams())[this.header.epoch] ?? {};
    return { journal, snapshots: Object.values(snapshots).reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  async close(): Promise<void> {
    const isLast = !this.#isClosed && this.#successor === undefined;
    this.#isClosed = true;
    if (isLast) await this.#reach.release();
  }

  async #streams(): Promise<MasterRecord['streams']> {
    return (await this.#reach.records.ofMaster(this.header.master))?.record.streams ?? {};
  }

  /** The record, if this stream is the one that is written. */
  #writtenHere(record: MasterRecord): MasterRecord {
    if (record.epoch === this.header.epoch) return record;
    throw new Error(`The stream ${streamKey(this.header)} has ended; another one goes on (${record.epoch ?? ''})`);
  }

  #open(): OwnSubject {
    this.#throwIfClosed();
    return this.#subject;
  }

  #throwIfClosed(): void {
    if (this.#isClosed) throw new Error(`The journal of ${streamKey(this.header)} is closed`);
  }
}
