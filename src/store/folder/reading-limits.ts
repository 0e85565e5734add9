import { InvalidOptionError } from '../../errors.js';
import { MOST_FRONTIER_BYTES, MOST_HEADER_BYTES, MOST_LINE_BYTES } from '../../event/limits.js';

/**
 * How long (bytes) things in the folders of others may be; whatever is longer is not read, and holds its own stream only. What a master writes
 * itself it reads up to the highest limit.
 */
export interface ReadingLimits {
  /** A line of a journal; a longer one is damaged (`damaged`). Default, and at most: 64 MiB; at least 4 KiB. */
  readonly line: number;
  /** The first line of a stream; what stands behind a longer one has not arrived (`gap`). Default, and at most: 16 MiB; at least 4 KiB. */
  readonly header: number;
  /** A frontier; a longer one is not heard. Default, and at most: 16 MiB; at least 4 KiB. */
  readonly frontier: number;
  /** The file of a snapshot; a longer one is passed over. Default: Infinity; at least 4 KiB. */
  readonly snapshot: number;
}

const LEAST = 4096;

/** The highest that can be given, which are the defaults as well. */
export const HIGHEST: ReadingLimits = {
  line: MOST_LINE_BYTES,
  header: MOST_HEADER_BYTES,
  frontier: MOST_FRONTIER_BYTES,
  snapshot: Infinity,
};

/** Limits with what was left out. @throws InvalidOptionError (`INVALID_OPTION`) for one that is wrong or unknown */
export function readingLimits(given: Partial<ReadingLimits> = {}): ReadingLimits {
  const known = Object.keys(HIGHEST).join(', ');
  if (typeof given !== 'object' || (given as unknown) === null)
    throw new InvalidOptionError(`limits: it is no object; known in it are ${known}`);
  for (const [name, bytes] of Object.entries(given) as [keyof ReadingLimits, unknown][]) {
    const most = Object.hasOwn(HIGHEST, name) ? HIGHEST[name] : undefined;
    if (most === undefined) throw new InvalidOptionError(`limits.${name} is no option; known are ${known}`);
    if (bytes !== undefined && !(typeof bytes === 'number' && bytes >= LEAST && bytes <= most))
      throw new InvalidOptionError(`limits.${name}: it is not a number of bytes from ${LEAST} to ${most}`);
  }
  return {
    line: given.line ?? HIGHEST.line,
    header: given.header ?? HIGHEST.header,
    frontier: given.frontier ?? HIGHEST.frontier,
    snapshot: given.snapshot ?? HIGHEST.snapshot,
  };
}
