import { InvalidOptionError } from '../../errors.js';
import { type Database, isServerError, NO_TABLES } from './database.js';
import { quoted, statementsFor } from './statements.js';

/** Versions of the tables, the first one first: what each adds to the one before. */
const VERSIONS: readonly ((schema: string) => string)[] = [
  (schema) => `
    CREATE TABLE ${schema}.spaces (
      space text COLLATE "C" PRIMARY KEY,
      model text NOT NULL
    );
    CREATE TABLE ${schema}.masters (
      space text COLLATE "C", master text COLLATE "C",
      session json, epoch text COLLATE "C",
      owner uuid, holder text, owned_until timestamptz,
      PRIMARY KEY (space, master)
    ) WITH (fillfactor = 50);
    CREATE TABLE ${schema}.streams (
      space text COLLATE "C", master text COLLATE "C", epoch text COLLATE "C",
      header text NOT NULL, frontier text,
      PRIMARY KEY (space, master, epoch)
    ) WITH (fillfactor = 50);
    CREATE TABLE ${schema}.events (
      space text COLLATE "C", master text COLLATE "C", epoch text COLLATE "C", first bigint,
      last bigint NOT NULL, bytes integer NOT NULL, lines text NOT NULL,
      PRIMARY KEY (space, master, epoch, first)
    );
    CREATE TABLE ${schema}.snapshots (
      space text COLLATE "C", master text COLLATE "C", epoch text COLLATE "C", position text COLLATE "C",
      writing uuid NOT NULL, pieces integer NOT NULL, bytes bigint NOT NULL,
      PRIMARY KEY (space, master, epoch, position)
    );
    CREATE TABLE ${schema}.snapshot_pieces (
      space text COLLATE "C", master text COLLATE "C", epoch text COLLATE "C", writing uuid, no integer,
      bytes bytea NOT NULL,
      PRIMARY KEY (space, master, epoch, writing, no)
    );`,
];

/** Refused for lack of rights. */
const NO_RIGHT = '42501';

/**
 * The SQL that makes the tables of a schema, or brings them up to date. It may be run again, and by several at once. For databases where
 * the role that runs masters may not create tables.
 *
 * @example
 * ```ts
 * import { tablesSql } from 'prevalent/postgres';
 *
 * console.log(tablesSql('prevalent').startsWith('DO ')); // true
 * ```
 */
export function tablesSql(name = 'prevalent'): string {
  const schema = quoted(name);
  const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const steps = VERSIONS.map(
    (sql, index) => `
  IF NOT EXISTS (SELECT FROM ${schema}.versions WHERE version = ${index + 1}) THEN${sql(schema)}
    INSERT INTO ${schema}.versions (version) VALUES (${index + 1});
  END IF;`,
  );
  // One statement, so that it is done as a whole; one at a time, whoever else starts.
  return `DO $prevalent$ BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(${literal(`prevalent tables ${name}`)}, 0));
  IF to_regnamespace(${literal(schema)}) IS NULL THEN CREATE SCHEMA ${schema}; END IF;
  IF to_regclass(${literal(`${schema}.versions`)}) IS NULL THEN
    CREATE TABLE ${schema}.versions (version integer PRIMARY KEY, since timestamptz NOT NULL DEFAULT now());
  END IF;${steps.join('')}
END $prevalent$`;
}

/**
 * Sees to it that the tables are there, in the version of this code.
 *
 * @throws InvalidOptionError (`INVALID_OPTION`) if they cannot be made, or are those of a later version
 */
export async function readyTables(database: Database): Promise<void> {
  const { schema, location } = database.settings;
  let found = await versionOf(database);
  if (found === undefined || found.version < VERSIONS.length) {
    await make(database);
    found = await versionOf(database);
  }
  if (found === undefined) throw new InvalidOptionError(`${location}: the tables vanished while they were looked for`);
  if (found.version > VERSIONS.length)
    throw new InvalidOptionError(
      `${location}: the tables are of version ${found.version}, and this program knows version ${VERSIONS.length}. Update prevalent.`,
    );
  if (found.encoding !== 'UTF8')
    throw new InvalidOptionError(
      `${location}: schema ${schema} is in a database with the encoding ${found.encoding}. Use one with UTF8: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`,
    );
}

async function versionOf(database: Database): Promise<{ version: number; encoding: string } | undefined> {
  const { schema } = database.settings;
  try {
    const [row] = await database.rows<{ version: number | null; encoding: string }>(statementsFor(schema).version, []);
    return row && { ...row, version: row.version ?? 0 };
  } catch (error) {
    if (isServerError(error) && NO_TABLES.test(error.code)) return undefined;
    if (isServerError(error) && error.code === NO_RIGHT) throw noRight(database, error);
    throw error;
  }
}

async function make(database: Database): Promise<void> {
  try {
    await database.rows(tablesSql(database.settings.schema), []);
  } catch (error) {
    if (isServerError(error) && error.code === NO_RIGHT) throw noRight(database, error);
    throw error;
  }
}

function noRight({ settings: { schema, location } }: Database, cause: Error): InvalidOptionError {
  return new InvalidOptionError(
    `${location}: this role may not use or make the tables (${cause.message}). Let the owner of schema ${schema} run tablesSql(${JSON.stringify(schema)}) of prevalent/postgres, ` +
      'and grant this role USAGE on the schema and SELECT, INSERT, UPDATE, DELETE on its tables.',
    { cause },
  );
}
