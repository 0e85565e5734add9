import { InvalidOptionError } from '../errors.js';
import type { Event } from '../event/envelope.js';
import { isUlid, lastUlidAt } from '../event/ulid.js';
import { Executor } from '../state/executor.js';
import { fold } from '../timeline/fold.js';
import { genesisBase } from '../timeline/timeline.js';
import type { MergedEvent } from './notices.js';
import type { Replica } from './replica.js';
import type { Streams } from './streams.js';

/** Which events to list; everything given must fit. */
export interface EventFilter {
  /** Only events of this master. */
  readonly master?: string;
  /** Only calls of this transaction. */
  readonly transaction?: string;
  /** Only events after this ULID or time. */
  readonly after?: string | Date;
  /** Only events up to and including this ULID or time. */
  readonly until?: string | Date;
}

// Nothing is undone in a state of the past.
const UNDO_BYTES = 1;

/** Looks at the whole merged history, as the store holds it. */
export class History {
  readonly #replica: Replica;
  readonly #streams: Streams;

  constructor(replica: Replica, streams: Streams) {
    this.#replica = replica;
    this.#streams = streams;
  }

  /**
   * Merged events in ULID order.
   *
   * @throws InvalidOptionError (`INVALID_OPTION`) for a point that is no ULID or Date, JournalDamagedError (`JOURNAL_DAMAGED`) if
   * the store no longer holds the whole history
   */
  async *events(filter: EventFilter = {}): AsyncGenerator<MergedEvent, void, undefined> {
    const after = filter.after === undefined ? '' : ulidOf(filter.after);
    const until = filter.until === undefined ? '~' : ulidOf(filter.until);
    for (const event of await this.#all()) {
      if (event.id <= after || event.id > until) continue;
      if (filter.master !== undefined && event.master !== filter.master) continue;
      if (filter.transaction !== undefined && event.tx !== filter.transaction) continue;
      yield this.#replica.describe(
        this.#replica.timeline.rejection(event.id) ?? { event, undo: undefined, error: undefined },
      );
    }
  }

  /** The state after all events up to a point: a fresh instance that no master manages. Errors as `events`. */
  async at(point: string | Date): Promise<object> {
    const until = ulidOf(point);
    const events = (await this.#all()).filter(({ id }) => id <= until);
    const { definition, classes, calls } = this.#replica;
    const executor = new Executor(definition, classes, this.#replica);
    const base = { ...genesisBase(), root: () => executor.genesis() };
    fold(executor, calls, base, events, { undoMemory: { bytes: UNDO_BYTES, keepAfter: () => undefined } });
    return executor.release();
  }

  #all(): Promise<Event[]> {
    const { accepted, timeline } = this.#replica;
    return this.#streams.history(
      new Map(accepted),
      timeline.entries.map(({ event }) => event),
    );
  }
}

function ulidOf(point: string | Date): string {
  if (isUlid(point)) return point;
  const time = point instanceof Date ? point.getTime() : NaN;
  if (Number.isNaN(time)) throw new InvalidOptionError(`${String(point)} is neither a ULID nor a Date`);
  return lastUlidAt(time);
}
