import { AsyncTransactionError, ForeignTransactionError, ReplicaFailedError } from '../errors.js';
import { isPromise } from '../event/brand.js';
import type { ClassTable } from '../model/class-table.js';
import type { ModelDefinition, TransactionDefinition, TransactionHost } from '../model/definition.js';
import { withoutDerived } from '../model/derived.js';
import { addOwner } from '../model/ownership.js';
import { registry, type RunningTransaction } from '../model/registry.js';
import type { Change } from './change.js';
import { rawChanges } from './changes.js';
import { copyOf } from './copy.js';
import { DerivedValues } from './derived-values.js';
import { deterministic, genesisId } from './determinism.js';
import { Elements } from './elements.js';
import { isOutOfMemory, notingRangeErrors, stackErrorIn } from './exhaustion.js';
import { newModel } from './genesis.js';
import { Membrane } from './membrane.js';
import { ownValues } from './own-values.js';
import { enterAll, reachable } from './ownership.js';
import { explained, seeThrough } from './seeing-through.js';
import { textOf } from './thrown.js';
import type { UndoLog } from './undo-log.js';

/** A call that is ready to run: its method and how to get a private copy of its arguments. */
export interface Call {
  readonly definition: TransactionDefinition;
  /** Gives the arguments, in a list that nobody changes; constructors and upcasts that make them see the transaction's own time and randomness. */
  args(): readonly unknown[];
  /** Id from which time and randomness derive. */
  readonly origin: string;
  readonly transaction: RunningTransaction;
}

/** What a transaction that was kept gave. */
export interface Applied {
  readonly result: unknown;
  readonly undo: UndoLog;
  readonly thrown?: undefined;
  readonly error?: undefined;
}

/** What a transaction that was not kept gave. */
export interface Refused {
  readonly undo: undefined;
  /** Anything at all: also `undefined`, or what throws when it is asked. */
  readonly thrown: unknown;
  /** What was thrown as text, read while the transaction still stood. */
  readonly error: string;
}

/** Runs transactions on one model, each atomically and under the membrane, whenever and for whatever it runs. */
export class Executor {
  readonly membrane: Membrane;
  /** Fields that follow from the rest of the state. */
  readonly derived = new DerivedValues(this);
  readonly #definition: ModelDefinition;
  readonly #host: TransactionHost;
  /** What is said to run while one of its calls does. */
  readonly #running: Running;
  readonly #disown: () => void;
  readonly #isWhole = (object: object): boolean => this.membrane.isWhole(object);
  #raw: object;
  /** The guarded root, as users hold it. */
  readonly model: object;

