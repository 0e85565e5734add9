import { idTime } from '../../event/ulid-clock.js';
import { LINE_FEED } from '../../event/line.js';
import type { Head } from '../store.js';
import { writeBundle } from './bundle.js';
import { type FileSystem, unlinkIfThere } from './file-system.js';
import { bundleName, type BundleRange, bundlesOf } from './layout.js';
import { mergeBundles } from './merged-bundle.js';
import type { OpenSegment } from './open-segment.js';

/** While calls go on, what is published is bundled so often (ms, by the times of the events). */
const EVERY_MS = 4_000;

/** After so long a pause (ms) between two events, what stood in the journal had time to be carried as it was. */
const QUIET_MS = 20_000;

/** More than this is not bundled: the segment that holds it ends instead, and does not change any more either. */
const MOST_BYTES = 1024 * 1024;

/** It is looked for bundles that can go, or be merged, after so many. */
const TIDY_EVERY = 32;

/** So many go at a time: a synchroniser that sees more changes in one directory waits for all of it to stand still. */
const TIDY_MOST = 2 * TIDY_EVERY;

/** Up to where a segment is bundled. */
interface Place {
  readonly segment: OpenSegment;
  /** In bytes. */
  readonly offset: number;
  /** Number of the last event before that. */
  readonly seq: number;
}

/**
 * Writes bundles of what a busy master publishes. They are copies of what is durable in the journal: nothing that a start or an
 * acknowledgement depends on is in them alone.
 */
export class Bundler {
  readonly #fs: FileSystem;
  readonly #directory: string;
  readonly #header: string;
  /** Since when (by the time of an event) what is published waits to be bundled, and time and number of the newest event that was published. */
  #waiting: number | undefined;
  #last = -Infinity;
  #seq = 0;
  #place: Place | undefined;
  /** Number of the first event in the segment before. */
  #before = 0;
  #untidy = TIDY_EVERY;

  /** @param directory of the stream @param header its first line, without the line feed */
  constructor(fs: FileSystem, directory: string, header: string) {
    this.#fs = fs;
    this.#header = `${header}\n`;
    this.#directory = directory;
  }

  /** Whether events were published long enough ago, and others since: what holds them does not stand still. */
  #isDue(head: Head): boolean {
    if (head.seq <= this.#seq) return false;
    const time = idTime(head.id);
    if (this.#waiting === undefined || time - this.#last > QUIET_MS) this.#waiting = time;
    this.#seq = head.seq;
    this.#last = time;
    return time - this.#waiting >= EVERY_MS;
  }

  /**
   * A frontier was published: if it is time, what it publishes is bundled. A segment that holds too much for that ends with the next batch.
   *
   * @param frontier its text, which publishes the events up to `head`
   * @param end of the durable lines in the segment, in bytes
   */
  async published(frontier: string, head: Head | undefined, segment: OpenSegment, end: number): Promise<void> {
    if (head !== undefined && this.#isDue(head)) await this.#write(frontier, head, segment, end);
  }

  async #write(frontier: string, head: Head, segment: OpenSegment, end: number): Promise<void> {
    const from = this.#placeIn(segment);
    const isLong = end - from.offset > MOST_BYTES;
    if (isLong) segment.endAt(end);
    const lines = isLong ? NOTHING : publishedLines(segment, from, end, head.seq);
    const range = { first: head.seq - lines.count + 1, last: head.seq };
    await writeBundle(this.#fs, this.#directory, range, { header: this.#header, frontier }, [lines.bytes]);
    if (!isLong)
      this.#place = { segment, offset: from.offset + lines.skipped + lines.bytes.length, seq: from.seq + lines.count };
    // Whatever is published next waits from now on.
    this.#waiting = this.#last;
    await this.#tidy(range);
  }

  #placeIn(segment: OpenSegment): Place {
    const place = this.#place;
    if (place?.segment === segment) return place;
    if (place !== undefined && place.segment.first !== segment.first) this.#before = place.segment.first;
    return (this.#place = { segment, offset: 0, seq: segment.first - 1 });
  }

  /** Removes what newer files hold, and merges many small bundles. What is merged goes the next time: its place is taken by then elsewhere too. */
  async #tidy(newest: BundleRange): Promise<void> {
    if (++this.#untidy < TIDY_EVERY) return;
    this.#untidy = 0;
    const all = await bundlesOf(this.#fs, this.#directory);
    const isNewest = ({ first, last }: BundleRange): boolean => first === newest.first && last === newest.last;
    const others = all.filter((one) => !isNewest(one));
    const gone = others.filter(
      (one) => one.last < this.#before || isEmpty(one) || others.some((other) => holds(other, one)),
    );
    for (const one of gone.slice(0, TIDY_MOST)) await unlinkIfThere(this.#fs, `${this.#directory}/${bundleName(one)}`);
    await mergeBundles(
      this.#fs,
      this.#directory,
      all.filter((one) => !gone.includes(one)),
    );
  }
}

const isEmpty = ({ first, last }: BundleRange): boolean => first > last;

/** Whether one holds all of another one, and more. */
function holds(one: BundleRange, other: BundleRange): boolean {
  return one.first <= other.first && one.last >= other.last && (one.first < other.first || one.last > other.last);
}

interface Lines {
  readonly bytes: Uint8Array;
  readonly count: number;
  /** Bytes before them that are no events. */
  readonly skipped: number;
}

const NOTHING: Lines = { bytes: new Uint8Array(), count: 0, skipped: 0 };

/** The lines of a segment from a place up to an event. */
function publishedLines(segment: OpenSegment, from: Place, end: number, upTo: number): Lines {
  const bytes = segment.piece(from.offset, end);
  // The first line of a stream's first segment is its header.
  const skipped = segment.first === 1 && from.offset === 0 ? bytes.indexOf(LINE_FEED) + 1 : 0;
  let stop = skipped;
  let count = 0;
  for (; from.seq + count < upTo; count++) {
    const feed = bytes.indexOf(LINE_FEED, stop);
    if (feed < 0) break;
    stop = feed + 1;
  }
  return { bytes: bytes.subarray(skipped, stop), count, skipped };
}
