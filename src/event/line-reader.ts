import { CHECKSUM_LENGTH, type Crc32, hasChecksum } from './checksum.js';
import type { Event } from './event.js';
import { isTooDeep } from './json-depth.js';
import {
  callText,
  hasTextAt,
  ID_END,
  ID_START,
  isWrittenBy,
  ownerText,
  parseLine,
  type ParsedLine,
  sequenceNumber,
  tailText,
} from './line.js';
import { isId } from './ulid-clock.js';

/** What more different calls than these share is not remembered. */
const MOST = 16;

/** What the lines of one call have in common: the text between the number and the arguments. */
interface Shape {
  readonly text: string;
  readonly event: Pick<Event, 'model' | 'tx' | 'txv'>;
}

/** What stands behind the arguments. */
interface Tail {
  readonly text: string;
  readonly metaText: string;
}

/**
 * Reads many lines of one stream. What a line shares with those before it is compared as text, and only the rest of it is
 * parsed: in less than half the time, and names are kept once, not once for each line. A line that is written in any other
 * way goes through `parseLine`; the result is the same.
 */
export class LineReader {
  readonly #crc32: Crc32;
  #owner: { readonly text: string; readonly event: Pick<Event, 'master' | 'epoch'> } | undefined;
  readonly #shapes: Shape[] = [];
  readonly #tails: Tail[] = [];

  constructor(crc32: Crc32) {
    this.#crc32 = crc32;
  }

  /** Reads one line; never throws. */
  read(line: string): ParsedLine {
    const event = hasChecksum(line, this.#crc32) && !isTooDeep(line) ? this.#compared(line) : undefined;
    if (event !== undefined) return { kind: 'event', event };
    const parsed = parseLine(line, this.#crc32);
    if (parsed.kind === 'event') this.#learn(line, parsed.event);
    return parsed;
  }

  /** The event of a line that is known to be whole; `undefined` if it is not like those before it. */
  #compared(line: string): Event | undefined {
    const owner = this.#owner;
    if (owner === undefined || !isWrittenBy(line, owner.text)) return undefined;
    const seqStart = ID_END + owner.text.length;
    const seqEnd = line.indexOf(',', seqStart);
    const seq = sequenceNumber(line, seqStart, seqEnd);
    const shape = this.#shapes.find(({ text }) => hasTextAt(line, text, seqEnd));
    const tailEnd = line.length - CHECKSUM_LENGTH;
    const tail = this.#tails.find(({ text }) => hasTextAt(line, text, tailEnd - text.length));
    if (seq === undefined || shape === undefined || tail === undefined) return undefined;
    const argsStart = seqEnd + shape.text.length;
    const argsEnd = tailEnd - tail.text.length;
    if (argsEnd <= argsStart) return undefined;
    try {
      // What lies between two known texts is the arguments if, and only if, it is one JSON value.
      const args = JSON.parse(line.slice(argsStart, argsEnd)) as Event['args'] | null;
      // Parsed as well, because a part of a text would keep all of it in memory.
      const id: unknown = JSON.parse(line.slice(ID_START - 1, ID_END + 1));
      if (typeof args !== 'object' || args === null || !isId(id)) return undefined;
      const meta: unknown = tail.metaText === 'null' ? null : JSON.parse(tail.metaText);
      const { master, epoch } = owner.event;
      const { model, tx, txv } = shape.event;
      return { id, master, epoch, seq, model, tx, txv, args, meta };
    } catch {
      // Not what it looked like; it is read in full.
      return undefined;
    }
  }

  #learn(line: string, event: Event): void {
    const { master, epoch, model, tx, txv } = event;
    const owner = ownerText(event);
    const shape = callText(event);
    const metaText = JSON.stringify(event.meta);
    const tail = tailText(metaText);
    if (!isWrittenBy(line, owner) || !hasTextAt(line, shape, line.indexOf(',', ID_END + owner.length))) return;
    if (this.#owner?.text !== owner) this.#owner = { text: owner, event: { master, epoch } };
    if (this.#shapes.length < MOST && !this.#shapes.some(({ text }) => text === shape))
      this.#shapes.push({ text: shape, event: { model, tx, txv } });
    if (this.#tails.length < MOST && !this.#tails.some(({ text }) => text === tail))
      this.#tails.push({ text: tail, metaText });
  }
}