  /**
   * @param check looks closer at the new model: see `newModel`
   * @throws what the model's constructor throws, the errors of `newModel`
   */
  constructor(definition: ModelDefinition, classes: ClassTable, host: TransactionHost, check = false) {
    this.#definition = definition;
    this.#host = host;
    this.#running = new Running(host);
    this.membrane = new Membrane(classes);
    this.#disown = addOwner(this.membrane);
    const { values } = this.membrane;
    this.#raw = newModel({ name: definition.model.name, make: () => this.#construct(), classes, values }, check);
    this.model = this.membrane.bindRoot(this.#raw);
    this.#manage(this.model);
    this.#manage(this.#raw);
  }

  /** The raw root, without any guard. */
  get raw(): object {
    return this.#raw;
  }

  /** A new model as it is before any event. @throws what its constructor throws */
  genesis(): object {
    const root = this.#construct();
    enterAll(reachable(root, this.#isWhole));
    return root;
  }

  #construct(): object {
    const { name, model: Model } = this.#definition;
    const before = seeThrough(this.membrane);
    try {
      return deterministic(genesisId(name), () => {
        const root = withoutDerived(new Model());
        ownValues(root, this.membrane.classes);
        return root;
      });
    } finally {
      seeThrough(before);
    }
  }

  /** Replaces the whole state; the guarded root stays the same object. */
  replace(root: object): void {
    this.#leave(this.#raw);
    this.derived.forget();
    this.membrane.ownership.renew();
    this.#raw = root;
    this.membrane.bindRoot(root);
    this.#manage(root);
  }

  /** Gives the state away: the raw root becomes an ordinary object that no master manages. */
  release(): object {
    this.#leave(this.#raw);
    this.#leave(this.model);
    this.#disown();
    return this.#raw;
  }

  #manage(root: object): void {
    registry.hosts.set(root, this.#host);
    registry.derivers.set(root, this.derived);
  }

  #leave(root: object): void {
    registry.hosts.delete(root);
    registry.derivers.delete(root);
  }

  /** Tells whether a transaction of this model runs right now. */
  get running(): boolean {
    return registry.running?.host === this.#host;
  }

  /**
   * Runs one call under the membrane. If it throws, every write has been undone and the error is the caller's.
   *
   * @throws AsyncTransactionError (`ASYNC_TRANSACTION`) if it returned a promise, UnknownClassError (`UNKNOWN_CLASS`), SharedStateError (`SHARED_STATE`),
   * UnsupportedStateError (`UNSUPPORTED_STATE`), ForeignTransactionError (`FOREIGN_TRANSACTION`), or what the method throws
   */
  apply(call: Call): Applied {
    const { membrane } = this;
    this.derived.forget();
    const undo = membrane.begin(call.origin);
    try {
      return { result: membrane.commit(this.#invoke(call)), undo };
    } catch (error) {
      membrane.abort();
      throw error;
    }
  }

  /** As `apply`, but gives what was thrown, with its text. */
  attempt(call: Call): Applied | Refused {
    const { membrane } = this;
    this.derived.forget();
    const undo = membrane.begin(call.origin);
    try {
      return { result: membrane.commit(this.#invoke(call)), undo };
    } catch (thrown) {
      const error = this.#read(call, thrown);
      membrane.abort();
      return { undo: undefined, thrown, error };
    }
  }

  /**
   * Runs the call of an event in its place. What it throws is a rejection, unless this process ran out of stack or memory.
   *
   * @throws ReplicaFailedError (`REPLICA_FAILED`) in that case
   */
  replay(call: Call): Applied | Refused {
    const first = this.attempt(call);
    if (first.undo !== undefined) return first;
    if (isOutOfMemory(first.thrown)) throw exhausted(call, first.thrown);
    const overflow = stackErrorIn(first.thrown);
    if (overflow === undefined) return first;
    // Once more, to see who makes the error; what the model holds or has kept from before is its own as well.
    const { result: second, made } = notingRangeErrors(() => this.attempt(call));
    if (second.undo !== undefined) return second;
    const again = stackErrorIn(second.thrown);
    const isOwn = again !== undefined && (made.has(again) || again === overflow || this.membrane.isProxy(again));
    if (!isOwn) throw exhausted(call, first.thrown);
    return first;
  }

  /** What a call that has just run changed, with the paths at which it is found now; what is no longer found is left out. */
  changesOf(undo: UndoLog): Change[] {
    const { membrane } = this;
    const paths = membrane.paths();
    const changes: Change[] = [];
    for (const { kind, target, key, before, after } of rawChanges(undo.records())) {
      const path = paths.path(target);
      if (path === undefined) continue;
      const shown = [...path, ...key].map((part) => membrane.wrap(part));
      changes.push({ kind, path: shown, before: show(before, membrane), after: show(after, membrane) });
    }
    return changes;
  }

  /** Runs `work`, whose calls will never be undone, nor any before them: nothing is remembered for undoing or finding them. */
  final(work: () => void): void {
    const { membrane } = this;
    membrane.notesPlaces = false;
    try {
      work();
    } finally {
      membrane.notesPlaces = true;
      membrane.orders.forget();
    }
  }

  /** Takes back what `apply` did; calls are undone newest first, and `endRewind` ends a rewind. */
  undo(undo: UndoLog): void {
    this.derived.forget();
    const { beforeWrite } = this.membrane;
    if (beforeWrite !== undefined) for (const { target } of undo.records()) beforeWrite(target);
    undo.undo(this.membrane.orders);
  }

  /** Ends a rewind: collections whose deletes were undone get their order back. */
  endRewind(): void {
    this.derived.forget();
    this.membrane.orders.endRewind();
  }

  #invoke(call: Call): unknown {
    const outer = registry.running;
    if (outer !== undefined) {
      throw new ForeignTransactionError(
        `The transaction ${call.definition.name} of another master was called inside a transaction; its replay would call it again. Call it after the transaction.`,
      );
    }
    this.#running.call = call;
    registry.running = this.#running;
    const before = seeThrough(this.membrane);
    try {
      const result = deterministic(call.origin, runOn, this.model, call);
      if (isThenable(result)) refusePromise(call, result);
      return result;
    } catch (error) {
      throw explained(error);
    } finally {
      seeThrough(before);
      registry.running = undefined;
    }
  }

  // As a part of the transaction: a getter or `toString` of the model's own may read the clock, or call another transaction.
  #read(call: Call, thrown: unknown): string {
    const outer = registry.running;
    this.#running.call = call;
    registry.running = this.#running;
    try {
      return deterministic(call.origin, textOf, thrown);
    } finally {
      registry.running = outer;
    }
  }
}

/** The call that runs. One object for all calls of a model: most of them are over before anybody asks. */
class Running {
  readonly host: TransactionHost;
  call: Call | undefined;

  constructor(host: TransactionHost) {
    this.host = host;
  }

  get transaction(): RunningTransaction {
    return (this.call as Call).transaction;
  }
}

function runOn(model: object, call: Call): unknown {
  return Reflect.apply(call.definition.method, model, call.args());
}

/** A value for listeners: lists of elements, values, and times from before are theirs; what else they hold stays guarded. */
function show(value: unknown, membrane: Membrane): unknown {
  if (Array.isArray(value) && !membrane.isStored(value)) {
    return Elements.of(value, 0, value.length)
      .map((one) => showOne(one, membrane))
      .list();
  }
  // What is no object of the state may still become one: a late event puts it back.
  return value instanceof Date && !membrane.isStored(value) ? new Date(+value) : showOne(value, membrane);
}

/** A value has no guard, so that its copy is shown. */
function showOne(value: unknown, membrane: Membrane): unknown {
  const isValue = typeof value === 'object' && value !== null && membrane.classes.values.typeOf(value) !== undefined;
  return isValue ? copyOf(value) : membrane.wrap(value);
}

function exhausted({ transaction, definition }: Call, cause: unknown): ReplicaFailedError {
  return new ReplicaFailedError(
    `Replaying event ${transaction.id} (${definition.name}) ran out of stack or memory on this machine, which may not happen elsewhere; the master stopped so as not to diverge. ` +
      'Give the process more stack (--stack-size) or memory and open it again. If the recursion never ends, let the method throw before it begins, on every master, and open them again.',
    { cause },
  );
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

function refusePromise(call: Call, promise: PromiseLike<unknown>): never {
  // The promise's own failure is of no interest to anybody: the call as a whole is refused right here.
  if (!isPromise(promise)) silence(promise);
  throw new AsyncTransactionError(
    `The transaction ${call.definition.name} returned a promise; it was undone and not logged. Await first, then call the transaction with the result.`,
  );
}

function silence(promise: PromiseLike<unknown>): void {
  try {
    promise.then(undefined, () => undefined);
  } catch {
    // What its own `then` throws is as uninteresting.
  }
}
