import { Buffer, isAscii } from 'node:buffer';
import { CHECKSUM_LENGTH } from '../../event/checksum.js';
import { MOST_LINE_BYTES } from '../../event/limits.js';
import { LINE_FEED, textEnd } from '../../event/line.js';
import { type FileSystem, isMissing, readIfThere } from './file-system.js';
import { segmentName, segmentsOf } from './layout.js';
import type { Troubles } from './troubles.js';

/** Given in place of a line that does not end, or is too long: no checksum fits it. */
const ENDLESS = '';
/** How much of a file is read at a time; more only if a line is longer. A little less than what Node keeps outside of its heap as a text. */
const BLOCK_BYTES = 1000 * 1024;
const decoder = new TextDecoder();

/** Where a reader stopped. */
interface Place {
  /** Number of the segment's first event. */
  readonly segment: number;
  /** Bytes of the segment that were read. */
  offset: number;
  /** Number of the event that comes next. */
  next: number;
  /** The line before: where it begins, its length, and its end. */
  last?: { readonly offset: number; readonly length: number; readonly mark: Uint8Array };
}

/** Gives texts that stand in bytes. Those of a block are made together, if it is all ASCII. */
function textsIn(bytes: Uint8Array): (start: number, end: number) => string {
  if (!isAscii(bytes)) return (start, end) => decoder.decode(bytes.subarray(start, end));
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  return (start, end) => text.slice(start, end);
}

/** Reads the events of one stream by number; remembers where it stopped, so that new events cost only their own bytes. */
export class SegmentReader {
  readonly #fs: FileSystem;
  readonly #directory: string;
  readonly #troubles: Troubles | undefined;
  readonly #mostBytes: number;
  #at: Place | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * @param troubles told of files that are refused, which have not arrived then; without it reading them fails
   * @param mostBytes of a line; whatever is longer is given as a damaged one, and nothing behind it is read
   */
  constructor(fs: FileSystem, directory: string, troubles?: Troubles, mostBytes = MOST_LINE_BYTES) {
    this.#fs = fs;
    this.#directory = directory;
    this.#troubles = troubles;
    this.#mostBytes = mostBytes;
  }

  /** Lines of the events after `after` up to `upTo`, as far as whole lines have arrived. */
  read(after: number, upTo: number): Promise<string[]> {
    // One at a time: where it stopped is shared by all readings.
    const reading = this.#turn.then(() => this.#read(after, upTo));
    this.#turn = reading.catch(() => undefined);
    return reading;
  }

