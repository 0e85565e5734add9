import { type Crc32, isSealed } from './checksum.js';
import { type Event, parseLine, type ParsedLine } from './envelope.js';
import { isTooDeep } from './json-depth.js';
import { isId } from './ulid-clock.js';

const OPENING = '{"v":1,"id":"';
const ID_END = OPENING.length + 26;
/** Characters of `,"crc":"xxxxxxxx"}`. */
const SEAL_LENGTH = 18;
/** What more different calls than these share is not remembered. */
const MOST = 16;

/** What the lines of one call have in common: the text between the number and the arguments. */
interface Shape {
  readonly text: string;
  readonly event: Pick<Event, 'model' | 'tx' | 'txv'>;
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
  readonly #tails: string[] = [];

  constructor(crc32: Crc32) {
    this.#crc32 = crc32;
  }

  /** Reads one line; never throws. */
  read(line: string): ParsedLine {
    const event = isSealed(line, this.#crc32) && !isTooDeep(line) ? this.#compared(line) : undefined;
    if (event !== undefined) return { kind: 'event', event };
    const parsed = parseLine(line, this.#crc32);
    if (parsed.kind === 'event') this.#learn(line, parsed.event);
    return parsed;
  }

  /** The event of a line that is known to be whole; `undefined` if it is not like those before it. */
  #compared(line: string): Event | undefined {
    const owner = this.#owner;
    if (owner === undefined || !holds(line, OPENING, 0) || !holds(line, owner.text, ID_END)) return undefined;
    const seqStart = ID_END + owner.text.length;
    const seqEnd = line.indexOf(',', seqStart);
    const seq = sequenceNumber(line, seqStart, seqEnd);
    const shape = this.#shapes.find(({ text }) => holds(line, text, seqEnd));
    const seal = line.length - SEAL_LENGTH;
    const tail = this.#tails.find((text) => holds(line, text, seal - text.length));
    if (seq === undefined || shape === undefined || tail === undefined) return undefined;
    const argsStart = seqEnd + shape.text.length;
    const argsEnd = seal - tail.length;
    if (argsEnd <= argsStart) return undefined;
    try {
      // What lies between two known texts is the arguments if, and only if, it is one JSON value.
      const args = JSON.parse(line.slice(argsStart, argsEnd)) as Event['args'] | null;
      // Parsed as well, because a part of a text would keep all of it in memory.
      const id: unknown = JSON.parse(line.slice(OPENING.length - 1, ID_END + 1));
      if (typeof args !== 'object' || args === null || !isId(id)) return undefined;
      const meta: unknown = tail === ',"meta":null' ? null : JSON.parse(tail.slice(8));
      const { master, epoch } = owner.event;
      const { model, tx, txv } = shape.event;
      return { id, master, epoch, seq, model, tx, txv, args, meta };
    } catch {
      // Not what it looked like; it is read in full.
      return undefined;
    }
  }

  #learn(line: string, event: Event): void {
    const { master, epoch, model, tx, txv, meta } = event;
    const owner = `","master":${JSON.stringify(master)},"epoch":${JSON.stringify(epoch)},"seq":`;
    const shape = `,"model":${JSON.stringify(model)},"tx":${JSON.stringify(tx)},"txv":${txv},"args":`;
    const tail = `,"meta":${JSON.stringify(meta)}`;
    if (!line.startsWith(owner, ID_END) || !line.startsWith(shape, line.indexOf(',', ID_END + owner.length))) return;
    if (this.#owner?.text !== owner) this.#owner = { text: owner, event: { master, epoch } };
    if (this.#shapes.length < MOST && !this.#shapes.some(({ text }) => text === shape))
      this.#shapes.push({ text: shape, event: { model, tx, txv } });
    if (this.#tails.length < MOST && !this.#tails.includes(tail)) this.#tails.push(tail);
  }
}

// In a third of the time that `startsWith` takes.
function holds(line: string, text: string, at: number): boolean {
  return line.slice(at, at + text.length) === text;
}

/** The number that stands there as JSON writes it, from 1. */
function sequenceNumber(line: string, start: number, end: number): number | undefined {
  let seq = 0;
  for (let at = start; at < end; at++) {
    const digit = line.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return undefined;
    seq = seq * 10 + digit;
  }
  return end > start && line.charCodeAt(start) !== 48 && Number.isSafeInteger(seq) ? seq : undefined;
}
