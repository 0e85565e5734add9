import { StoreUnreachableError } from '../../errors.js';
import type { PostgresSettings } from './postgres-options.js';

/**
 * Answers of a server (SQLSTATE) after which the same statement may succeed another time: it lost a connection, shuts down or starts, has no
 * connection left, chose this statement to end a deadlock, was cancelled by a time limit, or is a standby for now.
 */
const PASSING = /^(08...|57P..|57014|53300|40001|40P01|55P03|25006|25P..)$/;

/** No such schema, no such table. */
export const NO_TABLES = /^(3F000|42P01)$/;

/** The server's answer to a statement that failed. */
export interface ServerError extends Error {
  /** SQLSTATE. */
  readonly code: string;
}

/** Tells an answer of the server from a failure on the way to it. */
export function isServerError(error: unknown): error is ServerError {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && typeof severity === 'string';
}

/** One database, reached over a pool. Every call is one statement, which is a transaction of its own. */
export class Database {
  readonly settings: PostgresSettings;

  constructor(settings: PostgresSettings) {
    this.settings = settings;
  }

  /**
   * Runs one statement and gives its rows.
   *
   * @throws StoreUnreachableError (`STORE_UNREACHABLE`) if it may succeed another time, and may have taken effect; else the server's answer
   */
  async rows<Row>(text: string, values: unknown[]): Promise<Row[]> {
    const { location, timeLimit } = this.settings;
    const pool = await this.settings.pool();
    try {
      return (await pool.query({ text, values, query_timeout: timeLimit })).rows as Row[];
    } catch (error) {
      // A mistake of this program, or a text that is too long for the engine: it would be the same another time.
      if (error instanceof TypeError || error instanceof RangeError) throw error;
      if (isServerError(error) && !PASSING.test(error.code)) throw error;
      throw new StoreUnreachableError(`${location} could not be reached (${messageOf(error)}); it is tried again.`, {
        cause: error,
      });
    }
  }
}

/** A failed connection to several addresses has the reasons in its parts. */
function messageOf(error: unknown): string {
  const { message, errors } = error as { message?: string; errors?: readonly Error[] };
  return message || (errors?.map((one) => one.message).join(', ') ?? String(error));
}