  async #read(after: number, upTo: number): Promise<string[]> {
    const lines: string[] = [];
    let wanted = after + 1;
    while (wanted <= upTo) {
      const found = await this.#readSegment(wanted, upTo, lines);
      if (found === 0) break;
      wanted += found;
    }
    return lines;
  }

  async #readSegment(wanted: number, upTo: number, lines: string[]): Promise<number> {
    if (this.#at?.next === wanted + 1) await this.#stepBack(this.#at);
    if (this.#at?.next !== wanted) {
      const segment = await this.#segmentOf(wanted);
      if (segment === undefined) return 0;
      this.#at = { segment, offset: 0, next: segment };
    }
    const at = this.#at;
    const found = await this.#readOn(at, wanted, upTo, lines);
    if (found > 0 || at.next <= at.segment) return found;
    return this.#nextSegment(at, wanted, upTo, lines);
  }

  /** To the line before, if it is still the one that was read; else the file was replaced, and is read anew. */
  async #stepBack(at: Place): Promise<void> {
    const { last } = at;
    this.#at = undefined;
    if (last === undefined) return;
    const end = last.offset + last.length;
    const from = end - last.mark.length;
    const file = `${this.#directory}/${segmentName(at.segment)}`;
    const bytes = await this.#ifReadable(file, readIfThere(this.#fs, file, from, last.mark.length + 1), undefined);
    const isSame = bytes?.length === last.mark.length + 1 && last.mark.every((byte, index) => byte === bytes[index]);
    if (isSame && bytes.at(-1) === LINE_FEED)
      this.#at = { segment: at.segment, offset: last.offset, next: at.next - 1 };
  }

  /** Goes on where it stopped, passes over the lines before the wanted one, and gives how many it found from there. */
  async #readOn(at: Place, wanted: number, upTo: number, lines: string[]): Promise<number> {
    for (;;) {
      const bytes = await this.#block(at);
      if (bytes === 'endless') {
        if (at.next !== wanted) return 0;
        lines.push(ENDLESS);
        // Whoever asks for what follows begins anew, and finds nothing.
        this.#at = undefined;
        return 1;
      }
      const textAt = bytes === undefined ? undefined : textsIn(bytes);
      let found = 0;
      let start = 0;
      let last: Place['last'];
      for (
        let end = bytes?.indexOf(LINE_FEED, start) ?? -1;
        bytes !== undefined && textAt !== undefined && end >= 0 && at.next <= upTo;
        end = bytes.indexOf(LINE_FEED, start)
      ) {
        // The first line of a stream's first segment is its header.
        const isHeader = at.segment === 1 && at.offset + start === 0;
        if (!isHeader) {
          if (at.next >= wanted) {
            lines.push(end - start > this.#mostBytes ? ENDLESS : textAt(start, textEnd(bytes, end)));
            found++;
          }
          at.next++;
          const mark = bytes.subarray(Math.max(start, end - CHECKSUM_LENGTH), end);
          last = { offset: at.offset + start, length: end - start, mark };
        }
        start = end + 1;
      }
      at.offset += start;
      // A copy, so that one line does not keep the whole block in memory.
      if (last !== undefined) at.last = { ...last, mark: last.mark.slice() };
      if (found > 0 || start === 0) return found;
    }
  }

  /** Bytes from there on, with at least one whole line if there is one that is not too long. */
  async #block({ segment, offset }: Place): Promise<Uint8Array | 'endless' | undefined> {
    const file = `${this.#directory}/${segmentName(segment)}`;
    for (let length = BLOCK_BYTES; ; length *= 2) {
      const bytes = await this.#ifReadable(file, readIfThere(this.#fs, file, offset, length), undefined);
      if (bytes === undefined || bytes.length < length || bytes.includes(LINE_FEED)) return bytes;
      // Nothing was written here yet: a file may be made in full before its content arrives.
      if (bytes[0] === 0) return bytes;
      if (length > this.#mostBytes) return 'endless';
    }
  }

  async #nextSegment(at: Place, wanted: number, upTo: number, lines: string[]): Promise<number> {
    const segments = await this.#segments();
    // An empty one may be left over from a rotation that came to nothing; events go on where they were.
    if (at.segment === wanted || !segments.includes(wanted) || (await this.#sizeOf(wanted)) === 0) return 0;
    this.#at = { segment: wanted, offset: 0, next: wanted };
    return this.#readSegment(wanted, upTo, lines);
  }

  /** The segment that an event should be in. */
  async #segmentOf(wanted: number): Promise<number | undefined> {
    const before = (await this.#segments()).filter((first) => first <= wanted).reverse();
    for (const first of before) if ((await this.#sizeOf(first)) > 0) return first;
    return before[0];
  }

  #sizeOf(first: number): Promise<number> {
    const file = `${this.#directory}/${segmentName(first)}`;
    const size = this.#fs.size(file).catch((error: unknown) => {
      if (isMissing(error)) return 0;
      throw error;
    });
    return this.#ifReadable(file, size, 0);
  }

  #segments(): Promise<number[]> {
    return this.#ifReadable(this.#directory, segmentsOf(this.#fs, this.#directory), []);
  }

  // What one master's folder refuses has not arrived; it must not stop the reading of the others.
  #ifReadable<T>(path: string, reading: Promise<T>, otherwise: T): Promise<T> {
    return this.#troubles === undefined ? reading : this.#troubles.contain(path, reading, otherwise);
  }
}
