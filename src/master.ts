import { AsyncTransactionError, InvalidOptionError, MasterClosedError } from './errors.js';
import { type ActingOn, actingModel, type TransactOptions } from './replica/acting.js';
import type { CallMeta } from './model/call-meta.js';
import type { DeepReadonly, Reading } from './model/deep-readonly.js';
import type { ModelClass, ModelDefinition } from './model/definition.js';
import { claimModel } from './model/open-models.js';
import { definitionOf } from './model/prevalent.js';
import type { Opening, OpeningFacts } from './store/opening.js';
import type { Store } from './store/store.js';
import { storeOf } from './store/paths.js';
import { AutoSync } from './sync/auto-sync.js';
import { type Assembly, assemble } from './sync/assemble.js';
import type { CompactReport } from './sync/compactor.js';
import type { EventFilter } from './sync/history.js';
import type { CompactOptions } from './protocol/facts.js';
import { decideOpening } from './protocol/opening.js';
import type { EventCalled, MergedEvent, Notifications, SyncReport } from './replica/notifier.js';
import {
  type MasterOptions,
  metaText,
  refuseUnlessFlags,
  type ResolvedOptions,
  resolveOptions,
} from './sync/options.js';
import { reaching } from './sync/reaching.js';
import { type Status, statusOf } from './sync/status.js';
import { Replica } from './replica/replica.js';

/**
 * One master of a model: the live state, its journal, and the way to the other masters. `View` and `E` follow from the model `M`: what its readers
 * have, and its events.
 *
 * @example
 * ```ts
 * import { Master, MemoryStore, Prevalent, Transaction } from 'prevalent';
 *
 * @Prevalent('counter-of-master-docs')
 * class Counter {
 *   value = 0;
 *   @Transaction() add(by: number): number { return (this.value += by); }
 * }
 *
 * const master = await Master.open(Counter, { name: 'laptop', store: new MemoryStore() });
 * await master.transact((counter) => counter.add(2));
 * console.log(master.model.value); // 2
 * await master.close();
 * ```
 */
export class Master<M extends object, View = DeepReadonly<M>, E = MergedEvent<M>> implements AsyncDisposable {
  /** The live model: reads work, `@Transaction` calls are recorded, any other write throws, and does not compile. Always the same object. */
  readonly model: View;
  readonly #replica: Replica;
  readonly #parts: Assembly;
  readonly #autoSync: AutoSync | undefined;
  readonly #name: string;
  /** Told when it is closed. */
  readonly #released: () => void;
  #closing: Promise<void> | undefined;

  private constructor(replica: Replica, parts: Assembly, autoSync: AutoSync | undefined, released: () => void) {
    this.#replica = replica;
    this.#parts = parts;
    this.#name = parts.own.header.master;
    this.#autoSync = autoSync;
    this.#released = released;
    this.model = replica.executor.model as View;
  }

  /**
   * Opens a master: recovers its state from the newest valid snapshot and the journals, its own and the others'.
   *
   * @param Model the class with `@Prevalent`
   * @param options at least `name` and `store`
   * @returns the master, once its state is there; it takes calls until `close()`
   * @throws NotPrevalentError (`NOT_PREVALENT`) for a class without `@Prevalent`; InvalidOptionError (`INVALID_OPTION`);
   * DuplicateModelError (`DUPLICATE_MODEL`) if another class of that model name is open in that store in this process;
   * MasterLockedError (`MASTER_LOCKED`) if another process has it open; ModelMismatchError (`MODEL_MISMATCH`) if the store holds another
   * model; StoreEmptyError (`STORE_EMPTY`) if it lacks what this machine has published there; ModelOutdatedError (`MODEL_OUTDATED`) if its journal was written by a newer program; JournalDamagedError (`JOURNAL_DAMAGED`);
   * StoreUnreachableError (`STORE_UNREACHABLE`); ReplicaFailedError (`REPLICA_FAILED`) if a replay ran out of stack or memory;
   * UnsupportedStateError (`UNSUPPORTED_STATE`) or UnknownClassError (`UNKNOWN_CLASS`) for what the model's constructor builds
   * @example `await using master = await Master.open(TodoList, { name: 'laptop', store: './shared' });`
   */
  static async open<M extends object>(Model: ModelClass<M>, options: MasterOptions): Promise<Master<M>> {
    const definition = definitionOf(Model);
    const resolved = resolveOptions(options);
    const store = storeOf(options.store);
    if (resolved.durability === 'always' && !store.capabilities.now)
      throw new InvalidOptionError(
        `durability: ${store.location} cannot make a call durable before it returns, as 'always' asks; use 'group' and await transact() or durable()`,
      );
    const released = claimModel(store.place, definition);
    try {
      return await Master.#open<M>(definition, resolved, store, released);
    } catch (error) {
      released();
      throw error;
    }
  }

