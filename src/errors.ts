/**
 * Every error the library throws on purpose: a class with a stable `code`. Codes never change meaning; messages are free to
 * improve. A message says what happened, to which file or event, and what to do now.
 */

import { printable } from './printable.js';

/** The code of each kind of error; what is no code of this library does not compile. */
export type ErrorCode =
  | 'DECORATOR_USAGE'
  | 'DUPLICATE_MODEL'
  | 'DUPLICATE_TRANSACTION'
  | 'DUPLICATE_CLASS'
  | 'SHARED_STATE'
  | 'UNSTABLE_NAME'
  | 'NOT_PREVALENT'
  | 'ASYNC_TRANSACTION'
  | 'INVALID_OPTION'
  | 'WRITE_OUTSIDE_TRANSACTION'
  | 'DETACHED_TRANSACTION'
  | 'TRANSACTION_IN_QUERY'
  | 'FOREIGN_TRANSACTION'
  | 'UNCARRIABLE_ARGUMENT'
  | 'LIVE_ARGUMENT'
  | 'UNKNOWN_CLASS'
  | 'UNSUPPORTED_STATE'
  | 'MODEL_MISMATCH'
  | 'MASTER_LOCKED'
  | 'MASTER_CLOSED'
  | 'READ_ONLY_MASTER'
  | 'NOT_DURABLE'
  | 'OUTCOME_UNKNOWN'
  | 'JOURNAL_DAMAGED'
  | 'MODEL_OUTDATED'
  | 'SNAPSHOT_DAMAGED'
  | 'CLOCK_BEHIND'
  | 'STORE_UNREACHABLE'
  | 'STORE_REFUSED'
  | 'STORE_EMPTY'
  | 'STORE_BEHIND'
  | 'MASTER_FENCED'
  | 'HISTORY_DELETED'
  | 'SEPARATE_HISTORIES'
  | 'REPLICA_FAILED'
  | 'NON_DETERMINISTIC_TRANSACTION';

/**
 * Base class of all errors of this library.
 *
 * @example
 * ```ts
 * import { PrevalentError, WriteOutsideTransactionError } from 'prevalent';
 *
 * const error: PrevalentError = new WriteOutsideTransactionError('Todo.done was written outside a transaction');
 * console.log(error.code); // 'WRITE_OUTSIDE_TRANSACTION'
 * ```
 */
export abstract class PrevalentError extends Error {
  /** Stable identity of the kind of error; compare this, never the message. */
  abstract readonly code: ErrorCode;

  constructor(message: string, options?: { cause?: unknown }) {
    super(printable(message), options);
    this.name = new.target.name;
  }
}

/** A decorator is in a place where it cannot work: on a static member, a getter, a field, or without its parentheses. */
export class DecoratorUsageError extends PrevalentError {
  readonly code = 'DECORATOR_USAGE';
}

/** Two different classes would be open under one model name in one store of this process. */
export class DuplicateModelError extends PrevalentError {
  readonly code = 'DUPLICATE_MODEL';
}

/** Two methods of one model claim the same transaction name or alias. */
export class DuplicateTransactionError extends PrevalentError {
  readonly code = 'DUPLICATE_TRANSACTION';
}

/** Two different classes of one state would have the same stable name. */
export class DuplicateClassError extends PrevalentError {
  readonly code = 'DUPLICATE_CLASS';
}

/**
 * An object of the state also belongs to something outside of it: a module, a static field, or the state of another master. A change of
 * one would change the other, and a loaded state would hold another object. A call was undone and not
 * logged; a start or a sync stopped, and nothing stored was changed.
 */
export class SharedStateError extends PrevalentError {
  readonly code = 'SHARED_STATE';
}

/** The name of a class of the state comes from a minifier, and may be another class's name in the next build. Name the class yourself. */
export class UnstableNameError extends PrevalentError {
  readonly code = 'UNSTABLE_NAME';
}

/** The class given to `Master.open` has no `@Prevalent`. */
export class NotPrevalentError extends PrevalentError {
  readonly code = 'NOT_PREVALENT';
}

/** A transaction is asynchronous (found when it is decorated) or returned a promise (found when it ran; it was undone). */
export class AsyncTransactionError extends PrevalentError {
  readonly code = 'ASYNC_TRANSACTION';
}

/** An option of `Master.open` or of a store cannot be used. */
export class InvalidOptionError extends PrevalentError {
  readonly code = 'INVALID_OPTION';
}

/** Something outside a transaction tried to change the model. Nothing was changed. */
export class WriteOutsideTransactionError extends PrevalentError {
  readonly code = 'WRITE_OUTSIDE_TRANSACTION';
}

/** A transaction was called without its model, as in `const { add } = model; add()`. Nothing was changed. */
export class DetachedTransactionError extends PrevalentError {
  readonly code = 'DETACHED_TRANSACTION';
}

/** A transaction was called on the raw model inside `query`. Nothing was changed. */
export class TransactionInQueryError extends PrevalentError {
  readonly code = 'TRANSACTION_IN_QUERY';
}

/** A transaction of one master called a transaction of another master, which could not be replayed. */
export class ForeignTransactionError extends PrevalentError {
  readonly code = 'FOREIGN_TRANSACTION';
}

