import type { EncodedArgs } from './call-codec.js';
import { appendChecksum, type Crc32, endsWithChecksum, FixedText, parseChecksummed } from './checksum.js';
import { type Event, isMasterName, type StreamHeader, type StreamId } from './event.js';
import { isId } from './ulid-clock.js';

/*
 * What a line of a journal looks like; nothing else knows. It is one JSON object, its members always in this order:
 *
 *   {"v":1,"id":"01M…","master":"laptop","epoch":"01M…","seq":7,"model":"todo","tx":"add","txv":1,"args":["Tea"],"meta":null,"crc":"99e2dcd0"}
 *   └ opening ─┘└ id ┘└ owner ──────────────────────────────┘└┘└ call ───────────────────────────────┘└ args ─┘└ tail ─────┘└ checksum ─────┘
 *
 * Only a call that was issued again has one more member, `origin`, behind `meta`. Owner and checksum are ASCII, so that they have
 * as many bytes as characters. JSON escapes line feeds and tabs: a line holds neither.
 */

/** Version of the journal's line format. */
const FORMAT_VERSION = 1;

/** The byte that ends a line. */
export const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** Where the text ends of a line that a line feed ends: git and editors may have put a carriage return between, no text has one. */
export function textEnd(bytes: Uint8Array, lineFeed: number): number {
  return bytes[lineFeed - 1] === CARRIAGE_RETURN ? lineFeed - 1 : lineFeed;
}

/** What stands before the id of an event, in all lines. */
export const OPENING = new FixedText(`{"v":${FORMAT_VERSION},"id":"`);
const TAIL = ',"meta":';

/** Where the id of an event stands in its line. */
export const ID_START = OPENING.text.length;
export const ID_END = ID_START + 26;

/** What stands between an id and the number of an event, in all lines of a stream. */
export function ownerText(stream: StreamId): string {
  return `","master":${JSON.stringify(stream.master)},"epoch":${JSON.stringify(stream.epoch)},"seq":`;
}

/** What stands between the number of an event and its arguments, in all lines of a call. */
export function callText({ model, tx, txv }: Pick<Event, 'model' | 'tx' | 'txv'>): string {
  return `,"model":${JSON.stringify(model)},"tx":${JSON.stringify(tx)},"txv":${txv},"args":`;
}

/** What stands behind the arguments. */
export function tailText(metaText: string): string {
  return TAIL + metaText;
}

/** Tells whether a text stands at that place of a line; in a third of the time that `startsWith` takes. */
export function hasTextAt(line: string, text: string, at: number): boolean {
  return line.slice(at, at + text.length) === text;
}

/** Tells whether a line begins as those of a stream do. */
export function isWrittenBy(line: string, owner: string): boolean {
  return hasTextAt(line, OPENING.text, 0) && hasTextAt(line, owner, ID_END);
}

/** The number of an event, from 1, that stands there as JSON writes it. */
export function sequenceNumber(line: string, start: number, end: number): number | undefined {
  let seq = 0;
  for (let at = start; at < end; at++) {
    const digit = line.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return undefined;
    seq = seq * 10 + digit;
  }
  return end > start && line.charCodeAt(start) !== 48 && Number.isSafeInteger(seq) ? seq : undefined;
}

/** The header's line, without a line feed. */
export function headerLine(header: StreamHeader, crc32: Crc32): string {
  const { master, epoch, model, session, reason, after, moved } = header;
  const text = JSON.stringify({
    v: FORMAT_VERSION,
    kind: 'header',
    master,
    epoch,
    model,
    session,
    reason,
    after,
    ...(moved === undefined ? {} : { moved }),
  });
  return appendChecksum(text.slice(0, -1), crc32);
}

/** A line that could be read, or why it could not. */
export type ParsedLine =
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'header'; readonly header: StreamHeader }
  | { readonly kind: 'damaged' }
  | { readonly kind: 'newer'; readonly v: number };

const DAMAGED: ParsedLine = { kind: 'damaged' };

/** Reads one line of a journal; never throws. */
export function parseLine(line: string, crc32: Crc32): ParsedLine {
  const value = parseChecksummed(line, crc32);
  if (typeof value !== 'object' || value === null) return DAMAGED;
  const fields = value as Record<string, unknown>;
  if (typeof fields.v === 'number' && fields.v > FORMAT_VERSION) return { kind: 'newer', v: fields.v };
  const { master, epoch, model } = fields;
  if (fields.v !== FORMAT_VERSION || !isMasterName(master) || !isId(epoch) || typeof model !== 'string') return DAMAGED;
  if (fields.kind === 'header') {
    return isHeader(fields) ? { kind: 'header', header: fields } : DAMAGED;
  }
  const { id, seq, tx, txv, args, meta, origin } = fields;
  const right =
    isId(id) &&
    isCount(seq) &&
    typeof tx === 'string' &&
    isCount(txv) &&
    typeof args === 'object' &&
    args !== null &&
    (origin === undefined || isId(origin));
  if (!right) return DAMAGED;
  // Always the same members in the same order: there are many events, and engines keep those of one shape small.
  const event: Event = { id, master, epoch, seq, model, tx, txv, args: args as EncodedArgs, meta };
  return { kind: 'event', event: origin === undefined ? event : { ...event, origin } };
}

