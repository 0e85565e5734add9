import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { PrevalentError, StoreRefusedError, StoreUnreachableError } from '../../errors.js';

/*
 * What the answer of a server means for whoever asked. Whatever is not listed here may succeed another time: lost connections, missing
 * leaders, servers that start.
 */

/** A limit or a disk that is full: a stream that takes no more, storage, resources of the account. */
const FULL = new Set([10_077, 10_047, 10_028, 10_023, 10_002]);

/** The expected last sequence was another one. */
const OVERTAKEN = new Set<number>([
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
]);

const GONE = new Set<number>([JetStreamApiCodes.NoMessageFound, 10_043]);

/** Tells that somebody else has written to a subject since it was looked at, so that a message was not stored. */
export function isOvertaken(error: unknown): boolean {
  return error instanceof JetStreamApiError && OVERTAKEN.has(error.code);
}

/** Tells that there is no message of this number any more. */
export function isGone(error: unknown): boolean {
  return error instanceof JetStreamApiError && GONE.has(error.code);
}

/** Tells that the servers have answered a message, and not stored it. */
export function isAnswered(error: unknown): boolean {
  return error instanceof StoreRefusedError && error.cause instanceof JetStreamApiError;
}

/** What a caller is told of a failure. @param isOurs whether the store made the connection, and would make it again */
export function toldOf(error: unknown, location: string, isOurs: boolean): unknown {
  if (error instanceof PrevalentError || isOvertaken(error)) return error;
  // A mistake of this program: it would be the same another time.
  if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError) return error;
  const reason = reasonOf(error);
  const why = refusalOf(error, isOurs);
  return why === undefined
    ? new StoreUnreachableError(`${location} could not be reached (${reason}); it is tried again.`, { cause: error })
    : new StoreRefusedError(`${location} refuses: ${reason}. ${why}`, { cause: error });
}

/** What to do about what is refused for good; `undefined` if it may succeed another time. */
function refusalOf(error: unknown, isOurs: boolean): string | undefined {
  const causes = [error, (error as Error).cause];
  const isA = (kind: new (...args: never[]) => Error): boolean => causes.some((one) => one instanceof kind);
  if (isA(errors.PermissionViolationError)) return 'Give this user the permissions that docs/nats.md lists.';
  if (isA(errors.AuthorizationError) || isA(errors.UserAuthenticationExpiredError))
    return 'Check the credentials of this user.';
  if (!isOurs && (isA(errors.ClosedConnectionError) || isA(errors.DrainingConnectionError)))
    return 'The connection was closed where it was made. Close the master, and open it with a store on another connection.';
  if (!(error instanceof JetStreamApiError)) return undefined;
  if (FULL.has(error.code))
    return 'Make room there: raise the limits of the stream or of the account, or free the disk.';
  // A stream is not found while a server that starts does not know it yet.
  return error.status < 500 && error.code !== JetStreamApiCodes.StreamNotFound
    ? 'Ask who runs the servers.'
    : undefined;
}

/** A failed connection to several addresses has the reasons in its parts. */
function reasonOf(error: unknown): string {
  const { message, errors: parts } = error as { message?: string; errors?: readonly Error[] };
  return message || (parts?.map((one) => one.message).join(', ') ?? String(error));
}
