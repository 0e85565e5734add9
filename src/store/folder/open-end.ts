import type { Crc32 } from '../../event/checksum.js';
import type { StreamHeader, StreamId } from '../../event/event.js';
import type { Seal } from '../frontier.js';
import type { Session } from '../opening.js';
import type { Head } from '../store.js';
import type { WriterMark } from './writer-mark.js';
import type { FileSystem, OpenFile } from './file-system.js';
import type { Lock } from './lock.js';

/** The open end of a stream. */
export interface OpenEnd {
  readonly fs: FileSystem;
  /** The shared folder. */
  readonly root: string;
  readonly directory: string;
  readonly local: string;
  readonly header: StreamHeader;
  readonly head: Head | undefined;
  /** Number of the event that comes next. */
  readonly next: number;
  /** What this machine remembers to have published in it, and the newest seal. */
  readonly published: Pick<Session, 'head' | 'seen'>;
  readonly seal: Seal | undefined;
  /** Of earlier streams: what it remembers to have issued again, and what was published. */
  readonly moved: Readonly<Record<string, number>>;
  readonly ends: Readonly<Record<string, number>>;
  /** Whether its private directory was lost before: see `PrivateMemory.leave`. */
  readonly leaves: boolean | undefined;
  readonly notices: readonly string[];
  readonly lock: Lock;
  readonly mark: WriterMark;
  /** Events up to this one may be gone, as a snapshot stands in for them. */
  readonly deletable: number;
  /** Checks every line of a stream of this master but those up to `deleted`. */
  readonly check: (stream: StreamId, deleted: number) => Promise<unknown>;
  readonly file: OpenFile;
  /** Number of the first event of the newest segment, and its size in bytes. */
  readonly segment: number;
  readonly size: number;
  /** Up to where the file has bytes already, padding included. */
  readonly allocated: number;
  /** A segment beyond this size is closed and the next one begun. */
  readonly segmentBytes: number;
  readonly crc32: Crc32;
  /** Told when another stream of this master begins or goes. */
  readonly onStreams: () => void;
}
