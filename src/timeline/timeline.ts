import { PrevalentError, ReplicaFailedError, SharedStateError } from '../errors.js';
import { compareEvents, type Event, type EventKey, eventKey, idOfKey } from '../event/event.js';
import { ULID_MIN } from '../event/ulid.js';
import type { Applied, Executor } from '../state/executor.js';
import { applyChecked } from '../state/checked-executor.js';
import { isInstance } from '../state/thrown.js';
import type { UndoLog } from '../state/undo-log.js';
import type { CallFactory } from './call-factory.js';
import { type Entry, mergeInOrder, weightOf } from './entry.js';
import { EntryList } from './entry-list.js';
import { StreamCounts, type VersionNames } from './stream-counts.js';

/** How many events of each stream a state contains: the version vector, by `master@epoch`. */
export type VersionVector = ReadonlyMap<string, number>;

/** What a merge did to the timeline. */
export interface Revision {
  /** Events taken back. */
  readonly undone: number;
  /** Events run (again). */
  readonly replayed: number;
}

/** How much may be remembered, and what must be. */
export interface UndoMemory {
  readonly bytes: number;
  /** Events with greater ids must stay undoable; `undefined` if none must. */
  readonly keepAfter: () => string | undefined;
}

/** Sees what a revision does, while the state stands as it leaves it. */
export interface RevisionWatch {
  /** An event has run. @param isNew it is one that was added */
  ran(entry: Entry, isNew: boolean): void;
  /** An event is taken back by `takeBack`. */
  undoing(event: Event, undo: UndoLog, takeBack: () => void): void;
  /** All that had to be is taken back. */
  rewound(): void;
}

/** A late event lies before everything that can still be undone: the state must be rebuilt from an older one. */
export const BEHIND_BASE = Symbol('behind base');

/**
 * The merged events in ULID order on one model. Events since the base keep what undoes them, so that late events cost one
 * rewind to the earliest of them and one replay from there; undo memory is bounded by moving the base forward.
 */
export class Timeline {
  readonly #executor: Executor;
  readonly #calls: CallFactory;
  readonly #undoMemory: UndoMemory;
  readonly #entries = new EntryList();
  #position: string;
  /** What the base contains. */
  readonly #counts: StreamCounts;
  #undoBytes = 0;
  readonly #rejections: Map<EventKey, Entry>;
  /** Why it stopped: a replay ended in the middle, so that the state is that of no moment. */
  #stopped: PrevalentError | undefined;

  constructor(
    executor: Executor,
    calls: CallFactory,
    undoMemory: UndoMemory,
    base: { position: string; vector: VersionVector; names?: VersionNames; rejections: readonly Entry[] },
  ) {
    this.#executor = executor;
    this.#calls = calls;
    this.#undoMemory = undoMemory;
    this.#position = base.position;
    this.#counts = new StreamCounts(base.vector, base.names);
    this.#rejections = new Map(base.rejections.map((entry) => [eventKey(entry.event), entry]));
  }

  /** The id up to which nothing can be undone any more. */
  get base(): string {
    return this.#position;
  }

  /** How many events of each stream lie at or before the base. */
  get baseVector(): VersionVector {
    return this.#counts.vector;
  }

  /** The greatest id in the timeline or its base. */
  get end(): string {
    return this.#entries.last?.event.id ?? this.#position;
  }

  /** Events since the base, in order. */
  get entries(): readonly Entry[] {
    return this.#entries.all();
  }

  /** Bytes of memory that undo data takes. */
  get undoBytes(): number {
    return this.#undoBytes;
  }

  /** Why the state is that of no moment; `undefined` while it is. */
  get stopped(): PrevalentError | undefined {
    return this.#stopped;
  }

  /** From now on everything is refused with this error; the first reason stays. */
  stop(error: PrevalentError): void {
    this.#stopped ??= error;
  }

