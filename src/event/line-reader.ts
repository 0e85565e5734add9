import { CHECKSUM_LENGTH, type Crc32, endsWithCrc, FixedText, hasChecksum, runTextCrc } from './checksum.js';
import type { Event } from './event.js';
import { isTooDeep } from './json-depth.js';
import {
  callText,
  hasTextAt,
  ID_END,
  ID_START,
  isWrittenBy,
  OPENING,
  ownerText,
  parseLine,
  type ParsedLine,
  sequenceNumber,
  tailText,
} from './line.js';
import { isId } from './ulid-clock.js';

/** What more different calls than these share is not remembered. */
const MOST = 16;

/** Longer lines are summed faster by the platform, however long the way to it. */
const SHORT = 1_024;

const OPENING_CRC = OPENING.after(-1);

/** What all lines of a stream have in common. */
interface Owner {
  readonly fixed: FixedText;
  readonly event: Pick<Event, 'master' | 'epoch'>;
}

/** What the lines of one call have in common: the text between the number and the arguments. */
interface Shape {
  readonly fixed: FixedText;
  readonly event: Pick<Event, 'model' | 'tx' | 'txv'>;
}

/** What stands behind the arguments. */
interface Tail {
  readonly fixed: FixedText;
  /** Of all these events the same object: whoever shows it makes a copy. */
  readonly meta: unknown;
}

/**
 * Reads many lines of one stream. What a line shares with those before it is compared as text and summed once, and only the rest of
 * it is summed and parsed: in less than half the time, and names are kept once, not once for each line. A line that is written in any
 * other way goes through `parseLine`; the result is the same.
 */
export class LineReader {
  readonly #crc32: Crc32;
  #owner: Owner | undefined;
  /** The one that was met last stands first. */
  readonly #shapes: Shape[] = [];
  readonly #tails: Tail[] = [];

  constructor(crc32: Crc32) {
    this.#crc32 = crc32;
  }

  /** Reads one line; never throws. */
  read(line: string): ParsedLine {
    const isShort = line.length <= SHORT;
    const isWhole = isShort || (hasChecksum(line, this.#crc32) && !isTooDeep(line));
    const event = isWhole ? this.#compared(line, isShort) : undefined;
    if (event !== undefined) return { kind: 'event', event };
    const parsed = parseLine(line, this.#crc32);
    if (parsed.kind === 'event') this.#learn(line, parsed.event);
    return parsed;
  }

  /**
   * The event of a line; `undefined` if it is not like those before it.
   *
   * @param checks whether its checksum is looked at; else it is known to fit
   */
  #compared(line: string, checks: boolean): Event | undefined {
    const owner = this.#owner;
    if (owner === undefined || !isWrittenBy(line, owner.fixed.text)) return undefined;
    const seqStart = ID_END + owner.fixed.text.length;
    const seqEnd = line.indexOf(',', seqStart);
    const seq = sequenceNumber(line, seqStart, seqEnd);
    const tailEnd = line.length - CHECKSUM_LENGTH;
    const shape = met(this.#shapes, line, seqEnd, 0);
    const tail = met(this.#tails, line, tailEnd, 1);
    if (seq === undefined || shape === undefined || tail === undefined) return undefined;
    const argsStart = seqEnd + shape.fixed.text.length;
    const argsEnd = tailEnd - tail.fixed.text.length;
    if (argsEnd <= argsStart) return undefined;
    if (checks) {
      const afterId = runTextCrc(OPENING_CRC, line, ID_START, ID_END);
      const afterSeq = runTextCrc(owner.fixed.after(afterId), line, seqStart, seqEnd);
      const afterArgs = runTextCrc(shape.fixed.after(afterSeq), line, argsStart, argsEnd);
      if (Number.isNaN(afterArgs) || !endsWithCrc(line, tailEnd, ~tail.fixed.after(afterArgs))) return undefined;
    }
    try {
      // What lies between two known texts is the arguments if, and only if, it is one JSON value.
      const args = JSON.parse(line.slice(argsStart, argsEnd)) as Event['args'] | null;
      // Parsed as well, because a part of a text would keep all of it in memory.
      const id: unknown = JSON.parse(line.slice(ID_START - 1, ID_END + 1));
      if (typeof args !== 'object' || args === null || !isId(id)) return undefined;
      const { master, epoch } = owner.event;
      const { model, tx, txv } = shape.event;
      return { id, master, epoch, seq, model, tx, txv, args, meta: tail.meta };
    } catch {
      // Not what it looked like; it is read in full.
      return undefined;
    }
  }

  #learn(line: string, event: Event): void {
    const { master, epoch, model, tx, txv } = event;
    const owner = ownerText(event);
    const shape = callText(event);
    const { meta } = event;
    const tail = tailText(JSON.stringify(meta));
    if (!isWrittenBy(line, owner) || !hasTextAt(line, shape, line.indexOf(',', ID_END + owner.length))) return;
    if (this.#owner?.fixed.text !== owner) this.#owner = { fixed: new FixedText(owner), event: { master, epoch } };
    remember(this.#shapes, shape, (fixed) => ({ fixed, event: { model, tx, txv } }));
    remember(this.#tails, tail, (fixed) => ({ fixed, meta }));
  }
}

/** The one of these whose text stands at a place of a line, or ends there (`back` 1). It is looked for first the next time. */
function met<Known extends { readonly fixed: FixedText }>(
  all: Known[],
  line: string,
  at: number,
  back: 0 | 1,
): Known | undefined {
  for (let i = 0; i < all.length; i++) {
    const one = all[i] as Known;
    const { text } = one.fixed;
    if (!hasTextAt(line, text, at - back * text.length)) continue;
    if (i > 0) {
      all[i] = all[0] as Known;
      all[0] = one;
    }
    return one;
  }
  return undefined;
}

function remember<Known extends { readonly fixed: FixedText }>(
  all: Known[],
  text: string,
  make: (fixed: FixedText) => Known,
): void {
  if (all.length < MOST && !all.some(({ fixed }) => fixed.text === text)) all.push(make(new FixedText(text)));
}
