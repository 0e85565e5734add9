import { JournalDamagedError } from '../../errors.js';
import { crc32 } from '../../event/checksum.js';
import { type StreamId, streamKey } from '../../event/event.js';
import { parseLine } from '../../event/line.js';
import type { Head } from '../store.js';
import { isLastPart, lastOf, type Stored, storedOf } from './batch.js';
import type { Message, Messages } from './messages.js';
import type { NatsSettings } from './nats-options.js';
import { subjectOf } from './streams.js';

/** Lines that were written at once. */
interface Lines {
  readonly batch: Stored;
  /** Number of its first message: it may have several. */
  readonly begin: number;
  readonly lines: readonly string[];
}

/** Where reading may go on: every event up to `after` is in messages before number `seq`. */
interface Place {
  readonly after: number;
  readonly seq: number;
}

/** The events of streams: each has a subject, on which each append is a message, or several if it is large. */
export class StoredEvents {
  readonly messages: Messages;
  readonly #settings: NatsSettings;
  /** By stream, where it was read up to. */
  readonly #places = new Map<string, Place>();

  constructor(messages: Messages, settings: NatsSettings) {
    this.messages = messages;
    this.#settings = settings;
  }

  subject({ master, epoch }: StreamId): string {
    return subjectOf(this.#settings, master, epoch);
  }

  /** The newest message of a stream, which says how it stands. @throws JournalDamagedError (`JOURNAL_DAMAGED`) if somebody else wrote it */
  async last(stream: StreamId): Promise<Stored | undefined> {
    const found = await this.messages.last(this.subject(stream));
    const last = found && storedOf(found);
    if (found === undefined || last !== undefined) return last;
    throw new JournalDamagedError(
      `${this.#settings.location}: message ${found.seq} on ${found.subject} is none of this program's. Nothing was changed. Find out who writes there, and delete the message.`,
    );
  }

  /** What was read before may be another one now. */
  forget(stream: StreamId): void {
    this.#places.delete(streamKey(stream));
  }

  /** Number and id of the last event. */
  async head(stream: StreamId): Promise<Head | undefined> {
    return (await this.last(stream))?.end ?? undefined;
  }

  /** As `Store.read`. */
  async read(stream: StreamId, after: number, upTo: number): Promise<string[]> {
    const found: string[] = [];
    for await (const { line } of this.#lines(stream, after, upTo)) found.push(line);
    return found;
  }

  /** Reads every line after `after`. @throws JournalDamagedError (`JOURNAL_DAMAGED`) that names the first one that is damaged or missing */
  async check(stream: StreamId, after: number): Promise<void> {
    let expected = after + 1;
    let id = '';
    for await (const { line, seq } of this.#lines(stream, after, Number.MAX_SAFE_INTEGER)) {
      id = this.#checked(stream, line, seq);
      expected = seq + 1;
    }
    const end = await this.head(stream);
    if ((end?.seq ?? 0) >= expected) throw this.#damaged(stream, expected, 'it is missing');
    if (end?.seq === expected - 1 && id !== '' && end.id !== id)
      throw this.#damaged(stream, end.seq, `its id is ${id}, and ${end.id} was written`);
  }

  /** Reads every line that is there; those up to `deletable` may be gone. Errors as `check`. */
  async checkAll(stream: StreamId, deletable: number): Promise<void> {
    const first = await this.#first(stream);
    await this.check(stream, Math.min((first?.first ?? 1) - 1, deletable));
  }

  /** The lines of the append that holds an event; `undefined` if none does. */
  async around(stream: StreamId, seq: number): Promise<Lines | undefined> {
    const last = await this.messages.last(this.subject(stream));
    if (last === undefined) return undefined;
    const from = (await this.#beyond(stream, seq - 1, last.seq))?.seq ?? last.seq;
    for await (const lines of this.#batches(stream, from, last)) if (lastOf(lines.batch) >= seq) return lines;
    return undefined;
  }

  /** Bytes of all lines that are there. */
  async size(stream: StreamId): Promise<number> {
    const [first, last] = await Promise.all([this.#first(stream), this.last(stream)]);
    return first === undefined || last === undefined ? 0 : Math.max(0, last.bytes[1] - first.bytes[0]);
  }

  /** What stays if events up to `upTo` are deleted, the newest ones not among them: from which message on, and how many bytes go. */
  async covered(stream: StreamId, upTo: number): Promise<{ before: number; bytes: number }> {
    const [first, last] = await Promise.all([this.#first(stream), this.last(stream)]);
    if (first === undefined || last === undefined) return { before: 0, bytes: 0 };
    const kept = (await this.#beyond(stream, Math.min(upTo, (last.end?.seq ?? 0) - 1), last.seq)) ?? last;
    return { before: kept.seq, bytes: Math.max(0, kept.bytes[0] - first.bytes[0]) };
  }

  /** The first message before number `end` that holds an event after `upTo`: a binary search. */
  async #beyond(stream: StreamId, upTo: number, end: number): Promise<Stored | undefined> {
    // Below `low` all is covered; from `high` up to what was found there is nothing.
    let [low, high, found]: [number, number, Stored | undefined] = [1, end, undefined];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const next = await this.#next(stream, middle);
      if (next !== undefined && next.seq < high && lastOf(next) <= upTo) low = next.seq + 1;
      else {
        if (next !== undefined && next.seq < high) found = next;
        high = middle;
      }
    }
    return found;
  }

  /** What somebody else wrote to the subject holds no events. */
  async #next(stream: StreamId, from: number): Promise<Stored | undefined> {
    for (let at = from; ;) {
      const found = await this.messages.next(this.subject(stream), at);
      const stored = found && storedOf(found);
      if (found === undefined || stored !== undefined) return stored;
      at = found.seq + 1;
    }
  }

  #first(stream: StreamId): Promise<Stored | undefined> {
    return this.#next(stream, 1);
  }

  /** Lines after `after`, without a gap. */
  async *#lines(stream: StreamId, after: number, upTo: number): AsyncGenerator<{ line: string; seq: number }> {
    const last = await this.messages.last(this.subject(stream));
    if (last === undefined) this.forget(stream);
    const end = last && storedOf(last)?.end;
    if (last === undefined || end === null || (end !== undefined && end.seq <= after)) return;
    let next = after + 1;
    for await (const { batch, lines } of this.#batches(stream, await this.#begin(stream, after, last), last)) {
      if (batch.first > next) {
        this.forget(stream);
        return;
      }
      for (const line of lines.slice(next - batch.first)) {
        if (next > upTo) return;
        yield { line, seq: next++ };
      }
      this.#places.set(streamKey(stream), { after: next - 1, seq: batch.seq + 1 });
    }
  }

  /** Number of a message from which on all events after `after` are found. */
  async #begin(stream: StreamId, after: number, last: Message): Promise<number> {
    const place = this.#places.get(streamKey(stream));
    if (place?.after === after && place.seq <= last.seq) return place.seq;
    const newest = storedOf(last);
    if (newest?.part[0] === 1 && newest.first <= after + 1) return last.seq;
    if (after === 0) return 1;
    return (await this.#beyond(stream, after, last.seq))?.seq ?? last.seq;
  }

  /** Appends that are there as a whole. */
  async *#batches(stream: StreamId, from: number, last: Message): AsyncGenerator<Lines> {
    let parts: Uint8Array[] = [];
    let begin = from;
    for await (const batch of this.#stored(stream, from, last)) {
      const [no] = batch.part;
      // What its writer never finished is followed by another first part.
      if (no === 1) [parts, begin] = [[], batch.seq];
      if (parts.length !== no - 1) continue;
      parts.push(batch.data);
      if (isLastPart(batch) && batch.count > 0) yield { batch, begin, lines: linesOf(textOf(parts)) };
    }
  }

  async *#stored(stream: StreamId, from: number, last: Message): AsyncGenerator<Stored> {
    const newest = storedOf(last);
    if (from < last.seq)
      for await (const message of this.messages.between(this.subject(stream), from, last.seq - 1)) {
        const batch = storedOf(message);
        if (batch === undefined) continue;
        yield batch;
        // Nothing that counts is between the two.
        if (isLastPart(batch) && newest?.part[0] === 1 && lastOf(batch) + 1 === newest.first) break;
      }
    if (newest !== undefined) yield newest;
  }

  /** The id of a line. */
  #checked(stream: StreamId, line: string, seq: number): string {
    const parsed = parseLine(line, crc32);
    if (parsed.kind !== 'event') throw this.#damaged(stream, seq, 'its line is damaged');
    const { master, epoch, seq: told, id } = parsed.event;
    if (master !== stream.master || epoch !== stream.epoch || told !== seq)
      throw this.#damaged(stream, seq, `its line is that of event ${told} of ${master}@${epoch}`);
    return id;
  }

  #damaged(stream: StreamId, seq: number, what: string): JournalDamagedError {
    return new JournalDamagedError(
      `${this.#settings.location}: event ${seq} of ${streamKey(stream)}: ${what} (subject ${this.subject(stream)}). Nothing was changed. Restore the streams from a backup that holds it.`,
    );
  }
}

/** Lines without their line feeds. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n');
  lines.pop();
  return lines;
}

/** Characters may be cut between two parts. */
function textOf(parts: readonly Uint8Array[]): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(parts.length === 1 ? parts[0] : Buffer.concat(parts));
}
