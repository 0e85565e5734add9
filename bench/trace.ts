import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Position, number of characters deleted, text inserted. */
export type Edit = readonly [position: number, deleted: number, inserted: string];

/** The recorded history of a document, key by key. */
export interface Trace {
  readonly edits: readonly Edit[];
  /** The text after all edits of the recording. */
  readonly end: string;
}

/** Where the recording is kept: beside the repository, for it belongs to nobody's checkout, or where PREVALENT_TRACE says. */
export const TRACE_FILE =
  process.env['PREVALENT_TRACE'] ?? resolve('..', 'shared', 'traces', 'automerge-paper.json.gz');

export function hasTrace(): boolean {
  return existsSync(TRACE_FILE);
}

/** Reads the recording (https://github.com/josephg/editing-traces, "automerge-paper"). */
export function readTrace(): Trace {
  const recorded = JSON.parse(gunzipSync(readFileSync(TRACE_FILE)).toString()) as {
    startContent: string;
    endContent: string;
    txns: { patches: Edit[] }[];
  };
  if (recorded.startContent !== '') throw new Error(`${TRACE_FILE} does not begin with an empty text`);
  return { edits: recorded.txns.flatMap(({ patches }) => patches), end: recorded.endContent };
}

/** Edits as bytes: a process that reads them has little else in its memory. */
export function packEdits(edits: readonly Edit[]): Buffer {
  const numbers = Int32Array.from(
    edits.flatMap(([position, deleted, inserted]) => [position, deleted, inserted.length]),
  );
  const count = Int32Array.of(edits.length);
  const texts = edits.map(([, , inserted]) => inserted).join('');
  return Buffer.concat([Buffer.from(count.buffer), Buffer.from(numbers.buffer), Buffer.from(texts)]);
}

/** What `packEdits` packed, edit by edit. */
export function* unpackEdits(packed: Buffer): Generator<Edit> {
  const count = packed.readInt32LE(0);
  const texts = packed.toString('utf8', 4 + 12 * count);
  for (let index = 0, at = 0; index < count; index++) {
    const length = packed.readInt32LE(12 + 12 * index);
    yield [packed.readInt32LE(4 + 12 * index), packed.readInt32LE(8 + 12 * index), texts.slice(at, at + length)];
    at += length;
  }
}
