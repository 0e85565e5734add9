import { HistoryDeletedError, InvalidOptionError, JournalDamagedError } from '../errors.js';
import type { Event } from '../event/envelope.js';
import { isUlid, lastUlidAt, ulidTime } from '../event/ulid.js';
import { Executor } from '../state/executor.js';
import type { Store } from '../store/store.js';
import type { Entry } from '../timeline/entry.js';
import { type Base, fold } from '../timeline/fold.js';
import { genesisBase } from '../timeline/timeline.js';
import type { Gatherer } from './gatherer.js';
import type { MergedEvent } from './notices.js';
import { refuseUnknown } from './options.js';
import type { Replica } from './replica.js';
import type { Sealing } from './sealing.js';
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

const FILTERS = ['master', 'transaction', 'after', 'until'] as const satisfies readonly (keyof EventFilter)[];

/** A moment to start from, and all events after it. */
interface Stretch {
  readonly base: Base;
  readonly events: readonly Event[];
}

/** A state of the past, and what was rejected up to then. */
export interface PastState {
  /** An ordinary object that no master manages. */
  readonly root: object;
  readonly rejections: readonly Entry[];
}

/** Looks at the merged history, as far as the store holds it. */
export class History {
  readonly #replica: Replica;
  readonly #store: Store;
  readonly #streams: Streams;
  readonly #gatherer: Gatherer;
  readonly #sealing: Sealing;

  constructor(replica: Replica, store: Store, streams: Streams, gatherer: Gatherer, sealing: Sealing) {
    this.#replica = replica;
    this.#store = store;
    this.#streams = streams;
    this.#gatherer = gatherer;
    this.#sealing = sealing;
  }

  /**
   * Merged events in ULID order.
   *
   * @throws InvalidOptionError (`INVALID_OPTION`) for a filter that is not known, or a point that is no ULID or Date, HistoryDeletedError (`HISTORY_DELETED`) if events
   * that would have to be listed are deleted, JournalDamagedError (`JOURNAL_DAMAGED`) if some cannot be read
   */
  async *events(filter: EventFilter = {}): AsyncGenerator<MergedEvent, void, undefined> {
    refuseUnknown('events', filter, FILTERS);
    const after = filter.after === undefined ? genesisBase().position : ulidOf(filter.after);
    const until = filter.until === undefined ? '~' : ulidOf(filter.until);
    for (const event of (await this.#since(after)).events) {
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
    return (await this.stateAt(ulidOf(point))).root;
  }

  /** As `at`, with what it takes to save that state. */
  async stateAt(point: string): Promise<PastState> {
    const { base, events } = await this.#since(point);
    const { definition, classes, calls } = this.#replica;
    const executor = new Executor(definition, classes, this.#replica);
    const root =
      base.position === genesisBase().position ? (): object => executor.genesis() : (): object => base.root();
    const timeline = fold(
      executor,
      calls,
      { ...base, root },
      events.filter(({ id }) => id <= point),
      // Nothing is undone in a state of the past.
      { undoable: 0, undoMemory: { bytes: 0, keepAfter: () => undefined } },
    );
    return { root: executor.release(), rejections: timeline.rejections() };
  }

  /** The newest moment not after a point from which the history can be read; genesis if it is whole. */
  async #since(point: string): Promise<Stretch> {
    const genesis: Base = { ...genesisBase(), root: () => this.#replica.executor.genesis() };
    const whole = await this.#after(genesis);
    if ('events' in whole) return { base: genesis, events: whole.events };
    const heard = await this.#streams.heard();
    let oldest: string | undefined;
    for (const { stream, listing } of await this.#gatherer.candidates(heard)) {
      const base = await this.#gatherer.tryRead(stream, listing, () => undefined);
      if (base === undefined || !(await this.#gatherer.obeysSeal(base))) continue;
      const found = await this.#after(base);
      if (!('events' in found) || (found.events[0]?.id ?? '~') <= base.position) continue;
      if (base.position <= point) return { base, events: found.events };
      oldest = base.position;
    }
    const { key, seq } = whole.missing;
    if (oldest !== undefined && seq <= (this.#sealing.seal?.V[key] ?? 0))
      throw new HistoryDeletedError(
        `History up to ${oldest} (${new Date(ulidTime(oldest)).toISOString()}) was deleted; what is left begins there. Ask for a later point, or for events after it.`,
      );
    throw new JournalDamagedError(
      `Event ${seq} of ${key} cannot be read in ${this.#store.location}, so the history is not whole. Sync the folder again, or restore that journal from another copy.`,
    );
  }

  #after(base: Base): ReturnType<Streams['between']> {
    const { accepted, timeline } = this.#replica;
    const inMemory = timeline.entries.map(({ event }) => event);
    return this.#streams.between(base.vector, new Map(accepted), inMemory);
  }
}

function ulidOf(point: string | Date): string {
  if (isUlid(point)) return point;
  const time = point instanceof Date ? point.getTime() : NaN;
  if (Number.isNaN(time)) throw new InvalidOptionError(`${String(point)} is neither a ULID nor a Date`);
  return lastUlidAt(time);
}
