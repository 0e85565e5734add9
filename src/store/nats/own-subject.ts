import { type StreamId, streamKey } from '../../event/event.js';
import { StoreUnreachableError } from '../../errors.js';
import { parseLine } from '../../event/line.js';
import { crc32 } from '../../event/checksum.js';
import type { Head } from '../store.js';
import { type Batch, encodeBatch } from './batch.js';
import { inTurn } from './in-turn.js';
import { isAnswered } from './refusals.js';
import type { Link } from './link.js';
import { linesOf, type StoredEvents } from './stored-events.js';

/** How the subject stands, as far as its writer knows. */
interface Tail {
  /** Number of the last message; 0 if there is none. */
  readonly seq: number;
  readonly end: Head | undefined;
  readonly bytes: number;
  /** Messages that count no more, and may still be there. */
  readonly void: readonly [number, number] | undefined;
}

/** What is written next. */
type Next = Pick<Batch, 'first' | 'count' | 'end' | 'bytes' | 'void'> & { readonly lines: string };

const NOTHING: Tail = { seq: 0, end: undefined, bytes: 0, void: undefined };

/** A message of a server takes a megabyte by default, header included; base64 makes answers a third larger. */
const PART_BYTES = 512 * 1024;

/** Room for what a message says about itself. */
const HEADER_BYTES = 2 * 1024;

/** What the writer of a subject shares with its journal. */
export interface Writing {
  readonly link: Link;
  readonly events: StoredEvents;
  readonly stream: StreamId;
  /** Token of the owner. */
  readonly by: string;
  /** Fails with MasterFencedError (`MASTER_FENCED`): somebody else has written to the subject. */
  readonly fenced: () => Promise<never>;
}

/**
 * The subject of the stream that is written. Every message names the one that it follows, and the server refuses it if another one came
 * in between.
 *
 * Invariant: a message whose answer was lost has its effect before the next one of ours, or none. So after a doubt it is enough to look at
 * the last message: it is ours, or somebody else owns the name.
 */
export class OwnSubject {
  readonly #writing: Writing;
  readonly #inTurn = inTurn();
  /** `undefined` if an answer was lost. */
  #tail: Tail | undefined;

  /** @param tail how it stands, `undefined` if that is not known */
  private constructor(writing: Writing, tail: Tail | undefined) {
    this.#writing = writing;
    this.#tail = tail;
  }

  /** One that nobody has written to. */
  static begun(writing: Writing): OwnSubject {
    return new OwnSubject(writing, undefined);
  }

  /** Shuts out whoever wrote before: from now on nothing of theirs is stored. */
  static async taken(writing: Writing): Promise<OwnSubject> {
    const own = new OwnSubject(writing, undefined);
    for (;;) {
      const tail = await own.#look(() => Promise.resolve());
      if (await own.#store(tail, mark(tail))) break;
    }
    await own.#clear();
    return own;
  }

  /** Number and id of the last event. */
  get head(): Head | undefined {
    return this.#tail?.end;
  }

  /** As `Journal.append`. */
  append(text: string, firstSeq: number): Promise<void> {
    return this.#inTurn(() => this.#append(text, firstSeq));
  }

  async #append(text: string, firstSeq: number): Promise<void> {
    for (;;) {
      const tail = await this.#known();
      const end = tail.end?.seq ?? 0;
      if (end < firstSeq - 1) throw this.#behind(end, firstSeq - 1);
      const [rest, first] = await this.#withoutKnown(text, firstSeq, end);
      const lines = linesOf(rest);
      if (lines.length === 0) return;
      const bytes = [tail.bytes, tail.bytes + Buffer.byteLength(rest)] as const;
      const next = { first, count: lines.length, end: headOf(lines, first), bytes, lines: rest };
      if (await this.#store(tail, next)) return;
    }
  }

  /** What is there was sent before: the same lines. */
  async #withoutKnown(text: string, firstSeq: number, end: number): Promise<[rest: string, first: number]> {
    if (end < firstSeq) return [text, firstSeq];
    const { events, stream } = this.#writing;
    const lines = linesOf(text);
    const upTo = Math.min(end, firstSeq + lines.length - 1);
    const known = await events.read(stream, firstSeq - 1, upTo);
    const other = known.findIndex((line, index) => line !== lines[index]);
    if (other >= 0 || known.length < upTo - firstSeq + 1)
      throw new Error(`Event ${firstSeq + Math.max(other, 0)} of ${streamKey(stream)} is another one already`);
    return [
      lines
        .slice(known.length)
        .map((line) => `${line}\n`)
        .join(''),
      firstSeq + known.length,
    ];
  }

