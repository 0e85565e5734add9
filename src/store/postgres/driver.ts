/** The part of the package `pg` that is used. Its own `Pool` fits, and so does anything that behaves like it. */

/** One statement, as `pg` takes it. */
export interface PostgresQuery {
  readonly text: string;
  readonly values?: unknown[];
  /** After so long (ms) without an answer the connection is given up. */
  readonly query_timeout?: number;
}

/** What a statement gave. */
export interface PostgresResult {
  readonly rows: unknown[];
}

/** A connection that is kept for a while. */
export interface PostgresClient {
  query(query: PostgresQuery): Promise<PostgresResult>;
  on(event: 'notification', listener: (message: { channel: string; payload?: string | undefined }) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  /** Lets the process end although the connection is open. */
  unref?(): void;
  /** Gives the connection back; with `true` it is closed. */
  release(destroy?: boolean): void;
}

/** Connections to one database. */
export interface PostgresPool {
  query(query: PostgresQuery): Promise<PostgresResult>;
  connect(): Promise<PostgresClient>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** What it was made with, as far as it tells. */
  readonly options?: PostgresPoolOptions;
}

/** Of a pool's options, those that matter here. */
export interface PostgresPoolOptions {
  readonly max?: number | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly database?: string | undefined;
  readonly connectionString?: string | undefined;
}

/** How long (ms) a connection may take to be made. */
const CONNECT_MS = 10_000;

/** Makes a pool with the package `pg`, which is loaded only now. It keeps no process alive that has nothing else to do. */
export async function poolOf(connectionString: string): Promise<PostgresPool> {
  const { default: pg } = await import('pg');
  return new pg.Pool({
    connectionString,
    application_name: 'prevalent',
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    allowExitOnIdle: true,
  });
}