function isHeader(fields: Record<string, unknown>): fields is Record<string, unknown> & StreamHeader {
  const { session, reason, after, moved = {} } = fields;
  return (
    typeof session === 'string' &&
    (reason === 'new' || reason === 'restored' || reason === 'cut') &&
    (after === null || isId(after)) &&
    typeof moved === 'object' &&
    moved !== null &&
    Object.values(moved).every((seq) => Number.isSafeInteger(seq))
  );
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/** A line that was checked: of an event only the stream, the number and the id, if no more of it had to be read. */
export type CheckedLine = ParsedLine | { readonly kind: 'event'; readonly event: StreamId & Pick<Event, 'seq' | 'id'> };

/**
 * Checks lines of a stream where they lie, without making objects of them: the checksum over the bytes, and how they begin. Any
 * line that `LineWriter` would write otherwise is read in full.
 */
export class LineCheck {
  readonly #bytes: Uint8Array;
  readonly #stream: StreamId;
  readonly #crc32: Crc32;
  readonly #owner: string;
  readonly #seqStart: number;

  constructor(bytes: Uint8Array, stream: StreamId, crc32: Crc32) {
    this.#bytes = bytes;
    this.#stream = stream;
    this.#crc32 = crc32;
    this.#owner = ownerText(stream);
    this.#seqStart = ID_END + this.#owner.length;
  }

  /** The line from `start` to the line feed at `lineFeed`. */
  at(start: number, lineFeed: number): CheckedLine {
    const end = textEnd(this.#bytes, lineFeed);
    return this.#head(start, end) ?? parseLine(textOf(this.#bytes.subarray(start, end)), this.#crc32);
  }

  #head(start: number, end: number): CheckedLine | undefined {
    const line = this.#bytes.subarray(start, end);
    // As far as the comma behind the longest number.
    const head = textOf(line.subarray(0, this.#seqStart + 17));
    if (!isWrittenBy(head, this.#owner)) return undefined;
    const seq = sequenceNumber(head, this.#seqStart, head.indexOf(',', this.#seqStart));
    const id = head.slice(ID_START, ID_END);
    if (seq === undefined || !isId(id) || !endsWithChecksum(line, this.#crc32)) return undefined;
    return { kind: 'event', event: { ...this.#stream, seq, id } };
  }
}

const decoder = new TextDecoder();

function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** How many lines some bytes end. */
export function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, end + 1)) count++;
  return count;
}

/** What comes after the first `count` lines; nothing if there are no more. */
export function afterLines(bytes: Uint8Array, count: number): Uint8Array {
  let start = 0;
  for (let passed = 0; passed < count && start < bytes.length; passed++) {
    const end = bytes.indexOf(LINE_FEED, start);
    start = end < 0 ? bytes.length : end + 1;
  }
  return start === 0 ? bytes : bytes.subarray(start);
}

/** The first line, if it ends in these bytes. */
export function firstLineOf(bytes: Uint8Array): string | undefined {
  const end = bytes.indexOf(LINE_FEED);
  return end < 0 ? undefined : textOf(bytes.subarray(0, textEnd(bytes, end)));
}

/**
 * Number of the event of the last line that begins in these bytes: 0 if that is a header, infinite if it cannot be read, `undefined`
 * if none begins there.
 *
 * @param isAll whether a line begins with the first byte; else the first text may be the end of one
 */
export function lastSeqIn(bytes: Uint8Array, isAll: boolean): number | undefined {
  const texts = textOf(bytes).split('\n');
  const last = (isAll ? texts : texts.slice(1)).filter((text) => text.startsWith('{')).at(-1);
  if (last === undefined) return undefined;
  try {
    const { kind, seq } = JSON.parse(last) as { kind?: string; seq?: number };
    return kind === 'header' ? 0 : (seq ?? Infinity);
  } catch {
    // Cut off, or damaged.
    return Infinity;
  }
}

/** Every text in these bytes that may be a line: also one behind a line feed that was damaged. */
export function* possibleLines(bytes: Uint8Array): Generator<string> {
  for (const text of textOf(bytes).split(/\r?\n/)) {
    yield text;
    for (let at = text.indexOf(OPENING.text, 1); at >= 0; at = text.indexOf(OPENING.text, at + 1)) yield text.slice(at);
  }
}
