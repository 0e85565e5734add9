import type { PrevalentError } from '../errors.js';
import type { Event, StreamHeader } from '../event/event.js';
import type { Head } from '../store/frontier.js';

/** The stream that calls are recorded in. */
export interface Recording {
  readonly header: StreamHeader;
  /** The stream's key, `master@epoch`. */
  readonly key: string;
  /** Last event that was recorded. */
  readonly last: Head | undefined;
  /** Last event on disk. */
  readonly durable: Head | undefined;
  /** Why no call may be run at this moment. */
  readonly busy: PrevalentError | undefined;
  /** Takes a call. @param args JSON text, which need not be given of a few short primitives @param meta JSON text */
  record(event: Event, args: string | undefined, meta: string): void;
  /** Told of each call, when all who listen have heard of it. */
  recorded(): void;
}

/** What is recorded with a call beside its arguments: its JSON text, and its value. */
export interface RecordedMeta {
  readonly text: string;
  readonly value: unknown;
}

/** What a replica has to know of the options of its master, which names their meaning and units. */
export interface ReplicaOptions {
  readonly name: string;
  readonly undoMemory: number;
  readonly maxClockDrift: number;
  /** JSON text of `meta`. */
  readonly meta: string;
  readonly check: boolean;
  readonly now: () => number;
  readonly random: () => number;
  readonly onProgress: (done: number, total: number) => void;
}
