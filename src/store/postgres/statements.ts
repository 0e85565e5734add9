/**
 * The SQL of a `PostgresStore`. Each text is one statement, and so one transaction.
 *
 * What writes begins with `mine`: it finds the row that says who owns the master's name, checks owner and epoch, and locks it until the
 * statement has ended. Who takes the name over waits for that lock. So a statement of a former owner has its effect before that, or none.
 */

/** A name as it stands in SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** What is acknowledged must be on the server's disk, also where a role or a database is set to acknowledge before. */
const DURABLE = `CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END AS durable`;

/** Parameters 1 to 4 of all that an owner does: space, master, token, epoch. */
const NAME = 'space = $1 AND master = $2';
const STREAM = `${NAME} AND epoch = $4`;

/** So many batches, and about so many bytes, are read at once. */
export const PAGE = { batches: 10_000, bytes: 16 * 1024 * 1024 } as const;

export type Statements = ReturnType<typeof statementsFor>;

/** The statements on the tables of one schema. */
export function statementsFor(name: string) {
  const schema = quoted(name);
  const owned = `${NAME} AND owner = $3::uuid AND epoch = $4`;
  const mine = `mine AS (SELECT ${DURABLE} FROM ${schema}.masters WHERE ${owned} FOR NO KEY UPDATE)`;
  /** Without the lock: what nobody finds may also come too late. */
  const looselyMine = `mine AS (SELECT true FROM ${schema}.masters WHERE ${owned})`;
  const told = 'SELECT EXISTS (SELECT FROM mine) AS mine';
  const rewritten = `mine AS (UPDATE ${schema}.masters SET session = $5::json`;
  /** Batches that `deleteEvents` deletes: the newest one stays. */
  const covered = `${STREAM} AND last <= $5 AND first < (SELECT max(first) FROM ${schema}.events WHERE ${STREAM})`;
  return {
    version: `SELECT (SELECT max(version) FROM ${schema}.versions) AS version, current_setting('server_encoding') AS encoding`,

    /** 3: new token, 4: whose, 5: ms, 6: tokens of earlier tries. */
    take: `INSERT INTO ${schema}.masters AS m (space, master, owner, holder, owned_until)
      VALUES ($1, $2, $3::uuid, $4, clock_timestamp() + $5::float8 * interval '1 ms')
      ON CONFLICT (space, master) DO UPDATE SET owner = excluded.owner, holder = excluded.holder, owned_until = excluded.owned_until
      WHERE m.owner IS NULL OR m.owner = ANY ($6::uuid[]) OR m.owned_until < clock_timestamp()
      RETURNING session`,
    /** 3: new token, 4: tokens it may replace. */
    retake: `UPDATE ${schema}.masters SET owner = $3::uuid WHERE ${NAME} AND owner = ANY ($4::uuid[]) RETURNING owner`,
    /** 2: tokens, 3: ms. Gives those that are still valid. */
    renew: `/* renew */ UPDATE ${schema}.masters SET owned_until = clock_timestamp() + $3::float8 * interval '1 ms'
      WHERE space = $1 AND owner = ANY ($2::uuid[]) RETURNING owner`,
    /** A name under which nothing was ever written leaves nothing behind. */
    release: `WITH gone AS (DELETE FROM ${schema}.masters WHERE ${NAME} AND owner = ANY ($3::uuid[]) AND session IS NULL)
      UPDATE ${schema}.masters SET owner = NULL, owned_until = NULL WHERE ${NAME} AND owner = ANY ($3::uuid[]) AND session IS NOT NULL`,
    owner: `SELECT owner, holder, epoch, owned_until::text AS until, coalesce(owned_until < clock_timestamp(), true) AS over
      FROM ${schema}.masters WHERE ${NAME}`,
    notify: 'SELECT pg_notify($1, $2)',

    streams: `SELECT master, epoch, frontier FROM ${schema}.streams WHERE space = $1 ORDER BY master, epoch`,
    found: `SELECT master, epoch, header, frontier FROM ${schema}.streams WHERE space = $1 ORDER BY master, epoch`,
    header: `SELECT header FROM ${schema}.streams WHERE ${NAME} AND epoch = $3`,

    /** 4: after, 5: up to, 6: bytes. */
    read: `SELECT first, lines FROM (
        SELECT first, lines, sum(bytes) OVER (ORDER BY first) - bytes AS before FROM (
          SELECT first, lines, bytes FROM ${schema}.events WHERE ${NAME} AND epoch = $3 AND first <= $5::bigint AND first >= coalesce(
            (SELECT max(first) FROM ${schema}.events WHERE ${NAME} AND epoch = $3 AND first <= $4::bigint + 1), 0)
          ORDER BY first LIMIT ${PAGE.batches}) few) page
      WHERE before < $6 ORDER BY first`,
    oldest: `SELECT min(first) AS first FROM ${schema}.events WHERE ${NAME} AND epoch = $3`,
    newest: `SELECT first, last, lines FROM ${schema}.events WHERE ${NAME} AND epoch = $3 ORDER BY first DESC LIMIT 1`,

    /** 5: first, 6: last, 7: lines. */
    append: `WITH ${mine},
      tail AS (SELECT coalesce((SELECT last FROM ${schema}.events WHERE ${STREAM} ORDER BY first DESC LIMIT 1), 0) AS last),
      added AS (INSERT INTO ${schema}.events (space, master, epoch, first, last, bytes, lines)
        SELECT $1, $2, $4, $5::bigint, $6::bigint, octet_length($7::text), $7::text FROM mine, tail WHERE tail.last = $5::bigint - 1
        ON CONFLICT DO NOTHING RETURNING first)
      ${told}, EXISTS (SELECT FROM added) AS added, (SELECT last FROM tail) AS last`,
    /** 5: up to; of a batch that goes beyond it, the beginning stays. */
    cutBack: `WITH ${mine},
      gone AS (DELETE FROM ${schema}.events USING mine WHERE ${STREAM} AND first > $5::bigint),
      kept AS (SELECT first AS at, array_to_string((string_to_array(lines, E'\\n'))[1:($5::bigint - first + 1)::int], E'\\n') || E'\\n' AS rest
        FROM ${schema}.events WHERE ${STREAM} AND first <= $5::bigint AND last > $5::bigint),
      cut AS (UPDATE ${schema}.events SET last = $5::bigint, lines = rest, bytes = octet_length(rest) FROM kept, mine
        WHERE ${STREAM} AND first = at)
      ${told}`,
    held: `WITH ${mine} ${told}`,

    /** 5: session, 6: frontier, 7: channel. */
    publish: `WITH ${rewritten} WHERE ${owned} RETURNING ${DURABLE}),
      published AS (UPDATE ${schema}.streams SET frontier = $6 FROM mine WHERE ${STREAM} RETURNING pg_notify($7, $2))
      ${told}, (SELECT count(*) FROM published) AS published`,
    /** 5: epoch of an earlier stream, 6: frontier. */
    retire: `WITH ${mine},
      retired AS (UPDATE ${schema}.streams SET frontier = $6 FROM mine WHERE ${NAME} AND epoch = $5 RETURNING true)
      ${told}, (SELECT count(*) FROM retired) AS retired`,
    /** 4: the epoch that begins, 5: session, 6: header, 7: model, 8: an earlier epoch, 9: its frontier, if it gets one. */
    begin: `WITH claimed AS (INSERT INTO ${schema}.spaces AS s (space, model)
        SELECT $1, $7::text FROM ${schema}.masters WHERE ${NAME} AND owner = $3::uuid
        ON CONFLICT (space) DO UPDATE SET model = s.model WHERE s.model = $7::text RETURNING true),
      ${rewritten}, epoch = $4 FROM claimed WHERE ${NAME} AND owner = $3::uuid RETURNING ${DURABLE}),
      begun AS (INSERT INTO ${schema}.streams (space, master, epoch, header) SELECT $1, $2, $4, $6 FROM mine),
      rest AS (UPDATE ${schema}.streams SET frontier = $9 FROM mine WHERE ${NAME} AND epoch = $8 AND $9::text IS NOT NULL)
      ${told}`,
    /** 4: the epoch that goes on, 5: session. */
    resume: `WITH ${rewritten}, epoch = $4 WHERE ${NAME} AND owner = $3::uuid RETURNING ${DURABLE}) ${told}`,
    /** 5: session, 6: the epoch that begins, 7: header, 8: number of the last line, 9: lines. */
    succeed: `WITH ${rewritten}, epoch = $6 WHERE ${owned} RETURNING ${DURABLE}),
      begun AS (INSERT INTO ${schema}.streams (space, master, epoch, header) SELECT $1, $2, $6, $7 FROM mine),
      added AS (INSERT INTO ${schema}.events (space, master, epoch, first, last, bytes, lines)
        SELECT $1, $2, $6, 1, $8::bigint, octet_length($9::text), $9::text FROM mine WHERE $8::bigint > 0)
      ${told}`,

    deletable: `SELECT coalesce(sum(bytes), 0) AS bytes FROM ${schema}.events WHERE ${covered.replaceAll('$4', '$3').replaceAll('$5', '$4')}`,
    size: `SELECT (SELECT coalesce(sum(bytes), 0) FROM ${schema}.events WHERE ${NAME} AND epoch = $3) AS journal,
      (SELECT coalesce(sum(bytes), 0) FROM ${schema}.snapshots WHERE ${NAME} AND epoch = $3) AS snapshots`,
    /** 4: the epoch that is written, 5: up to, 6: epoch of the stream. */
    deleteEvents: `WITH ${mine},
      gone AS (DELETE FROM ${schema}.events USING mine WHERE ${covered.replaceAll('$4', '$6')} RETURNING bytes)
      ${told}, (SELECT coalesce(sum(bytes), 0) FROM gone) AS bytes`,
    /** 5: epoch of the stream. */
    deleteStream: `WITH ${mine},
      pieces AS (DELETE FROM ${schema}.snapshot_pieces USING mine WHERE ${NAME} AND epoch = $5),
      saved AS (DELETE FROM ${schema}.snapshots USING mine WHERE ${NAME} AND epoch = $5),
      gone AS (DELETE FROM ${schema}.events USING mine WHERE ${NAME} AND epoch = $5 RETURNING bytes),
      ended AS (DELETE FROM ${schema}.streams USING mine WHERE ${NAME} AND epoch = $5)
      ${told}, (SELECT coalesce(sum(bytes), 0) FROM gone) AS bytes`,

    snapshots: `SELECT position FROM ${schema}.snapshots WHERE ${NAME} AND epoch = $3 ORDER BY position DESC`,
    /** 5: writing, 6: number, 7: bytes. Nobody finds it before the snapshot is listed. */
    piece: `WITH ${looselyMine},
      added AS (INSERT INTO ${schema}.snapshot_pieces (space, master, epoch, writing, no, bytes)
        SELECT $1, $2, $4, $5::uuid, $6::int, $7::bytea FROM mine)
      ${told}`,
    /** 5: writing, 6: position, 7: pieces, 8: bytes. */
    save: `WITH ${mine},
      before AS (SELECT writing FROM ${schema}.snapshots WHERE ${STREAM} AND position = $6),
      saved AS (INSERT INTO ${schema}.snapshots AS s (space, master, epoch, position, writing, pieces, bytes)
        SELECT $1, $2, $4, $6, $5::uuid, $7::int, $8::bigint FROM mine
        ON CONFLICT (space, master, epoch, position) DO UPDATE SET writing = excluded.writing, pieces = excluded.pieces, bytes = excluded.bytes),
      gone AS (DELETE FROM ${schema}.snapshot_pieces p USING mine, before
        WHERE p.space = $1 AND p.master = $2 AND p.epoch = $4 AND p.writing = before.writing)
      ${told}`,
    /** 5: position. */
    remove: `WITH ${mine},
      removed AS (DELETE FROM ${schema}.snapshots USING mine WHERE ${STREAM} AND position = $5 RETURNING writing),
      gone AS (DELETE FROM ${schema}.snapshot_pieces p USING removed
        WHERE p.space = $1 AND p.master = $2 AND p.epoch = $4 AND p.writing = removed.writing)
      ${told}`,
    /** Pieces of snapshots that were never finished. */
    sweep: `DELETE FROM ${schema}.snapshot_pieces p USING ${schema}.masters m
      WHERE m.space = $1 AND m.master = $2 AND m.owner = $3::uuid AND p.space = $1 AND p.master = $2
      AND NOT EXISTS (SELECT FROM ${schema}.snapshots s WHERE s.space = $1 AND s.master = $2 AND s.epoch = p.epoch AND s.writing = p.writing)`,
    /** 4: position, 5: number of the piece. */
    pieceOf: `SELECT s.writing::text AS writing, s.pieces, p.bytes FROM ${schema}.snapshots s
      LEFT JOIN ${schema}.snapshot_pieces p
        ON p.space = s.space AND p.master = s.master AND p.epoch = s.epoch AND p.writing = s.writing AND p.no = $5::int
      WHERE s.space = $1 AND s.master = $2 AND s.epoch = $3 AND s.position = $4`,
  } as const;
}
