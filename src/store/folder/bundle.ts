import { LINE_FEED } from '../../event/line.js';
import { MOST_BUNDLE_BYTES } from '../../event/limits.js';
import { type FileSystem, readIfThere, replaceFile } from './file-system.js';
import { bundleName, type BundleRange } from './layout.js';
import { HIGHEST, type ReadingLimits } from './reading-limits.js';

/**
 * A bundle: the header of a stream, a frontier, and events that it publishes, in a file that never changes. A file that is written all the time
 * may never get through a synchroniser; a bundle does. All that is in it is in the journal beside it as well.
 */
export interface Bundle {
  /** Its first line, with the line feed, and its second. */
  readonly header: string;
  readonly frontier: string;
  /** Lines of the events, as far as they have arrived whole; each ends in a line feed. */
  readonly lines: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Writes a bundle of a stream. @param lines of its events, in pieces */
export async function writeBundle(
  fs: FileSystem,
  stream: string,
  range: BundleRange,
  { header, frontier }: Omit<Bundle, 'lines'>,
  lines: readonly Uint8Array[],
): Promise<void> {
  await replaceFile(fs, stream, bundleName(range), [encoder.encode(header + frontier), ...lines]);
}

/** A bundle, as far as it has arrived, up to a line that is too long; `undefined` if its frontier has not, or if it is longer than any. */
export async function readBundle(
  fs: FileSystem,
  stream: string,
  range: BundleRange,
  limits: ReadingLimits = HIGHEST,
): Promise<Bundle | undefined> {
  const file = `${stream}/${bundleName(range)}`;
  const bytes = await readIfThere(fs, file, 0, MOST_BUNDLE_BYTES + 1);
  if (bytes === undefined || bytes.length > MOST_BUNDLE_BYTES) return undefined;
  const header = bytes.indexOf(LINE_FEED) + 1;
  const frontier = bytes.indexOf(LINE_FEED, header) + 1;
  if (header === 0 || frontier === 0 || header > limits.header || frontier - header > limits.frontier) return undefined;
  return {
    header: decoder.decode(bytes.subarray(0, header)),
    frontier: decoder.decode(bytes.subarray(header, frontier)),
    lines: wholeLines(bytes.subarray(frontier), limits.line),
  };
}

function wholeLines(bytes: Uint8Array, most: number): Uint8Array {
  let stop = 0;
  for (let end = bytes.indexOf(LINE_FEED); end >= 0 && end - stop <= most; end = bytes.indexOf(LINE_FEED, stop))
    stop = end + 1;
  return bytes.subarray(0, stop);
}

/** Lines of the events from `wanted` up to `upTo`. @param first number of the first event in the bundle */
export function linesIn({ lines }: Bundle, first: number, wanted: number, upTo: number): string[] {
  const found: string[] = [];
  let start = 0;
  for (let seq = first; seq <= upTo && start < lines.length; seq++) {
    const end = lines.indexOf(LINE_FEED, start);
    if (seq >= wanted) found.push(decoder.decode(lines.subarray(start, end)));
    start = end + 1;
  }
  return found;
}
