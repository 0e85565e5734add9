import { InvalidOptionError } from '../../errors.js';
import { type PostgresPool, poolOf } from './driver.js';

/** Where a `PostgresStore` keeps its journals, and how it reaches them. Give `pool` or `connectionString`. */
export interface PostgresStoreOptions {
  /** A pool of the package `pg`, shared with whoever else uses it. */
  readonly pool?: PostgresPool;
  /** Address of a database, as `postgres://user@host:5432/database`; the store makes a pool of its own. */
  readonly connectionString?: string;
  /** Schema of the tables. Default: `prevalent`. */
  readonly schema?: string;
  /** Keeps the masters of many models apart in one schema: one model for each space. Default: `default`. */
  readonly space?: string;
  /**
   * Over which connections it listens to what others publish. `LISTEN` needs a connection of its own: behind a pooler that changes connections
   * between transactions, give a pool or an address that leads to the server itself. `false`: it does not listen, and cannot be watched. Default: the same pool.
   */
  readonly listen?: PostgresPool | string | false;
  /** How long (ms) the owner of a name may be silent before another process may take it over. Default: 15,000. */
  readonly silence?: number;
  /** How long (ms) the server may take to answer. Default: 30,000. */
  readonly timeLimit?: number;
}

/** The options, checked. */
export interface PostgresSettings {
  readonly pool: () => Promise<PostgresPool>;
  /** `undefined` if it does not listen. */
  readonly listening: (() => Promise<PostgresPool>) | undefined;
  readonly schema: string;
  readonly space: string;
  readonly silence: number;
  readonly timeLimit: number;
  /** How messages name the store. */
  readonly location: string;
  /** Equal for stores of the same journals. */
  readonly place: string;
}

/** Longer names are cut by PostgreSQL without a word. */
const MOST_NAME_BYTES = 63;

/** @throws InvalidOptionError (`INVALID_OPTION`) */
export function settingsOf(options: PostgresStoreOptions): PostgresSettings {
  const { pool, connectionString, schema = 'prevalent', space = 'default', listen } = options;
  if ((pool === undefined) === (connectionString === undefined))
    throw new InvalidOptionError('PostgresStore: give either pool or connectionString');
  if (schema === '' || new TextEncoder().encode(schema).length > MOST_NAME_BYTES || /[\0$]/.test(schema))
    throw new InvalidOptionError(`PostgresStore: schema: ${JSON.stringify(schema)} is no name of a schema`);
  if (space === '' || space.includes('\0'))
    throw new InvalidOptionError('PostgresStore: space: give a text that is not empty and has no character 0');
  if (pool !== undefined && listen === undefined && (pool.options?.max ?? 10) < 2)
    throw new InvalidOptionError(
      'PostgresStore: pool: it has one connection, and the store keeps one for LISTEN. Give it two or more, or set listen.',
    );
  const address = addressOf(pool, connectionString);
  const calls = pool === undefined ? made(connectionString ?? '') : given(pool);
  return {
    pool: calls,
    listening: listeningOf(listen, calls),
    schema,
    space,
    silence: positive('silence', options.silence ?? 15_000),
    timeLimit: positive('timeLimit', options.timeLimit ?? 30_000),
    location: `PostgreSQL ${address.shown} (schema ${schema}, space ${space})`,
    place: JSON.stringify([address.key, schema, space]),
  };
}

function listeningOf(
  listen: PostgresStoreOptions['listen'],
  calls: () => Promise<PostgresPool>,
): PostgresSettings['listening'] {
  if (listen === false) return undefined;
  if (listen === undefined) return calls;
  return typeof listen === 'string' ? made(listen) : given(listen);
}

/** One pool, made when it is first needed. A failure to load `pg` is told each time. */
function made(connectionString: string): () => Promise<PostgresPool> {
  let pool: Promise<PostgresPool> | undefined;
  return () =>
    (pool ??= poolOf(connectionString).then(quiet, (error: unknown) => {
      pool = undefined;
      throw new InvalidOptionError(
        `PostgresStore: the package pg could not be loaded (${(error as Error).message}). Install it: npm install pg`,
        { cause: error },
      );
    }));
}

function given(pool: PostgresPool): () => Promise<PostgresPool> {
  return () => Promise.resolve(quiet(pool));
}

const QUIET = new WeakSet<PostgresPool>();

/** An idle connection that ends, as with every restart of the server, must not end the process: whoever needs one next gets another. */
function quiet(pool: PostgresPool): PostgresPool {
  if (!QUIET.has(pool)) pool.on('error', () => undefined);
  QUIET.add(pool);
  return pool;
}

/** Pools that do not tell where they lead: each is a place of its own. */
const UNKNOWN = new WeakMap<object, number>();
let unknown = 0;

/** Where a pool or an address leads: never with the password. */
function addressOf(
  pool: PostgresPool | undefined,
  connectionString = pool?.options?.connectionString,
): { shown: string; key: string } {
  if (connectionString !== undefined && URL.canParse(connectionString)) {
    const { host, pathname } = new URL(connectionString);
    return { shown: `${host}${pathname}`, key: `${host}${pathname}` };
  }
  const { host, port, database } = pool?.options ?? {};
  if (host !== undefined || database !== undefined) {
    const shown = `${host ?? 'localhost'}:${port ?? 5432}/${database ?? ''}`;
    return { shown, key: shown };
  }
  if (pool === undefined) return { shown: 'as the environment says', key: connectionString ?? '' };
  const number = UNKNOWN.get(pool) ?? ++unknown;
  UNKNOWN.set(pool, number);
  return { shown: 'of the given pool', key: `pool ${number}` };
}

function positive(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidOptionError(`PostgresStore: ${name}: ${String(value)} is no positive number of milliseconds`);
}
