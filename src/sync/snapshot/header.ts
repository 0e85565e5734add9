import { SnapshotDamagedError } from '../../errors.js';
import type { Event } from '../../event/event.js';
import { isTooDeep } from '../../event/json-depth.js';
import { MOST_LINE_BYTES } from '../../event/limits.js';
import { isUlid } from '../../event/ulid.js';
import type { Entry } from '../../timeline/entry.js';
import type { VersionNames } from '../../timeline/stream-counts.js';
import type { VersionVector } from '../../timeline/timeline.js';

/** What a snapshot says beside the state. */
export interface SnapshotPlace {
  readonly position: string;
  readonly vector: VersionVector;
  /** Id of the last event of each stream in it; what an older program wrote does not tell. */
  readonly names?: VersionNames;
  readonly rejections: readonly Entry[];
  /** Number of the seal at which it was taken; `null` if at none. */
  readonly seal: number | null;
  /** Hash of the seal that the state obeyed; `undefined` if there was none, or an older program wrote it. */
  readonly under?: string | undefined;
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
  const { position, seal, under, model, version, fields, vector, names, rejections } = header;
  const counts = { streams: vector.size, rejections: rejections.length };
  const obeyed = under === undefined ? {} : { under };
  let text = `${JSON.stringify({ v: 2, model, version, position, seal, ...obeyed, fields, ...counts })}\n`;
  for (const stream of vector) {
    const name = names?.get(stream[0]);
    // Older programs read the first two.
    text += `${JSON.stringify(name === undefined ? stream : [...stream, name])}\n`;
  }
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
  readonly under?: unknown;
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
  readonly #names = new Map<string, string>();
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
    const { position, seal, under, model, version, fields } = first;
    const of = { position, seal, model, version, fields };
    const obeyed = typeof under === 'string' ? { under } : {};
    return { ...of, ...obeyed, vector: this.#vector, names: this.#names, rejections: this.#rejections };
  }

  #take(line: string): void {
    if (isTooDeep(line)) throw new SnapshotDamagedError('its header is nested too deeply');
    const value = JSON.parse(line) as unknown;
    if (this.#first === undefined) this.#first = value as FirstLine;
    else if (this.#vector.size < this.#first.streams) {
      const [key, count, name] = value as [string, number, unknown];
      this.#vector.set(key, count);
      if (isUlid(name)) this.#names.set(key, name);
    } else this.#rejections.push({ ...(value as { event: Event; error: string }), undo: undefined });
  }
}
