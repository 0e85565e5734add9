import { type Crc32, FixedText, openLine, runCrc, sealedText, sealLine } from './checksum.js';
import type { EncodedArgs } from './call-codec.js';
import { isId } from './ulid-clock.js';

/** Version of the journal's line format. */
export const FORMAT_VERSION = 1;

/** Names one stream: the events of one master in one epoch. */
export interface StreamId {
  readonly master: string;
  /** ULID of the moment the stream began. */
  readonly epoch: string;
}

/** One event as it stands in a journal. */
export interface Event extends StreamId {
  /** ULID: the event's place in the total order. */
  readonly id: string;
  /** Contiguous from 1 within the stream. */
  readonly seq: number;
  /** Stable name of the model. */
  readonly model: string;
  /** Stable name of the transaction. */
  readonly tx: string;
  /** Version of the arguments. */
  readonly txv: number;
  readonly args: EncodedArgs;
  readonly meta: unknown;
  /** First id of a call that was issued again. */
  readonly origin?: string;
}

/** First line of a stream. */
export interface StreamHeader extends StreamId {
  readonly model: string;
  /** Session of the machine that writes the stream. */
  readonly session: string;
  /** Why the stream began. */
  readonly reason: 'new' | 'restored' | 'cut';
  /** Readable only under a seal that reaches this ULID: it continues a stream which that seal cut. */
  readonly after: string | null;
  /** Of a stream that continues cut ones: by their epochs, the last of their events that it issues again. */
  readonly moved?: Readonly<Record<string, number>>;
}

const MASTER_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Tells whether `name` may name a master: lower-case letters, digits and hyphens, at most 63, no hyphen first. */
export function isMasterName(name: unknown): name is string {
  return typeof name === 'string' && MASTER_NAME.test(name);
}

/** Key of a stream in maps: `master@epoch`. */
export function streamKey(stream: StreamId): string {
  return `${stream.master}@${stream.epoch}`;
}

/** Tells whether a text is the key of a stream: of one that could be there, not of a path or a member of objects. */
export function isStreamKey(key: unknown): key is string {
  if (typeof key !== 'string') return false;
  const at = key.indexOf('@');
  return isMasterName(key.slice(0, Math.max(at, 0))) && isId(key.slice(at + 1));
}

const OPENING = new FixedText('{"v":1,"id":"');
const OPENING_CRC = OPENING.after(-1);

/** Longer arguments are summed faster by the store's own function, however long the way to it. */
const SHORT = 64;

/** What stands between an id and the number of an event, in all lines of a stream. */
function streamText(stream: StreamId): string {
  return `","master":${JSON.stringify(stream.master)},"epoch":${JSON.stringify(stream.epoch)},"seq":`;
}

/** What stands before the name of the transaction, in all lines of a model. */
function modelText(model: string): string {
  return `,"model":${JSON.stringify(model)},"tx":`;
}

/** Writes the lines of one stream; what is the same in all of them is made and summed once. */
export class LineWriter {
  readonly #crc32: Crc32;
  readonly #stream: FixedText;
  readonly #model: string;
  /** By the transaction's name: its newest version met, and what stands before its arguments. */
  readonly #calls = new Map<string, { txv: number; before: FixedText }>();
  /** What stands behind the arguments, mostly the same as last time. */
  #meta: { text: string; after: FixedText } | undefined;

  constructor(stream: StreamId, model: string, crc32: Crc32) {
    this.#crc32 = crc32;
    this.#stream = new FixedText(streamText(stream));
    this.#model = modelText(model);
  }

  /** The event's line, without a line feed. */
  line(event: Event, argsText: string, metaText: string): string {
    const before = this.#beforeArgs(event);
    const after = this.#afterArgs(metaText);
    const { id, origin } = event;
    const seq = String(event.seq);
    const open = OPENING.text + id + this.#stream.text + seq + before.text + argsText + after.text;
    if (origin !== undefined) return sealLine(`${open},"origin":"${origin}"`, this.#crc32);
    const crc = argsText.length > SHORT ? undefined : this.#sum(id, seq, before, argsText, after);
    return crc === undefined ? sealLine(open, this.#crc32) : sealedText(open, ~crc);
  }

  #sum(id: string, seq: string, before: FixedText, argsText: string, after: FixedText): number | undefined {
    const first = runCrc(OPENING_CRC, id);
    const second = first === undefined ? undefined : runCrc(this.#stream.after(first), seq);
    const third = second === undefined ? undefined : runCrc(before.after(second), argsText);
    return third === undefined ? undefined : after.after(third);
  }

  #beforeArgs({ tx, txv }: Event): FixedText {
    let call = this.#calls.get(tx);
    if (call?.txv !== txv) {
      call = { txv, before: new FixedText(`${this.#model}${JSON.stringify(tx)},"txv":${txv},"args":`) };
      this.#calls.set(tx, call);
    }
    return call.before;
  }

  #afterArgs(metaText: string): FixedText {
    if (metaText !== this.#meta?.text) this.#meta = { text: metaText, after: new FixedText(`,"meta":${metaText}`) };
    return this.#meta.after;
  }
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
  return sealLine(text.slice(0, -1), crc32);
}

/** A line that could be read, or why it could not. */
export type ParsedLine =
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'header'; readonly header: StreamHeader }
  | { readonly kind: 'damaged' }
  | { readonly kind: 'newer'; readonly v: number };

const DAMAGED: ParsedLine = { kind: 'damaged' };

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

/** Reads one line of a journal; never throws. */
export function parseLine(line: string, crc32: Crc32): ParsedLine {
  const value = openLine(line, crc32);
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

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
