import { type FileSystem, readIfThere } from './file-system.js';
import { segmentName, segmentsOf } from './layout.js';

const LINE_FEED = 10;
/** How much of a file is read at a time; more only if a line is longer. */
const BLOCK_BYTES = 1024 * 1024;
const decoder = new TextDecoder();

/** Where a reader stopped. */
interface Place {
  /** Number of the segment's first event. */
  readonly segment: number;
  /** Bytes of the segment that were read. */
  offset: number;
  /** Number of the event that comes next. */
  next: number;
}

/** Reads the events of one stream by number; remembers where it stopped, so that new events cost only their own bytes. */
export class SegmentReader {
  readonly #fs: FileSystem;
  readonly #directory: string;
  #at: Place | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(fs: FileSystem, directory: string) {
    this.#fs = fs;
    this.#directory = directory;
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
    if (this.#at?.next !== wanted) {
      const segment = (await segmentsOf(this.#fs, this.#directory)).filter((first) => first <= wanted).at(-1);
      if (segment === undefined) return 0;
      this.#at = { segment, offset: 0, next: segment };
    }
    const at = this.#at;
    const found = await this.#readOn(at, wanted, upTo, lines);
    if (found > 0 || at.next <= at.segment) return found;
    return this.#nextSegment(at, wanted, upTo, lines);
  }

  /** Goes on where it stopped, passes over the lines before the wanted one, and gives how many it found from there. */
  async #readOn(at: Place, wanted: number, upTo: number, lines: string[]): Promise<number> {
    for (;;) {
      const bytes = await this.#block(at);
      let found = 0;
      let start = 0;
      for (
        let end = bytes?.indexOf(LINE_FEED, start) ?? -1;
        bytes !== undefined && end >= 0 && at.next <= upTo;
        end = bytes.indexOf(LINE_FEED, start)
      ) {
        // The first line of a stream's first segment is its header.
        const isHeader = at.segment === 1 && at.offset + start === 0;
        if (!isHeader) {
          if (at.next >= wanted) {
            lines.push(decoder.decode(bytes.subarray(start, end)));
            found++;
          }
          at.next++;
        }
        start = end + 1;
      }
      at.offset += start;
      if (found > 0 || start === 0) return found;
    }
  }

  /** Bytes from there on, with at least one whole line if there is one. */
  async #block({ segment, offset }: Place): Promise<Uint8Array | undefined> {
    const file = `${this.#directory}/${segmentName(segment)}`;
    for (let length = BLOCK_BYTES; ; length *= 2) {
      const bytes = await readIfThere(this.#fs, file, offset, length);
      if (bytes === undefined || bytes.length < length || bytes.includes(LINE_FEED)) return bytes;
    }
  }

  async #nextSegment(at: Place, wanted: number, upTo: number, lines: string[]): Promise<number> {
    const segments = await segmentsOf(this.#fs, this.#directory);
    if (at.segment === wanted || !segments.includes(wanted)) return 0;
    this.#at = { segment: wanted, offset: 0, next: wanted };
    return this.#readSegment(wanted, upTo, lines);
  }
}
