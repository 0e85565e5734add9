import { InvalidOptionError } from '../../errors.js';
import { MOST_SEGMENT_BYTES } from '../../event/limits.js';
import type { FileSystem } from './file-system.js';
import type { Lock } from './lock.js';
import type { ReadingLimits } from './reading-limits.js';

/** How a FolderStore reaches its machine; tests pass other implementations. */
export interface FolderStoreOptions {
  /** The file system; this machine's if left out. */
  readonly fileSystem?: FileSystem;
  /** Takes the lock of a private directory; the operating system's if left out. */
  readonly lock?: (directory: string, master: string) => Promise<Lock>;
  /** A journal file beyond so many bytes is closed and the next one begun. Default: 16 MiB; 125 MiB at most. */
  readonly segmentBytes?: number;
  /**
   * How long (ms) one operation on another master's file may take; what takes longer holds that master's streams (`unreadable`, ETIMEDOUT). Default:
   * 30,000; Infinity waits for ever.
   */
  readonly timeLimit?: number;
  /**
   * How long (bytes) a line, a header, a frontier and a snapshot of another master may be. Give all masters of a folder the same: what one writes,
   * the others must read.
   */
  readonly limits?: Partial<ReadingLimits>;
}

const SEGMENT_BYTES = 16 * 1024 * 1024;
/** One more batch must find place in a file that is read as a whole. */
const MOST = MOST_SEGMENT_BYTES / 4;

/** Timers take up to 2^31 − 1 ms. */
const LONGEST_LIMIT = 2 ** 31 - 1;

const KNOWN = [
  'fileSystem',
  'lock',
  'segmentBytes',
  'timeLimit',
  'limits',
] as const satisfies readonly (keyof FolderStoreOptions)[];

function refuseUnknown(options: FolderStoreOptions): void {
  if (typeof options !== 'object' || (options as unknown) === null)
    throw new InvalidOptionError(`FolderStore: its options are no object; known are ${KNOWN.join(', ')}`);
  const unknown = Object.keys(options).find((key) => !(KNOWN as readonly string[]).includes(key));
  if (unknown !== undefined)
    throw new InvalidOptionError(`${unknown} is no option of FolderStore; known are ${KNOWN.join(', ')}`);
}

/**
 * The bytes beyond which a journal file is closed.
 *
 * @throws InvalidOptionError (`INVALID_OPTION`) for an option that is wrong or unknown
 */
export function segmentBytesOf(options: FolderStoreOptions): number {
  refuseUnknown(options);
  const bytes: unknown = options.segmentBytes ?? SEGMENT_BYTES;
  if (typeof bytes !== 'number' || !(bytes > 0) || bytes > MOST)
    throw new InvalidOptionError(`segmentBytes: it is not a number above 0 and up to ${MOST}`);
  return bytes;
}

/**
 * How long (ms) an operation on another master's file may take.
 *
 * @throws InvalidOptionError (`INVALID_OPTION`) if it is no time
 */
export function timeLimitOf({ timeLimit = 30_000 }: FolderStoreOptions): number {
  const limit: unknown = timeLimit;
  if (typeof limit !== 'number' || !(limit > 0) || (limit > LONGEST_LIMIT && limit !== Infinity))
    throw new InvalidOptionError(
      `timeLimit: it is not a number of ms above 0 and up to ${LONGEST_LIMIT}, nor Infinity`,
    );
  return limit;
}
