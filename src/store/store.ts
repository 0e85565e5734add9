import type { Crc32 } from '../event/checksum.js';
import type { Head, Seal } from './frontier.js';
import type { StreamHeader, StreamId } from '../event/event.js';
import type { Opening, OpeningFacts } from './opening.js';

export type { Head };

/** One stream found in a store, with what its master published about it. */
export interface StreamListing {
  /** Whose, and which of its epochs. */
  readonly stream: StreamId;
  /** Text of the frontier; `undefined` if none has arrived. */
  readonly frontier: string | undefined;
}

/** What a master asks for when it opens its own journal. */
export interface JournalRequest {
  /** Name of the master. */
  readonly master: string;
  /** Name of its model; a store holds one. */
  readonly model: string;
  /** Private directory of this machine, for stores that need one; a default is chosen if left out. */
  readonly local: string | undefined;
  /** Makes the ULID of a new epoch, greater than that of the master's last epoch. */
  readonly newEpoch: (last: string | undefined) => string;
  /** Decides whether the newest stream continues or another one begins: a store collects the facts, asks, and carries out the answer. */
  readonly decide: (facts: OpeningFacts) => Opening;
}

/** What a machine keeps to itself about what it has published. */
export interface Remembered {
  /** The last event that is published. */
  readonly head: Head | undefined;
  /** The newest seal that is published. */
  readonly seal: Seal | undefined;
  /** The others' streams that the state is built from. */
  readonly seen: readonly string[];
  /** How many events of the stream, from the first, the published snapshot replaces: only they may be deleted. */
  readonly deletable: number;
}

/** One snapshot of a stream's master. */
export interface SnapshotListing {
  /** ULID of the last event it contains. */
  readonly position: string;
}

/** How a call to a store may fail: lost before it has an effect; without an answer after it took effect; refused for good. */
export type FailureKind = 'lost' | 'unanswered' | 'refused';

/** What only some stores can do; data, so that callers decide by it before they try. */
export interface Capabilities {
  /** Lines can be durable before a call returns (`Journal.now`). Without it `durability: 'always'` is refused. */
  readonly now: boolean;
  /** It reports when others publish (`Store.watch`). */
  readonly watch: boolean;
  /** It notices at the next write that another process has taken over a name (`MASTER_FENCED`). */
  readonly fences: boolean;
  /** An unreadable stream does not stop the others (`Store.trouble` says why it cannot be read). */
  readonly troubles: boolean;
  /** It notices that others replaced or removed its files, and puts them back (`Journal.keep`, `Journal.hold`). */
  readonly putsBack: boolean;
  /** It finds bytes that changed after they were written (`Journal.check`). Without it nobody but the process itself can change them. */
  readonly checks: boolean;
  /** How calls to the storage below it may fail, although it is used correctly; none for a store in memory. */
  readonly failures: readonly FailureKind[];
}

/** Writing before a call returns, where a store can do that. */
export interface Now {
  /** As `Journal.append`, before it returns. */
  append(lines: string, firstSeq: number): void;
  /** As `Journal.cutBack`, before it returns; never while an append is on its way. */
  cutBack(upTo: number): void;
  /** Whether this is the faster way at the moment for a single caller who waits, although it blocks the event loop. */
  isQuick(): boolean;
  /** Runs work at the end of this turn of the event loop. */
  soon(work: () => void): void;
}

/** An event that is in memory. */
export interface Recalled {
  /** ULID of the event. */
  readonly id: string;
  /** Its line, without the line feed. */
  readonly line: string;
}

/** What a journal asks of its master, and reports to it, if others change its files. */
export interface Keeper {
  /** Events after `after` up to `upTo` of a stream: from the first on that is in memory without a gap up to the last; none if there is none. */
  recall(stream: StreamHeader, after: number, upTo: number): readonly Recalled[];
  /**
   * Files were put back.
   *
   * @param missing events up to this one are in no file any more: a snapshot must hold them; 0 if nothing is missing
   */
  putBack(message: string, missing: number): void;
}

/**
 * A master's own journal: the stream it alone writes. Appending is durable when the promise resolves.
 *
 * What fails with StoreUnreachableError (`STORE_UNREACHABLE`) is tried again with the same arguments, as it may have taken effect or not.
 * What fails with MasterFencedError (`MASTER_FENCED`) had no effect, or is in the journal that another process continues. Calls that only
 * read do not fail so. Any other failure is a refusal; its effect is unknown until `cutBack` succeeds.
 */
