import type { Crc32 } from '../../event/checksum.js';
import { type StreamHeader, type StreamId, streamKey } from '../../event/event.js';
import { parseLine } from '../../event/line.js';
import { decodeFrontier, type Frontier } from '../frontier.js';
import type { StreamListing } from '../store.js';
import { linesIn, readBundle } from './bundle.js';
import { fewAtATime } from './few-at-a-time.js';
import type { FileSystem } from './file-system.js';
import { type BundleRange, bundlesOf, streamDirectory } from './layout.js';
import type { ReadingLimits } from './reading-limits.js';
import type { Troubles } from './troubles.js';

/** So many streams are looked into at each look, by turns, where nothing says that a bundle has arrived: many masters cost no more than a few. */
const BY_TURNS = 8;

/** The newest bundle of a stream that could be read. */
interface Newest {
  readonly range: BundleRange;
  readonly text: string;
  readonly frontier: Frontier;
}

/** Reads bundles of others: what they say of a stream that its frontier file does not tell yet, and lines that its journal does not hold yet. */
export class BundleReader {
  readonly #fs: FileSystem;
  readonly #root: string;
  readonly #crc32: Crc32;
  readonly #troubles: Troubles;
  readonly #limits: (master: string) => ReadingLimits;
  readonly #newest = new Map<string, Newest>();
  /** Frontier files as they were last read. */
  readonly #frontiers = new Map<
    string,
    { readonly text: string | undefined; readonly frontier: Frontier | undefined }
  >();
  readonly #headers = new Map<string, StreamHeader>();
  #turn = 0;

  /** @param troubles told of what cannot be read @param limits of a master's files */
  constructor(
    fs: FileSystem,
    root: string,
    crc32: Crc32,
    troubles: Troubles,
    limits: (master: string) => ReadingLimits,
  ) {
    this.#limits = limits;
    this.#fs = fs;
    this.#root = root;
    this.#crc32 = crc32;
    this.#troubles = troubles;
  }

  /** Listings with the frontiers of bundles in the place of older ones. */
  async renewed(listings: readonly StreamListing[]): Promise<StreamListing[]> {
    const told = listings.map(({ stream, frontier }) => ({
      stream,
      text: frontier,
      frontier: this.#decoded(streamKey(stream), frontier),
    }));
    // A master that goes on in another stream has said the last word of this one in its frontier file.
    const open = told.filter(({ frontier }) => frontier?.next === undefined);
    const ahead = open.filter(({ stream, frontier }) => isAhead(this.#newest.get(streamKey(stream)), frontier));
    await fewAtATime([...new Set([...ahead, ...this.#byTurns(open)])], ({ stream }) => this.#look(stream));
    return told.map(({ stream, text, frontier }) => {
      const newest = frontier?.next === undefined ? this.#newest.get(streamKey(stream)) : undefined;
      return { stream, frontier: newest !== undefined && isAhead(newest, frontier) ? newest.text : text };
    });
  }

  // An idle master's frontier is the same text each time.
  #decoded(key: string, text: string | undefined): Frontier | undefined {
    let known = this.#frontiers.get(key);
    if (known === undefined || known.text !== text)
      this.#frontiers.set(key, (known = { text, frontier: decodeFrontier(text, this.#crc32) }));
    return known.frontier;
  }

  #byTurns<T>(open: readonly T[]): T[] {
    const from = this.#turn;
    const count = Math.min(BY_TURNS, open.length);
    this.#turn = open.length === 0 ? 0 : (from + count) % open.length;
    return Array.from({ length: count }, (_, index) => open[(from + index) % open.length] as T);
  }

  /** Looks for a newer bundle of a stream. What has not arrived whole is passed over: an older one is as true. */
  async #look(stream: StreamId): Promise<void> {
    const key = streamKey(stream);
    const ranges = await this.#ranges(stream);
    const known = this.#newest.get(key);
    for (const range of ranges.reverse()) {
      if (known?.range.first === range.first && known.range.last === range.last) return;
      const bundle = await this.#read(stream, range);
      const frontier = decodeFrontier(bundle?.frontier, this.#crc32);
      if (bundle === undefined || frontier === undefined) continue;
      this.#newest.set(key, { range, text: bundle.frontier, frontier });
      return;
    }
    this.#newest.delete(key);
  }

  /** The first line of a stream, where the file that begins with it has not arrived. */
  async header(stream: StreamId): Promise<StreamHeader | undefined> {
    const known = this.#headers.get(streamKey(stream));
    if (known !== undefined) return known;
    for (const range of (await this.#ranges(stream)).reverse()) {
      const bundle = await this.#read(stream, range);
      const line = bundle === undefined ? undefined : parseLine(bundle.header.trimEnd(), this.#crc32);
      if (line?.kind !== 'header' || streamKey(line.header) !== streamKey(stream)) continue;
      this.#headers.set(streamKey(stream), line.header);
      return line.header;
    }
    return undefined;
  }

  /** Lines of the events after `after` up to `upTo`, as far as bundles hold them without a gap. */
  async lines(stream: StreamId, after: number, upTo: number): Promise<string[]> {
    const found: string[] = [];
    const ranges = await this.#ranges(stream);
    for (let wanted = after + 1; wanted <= upTo; wanted = after + found.length + 1) {
      const more = await this.#linesFrom(stream, ranges, wanted, upTo);
      if (more.length === 0) break;
      found.push(...more);
    }
    return found;
  }

  /** Of the bundles that hold an event, the longest one that has arrived far enough. */
  async #linesFrom(
    stream: StreamId,
    ranges: readonly BundleRange[],
    wanted: number,
    upTo: number,
  ): Promise<readonly string[]> {
    for (const range of ranges.filter(({ first, last }) => first <= wanted && wanted <= last).reverse()) {
      const bundle = await this.#read(stream, range);
      const lines = bundle === undefined ? [] : linesIn(bundle, range.first, wanted, Math.min(range.last, upTo));
      if (lines.length > 0) return lines;
    }
    return [];
  }

  #ranges(stream: StreamId): Promise<BundleRange[]> {
    const directory = streamDirectory(this.#root, stream);
    return this.#troubles.contain(directory, bundlesOf(this.#fs, directory), []);
  }

  #read(stream: StreamId, range: BundleRange): ReturnType<typeof readBundle> {
    const directory = streamDirectory(this.#root, stream);
    return this.#troubles.contain(
      directory,
      readBundle(this.#fs, directory, range, this.#limits(stream.master)),
      undefined,
    );
  }
}

/**
 * Whether a bundle tells of more events than a frontier, and was written later: a machine that was put back publishes an end that is lower, and
 * that is to be seen.
 */
function isAhead(newest: Newest | undefined, frontier: Frontier | undefined): boolean {
  if (newest === undefined) return false;
  if (frontier === undefined) return true;
  const { head, clock } = newest.frontier;
  return (head?.seq ?? 0) > (frontier.head?.seq ?? 0) && clock > frontier.clock;
}
