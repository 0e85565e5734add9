import { PrevalentError, StoreUnreachableError } from '../errors.js';

/**
 * Gives what a store itself throws a code and a remedy.
 *
 * @throws StoreUnreachableError (`STORE_UNREACHABLE`) in place of errors of the system; others as they are
 */
export async function reaching<T>({ location }: { readonly location: string }, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PrevalentError || typeof (error as { code?: unknown } | null)?.code !== 'string') throw error;
    throw new StoreUnreachableError(
      `${location} could not be read or written (${(error as Error).message}). Make it reachable and try again: a call is acknowledged only when it stands there.`,
      { cause: error },
    );
  }
}
