import { type Crc32, openLine, sealLine } from './checksum.js';
import type { EncodedArgs } from './call-codec.js';
import { isUlid } from './ulid.js';

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
  return isMasterName(key.slice(0, Math.max(at, 0))) && isUlid(key.slice(at + 1));
}

/** Writes the lines of one stream; what is the same in all of them is made once. */
export class LineWriter {
  readonly #crc32: Crc32;
  readonly #origin: string;
  readonly #model: string;
  readonly #calls = new Map<string, string>();

  constructor(stream: StreamId, model: string, crc32: Crc32) {
    this.#crc32 = crc32;
    this.#origin = `","master":${JSON.stringify(stream.master)},"epoch":${JSON.stringify(stream.epoch)},"seq":`;
    this.#model = `,"model":${JSON.stringify(model)},"tx":`;
  }

  /** The event's line, without a line feed. */
  line(event: Event, argsText: string, metaText: string): string {
    const call = `${event.tx}@${event.txv}`;
    let middle = this.#calls.get(call);
    if (middle === undefined) {
      middle = `${this.#model}${JSON.stringify(event.tx)},"txv":${event.txv},"args":`;
      this.#calls.set(call, middle);
    }
    const origin = event.origin === undefined ? '' : `,"origin":"${event.origin}"`;
    return sealLine(
      `{"v":1,"id":"${event.id}${this.#origin}${event.seq}${middle}${argsText},"meta":${metaText}${origin}`,
      this.#crc32,
    );
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

/** The stream of the last good line: the next one is of the same as a rule, and need not be looked at again. */
let lastGood: { master: unknown; epoch: unknown } = { master: undefined, epoch: undefined };

function isStreamOf(master: unknown, epoch: unknown): boolean {
  if (master === lastGood.master && epoch === lastGood.epoch && master !== undefined) return true;
  if (!isMasterName(master) || !isUlid(epoch)) return false;
  lastGood = { master, epoch };
  return true;
}

function isHeader(fields: Record<string, unknown>): fields is Record<string, unknown> & StreamHeader {
  const { session, reason, after, moved = {} } = fields;
  return (
    typeof session === 'string' &&
    (reason === 'new' || reason === 'restored' || reason === 'cut') &&
    (after === null || isUlid(after)) &&
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
  if (fields.v !== FORMAT_VERSION || !isStreamOf(fields.master, fields.epoch) || typeof fields.model !== 'string')
    return DAMAGED;
  if (fields.kind === 'header') {
    return isHeader(fields) ? { kind: 'header', header: fields } : DAMAGED;
  }
  const args = fields.args;
  const right =
    isUlid(fields.id) &&
    Number.isSafeInteger(fields.seq) &&
    (fields.seq as number) > 0 &&
    typeof fields.tx === 'string' &&
    Number.isSafeInteger(fields.txv) &&
    (fields.txv as number) > 0 &&
    typeof args === 'object' &&
    args !== null &&
    (fields.origin === undefined || isUlid(fields.origin));
  return right ? { kind: 'event', event: fields as unknown as Event } : DAMAGED;
}