  /**
   * As `Journal.cutBack`: a message says which ones count no more, and they are deleted before anything follows it.
   *
   * @param held makes sure that the name is ours, where nothing has to be cut
   */
  cutBack(upTo: number, held: () => Promise<void>): Promise<void> {
    return this.#inTurn(async () => {
      const isSure = this.#tail !== undefined;
      for (;;) {
        const tail = await this.#known();
        // A message whose answer was lost may still come: it must not be the next one.
        if (isSure && (tail.end?.seq ?? 0) <= upTo) return held();
        if (await this.#store(tail, await this.#cut(tail, upTo))) break;
      }
      await this.#clear();
    });
  }

  /** The end of the stream as it is without the events after `upTo`: of an append that goes beyond it, the beginning is written again. */
  async #cut(tail: Tail, upTo: number): Promise<Next> {
    if ((tail.end?.seq ?? 0) <= upTo) return mark(tail);
    const { events, stream } = this.#writing;
    const last = upTo === 0 ? undefined : await events.around(stream, upTo);
    const from = await events.around(stream, upTo + 1);
    if (upTo > 0 && last === undefined) throw new Error(`Event ${upTo} of ${streamKey(stream)} is gone`);
    events.forget(stream);
    const begin = from?.begin ?? tail.seq + 1;
    if (last === undefined || from === undefined || last.batch.seq !== from.batch.seq) {
      const bytes = [tail.bytes, last?.batch.bytes[1] ?? from?.batch.bytes[0] ?? 0] as const;
      const end = last === undefined ? null : headOf(last.lines, last.batch.first);
      return { first: upTo + 1, count: 0, end, bytes, void: [begin, tail.seq + 1], lines: '' };
    }
    const { first } = from.batch;
    const kept = from.lines.slice(0, upTo - first + 1);
    const lines = kept.map((line) => `${line}\n`).join('');
    const [before] = from.batch.bytes;
    const bytes = [before, before + Buffer.byteLength(lines)] as const;
    return { first, count: kept.length, end: headOf(kept, first), bytes, void: [begin, tail.seq + 1], lines };
  }

  /** Nothing more of ours is stored here, whatever is still under way. */
  end(): Promise<void> {
    return this.#inTurn(async () => {
      for (;;) {
        const tail = await this.#known();
        if (await this.#store(tail, mark(tail))) return;
      }
    });
  }

  /** How the subject stands; after a doubt, as its last message says. */
  async #known(): Promise<Tail> {
    if (this.#tail === undefined) {
      const { by, fenced } = this.#writing;
      await this.#look(async (found) => (found !== by ? fenced() : undefined));
    }
    await this.#clear();
    return this.#tail ?? NOTHING;
  }

  /** @param check is asked about the token of the last message */
  async #look(check: (by: string) => Promise<unknown>): Promise<Tail> {
    const { events, stream } = this.#writing;
    const last = await events.last(stream);
    if (last !== undefined) await check(last.by);
    const tail =
      last === undefined
        ? NOTHING
        : { seq: last.seq, end: last.end ?? undefined, bytes: last.bytes[1], void: last.void };
    return (this.#tail = tail);
  }

  /** Deletes what counts no more. */
  async #clear(): Promise<void> {
    const tail = this.#tail;
    if (tail?.void === undefined) return;
    const { events, stream } = this.#writing;
    const [from, before] = tail.void;
    for await (const { seq } of events.messages.between(events.subject(stream), from, before - 1))
      await events.messages.remove(seq);
    this.#tail = { ...tail, void: undefined };
  }

  /** Stores what follows `tail`, in as many parts as it needs. Gives `false` if something else is there: then nothing of it counts. */
  async #store(tail: Tail, { lines, ...next }: Next): Promise<boolean> {
    const { by } = this.#writing;
    const parts = await this.#parts(lines);
    // Until all of it is stored.
    this.#tail = undefined;
    let { seq } = tail;
    for (const [index, data] of parts.entries()) {
      const isLast = index === parts.length - 1;
      const after = isLast ? next : { ...next, end: tail.end ?? null, bytes: [tail.bytes, tail.bytes] as const };
      const batch: Batch = { ...after, by, part: [index + 1, parts.length] };
      const stored = await this.#publish(encodeBatch(batch), data, { ...tail, seq });
      if (stored === undefined) {
        await this.#throwIfStale(seq);
        return false;
      }
      seq = stored;
    }
    this.#tail = { seq, end: next.end ?? undefined, bytes: next.bytes[1], void: next.void };
    return true;
  }

  /** Stores one message. If the servers answer that they do not take it, the subject is as it was. */
  async #publish(header: string, data: Uint8Array, tail: Tail): Promise<number | undefined> {
    const { events, stream } = this.#writing;
    try {
      return await events.messages.publish(events.subject(stream), header, data, tail.seq);
    } catch (error) {
      if (isAnswered(error)) this.#tail = tail;
      throw error;
    }
  }

  /** A server that is cut off from the others may answer with what was the last message: then there is nothing to go by. */
  async #throwIfStale(seq: number): Promise<void> {
    const { events, stream, link } = this.#writing;
    const last = await events.last(stream);
    if (last === undefined || last.seq !== seq) return;
    throw new StoreUnreachableError(
      `${link.settings.location} refuses what follows message ${seq} of ${streamKey(stream)}, and shows no later one; it is tried again.`,
    );
  }

  async #parts(lines: string): Promise<Uint8Array[]> {
    const bytes = Buffer.from(lines);
    const size = Math.max(1, Math.min(PART_BYTES, (await this.#writing.link.mostBytes()) - HEADER_BYTES));
    const parts: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size));
    return parts.length === 0 ? [bytes] : parts;
  }

  #behind(end: number, stored: number): Error {
    const { link, stream } = this.#writing;
    return new Error(
      `${link.settings.location} holds ${end} events of ${streamKey(stream)}, and ${stored} were stored: ` +
        'it was restored from a backup, or its servers lost what they had acknowledged. Close this master and open it again.',
    );
  }
}

/** A message that changes nothing, and lets nothing through that was sent before. */
function mark(tail: Tail): Next {
  const { end, bytes } = tail;
  const next = { first: (end?.seq ?? 0) + 1, count: 0, end: end ?? null, bytes: [bytes, bytes] as const, lines: '' };
  return tail.void === undefined ? next : { ...next, void: tail.void };
}

function headOf(lines: readonly string[], first: number): Head {
  const parsed = parseLine(lines.at(-1) ?? '', crc32);
  if (parsed.kind !== 'event') throw new Error(`Event ${first + lines.length - 1} is no whole line`);
  return { seq: first + lines.length - 1, id: parsed.event.id };
}