  /** Rejected events in ULID order, those before the base included. */
  rejections(): Entry[] {
    return [...this.#rejections.values()].sort((left, right) => compareEvents(left.event, right.event));
  }

  /** The entry of a rejected event, if that event is rejected. */
  rejection(event: Event): Entry | undefined {
    return this.#rejections.size === 0 ? undefined : this.#rejections.get(eventKey(event));
  }

  /**
   * Runs a new call at the end. Nothing is kept if it throws; the error is the caller's.
   *
   * @param check runs it twice and compares
   */
  call(event: Event, check = false): { result: unknown; entry: Entry } {
    if (this.#stopped !== undefined) throw this.#stopped;
    const { result, undo }: Applied = check
      ? applyChecked(this.#executor, () => this.#calls.make(event))
      : this.#executor.apply(this.#calls.make(event));
    const entry: Entry = { event, undo, error: undefined };
    this.#append(entry);
    return { result, entry };
  }

  /**
   * Puts events in their places and takes others out, by one rewind and one replay.
   *
   * @param added events in ULID order, none of which is in the timeline
   * @param dropped events to forget
   * @param watch sees what is taken back and what runs
   * @returns `BEHIND_BASE` if it would have to undo behind the base; nothing has changed then
   * @throws ReplicaFailedError (`REPLICA_FAILED`) if a replay ran out of stack or memory; the timeline takes nothing any more then
   */
  revise(
    added: readonly Event[],
    dropped: ReadonlySet<EventKey> = new Set(),
    watch?: RevisionWatch,
  ): Revision | typeof BEHIND_BASE {
    if (this.#stopped !== undefined) throw this.#stopped;
    const first = this.#earliest(added, dropped);
    if (first === undefined) return { undone: 0, replayed: 0 };
    if (first <= this.#position) return BEHIND_BASE;
    const tail = this.#rewindTo(first, watch);
    const kept = dropped.size === 0 ? tail : tail.filter(({ event }) => !dropped.has(eventKey(event)));
    for (const key of dropped) this.#rejections.delete(key);
    const merged = mergeInOrder(
      kept,
      added.map((event): Entry => ({ event, undo: undefined, error: undefined })),
    );
    const fresh = watch === undefined ? undefined : new Set(added);
    this.#replayAll(merged, (entry) => {
      watch?.ran(entry, fresh?.has(entry.event) === true);
    });
    return { undone: tail.length, replayed: merged.length };
  }

  /**
   * Runs events that will never be undone, in ULID order on the bare base; they become part of it.
   *
   * @param ran told after each
   * @throws ReplicaFailedError (`REPLICA_FAILED`) as `revise`
   */
  replayFinal(events: readonly Event[], ran: () => void): void {
    if (this.#entries.length > 0) throw new Error('Final events cannot follow events that can be undone');
    const work = (): void => {
      for (const event of events) {
        this.#replay({ event, undo: undefined, error: undefined });
        this.#counts.note(event);
        this.#position = event.id;
        ran();
      }
    };
    this.#whole(() => {
      this.#executor.final(work);
    });
  }

  /** Runs `look` while the state stands just before the event `id`, then brings it back. */
  before<T>(id: string, look: () => T): T {
    if (this.#stopped !== undefined) throw this.#stopped;
    const tail = this.#rewindTo(id);
    try {
      return look();
    } finally {
      this.#replayAll(tail);
    }
  }

  /** The events up to and including `position`, counted by stream. */
  vectorAt(position: string): VersionVector {
    return this.countsAt(position).vector;
  }

  /** As `vectorAt`, with the id of the last event of each stream. */
  countsAt(position: string): StreamCounts {
    const counts = new StreamCounts(this.#counts.vector, this.#counts.names);
    for (const { event } of this.#entries.all()) {
      if (event.id > position) break;
      counts.note(event);
    }
    return counts;
  }

  /**
   * Forgets how to undo the events up to and including `position`; the last of them becomes the base. The cost grows with
   * their number, not with what follows.
   */
  advanceBase(position: string): void {
    let count = 0;
    for (let entry = this.#entries.at(0); entry !== undefined && entry.event.id <= position;) {
      this.#counts.note(entry.event);
      this.#position = entry.event.id;
      this.#undoBytes -= weightOf(entry);
      entry.undo = undefined;
      entry = this.#entries.at(++count);
    }
    if (count > 0) this.#entries.dropFirst(count);
  }

  #earliest(added: readonly Event[], dropped: ReadonlySet<EventKey>): string | undefined {
    let first = added[0]?.id;
    for (const id of Array.from(dropped, idOfKey)) if (first === undefined || id < first) first = id;
    return first;
  }

  /** Undoes all events from `id` on and takes them out, in order. */
  #rewindTo(id: string, watch?: RevisionWatch): Entry[] {
    const tail = this.#entries.cutFrom(id);
    if (tail.length === 0) return tail;
    this.#whole(() => {
      for (let i = tail.length - 1; i >= 0; i--) {
        const entry = tail[i] as Entry;
        this.#undoBytes -= weightOf(entry);
        const { undo } = entry;
        if (undo === undefined) continue;
        if (watch === undefined) this.#executor.undo(undo);
        else
          watch.undoing(entry.event, undo, () => {
            this.#executor.undo(undo);
          });
        entry.undo = undefined;
      }
      this.#executor.endRewind();
      watch?.rewound();
    });
    return tail;
  }

