import { counted } from '../article.js';
import { ModelMismatchError, StoreEmptyError } from '../errors.js';
import { streamKey } from '../event/event.js';
import { type CaseFacts, type Case, caseFor, type SeenOf } from '../store/cases.js';
import type { Seal } from '../store/frontier.js';
import type { Opening, OpeningFacts, Session, StreamFound } from '../store/opening.js';
import { knownEnd } from './frontier.js';
import { streamOf } from './vector.js';

/**
 * Whether a start goes on with the newest stream of its master or begins another one. Every store asks here, with what it found.
 *
 * Invariants: no number of an event is given twice, so a stream goes on only on the machine that wrote it, and only if it holds all that
 * was published of it; nothing that was durable is left unpublished when a stream is left; nothing is changed where nothing is opened.
 */

/** What is seen of a store and of what this machine remembers. */
export const OPENING_FACTS = {
  /** The model that the store holds. */
  model: ['this one or none', 'another one'],
  /** The newest stream of this master that has a journal: who wrote it. */
  newest: ['none', 'this machine', 'another one'],
  /** Whether this machine remembers to have published the stream it wrote last, be it without an event. */
  remembers: ['nothing published', 'something published'],
  /** Whether anything of this master is in the store, be it without a journal. */
  own: ['something', 'nothing'],
  /** Whether the user says to begin although something is missing. */
  told: ['nothing', 'to begin'],
  /** How far that journal goes, once it was read. */
  end: ['not read', 'all that was published', 'less than that'],
} as const satisfies CaseFacts;

export const OPENING_CASES = [
  { name: 'the store of another model', seen: { model: 'another one' }, done: 'refuse' },
  {
    name: 'a first start',
    seen: { model: 'this one or none', newest: 'none', remembers: 'nothing published' },
    done: 'begin',
  },
  {
    name: 'the journal is gone',
    seen: { model: 'this one or none', newest: 'none', remembers: 'something published', own: 'something' },
    done: 'begin again',
  },
  {
    name: 'the store is another one than before, or its drive is not mounted',
    seen: {
      ...{ model: 'this one or none', newest: 'none', remembers: 'something published' },
      ...{ own: 'nothing', told: 'nothing' },
    },
    done: 'refuse',
  },
  {
    name: 'asked to begin in a store without what was published',
    seen: {
      ...{ model: 'this one or none', newest: 'none', remembers: 'something published' },
      ...{ own: 'nothing', told: 'to begin' },
    },
    done: 'begin again',
  },
  {
    name: 'another machine or copy took the name over',
    seen: { model: 'this one or none', newest: 'another one' },
    done: 'publish the rest and begin again',
  },
  {
    name: 'the own journal, before it is read',
    seen: { model: 'this one or none', newest: 'this machine', end: 'not read' },
    done: 'read',
  },
  {
    name: 'the own journal',
    seen: { model: 'this one or none', newest: 'this machine', end: 'all that was published' },
    done: 'continue',
  },
  {
    name: 'an older copy of the own journal',
    seen: { model: 'this one or none', newest: 'this machine', end: 'less than that' },
    done: 'publish the rest and begin again',
  },
] as const satisfies readonly Case<
  OpeningSeen,
  'refuse' | 'begin' | 'begin again' | 'publish the rest and begin again' | 'read' | 'continue'
>[];

export type OpeningSeen = SeenOf<typeof OPENING_FACTS>;

/** What a store has to do to open a master's journal. @param isToldToBegin whether the user says to begin although something is missing */
export function decideOpening(facts: OpeningFacts, isToldToBegin = false): Opening {
  const { name, done } = caseFor(OPENING_CASES, openingSeen(facts, isToldToBegin));
  const { session } = facts;
  switch (done) {
    case 'refuse':
      return { kind: 'refuse', error: name === 'the store of another model' ? anotherModel(facts) : empty(facts) };
    case 'read':
      return { kind: 'read', published: publishedOf(facts), deletable: deletableOf(facts) };
    case 'continue':
      return {
        kind: 'continue',
        remembered: {
          seal: newerSeal(session?.seal, facts.newest?.frontier?.seal),
          moved: session?.moved ?? {},
          ends: session?.ends ?? {},
        },
        published: publishedOf(facts),
        deletable: deletableOf(facts),
      };
    default:
      return {
        kind: 'begin',
        remembered: { seal: session?.seal, moved: session?.moved ?? {}, ends: endsOf(session) },
        reason: done === 'begin' ? 'new' : 'restored',
        session: session?.session,
        publishesRest: done === 'publish the rest and begin again',
        notice: done === 'begin' ? undefined : noticeOf(name, facts),
      };
  }
}

/** The facts of the table. */
export function openingSeen(facts: OpeningFacts, isToldToBegin: boolean): OpeningSeen {
  const { model, session, newest, journal, streams } = facts;
  return {
    model: streams.some(({ header }) => isAnother(header, model)) ? 'another one' : 'this one or none',
    newest: newest === undefined ? 'none' : goesOnWith(session, newest) ? 'this machine' : 'another one',
    remembers: session?.head === undefined && session?.seen === undefined ? 'nothing published' : 'something published',
    own: streams.some((stream) => isTold(stream, facts.master)) ? 'something' : 'nothing',
    told: isToldToBegin ? 'to begin' : 'nothing',
    get end() {
      if (journal === undefined) return 'not read';
      const reaches = journal.isWhole && (journal.head?.seq ?? 0) >= publishedOf(facts);
      return reaches ? 'all that was published' : 'less than that';
    },
  };
}