/** An argument cannot be carried in a journal without loss. Nothing was logged or changed. */
export class UncarriableArgumentError extends PrevalentError {
  readonly code = 'UNCARRIABLE_ARGUMENT';
}

/** An argument is an object of a model, or holds one: the call would get a copy that is not in the model. Nothing was logged or changed. */
export class LiveArgumentError extends PrevalentError {
  readonly code = 'LIVE_ARGUMENT';
}

/** An instance of a class without a known stable name would have entered the state. The transaction was undone. */
export class UnknownClassError extends PrevalentError {
  readonly code = 'UNKNOWN_CLASS';
}

/** The state would hold something that cannot be undone, replayed or stored: a function, a promise, a `#private` field, … */
export class UnsupportedStateError extends PrevalentError {
  readonly code = 'UNSUPPORTED_STATE';
}

/** The store holds the journals of another model. */
export class ModelMismatchError extends PrevalentError {
  readonly code = 'MODEL_MISMATCH';
}

/** Another process on this machine has opened the same master. */
export class MasterLockedError extends PrevalentError {
  readonly code = 'MASTER_LOCKED';
}

/** The master has been closed. */
export class MasterClosedError extends PrevalentError {
  readonly code = 'MASTER_CLOSED';
}

/** The master accepts no more calls, because its store refused some or because it failed inside. Reading still works. */
export class ReadOnlyMasterError extends PrevalentError {
  readonly code = 'READ_ONLY_MASTER';
}

/** The store refused calls; they were undone and will not come back. */
export class NotDurableError extends PrevalentError {
  readonly code = 'NOT_DURABLE';
}

/** The store refused calls and also refused to take them back: opening it again shows whether they were kept. */
export class OutcomeUnknownError extends PrevalentError {
  readonly code = 'OUTCOME_UNKNOWN';
}

/** Where a file is damaged: lines from 1, bytes from 0. */
export interface DamagedPlace {
  readonly file: string;
  readonly line: number;
  readonly byte: number;
}

/** A journal is damaged where nothing may be dropped silently. */
export class JournalDamagedError extends PrevalentError {
  readonly code = 'JOURNAL_DAMAGED';
  /** Where it is damaged, if that is known. */
  readonly place: DamagedPlace | undefined;

  constructor(message: string, options: { cause?: unknown; place?: DamagedPlace } = {}) {
    super(message, options);
    this.place = options.place;
  }
}

/** The own journal has calls that this program's model does not know: the program is older than the one that wrote them, or lacks an alias. */
export class ModelOutdatedError extends PrevalentError {
  readonly code = 'MODEL_OUTDATED';
}

/** A snapshot is damaged or cannot be read by this code. The next older one is used instead. */
export class SnapshotDamagedError extends PrevalentError {
  readonly code = 'SNAPSHOT_DAMAGED';
  /** The file is whole; it is this program's model that cannot read it. */
  readonly isIntact: boolean;

  constructor(message: string, options: { cause?: unknown; isIntact?: boolean } = {}) {
    super(message, options);
    this.isIntact = options.isIntact ?? false;
  }
}

/** This machine's clock is behind the newest event by more than `maxClockDrift`. No call is taken until that is repaired. */
export class ClockBehindError extends PrevalentError {
  readonly code = 'CLOCK_BEHIND';
}

/**
 * The store could not be read or written just now. Calls that are not acknowledged yet stay in memory, and are written when it is back. Their
 * callers go on waiting.
 */
export class StoreUnreachableError extends PrevalentError {
  readonly code = 'STORE_UNREACHABLE';
}

/**
 * The servers of the store refuse something, and would refuse it again: a missing permission, a limit that is reached, a record that is too
 * large. The message says what, and what to do about it.
 */
export class StoreRefusedError extends PrevalentError {
  readonly code = 'STORE_REFUSED';
}

/**
 * The store lacks what this machine remembers to have published there: usually a drive that is not mounted, or a wrong path. Nothing was
 * changed. Mount the drive or correct the path; or open with `begin: true` to begin a new epoch on purpose.
 */
export class StoreEmptyError extends PrevalentError {
  readonly code = 'STORE_EMPTY';
}

/** The store is slower than the calls, and more calls wait than memory should hold. Nothing was run; await `durable()` and call again. */
export class StoreBehindError extends PrevalentError {
  readonly code = 'STORE_BEHIND';
}

/** Another process has taken over this master's name. Calls that were not durable are undone, and no more calls are taken. */
export class MasterFencedError extends PrevalentError {
  readonly code = 'MASTER_FENCED';
}

/** History before this point was deleted; the remaining history begins at a snapshot. */
export class HistoryDeletedError extends PrevalentError {
  readonly code = 'HISTORY_DELETED';
}

/** Two masters sealed history apart from each other: neither seal extends the other. Nothing was changed or deleted. */
export class SeparateHistoriesError extends PrevalentError {
  readonly code = 'SEPARATE_HISTORIES';
}

/** The state itself cannot go on (stack overflow or lack of memory on replay): the master stopped rather than guess. */
export class ReplicaFailedError extends PrevalentError {
  readonly code = 'REPLICA_FAILED';
}

/** A transaction did something else when it was run again from the same state (found by `check: 'replay'`); it was undone. */
export class NonDeterministicTransactionError extends PrevalentError {
  readonly code = 'NON_DETERMINISTIC_TRANSACTION';
}