export interface Journal {
  /** First line of the stream that is written. */
  readonly header: StreamHeader;
  /** Last durable event when the journal was opened; `undefined` if there was none. */
  readonly head: Head | undefined;
  /** Reports about its opening, in words; nothing is lost. */
  readonly notices: readonly string[];
  /** The newest seal that this machine remembers, published or not. */
  readonly seal: Seal | undefined;
  /** For each earlier epoch, the last event that this machine remembers to have re-issued. */
  readonly moved: Readonly<Record<string, number>>;
  /** For each earlier epoch of this machine: the last event it had published there; an older file may have been restored since. */
  readonly ends: Readonly<Record<string, number>>;
  /**
   * Appends whole lines (each ending in a line feed), the first of which is event `firstSeq`; resolves when durable. Events that the stream
   * has already are skipped, so the same lines may be sent again.
   */
  append(lines: string, firstSeq: number): Promise<void>;
  /** Takes back every event after `upTo`, the last acknowledged one: the remains of failed calls, and everything written after them. */
  cutBack(upTo: number): Promise<void>;
  /** The same, done before it returns; exists if, and only if, the store's capabilities say so. */
  readonly now?: Now | undefined;
  /** Says whom to ask if files of this journal are replaced or removed while it is open; called once, before lines are appended. */
  keep?(keeper: Keeper): void;
  /**
   * Makes sure that everything appended is still in its place, and puts back what is missing.
   *
   * @throws MasterFencedError (`MASTER_FENCED`), StoreUnreachableError (`STORE_UNREACHABLE`), what the disk refuses
   */
  hold?(): void;
  /** Reads the whole stream again; rejects with JournalDamagedError (`JOURNAL_DAMAGED`), which names the place, if it is damaged. */
  check(): Promise<void>;
  /** Publishes the frontier of this stream atomically; remembers privately what is published, before it is. */
  publish(frontier: string, remember: Remembered): Promise<void>;
  /** Replaces the frontier of an earlier stream of this master. */
  retire(stream: StreamId, frontier: string): Promise<void>;
  /**
   * Begins the next stream of this master in one atomic step: the header and `lines` exist and are durable, or nothing exists. From then on this
   * journal takes no more lines, and the returned one holds the lock. The same call again returns the same stream.
   */
  succeed(header: StreamHeader, lines: string): Promise<Journal>;
  /** Ends the segment that is being written, so that it can later be deleted as a whole. */
  rotate(): Promise<void>;
  /** Bytes that `deleteEvents` would free, or a few less; 0 if nothing. */
  deletableEvents(stream: StreamId, upTo: number): Promise<number>;
  /** Bytes that `deleteStream` would free. */
  deletableStream(stream: StreamId): Promise<number>;
  /** Deletes segments of a stream of this master all of whose events are at or below `upTo`; the newest events stay. Returns the bytes freed. */
  deleteEvents(stream: StreamHeader, upTo: number): Promise<number>;
  /** Deletes an earlier stream of this master. Returns the bytes freed. */
  deleteStream(stream: StreamId): Promise<number>;
  /** Writes a snapshot atomically: nobody finds it before it is complete and durable. */
  writeSnapshot(position: string, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** Removes one; afterwards it does not exist, whether it did before or not. */
  removeSnapshot(snapshot: SnapshotListing): Promise<void>;
  /** Bytes this stream's files take, events and snapshots. */
  size(): Promise<{ readonly journal: number; readonly snapshots: number }>;
  /** Releases the lock. Further calls fail. */
  close(): Promise<void>;
}

/** Receives the reports of a watched store. */
export interface StoreListener {
  /** Others changed something, or may have. */
  changed(): void;
  /** Watching has ended, or misses changes; syncing at intervals continues. */
  failed(error: unknown): void;
}

/** Where masters share their journals. One contract suite (`prevalent/testing`) tests every implementation. */
export interface Store {
  /** How messages name the store. */
  readonly location: string;
  /** Equal for stores of this process that reach the same journals, and only for these; shows that two models use one store. */
  readonly place: string | object;
  /** CRC-32 of bytes, as quick as the platform has it. */
  readonly crc32: Crc32;
  /** What it can do beyond what all can. */
  readonly capabilities: Capabilities;
  /** Waits so many ms before a call that failed is tried again; a simulated store has a time of its own. */
  readonly pause: (ms: number) => Promise<void>;
  /**
   * Opens (or begins) the journal of one master.
   *
   * @throws MasterLockedError (`MASTER_LOCKED`) if it is open already, ModelMismatchError (`MODEL_MISMATCH`) if the store holds
   * another model, JournalDamagedError (`JOURNAL_DAMAGED`) if its own journal is damaged where nothing may be dropped
   */
  open(request: JournalRequest): Promise<Journal>;
  /**
   * Every stream in the store.
   *
   * @param again masters whose streams must all be listed, however long that takes; new streams of others may appear later. Default: all
   */
  streams(again?: ReadonlySet<string> | 'all'): Promise<readonly StreamListing[]>;
  /** The first line of a stream; `undefined` if it has not arrived. */
  header(stream: StreamId): Promise<StreamHeader | undefined>;
  /**
   * Lines of the events after `after` up to `upTo`, without line feeds. Stops early where something has not arrived yet.
   */
  read(stream: StreamId, after: number, upTo: number): Promise<readonly string[]>;
  /**
   * Why a stream could not be read completely at the last try, in words; `undefined` if it could. Then only that stream is
   * held. A store that fails only as a whole returns `undefined` (`capabilities.troubles`).
   */
  trouble(stream: StreamId): string | undefined;
  /** The snapshots that a stream's master has written, newest first. */
  snapshots(stream: StreamId): Promise<readonly SnapshotListing[]>;
  /**
   * Bytes of one snapshot, in pieces of any size. Fails if it does not exist. Fails with StoreUnreachableError (`STORE_UNREACHABLE`) if it cannot be
   * reached, so that the reader does not take it for deleted.
   */
  readSnapshot(stream: StreamId, snapshot: SnapshotListing): AsyncIterable<Uint8Array>;
  /**
   * Reports when others publish, as soon as the store knows it. It may report too often, and may miss changes:
   * syncing at intervals finds the rest. A store that cannot do this has no such method. Returns a function that ends it.
   *
   * @param master whose own writing is not reported
   */
  watch?(master: string, listener: StoreListener): Promise<() => Promise<void>>;
}
