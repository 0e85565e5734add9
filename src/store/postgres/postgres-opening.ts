import { ModelMismatchError } from '../../errors.js';
import { crc32 } from '../../event/checksum.js';
import { headerLine, parseLine } from '../../event/line.js';
import { decodeFrontier } from '../frontier.js';
import { headerOf, type Opening, type OpeningFacts, restOf, type Session, type StreamFound } from '../opening.js';
import type { JournalRequest } from '../store.js';
import { type Begun, PostgresJournal, type Reach } from './postgres-journal.js';

/** A stream as its row says. */
interface StreamRow {
  readonly master: string;
  readonly epoch: string;
  readonly header: string;
  readonly frontier: string | null;
}

/** So often it may turn out that another model was begun meanwhile: once it is found. */
const MOST_TRIES = 3;

type Beginning = Extract<Opening, { kind: 'begin' }>;

/**
 * Opens the journal of a master whose name is ours: looks what is there, asks what to do, does it.
 *
 * @param session what is remembered of the master, `undefined` if nothing
 */
export async function openedJournal(
  reach: Reach,
  request: JournalRequest,
  session: Session | undefined,
): Promise<PostgresJournal> {
  await sweep(reach, request.master);
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    const facts = await factsOf(reach, request, session);
    let opening = request.decide(facts);
    if (opening.kind === 'read' && facts.newest !== undefined) {
      const { stream } = facts.newest;
      // A row is there as a whole or not at all: a line that is damaged was whole once.
      await reach.events.check(stream, opening.published);
      opening = request.decide({ ...facts, journal: { isWhole: true, head: await reach.events.head(stream) } });
    }
    if (opening.kind === 'refuse') throw opening.error;
    if (opening.kind === 'read') throw new Error('All is known, and it is still not known whether the journal goes on');
    const begun =
      opening.kind === 'continue'
        ? await resumed(reach, facts, opening.remembered)
        : await begunAnew(reach, request, facts, opening);
    // Else another model was begun in this space meanwhile: it is found now.
    if (begun !== undefined) return new PostgresJournal(reach, begun);
  }
  const { location, schema, space } = reach.database.settings;
  throw new ModelMismatchError(
    `${location} is for another model than "${request.model}", although it holds no journal: see table ${schema}.spaces. Use another space, or delete the row of ${space} there.`,
  );
}

/** Removes what former owners left of snapshots that they never finished. */
async function sweep({ database, sql, fence }: Reach, master: string): Promise<void> {
  await database.rows(sql.sweep, [database.settings.space, master, fence.tokens[0]]);
}

async function factsOf(
  { database, sql }: Reach,
  { master, model }: JournalRequest,
  session: Session | undefined,
): Promise<OpeningFacts> {
  const { space, location } = database.settings;
  const rows = await database.rows<StreamRow>(sql.found, [space]);
  const streams = rows.map((row): StreamFound => {
    const line = parseLine(row.header, crc32);
    return {
      stream: { master: row.master, epoch: row.epoch },
      header: line.kind === 'header' ? line.header : undefined,
      frontier: decodeFrontier(row.frontier ?? undefined, crc32),
    };
  });
  // Rows come in the order of their epochs.
  const newest = streams.filter(({ stream, header }) => stream.master === master && header !== undefined).at(-1);
  return { master, model, location, session, streams, newest, journal: undefined };
}

async function resumed(
  reach: Reach,
  { newest, session }: OpeningFacts,
  remembered: Extract<Opening, { kind: 'continue' }>['remembered'],
): Promise<Begun> {
  if (newest?.header === undefined) throw new Error('There is no journal that could go on');
  const { header } = newest;
  const { epoch } = header;
  const left = session?.epoch === epoch ? {} : { head: undefined, deletable: 0 };
  const before = { head: undefined, deletable: 0, ...session, ...left };
  const kept: Session = { ...before, session: header.session, epoch, ...remembered };
  await written(reach, header.master, epoch, 'resume', [JSON.stringify(kept)]);
  return { header, session: kept, head: await reach.events.head(header), notices: [] };
}

/** Begins a stream; gives nothing if the space holds another model. */
async function begunAnew(
  reach: Reach,
  request: JournalRequest,
  { newest }: OpeningFacts,
  opening: Beginning,
): Promise<Begun | undefined> {
  const rest =
    opening.publishesRest && newest?.header !== undefined
      ? restOf(newest.header, newest.frontier, await reach.events.head(newest.stream), crc32)
      : undefined;
  const header = headerOf(request, request.newEpoch(newest?.stream.epoch), opening);
  const { session, epoch } = header;
  const kept: Session = { session, epoch, head: undefined, deletable: 0, ...opening.remembered };
  const values = [JSON.stringify(kept), headerLine(header, crc32), request.model];
  const isBegun = await written(reach, request.master, epoch, 'begin', [
    ...values,
    newest?.stream.epoch ?? null,
    rest?.frontier ?? null,
  ]);
  if (!isBegun) return undefined;
  const notices = [rest?.notice, opening.notice].filter((notice) => notice !== undefined);
  return { header, session: kept, head: undefined, notices };
}

/** Whether it was written; not if the name is ours, and nothing was. */
async function written(
  { database, sql, fence }: Reach,
  master: string,
  epoch: string,
  statement: 'begin' | 'resume',
  values: unknown[],
): Promise<boolean> {
  const { space } = database.settings;
  const row = await fence.write(
    (token) => database.rows<{ mine: boolean }>(sql[statement], [space, master, token, epoch, ...values]),
    () => true,
  );
  return row !== undefined;
}
