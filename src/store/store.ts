import type { Crc32 } from '../event/checksum.js';
import type { StreamHeader, StreamId } from '../event/envelope.js';

/** The last event of a stream that counts. */
export interface Head {
  readonly seq: number;
  readonly id: string;
}

/** One stream found in a store, with what its master published about it. */
export interface StreamListing {
  readonly stream: StreamId;
  /** Text of the frontier; `undefined` if none has arrived. */
  readonly frontier: string | undefined;
}

/** What a master says when it opens its own journal. */
export interface JournalRequest {
  readonly master: string;
  readonly model: string;
  /** Private directory of this machine, for stores that need one; a default is chosen if left out. */
  readonly local: string | undefined;
  /** Makes the ULID of a new epoch, greater than that of the master's last epoch. */
  readonly newEpoch: (last: string | undefined) => string;
}

/** Something noteworthy that happened while a journal was opened; nothing is lost. */
export interface Notice {
  readonly kind: 'torn-tail' | 'new-epoch' | 'foreign-file';
  readonly message: string;
}

/** One snapshot of a stream's master. */
export interface SnapshotListing {
  /** ULID of the last event it contains. */
  readonly position: string;
}

/**
 * A master's own journal: the stream it alone writes. Appending is durable when the promise resolves; a failed append has
 * an unknown outcome until `cutBack` succeeds.
 */
export interface Journal {
  readonly header: StreamHeader;
  /** Last durable event when the journal was opened; `undefined` if there was none. */
  readonly head: Head | undefined;
  /** What happened while it was opened. */
  readonly notices: readonly Notice[];
  /** Appends whole lines (each ending in a line feed), the first of which is event `firstSeq`; resolves when durable. */
  append(lines: string, firstSeq: number): Promise<void>;
  /** As `append`, before it returns. */
  appendNow(lines: string, firstSeq: number): void;
  /**
   * Runs work at the end of this turn of the event loop. There only while `appendNow` is the quicker way for a single caller who
   * waits, although the event loop stands still meanwhile.
   */
  readonly soon?: ((work: () => void) => void) | undefined;
  /** Takes back everything after the last successful append. */
  cutBack(): Promise<void>;
  /** As `cutBack`, before it returns; never while an append is on its way. Without it a refused `appendNow` stays unknown. */
  cutBackNow?(): void;
  /** Reads the whole stream again; rejects with JournalDamagedError (`JOURNAL_DAMAGED`), which names the place, if it is damaged. */
  check?(): Promise<void>;
  /** Publishes the frontier of this stream atomically; remembers privately that `head` was published, before it is. */
  publish(frontier: string, head: Head | undefined): Promise<void>;
  /** Writes a snapshot atomically: until it is whole and durable, nobody finds it. */
  writeSnapshot(position: string, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  removeSnapshot(snapshot: SnapshotListing): Promise<void>;
  /** Bytes this stream's files take, events and snapshots. */
  size(): Promise<{ readonly journal: number; readonly snapshots: number }>;
  /** Releases the lock. Further calls fail. */
  close(): Promise<void>;
}

/** Where masters share their journals. One contract suite (`prevalent/testing`) proves every implementation. */
export interface Store {
  /** How messages name the store. */
  readonly location: string;
  readonly crc32: Crc32;
  /**
   * Opens (or begins) the journal of one master.
   *
   * @throws MasterLockedError (`MASTER_LOCKED`) if it is open already, ModelMismatchError (`MODEL_MISMATCH`) if the store holds
   * another model, JournalDamagedError (`JOURNAL_DAMAGED`) if its own journal is damaged where nothing may be dropped
   */
  open(request: JournalRequest): Promise<Journal>;
  /** Every stream in the store. */
  streams(): Promise<readonly StreamListing[]>;
  /**
   * Lines of the events after `after` up to `upTo`, without line feeds. Stops early where something has not arrived yet.
   */
  read(stream: StreamId, after: number, upTo: number): Promise<readonly string[]>;
  /** The snapshots that a stream's master has written, newest first. */
  snapshots(stream: StreamId): Promise<readonly SnapshotListing[]>;
  /** Bytes of one snapshot, in pieces of any size. Fails if it is not there. */
  readSnapshot(stream: StreamId, snapshot: SnapshotListing): AsyncIterable<Uint8Array>;
}
