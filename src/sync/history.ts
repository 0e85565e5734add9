import { HistoryDeletedError, InvalidOptionError, JournalDamagedError } from '../errors.js';
import { isUlid, lastUlidAt } from '../event/ulid.js';
import { type Stretch, stretchTo } from '../protocol/past.js';
import type { SealedPoint } from '../protocol/shedding.js';
import type { EventFacts } from '../replica/notifier.js';
import type { Replica } from '../replica/replica.js';
import { Executor } from '../state/executor.js';
import { fold } from '../timeline/fold.js';
import { genesisBase } from '../timeline/timeline.js';
import type { Act } from './act.js';
import type { Look } from './look.js';
import { refuseUnknown } from './options.js';
import type { PastState } from './snapshot/snapshotter.js';

/** Which events to list; everything given must fit. */
export interface EventFilter {
  /** Only events of this master. */
  readonly master?: string;
  /** Only calls of this transaction, also those that were recorded under another of its names. */
  readonly transaction?: string;
  /** Only events after this ULID or time. */
  readonly after?: string | Date;
  /** Only events up to and including this ULID or time. */
  readonly until?: string | Date;
}

const FILTERS = ['master', 'transaction', 'after', 'until'] as const satisfies readonly (keyof EventFilter)[];

/** A state of the past at a seal, if it has to be built; or why it cannot be built now. */
export type PastAtSeal = { readonly past: PastState | undefined } | { readonly why: string };

/** Looks at the merged history, as far as the store holds it. */
export class History {
  readonly #replica: Replica;
  readonly #look: Look;
  readonly #act: Act;

  constructor(replica: Replica, look: Look, act: Act) {
    this.#replica = replica;
    this.#look = look;
    this.#act = act;
  }

  /**
   * Merged events in ULID order.
   *
   * @throws InvalidOptionError (`INVALID_OPTION`) for a filter that is not known, or a point that is no ULID or Date, HistoryDeletedError (`HISTORY_DELETED`) if events
   * that would have to be listed are deleted, JournalDamagedError (`JOURNAL_DAMAGED`) if some cannot be read
   */
  async *events(filter: EventFilter = {}): AsyncGenerator<EventFacts, void, undefined> {
    refuseUnknown('events', filter, FILTERS);
    const after = filter.after === undefined ? genesisBase().position : ulidOf(filter.after);
    const until = filter.until === undefined ? '~' : ulidOf(filter.until);
    const { transactions } = this.#replica.definition;
    const wanted = transactionOf(filter, transactions);
    for (const event of (await this.#since(after)).events) {
      if (event.id <= after || event.id > until) continue;
      if (filter.master !== undefined && event.master !== filter.master) continue;
      // By whichever of its names it was recorded.
      if (wanted !== undefined && transactions.get(event.tx) !== wanted) continue;
      yield this.#replica.describe(
        this.#replica.timeline.rejection(event) ?? { event, undo: undefined, error: undefined },
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

  /** The state at a seal, if it is forgotten how to undo what follows it. */
  async pastAt({ position, seal }: SealedPoint): Promise<PastAtSeal> {
    if (this.#replica.timeline.base <= position) return { past: undefined };
    try {
      return { past: await this.stateAt(position) };
    } catch (error) {
      // Others may have deleted it under a later seal already; then the snapshot waits for that one.
      if (!(error instanceof HistoryDeletedError) && !(error instanceof JournalDamagedError)) throw error;
      return { why: `the state at seal ${seal} cannot be built now: ${error.message}` };
    }
  }

  /** The newest moment not after a point from which the history can be read; genesis if it is whole. */
  async #since(point: string): Promise<Stretch> {
    const facts = this.#act.facts();
    // As it is now, whatever is called while the store is read.
    const { accepted, baseVector, entries } = facts.state;
    const now = { accepted: new Map(accepted), baseVector: new Map(baseVector), entries: [...entries] };
    const state = { ...facts.state, ...now };
    return this.#look.meanwhile(await this.#look.heard(facts.cut), (heard) =>
      this.#look.until(
        heard,
        (seen) => stretchTo({ ...facts, state }, seen, point),
        (stretch) => {
          if (stretch.kind === 'refusal') throw stretch.error;
          return stretch;
        },
      ),
    );
  }
}

function transactionOf<Definition>(
  { transaction }: EventFilter,
  transactions: ReadonlyMap<string, Definition>,
): Definition | undefined {
  if (transaction === undefined) return undefined;
  const definition = transactions.get(transaction);
  if (definition === undefined)
    throw new InvalidOptionError(
      `events: the model has no transaction ${JSON.stringify(transaction)}; it has ${[...transactions.keys()].join(', ')}`,
    );
  return definition;
}

function ulidOf(point: string | Date): string {
  if (isUlid(point)) return point;
  const time = point instanceof Date ? point.getTime() : NaN;
  if (Number.isNaN(time)) throw new InvalidOptionError(`${String(point)} is neither a ULID nor a Date`);
  return lastUlidAt(time);
}
