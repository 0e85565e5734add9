import { SnapshotDamagedError } from '../../errors.js';
import type { Crc32 } from '../../event/checksum.js';

/**
 * The file of a snapshot as frames: a first line, then frames of [length of the content, 4 bytes][kind, 1 byte][content][CRC-32,
 * 4 bytes], numbers little-endian. The checksum covers the frame from its length on and goes on from that of the frame before,
 * so that a frame that is lost, repeated or in another place is found as well.
 */

const FIRST_LINE = 'prevalent snapshot 2\n';
const BEFORE = 5;
const AFTER = 4;

/** No content is longer. It bounds what a reader holds when a length is damaged. */
const MOST_BYTES = 2 ** 25;

/** What a frame holds. */
export const HEAD = 1;
export const STATE = 2;
export const END = 3;

/** One frame as it was read. */
export interface Frame {
  readonly kind: number;
  readonly content: Uint8Array;
}

const encoder = new TextEncoder();
const first = encoder.encode(FIRST_LINE);

/** Makes the frames of one file, in order. */
export class FrameWriter {
  readonly #crc32: Crc32;
  #crc: number;
  #bytes = first.length;
  #frames = 0;

  constructor(crc32: Crc32) {
    this.#crc32 = crc32;
    this.#crc = crc32(first);
  }

  /** What the file begins with. */
  get firstLine(): Uint8Array {
    return first;
  }

  /** Bytes of the file so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Frames so far. */
  get frames(): number {
    return this.#frames;
  }

  /** @throws RangeError for a content that no reader would take */
  frame(kind: number, content: Uint8Array): Uint8Array {
    if (content.length > MOST_BYTES) throw new RangeError(`A part of a snapshot has ${content.length} bytes`);
    const frame = new Uint8Array(BEFORE + content.length + AFTER);
    const view = new DataView(frame.buffer);
    view.setUint32(0, content.length, true);
    frame[4] = kind;
    frame.set(content, BEFORE);
    this.#crc = this.#crc32(frame.subarray(0, BEFORE + content.length), this.#crc);
    view.setUint32(BEFORE + content.length, this.#crc, true);
    this.#bytes += frame.length;
    this.#frames++;
    return frame;
  }
}

/**
 * Reads the frames of a file from its bytes, of which it holds no more than one frame and one piece.
 *
 * @throws SnapshotDamagedError (`SNAPSHOT_DAMAGED`) naming the byte where the frame begins that is damaged or torn
 */
export async function* readFrames(pieces: AsyncIterable<Uint8Array>, crc32: Crc32): AsyncGenerator<Frame> {
  let held = new Uint8Array(0);
  let [at, offset] = [0, 0];
  let crc: number | undefined;
  for await (const piece of pieces) {
    held = join(held.subarray(at), piece);
    at = 0;
    if (crc === undefined) {
      if (held.length < first.length) continue;
      if (!startsRight(held)) throw new SnapshotDamagedError('it does not begin as a snapshot of this version does');
      crc = crc32(first);
      at = offset = first.length;
    }
    for (let size = sizeAt(held, at, offset); size <= held.length - at; size = sizeAt(held, at, offset)) {
      const view = new DataView(held.buffer, held.byteOffset + at, size);
      crc = crc32(held.subarray(at, at + size - AFTER), crc);
      if (view.getUint32(size - AFTER, true) !== crc) throw new SnapshotDamagedError(`it is damaged at byte ${offset}`);
      yield { kind: view.getUint8(4), content: held.subarray(at + BEFORE, at + size - AFTER) };
      at += size;
      offset += size;
    }
  }
  if (crc === undefined || at < held.length)
    throw new SnapshotDamagedError(`it ends in the middle, at byte ${offset + held.length - at}`);
}

/** Bytes of the frame that begins here; more than there can be if too little of it is here. */
function sizeAt(held: Uint8Array, at: number, offset: number): number {
  if (held.length - at < BEFORE) return Infinity;
  const length = new DataView(held.buffer, held.byteOffset + at).getUint32(0, true);
  if (length > MOST_BYTES) throw new SnapshotDamagedError(`it is damaged at byte ${offset}`);
  return BEFORE + length + AFTER;
}

function startsRight(held: Uint8Array): boolean {
  return first.every((byte, index) => held[index] === byte);
}

function join(rest: Uint8Array, piece: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(rest.length + piece.length);
  both.set(rest);
  both.set(piece, rest.length);
  return both;
}