/** A folder without anything in it says nothing. */
function isTold({ stream, header, frontier }: StreamFound, master: string): boolean {
  return stream.master === master && (header !== undefined || frontier !== undefined);
}

function isAnother(header: StreamFound['header'], model: string): boolean {
  return header !== undefined && header.model !== model;
}

/** A machine goes on with the stream it wrote last, or with the one that succeeded it right before a crash. */
function goesOnWith(session: Session | undefined, { stream, header }: StreamFound): boolean {
  if (session === undefined) return false;
  if (session.epoch === stream.epoch) return true;
  return header?.session === session.session && header.moved?.[session.epoch ?? ''] !== undefined;
}

/**
 * The last event that anybody may have read: by the frontier, by what this machine remembers, and by what masters have accepted that it
 * knows. What strangers say to have accepted makes nobody begin a new epoch.
 */
function publishedOf({ newest, session, streams }: OpeningFacts): number {
  if (newest === undefined) return 0;
  const remembered = session?.epoch === newest.stream.epoch ? (session.head?.seq ?? 0) : 0;
  const known = streams.filter(({ stream }) => isKnown(stream.master, session));
  return Math.max(remembered, knownEnd(streamKey(newest.stream), [newest, ...known]));
}

/** Whether a state of this machine was built from events of a master, as far as it remembers. */
function isKnown(master: string, session: Session | undefined): boolean {
  return session?.seen === undefined || session.seen.some((key) => streamOf(key).master === master);
}

/** Up to which event a snapshot stands in, published or remembered. */
function deletableOf({ newest, session }: OpeningFacts): number {
  const remembered = session?.epoch === newest?.stream.epoch ? (session?.deletable ?? 0) : 0;
  return Math.max(newest?.frontier?.snapshot?.events ?? 0, remembered);
}

/** What was published of the streams that this machine leaves. */
function endsOf(session: Session | undefined): Readonly<Record<string, number>> {
  const { epoch, head, ends } = session ?? {};
  return epoch === undefined || head === undefined ? { ...ends } : { ...ends, [epoch]: head.seq };
}

function newerSeal(left: Seal | undefined, right: Seal | undefined): Seal | undefined {
  return (left?.no ?? 0) >= (right?.no ?? 0) ? left : right;
}

function anotherModel({ model, location, streams }: OpeningFacts): ModelMismatchError {
  const header = streams.map((stream) => stream.header).find((first) => isAnother(first, model));
  return new ModelMismatchError(
    `${location} holds the model "${header?.model ?? ''}" (written by ${header?.master ?? ''}), not "${model}". Use one store (one folder) for each model.`,
  );
}

/** What is expected, what is there, and what to do. */
function empty({ master, location, session, streams }: OpeningFacts): StoreEmptyError {
  const masters = (keys: readonly string[]): string => [...new Set(keys.map((key) => streamOf(key).master))].join(', ');
  const others = masters(session?.seen ?? []);
  const there = masters(
    streams.map(({ stream }) => streamKey(stream)).filter((key) => streamOf(key).master !== master),
  );
  return new StoreEmptyError(
    `${location} lacks the journal of "${master}": this machine has published ${counted(session?.head?.seq ?? 0, 'event')} there (in ${master}/${session?.epoch ?? ''})` +
      `${others === '' ? '' : `, and built its state from those of ${others} as well`}. ` +
      `There ${there === '' ? 'is no journal of anybody' : `are only journals of ${there}`}. Nothing was changed. ` +
      'If the drive is not mounted, or the path is another one, set that right and open again. If the folder is gone for good, restore a copy of it; ' +
      'to begin again on purpose with what is there, open with `begin: true`.',
  );
}

type BegunAgain = Exclude<(typeof OPENING_CASES)[number]['name'], 'a first start'>;

function noticeOf(name: string, { master, location, memory, session }: OpeningFacts): string {
  switch (name as BegunAgain) {
    case 'the journal is gone':
    case 'asked to begin in a store without what was published':
      return `The journal of "${master}" is gone from ${location}, although it had published ${counted(session?.head?.seq ?? 0, 'event')}; it continues in a new epoch. Other masters and other copies of the folder hold what they received.`;
    case 'an older copy of the own journal':
      return `The journal of "${master}" is older than what it had published (a restored backup?); it continues in a new epoch. What is missing here is with other masters, as far as they received it.`;
    default:
      if (session === undefined && memory !== undefined)
        return `The private directory ${memory} of "${master}" knows nothing of its newest journal, so it continues in a new epoch; all that is in the journal counts. If that directory was lost, as in a container, let it stay: mount a volume there, or give the option \`local\` a directory that stays. If another machine wrote the journal, give each a name of its own.`;
      return `The newest journal of "${master}" was written by another machine or copy; this one continues in a new epoch. All that is in it counts; what it lacks is with those who received it.`;
  }
}
