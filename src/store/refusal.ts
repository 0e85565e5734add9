import { MasterFencedError, NotDurableError, OutcomeUnknownError, type PrevalentError } from '../errors.js';

/** What callers are told of lines that a store refused. */

/** Takes refused lines back at once; gives what their callers are told. */
export function takenBackBy(cutBack: () => void, cause: unknown): PrevalentError {
  if (cause instanceof MasterFencedError) return cause;
  try {
    cutBack();
    return notDurable(cause);
  } catch (error) {
    return outcomeUnknown(cause, error);
  }
}

/** The lines were taken back. */
export function notDurable(cause: unknown): NotDurableError {
  return new NotDurableError(
    `The store refused calls (${reason(cause)}); they were undone. The master is read-only now. Make room there, or repair what refuses them, and open it again.`,
    { cause },
  );
}

/** The lines could not be taken back, because of `second`. */
export function outcomeUnknown(cause: unknown, second: unknown): OutcomeUnknownError {
  return new OutcomeUnknownError(
    `The store refused calls (${reason(cause)}) and could not take them back. They were undone in memory; open the master again to see which of them are there.`,
    { cause: new AggregateError([cause, second], reason(cause)) },
  );
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
