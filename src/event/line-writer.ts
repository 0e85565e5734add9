import { appendChecksum, CHECKSUM_LENGTH, type Crc32, FixedText, putBytes, putChecksum, runCrc } from './checksum.js';
import type { Event, StreamId } from './event.js';
import { callText, ID_END, LINE_FEED, OPENING, ownerText, tailText } from './line.js';
import type { LineBuffer } from './line-buffer.js';
import { MOST_SHORT_BYTES } from './short-args.js';

/** Digits of the greatest number. */
const SEQ_LENGTH = 16;
/** Bytes of UTF-8 that a character may take. */
const MOST_BYTES = 3;
const OPENING_CRC = OPENING.after(-1);
const encoder = new TextEncoder();
const LAST_ASCII = 127;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const ZERO = 48;
const OPENING_BRACKET = 91;
const BACKSLASH = 92;
const CLOSING_BRACKET = 93;
/** What engines keep as a small number. */
const MOST_SMALL = 2 ** 31 - 1;

/** Writes the lines of one stream; what is the same in all of them is made and summed once. */
export class LineWriter {
  readonly #crc32: Crc32;
  readonly #owner: FixedText;
  readonly #model: string;
  /** By the transaction's name: its newest version met, and what stands before its arguments. */
  readonly #calls = new Map<string, { txv: number; before: FixedText }>();
  /** What stands behind the arguments, mostly the same as last time. */
  #meta: { text: string; after: FixedText } | undefined;

  constructor(stream: StreamId, model: string, crc32: Crc32) {
    this.#crc32 = crc32;
    this.#owner = new FixedText(ownerText(stream));
    this.#model = model;
  }

  /** The event's line, without a line feed. */
  line(event: Event, argsText: string, metaText: string): string {
    const { id, origin } = event;
    const [before, after] = [this.#beforeArgs(event), this.#afterArgs(metaText)];
    const open = OPENING.text + id + this.#owner.text + String(event.seq) + before.text + argsText + after.text;
    return appendChecksum(origin === undefined ? open : `${open},"origin":"${origin}"`, this.#crc32);
  }

  /**
   * Puts the event's line into a buffer, with its line feed; byte for byte what `line` gives.
   *
   * @param argsText left out of arguments that `isShort` says are short
   */
  write(into: LineBuffer, event: Event, argsText: string | undefined, metaText: string): void {
    if (event.origin !== undefined || !this.#put(into, event, argsText, metaText))
      into.put(this.line(event, argsText ?? JSON.stringify(event.args), metaText));
  }

  /** Gives whether a line could be put; nothing is there if it is too long. */
  #put(into: LineBuffer, event: Event, argsText: string | undefined, metaText: string): boolean {
    const [owner, before, after] = [this.#owner, this.#beforeArgs(event), this.#afterArgs(metaText)];
    const fixed = ID_END + owner.bytes.length + before.bytes.length + after.bytes.length;
    const most = argsText === undefined ? MOST_SHORT_BYTES : MOST_BYTES * argsText.length;
    if (!into.reserve(fixed + SEQ_LENGTH + most + CHECKSUM_LENGTH + 1)) return false;
    const { bytes, length: start } = into;
    const idStart = putBytes(OPENING.bytes, bytes, start);
    const idEnd = putAscii(event.id, bytes, idStart);
    const seqStart = putBytes(owner.bytes, bytes, idEnd);
    const seqEnd = putNumber(event.seq, bytes, seqStart);
    const argsStart = putBytes(before.bytes, bytes, seqEnd);
    const asciiEnd = argsText === undefined ? putArgs(event.args as readonly unknown[], bytes, argsStart) : -1;
    const argsEnd = asciiEnd < 0 ? putText(argsText ?? JSON.stringify(event.args), bytes, argsStart) : asciiEnd;
    const end = putBytes(after.bytes, bytes, argsEnd);
    let crc: number;
    if (asciiEnd < 0) crc = this.#crc32(bytes.subarray(start, end));
    else {
      const afterSeq = runCrc(owner.after(runCrc(OPENING_CRC, bytes, idStart, idEnd)), bytes, seqStart, seqEnd);
      crc = ~after.after(runCrc(before.after(afterSeq), bytes, argsStart, argsEnd));
    }
    const lineEnd = putChecksum(crc, bytes, end);
    bytes[lineEnd] = LINE_FEED;
    into.length = lineEnd + 1;
    return true;
  }

  #beforeArgs({ tx, txv }: Event): FixedText {
    let call = this.#calls.get(tx);
    if (call?.txv !== txv) {
      call = { txv, before: new FixedText(callText({ model: this.#model, tx, txv })) };
      this.#calls.set(tx, call);
    }
    return call.before;
  }

  #afterArgs(metaText: string): FixedText {
    if (metaText !== this.#meta?.text) this.#meta = { text: metaText, after: new FixedText(tailText(metaText)) };
    return this.#meta.after;
  }
}

/** Writes a text as UTF-8; gives where it ends. */
function putText(text: string, bytes: Uint8Array, start: number): number {
  const { read, written } = encoder.encodeInto(text, bytes.subarray(start));
  if (read < text.length) throw new Error(`No room for ${text.length} characters of arguments`);
  return start + written;
}

/** Writes primitives as JSON; gives where they end, or -1 if a text in them is not simple. */
function putArgs(args: readonly unknown[], bytes: Uint8Array, start: number): number {
  let at = start;
  bytes[at++] = OPENING_BRACKET;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (i > 0) bytes[at++] = COMMA;
    at = typeof arg === 'string' ? putSimple(arg, bytes, at) : putAscii(String(arg), bytes, at);
    if (at < 0) return -1;
  }
  bytes[at++] = CLOSING_BRACKET;
  return at;
}

/** Writes a text in quotes; gives where it ends, or -1 if JSON would escape something in it, or it is not all ASCII. */
function putSimple(text: string, bytes: Uint8Array, start: number): number {
  bytes[start] = QUOTE;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < SPACE || code > LAST_ASCII || code === QUOTE || code === BACKSLASH) return -1;
    bytes[start + 1 + i] = code;
  }
  bytes[start + 1 + text.length] = QUOTE;
  return start + text.length + 2;
}

/** Writes a number from 1; gives where it ends. */
function putNumber(value: number, bytes: Uint8Array, start: number): number {
  if (value > MOST_SMALL) return putAscii(String(value), bytes, start);
  let end = start;
  for (let rest = value; rest > 0; rest = (rest / 10) | 0) end++;
  for (let rest = value, at = end - 1; at >= start; rest = (rest / 10) | 0) bytes[at--] = ZERO + (rest % 10);
  return end;
}

/** Writes a text; gives where it ends, or -1 if it is not all ASCII. */
function putAscii(text: string, bytes: Uint8Array, start: number): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > LAST_ASCII) return -1;
    bytes[start + i] = code;
  }
  return start + text.length;
}
