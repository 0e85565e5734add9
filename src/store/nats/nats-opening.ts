import { ModelMismatchError, StoreUnreachableError } from '../../errors.js';
import { crc32 } from '../../event/checksum.js';
import type { StreamId } from '../../event/event.js';
import { headerLine, parseLine } from '../../event/line.js';
import { decodeFrontier } from '../frontier.js';
import { headerOf, type Opening, type OpeningFacts, restOf, type Session, type StreamFound } from '../opening.js';
import type { JournalRequest } from '../store.js';
import { type MasterRecord, withStream } from './master-record.js';
import { type Begun, NatsJournal, ownSubject, type Reach } from './nats-journal.js';
import { OwnSubject } from './own-subject.js';
import type { Listed } from './records.js';
import { subjectOf } from './streams.js';

type Beginning = Extract<Opening, { kind: 'begin' }>;

/** Opens the journal of a master whose name is ours: looks what is there, asks what to do, does it. @param record the master's */
export async function openedJournal(reach: Reach, request: JournalRequest, record: MasterRecord): Promise<NatsJournal> {
  const { master } = request;
  // First: from then on nothing of whoever wrote it before gets into it.
  const written = record.epoch === null ? undefined : { master, epoch: record.epoch };
  const subject = written && (await OwnSubject.taken(ownSubject(reach, written)));
  await sweep(reach, master, record);
  const facts = await factsOf(reach, request, record.session ?? undefined);
  let opening = request.decide(facts);
  if (opening.kind === 'read' && facts.newest !== undefined) {
    const { stream } = facts.newest;
    await reach.events.check(stream, opening.published);
    opening = request.decide({ ...facts, journal: { isWhole: true, head: await reach.events.head(stream) } });
  }
  if (opening.kind === 'refuse') throw opening.error;
  if (opening.kind === 'read') throw new Error('All is known, and it is still not known whether the journal goes on');
  const begun =
    opening.kind === 'continue'
      ? await resumed(reach, facts, opening.remembered, subject)
      : await begunAnew(reach, request, facts, opening);
  return new NatsJournal(reach, begun);
}

/** Removes what former owners left: objects, and events of streams that were never born. */
async function sweep({ own, events, link }: Reach, master: string, { streams }: MasterRecord): Promise<void> {
  await own.sweep();
  const subjects = await events.messages.subjects(subjectOf(link.settings, master, '*'));
  for (const subject of subjects)
    if (!Object.hasOwn(streams, subject.slice(subject.lastIndexOf('.') + 1))) await events.messages.purge(subject);
}

async function factsOf(
  { records, own, link }: Reach,
  { master, model }: JournalRequest,
  session: Session | undefined,
): Promise<OpeningFacts> {
  const { location } = link.settings;
  const found = await records.frontiers();
  if (records.seen < own.revision)
    throw new StoreUnreachableError(
      `${location} does not show yet what it has just stored for "${master}"; it is tried again.`,
    );
  const streams = found.map(({ listed, frontier }): StreamFound => ({
    stream: listed.stream,
    header: headerIn(listed),
    frontier: decodeFrontier(frontier, crc32),
  }));
  // They come in the order of their epochs.
  const newest = streams.filter(({ stream, header }) => stream.master === master && header !== undefined).at(-1);
  return { master, model, location, session, streams, newest, journal: undefined };
}

/** The header of a stream, if it is its own. */
export function headerIn({ stream, record }: Listed): StreamFound['header'] {
  const line = parseLine(record.header, crc32);
  return line.kind === 'header' && isSame(line.header, stream) ? line.header : undefined;
}

function isSame(left: StreamId, right: StreamId): boolean {
  return left.master === right.master && left.epoch === right.epoch;
}

async function resumed(
  reach: Reach,
  { newest, session }: OpeningFacts,
  remembered: Extract<Opening, { kind: 'continue' }>['remembered'],
  taken: OwnSubject | undefined,
): Promise<Begun> {
  if (newest?.header === undefined) throw new Error('There is no journal that could go on');
  const { header } = newest;
  const { epoch } = header;
  const left = session?.epoch === epoch ? {} : { head: undefined, deletable: 0 };
  const before = { head: undefined, deletable: 0, ...session, ...left };
  const kept: Session = { ...before, session: header.session, epoch, ...remembered };
  const { epoch: written } = await reach.own.change((record) => ({ ...record, session: kept, epoch }));
  // Else another one was written last: that one was taken.
  const isTaken = taken !== undefined && written === epoch;
  const subject = isTaken ? taken : await OwnSubject.taken(ownSubject(reach, header));
  return { header, head: subject.head, session: kept, subject, notices: [] };
}

async function begunAnew(
  reach: Reach,
  request: JournalRequest,
  { newest, location }: OpeningFacts,
  opening: Beginning,
): Promise<Begun> {
  const { own, records, link } = reach;
  const rest =
    opening.publishesRest && newest?.header !== undefined
      ? restOf(newest.header, newest.frontier, await reach.events.head(newest.stream), crc32)
      : undefined;
  const header = headerOf(request, request.newEpoch(newest?.stream.epoch), opening);
  const model = await records.claim(request.model);
  if (model !== request.model)
    throw new ModelMismatchError(
      `${location} is for the model "${model}", not "${request.model}". Use another space; or, if it holds no journal, delete the key ${link.settings.space}.model of the bucket ${link.settings.stream}.`,
    );
  if (rest !== undefined && newest !== undefined)
    await own.publish(newest.stream.epoch, rest.frontier, (record) => record);
  const { session, epoch } = header;
  const kept: Session = { session, epoch, head: undefined, deletable: 0, ...opening.remembered };
  await own.change((record) =>
    withStream({ ...record, session: kept, epoch }, epoch, { header: headerLine(header, crc32) }),
  );
  const notices = [rest?.notice, opening.notice].filter((notice) => notice !== undefined);
  return { header, head: undefined, session: kept, subject: OwnSubject.begun(ownSubject(reach, header)), notices };
}