  static async #open<M extends object>(
    definition: ModelDefinition,
    resolved: ResolvedOptions,
    store: Store,
    released: () => void,
  ): Promise<Master<M>> {
    const replica = new Replica(definition, resolved);
    const newEpoch = (last: string | undefined): string => {
      if (last !== undefined) replica.clock.observe(last);
      return replica.clock.advance();
    };
    const { name, local, begin, autoSync: plan, random } = resolved;
    const decide = (facts: OpeningFacts): Opening => decideOpening(facts, begin);
    const request = { master: name, model: definition.name, local, newEpoch, decide };
    const journal = await reaching(store, () => store.open(request));
    const parts = assemble(replica, store, journal, resolved);
    const { engine, own } = parts;
    try {
      await reaching(store, () => engine.start());
    } catch (error) {
      // The one that is written by now: a cut stream may have been succeeded.
      own.giveUp();
      await own.close();
      throw error;
    }
    const autoSync =
      plan === undefined ? undefined : new AutoSync({ ...plan, name, random }, store, engine, replica.notifier);
    return new Master<M>(replica, parts, autoSync, released);
  }

  /** Rises with every visible change of the state; with `subscribe`, what `useSyncExternalStore` expects. */
  get version(): number {
    return this.#replica.notifier.version;
  }

  /**
   * Runs `fn` on the model and waits for the disk. Each transaction called in it is an event of its own; put a change of
   * several steps into one transaction.
   *
   * @param options `meta`: recorded with these calls, in place of the option `meta` of `open`
   * @returns what `fn` returned, once durable
   * @throws InvalidOptionError (`INVALID_OPTION`) if `fn` is no function, or for an option that is not known; AsyncTransactionError (`ASYNC_TRANSACTION`) if it is asynchronous;
   * what `fn` throws; NotDurableError (`NOT_DURABLE`) if the store refused and the calls were taken back; OutcomeUnknownError
   * (`OUTCOME_UNKNOWN`) if only opening it again tells whether they were
   * @example `const todo = await master.transact((list) => list.add('Buy milk'));`
   */
  async transact<T>(fn: Reading<View, T>, { meta, ...others }: TransactOptions = {}): Promise<T> {
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) throw new InvalidOptionError(`transact: there is no option ${unknown}; there is meta`);
    return meta === undefined ? this.#transact(this.model, fn) : this.as(meta).transact(fn);
  }

  /**
   * The same master for one user: calls through its `model` and `transact` are recorded with this `meta`, in place of the option `meta`. It is as cheap as a
   * function call: make one for each request of a server with many users.
   *
   * @param meta who makes the calls: a plain object, plain JSON; `null` for nobody
   * @returns `model` and `transact`, as the master's own; the state is the same
   * @throws InvalidOptionError (`INVALID_OPTION`) if it is no plain object, or not plain JSON
   * @example `await master.as({ user: 'ada' }).transact((list) => list.add('Buy milk'));`
   */
  as(meta: CallMeta | null): ActingOn<View> {
    const model = actingModel(this.#replica, metaText(meta)) as View;
    return { model, transact: (fn) => this.#transact(model, fn) };
  }

  async #transact<T>(model: View, fn: Reading<View, T>): Promise<T> {
    if (typeof fn !== 'function')
      throw new InvalidOptionError('transact: give a function that calls transactions on the model it is passed');
    // Called at once where there is room: whoever calls relies on it.
    const room = this.#parts.own.room();
    if (room !== undefined) await room;
    const result = fn(model);
    if (typeof (result as { then?: unknown } | null | undefined)?.then === 'function') {
      // Its own failure is of no interest any more: the call as a whole is refused right here.
      Promise.resolve(result).then(undefined, () => undefined);
      throw new AsyncTransactionError(
        'transact() was given an asynchronous function, whose later calls it cannot wait for. Await first, then call transact with a synchronous one; what was called so far stays.',
      );
    }
    await this.#parts.own.settle();
    return result;
  }

  /**
   * Resolves once all earlier calls are on disk: written, and `fdatasync` has returned.
   *
   * @throws NotDurableError (`NOT_DURABLE`), OutcomeUnknownError (`OUTCOME_UNKNOWN`), as `transact`
   */
  async durable(): Promise<void> {
    await this.#parts.own.settle();
  }

  /**
   * Reads the raw model at full speed, without the guard. Do not change anything in there, and do not keep what is not a copy.
   *
   * @returns what `fn` returned, raw as well
   * @throws TransactionInQueryError (`TRANSACTION_IN_QUERY`) if `fn` calls a transaction; what `fn` throws
   * @example `const open = master.query((list) => [...list.todos.values()].filter((todo) => !todo.done).length);`
   */
  query<T>(fn: Reading<View, T>): T {
    return this.#replica.query(fn);
  }

  /**
   * Publishes durable calls, reads what others published, and merges it. Re-issues own calls that a seal excludes; seals and deletes if this
   * master may. A sync during a sync waits and runs once more. After a failure, the next sync continues.
   *
   * @returns what was done; streams whose next event cannot be accepted yet are in `held`, and are no error
   * @throws StoreUnreachableError (`STORE_UNREACHABLE`); JournalDamagedError (`JOURNAL_DAMAGED`) if history that a late event needs is gone;
   * SeparateHistoriesError (`SEPARATE_HISTORIES`) if history was sealed twice, apart; ReplicaFailedError (`REPLICA_FAILED`);
   * NotDurableError (`NOT_DURABLE`) or OutcomeUnknownError (`OUTCOME_UNKNOWN`) as `transact`; MasterClosedError (`MASTER_CLOSED`)
   * @example `const { received, published, held } = await master.sync();`
   */
  async sync(): Promise<SyncReport> {
    this.#refuseClosed();
    return this.#parts.engine.sync();
  }

  /**
   * Merged events in ULID order: the whole history, or what fits the filter. Where journals were deleted, name a point `after` which to begin:
   * `events({ after: (await master.status()).seal!.H })` lists what came after the seal. Errors come with the first event.
   *
   * @throws HistoryDeletedError (`HISTORY_DELETED`) if deleted events would have to be listed, as without `after`; InvalidOptionError
   * (`INVALID_OPTION`) for a filter that is not known; JournalDamagedError (`JOURNAL_DAMAGED`) if some cannot be read
   * @example `for await (const { time, args } of master.events({ transaction: 'add' })) console.log(time, args);`
   */
  events<K extends string>(filter: EventFilter & { readonly transaction: K }): AsyncIterable<EventCalled<E, K>>;
  events(filter?: EventFilter): AsyncIterable<E>;
  events(filter: EventFilter = {}): AsyncIterable<unknown> {
    return this.#parts.history.events(filter);
  }

  /**
   * The model after all events up to and including a ULID or Date: a fresh instance that no master manages. Replays from the newest
   * moment before that can be read.
   *
   * @throws HistoryDeletedError (`HISTORY_DELETED`) for a point before what is left; others as `events`
   * @example `const yesterday = await master.at(new Date(Date.now() - 86_400_000));`
   */
  async at(point: string | Date): Promise<M> {
    return (await this.#parts.history.at(point)) as M;
  }

  /**
   * The state of this master, as of its last sync. Publishes and reads nothing.
   *
   * @throws what the store throws if its own files cannot be read
   * @example `const { pending, held, seal } = await master.status();`
   */
  async status(): Promise<Status> {
    const { known, own } = this.#parts;
    return statusOf(known, this.#replica, own);
  }

  /** Events that threw in their place and left no trace, in ULID order; final up to `status().seal.H`. `error` tells why. */
  rejections(): E[] {
    const events: unknown[] = this.#replica.timeline.rejections().map((entry) => this.#replica.describe(entry));
    return events as E[];
  }

  /**
   * Writes a snapshot of all durable calls now, so that the next start replays only later events. First makes all calls
   * durable. Writes no snapshot while excluded calls are not re-issued yet.
   *
   * @throws StoreUnreachableError (`STORE_UNREACHABLE`) if it cannot be written; ReplicaFailedError (`REPLICA_FAILED`); NotDurableError
   * (`NOT_DURABLE`) or OutcomeUnknownError (`OUTCOME_UNKNOWN`) as `transact`; MasterClosedError (`MASTER_CLOSED`)
   */
  async snapshot(): Promise<void> {
    this.#refuseClosed();
    await this.#parts.engine.snapshot();
  }

  /**
   * Syncs, seals history as far as it is stable, takes a snapshot there, and deletes the journals that it replaces. If nothing was sealed
   * yet, this master becomes the sealer. If another master is the sealer, it only takes the snapshot and deletes.
   *
   * @returns the seal, what was freed (bytes), and what it waits for
   * @throws InvalidOptionError (`INVALID_OPTION`) for an option that is not known; what `sync` throws
   * @example
   * ```ts
   * import { Master, MemoryStore, Prevalent, Transaction } from 'prevalent';
   *
   * @Prevalent('counter-of-compact-docs')
   * class Counter {
   *   value = 0;
   *   @Transaction() add(by: number): void { this.value += by; }
   * }
   *
   * const master = await Master.open(Counter, { name: 'laptop', store: new MemoryStore(), retention: 0 });
   * master.model.add(2);
   * const { seal } = await master.compact();
   * console.log(seal?.no); // 1
   * await master.close();
   * ```
   */
  async compact(options: CompactOptions = {}): Promise<CompactReport> {
    refuseUnlessFlags('compact', options, ['takeOver', 'cutHeld']);
    this.#refuseClosed();
    return this.#parts.engine.compact(options);
  }

  /**
   * Calls `listener` after every visible change of the state, once for a whole merge. Returns a function that removes it.
   *
   * @throws InvalidOptionError (`INVALID_OPTION`) if it is no function
   * @example `useSyncExternalStore(master.subscribe, () => master.version);`
   */
  subscribe = (listener: () => void): (() => void) => this.#replica.notifier.subscribe(listener);

  /**
   * Calls `listener` whenever something of that name happens; `Notifications` lists the names. Returns a function that removes it.
   *
   * @throws InvalidOptionError (`INVALID_OPTION`) if there is no such name, or the listener is no function
   * @example `const stop = master.on('rejected', ({ transaction, error }) => console.warn(transaction, error));`
   */
  on<Name extends keyof Notifications>(name: Name, listener: Notifications<E>[Name]): () => void {
    // The events of a model are told apart by what the replica says of them.
    return this.#replica.notifier.on(name, listener as unknown as Notifications[Name]);
  }

  /** Makes everything durable and public, and releases the lock. Later calls throw MasterClosedError (`MASTER_CLOSED`). */
  close(): Promise<void> {
    if (this.#closing === undefined) {
      const stopped = this.#autoSync?.stop();
      this.#replica.refuse(new MasterClosedError(`The master "${this.#name}" is closed; open it again`));
      this.#closing = Promise.all([this.#parts.engine.close(), stopped])
        .then(() => undefined)
        .finally(this.#released);
    }
    return this.#closing;
  }

  /** As `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined) throw new MasterClosedError(`The master "${this.#name}" is closed; open it again`);
  }
}
