import type { Head } from '../frontier.js';
import type { Message } from './messages.js';

/*
 * What a message on the subject of a stream says in its header. Its body is a part of the lines of one append, or nothing.
 *
 * Each message says how the stream stands after it, so that the last one alone tells where the stream ends.
 */
export interface Batch {
  /** Token of the owner who wrote it. */
  readonly by: string;
  /** Number of the first event in it, or of the one to come, and how many it has in all its parts. */
  readonly first: number;
  readonly count: number;
  /** Which part this is, of how many. It counts when the last part is there. */
  readonly part: readonly [number, number];
  /** The last event of the stream from here on. */
  readonly end: Head | null;
  /** Bytes of all lines that the stream ever had, before this message and from here on. */
  readonly bytes: readonly [number, number];
  /** Messages with numbers from the first to before the second count no more; they are being deleted. */
  readonly void?: readonly [number, number];
}

/** A message with what it says. */
export interface Stored extends Batch {
  readonly seq: number;
  readonly data: Uint8Array;
}

export function encodeBatch(batch: Batch): string {
  return JSON.stringify(batch);
}

/** `undefined` if somebody else wrote it. */
export function storedOf({ seq, header, data }: Message): Stored | undefined {
  const batch = batchOf(header);
  return batch && { ...batch, seq, data };
}

function batchOf(header: string): Batch | undefined {
  let batch: Partial<Batch> | null;
  try {
    batch = JSON.parse(header) as Partial<Batch> | null;
  } catch {
    return undefined;
  }
  const { by, first, count, part, end, bytes, void: cut } = batch ?? {};
  const isRight =
    typeof by === 'string' &&
    isCount(first) &&
    isCount(count) &&
    isPair(part) &&
    isPair(bytes) &&
    (cut === undefined || isPair(cut)) &&
    (end === null || (isCount(end?.seq) && typeof end.id === 'string'));
  return isRight ? (batch as Batch) : undefined;
}

/** Number of the last event in it; of one without events, of the one before. */
export function lastOf({ first, count }: Batch): number {
  return first + count - 1;
}

/** Whether all of an append is there with this part. */
export function isLastPart({ part: [no, of] }: Batch): boolean {
  return no === of;
}

function isPair(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every(isCount);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