  /** Runs events at the end of the timeline, in order. */
  #replayAll(entries: readonly Entry[], watch?: (entry: Entry) => void): void {
    this.#whole(() => {
      for (const entry of entries) {
        this.#replay(entry);
        this.#append(entry);
        watch?.(entry);
      }
    });
  }

  /** Does work that must not end in the middle: whatever ends it there stops the timeline for good. */
  #whole(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.stop(
        error instanceof PrevalentError
          ? error
          : new ReplicaFailedError('A rewind or replay ended in the middle; open the master again', { cause: error }),
      );
      throw this.#stopped as PrevalentError;
    }
  }

  /** Runs an event at the end of the timeline; what throws is rejected and leaves no trace in the state. */
  #replay(entry: Entry): void {
    const { event } = entry;
    const outcome = this.#executor.replay(this.#calls.make(event));
    // Another process would not meet the object that this one has: no rejection can be the same everywhere.
    if (isInstance(outcome.thrown, SharedStateError)) throw stopShared(event, outcome.thrown);
    entry.undo = outcome.undo;
    entry.error = outcome.error;
    if (entry.error !== undefined) this.#rejections.set(eventKey(event), entry);
    else if (this.#rejections.size > 0) this.#rejections.delete(eventKey(event));
  }

  #append(entry: Entry): void {
    this.#entries.push(entry);
    this.#undoBytes += weightOf(entry);
    if (this.#undoBytes > this.#undoMemory.bytes) this.#shed();
  }

  // A quarter at a time, so that a full memory does not make every call move the base.
  #shed(): void {
    const keepAfter = this.#undoMemory.keepAfter();
    let bytes = this.#undoBytes;
    let position: string | undefined;
    for (let index = 0; index < this.#entries.length - 1 && bytes > this.#undoMemory.bytes * 0.75; index++) {
      const entry = this.#entries.at(index) as Entry;
      if (keepAfter !== undefined && entry.event.id > keepAfter) break;
      bytes -= weightOf(entry);
      position = entry.event.id;
    }
    if (position !== undefined) this.advanceBase(position);
  }
}

function stopShared({ id, tx }: Event, cause: SharedStateError): SharedStateError {
  return new SharedStateError(
    `Event ${id} (${tx}) cannot be replayed: ${cause.message} The replay stopped so as not to differ from others; nothing is lost. ` +
      'Mend the method, start this process anew, and open the master again.',
    { cause },
  );
}

/** The state before any event. */
export function genesisBase(): { position: string; vector: VersionVector; rejections: readonly Entry[] } {
  return { position: ULID_MIN, vector: new Map(), rejections: [] };
}
