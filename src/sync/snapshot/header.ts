import { SnapshotDamagedError } from '../../errors.js';
import type { Event } from '../../event/event.js';
import { isTooDeep } from '../../event/json-depth.js';
import { MOST_LINE_BYTES } from '../../event/limits.js';
import { isUlid } from '../../event/ulid.js';
import type { Entry } from '../../timeline/entry.js';
import type { VersionVector } from '../../timeline/timeline.js';

/** What a snapshot says beside the state. */
export interface SnapshotPlace {
  readonly position: string;
  readonly vector: VersionVector;
  readonly rejections: readonly Entry[];
  /** Number of the seal at which it was taken; `null` if at none. */
  readonly seal: number | null;
}

/** The same with the model it is of. */
export interface SnapshotHeader extends SnapshotPlace {
  readonly model: string;
  /** Version of the model's shape. */
  readonly version: number;
  /** Fields that a new model had in the program that wrote it. */
  readonly fields: readonly string[];
}

/** Characters of one piece of the text. */
const PIECE = 2 ** 18;

const encoder = new TextEncoder();

/** A header as UTF-8 text in pieces: a line, then one for each stream, then one for each rejected event. */
export function* headerText(header: SnapshotHeader): Generator<Uint8Array> {
  const { position, seal, model, version, fields, vector, rejections } = header;
  const counts = { streams: vector.size, rejections: rejections.length };
  let text = `${JSON.stringify({ v: 2, model, version, position, seal, fields, ...counts })}\n`;
  for (const stream of vector) text += `${JSON.stringify(stream)}\n`;
  for (const { event, error } of rejections) {
    text += `${JSON.stringify({ event, error: error ?? '' })}\n`;
    while (text.length > PIECE) {
      // Not between the halves of a pair, which have no UTF-8 alone.
      const end = /[\ud800-\udbff]/.test(text.charAt(PIECE - 1)) ? PIECE - 1 : PIECE;
      yield encoder.encode(text.slice(0, end));
      text = text.slice(end);
    }
  }
  yield encoder.encode(text);
}

interface FirstLine {
  readonly v: number;
  readonly model: string;
  readonly version: number;
  readonly position: string;
  readonly seal: number | null;
  readonly fields: readonly string[];
  readonly streams: number;
  readonly rejections: number;
}

/** Puts a header together from its pieces. */
export class HeaderReader {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #line = '';
  #first: FirstLine | undefined;
  readonly #vector = new Map<string, number>();
  readonly #rejections: Entry[] = [];

  /** Takes the next piece. */
  piece(bytes: Uint8Array): void {
    const lines = this.#decoder.decode(bytes, { stream: true }).split('\n');
    lines[0] = this.#line + (lines[0] as string);
    this.#line = lines.pop() as string;
    // An event, and the text of its error.
    if (this.#line.length > 4 * MOST_LINE_BYTES) throw new SnapshotDamagedError('a line of its header does not end');
    for (const line of lines) this.#take(line);
  }

  /** The header, when all pieces are in. @throws SnapshotDamagedError (`SNAPSHOT_DAMAGED`) if it is not whole */
  finish(): SnapshotHeader {
    const first = this.#first;
    if (
      first?.v !== 2 ||
      !isUlid(first.position) ||
      this.#line !== '' ||
      first.streams !== this.#vector.size ||
      first.rejections !== this.#rejections.length
    )
      throw new SnapshotDamagedError('its header is not whole');
    const { position, seal, model, version, fields } = first;
    return { position, seal, model, version, fields, vector: this.#vector, rejections: this.#rejections };
  }

  #take(line: string): void {
    if (isTooDeep(line)) throw new SnapshotDamagedError('its header is nested too deeply');
    const value = JSON.parse(line) as unknown;
    if (this.#first === undefined) this.#first = value as FirstLine;
    else if (this.#vector.size < this.#first.streams) this.#vector.set(...(value as [string, number]));
    else this.#rejections.push({ ...(value as { event: Event; error: string }), undo: undefined });
  }
}
