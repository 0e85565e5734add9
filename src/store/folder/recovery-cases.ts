import type { Case, SeenOf } from '../cases.js';

/* What is done about each thing that a scan of an own stream may meet; `recovery.ts` looks at the files and obeys. */

/** What is seen of a file before anything in it is read. */
export const FILE_FACTS = {
  content: ['some', 'none'],
  /** Its first event is the next one; or it lies behind a hole that a snapshot explains; or it is any other. */
  begins: ['next', 'behind a deleted part', 'elsewhere'],
  /** Whether the file before it ends in a torn tail. */
  before: ['whole', 'torn'],
  /** What it must hold: the header, or events that the frontier beside it tells of. */
  due: ['lines', 'nothing'],
} as const;

export const FILE_CASES = [
  { name: 'the next file', seen: { content: 'some', begins: 'next' }, done: 'check' },
  {
    name: 'the first file behind a deleted part',
    seen: { content: 'some', begins: 'behind a deleted part' },
    done: 'check',
  },
  {
    name: 'files are missing, or lines are in two files',
    seen: { content: 'some', begins: 'elsewhere' },
    done: 'refuse',
  },
  {
    name: 'the next file, begun and not written to',
    seen: { content: 'none', begins: 'next', before: 'whole', due: 'nothing' },
    done: 'check',
  },
  {
    name: 'the next file has lost its content',
    seen: { content: 'none', begins: 'next', before: 'whole', due: 'lines' },
    done: 'refuse',
  },
  {
    name: 'begun behind a deleted part, and never written to',
    seen: { content: 'none', begins: 'behind a deleted part', before: 'whole', due: 'nothing' },
    done: 'remove',
  },
  {
    name: 'the first file behind a deleted part has lost its content',
    seen: { content: 'none', begins: 'behind a deleted part', before: 'whole', due: 'lines' },
    done: 'refuse',
  },
  {
    name: 'begun under a wrong number, and never written to',
    seen: { content: 'none', begins: 'elsewhere', before: 'whole' },
    done: 'remove',
  },
  { name: 'begun behind a torn tail, and never written to', seen: { content: 'none', before: 'torn' }, done: 'remove' },
] as const satisfies readonly Case<SeenOf<typeof FILE_FACTS>, 'check' | 'remove' | 'refuse'>[];

/** What is seen of a file that others may have read in full, when not every file is read: its last line only. */
export const LAST_LINE_FACTS = {
  /** How the last event in it compares with the first one of the next file. */
  last: ['right before', 'too low', 'too high', 'unreadable'],
  /** Whether a snapshot explains that any event before the next file is gone. */
  deleted: ['yes', 'no'],
} as const;

export const LAST_LINE_CASES = [
  { name: 'it reaches up to the next file', seen: { last: 'right before' }, done: 'accept' },
  { name: 'a deleted file came back in part', seen: { last: 'too low', deleted: 'yes' }, done: 'accept' },
  { name: 'a deleted file came back torn', seen: { last: 'unreadable', deleted: 'yes' }, done: 'accept' },
  { name: 'a published file is short', seen: { last: 'too low', deleted: 'no' }, done: 'read all' },
  { name: 'a published file ends in damage', seen: { last: 'unreadable', deleted: 'no' }, done: 'read all' },
  { name: 'lines of the next file are in it', seen: { last: 'too high' }, done: 'read all' },
] as const satisfies readonly Case<SeenOf<typeof LAST_LINE_FACTS>, 'accept' | 'read all'>[];

/** What is seen where a file has no good line. */
export const DAMAGE_FACTS = {
  /** Space made ahead up to the end; or a line of a newer format; or anything else. */
  rest: ['space', 'newer format', 'bad line'],
  /** No file with lines comes after the newest one. */
  file: ['newest', 'older'],
  /** Whether the event that should stand there is beyond the published head; the header never is, as it comes with its file. */
  event: ['beyond', 'published'],
  /** What follows the bad line: nothing good; good later lines; or a sector that was never written, behind which good lines prove nothing. */
  behind: ['nothing', 'good lines', 'a hole'],
} as const;

export const DAMAGE_CASES = [
  { name: 'space made ahead', seen: { rest: 'space' }, done: 'accept' },
  { name: 'a line of a newer program', seen: { rest: 'newer format' }, done: 'refuse' },
  { name: 'damage in a closed file', seen: { rest: 'bad line', file: 'older' }, done: 'refuse' },
  {
    name: 'damage to what was published',
    seen: { rest: 'bad line', file: 'newest', event: 'published' },
    done: 'refuse',
  },
  {
    name: 'damage in front of good lines',
    seen: { rest: 'bad line', file: 'newest', event: 'beyond', behind: 'good lines' },
    done: 'refuse',
  },
  {
    name: 'a torn tail',
    seen: { rest: 'bad line', file: 'newest', event: 'beyond', behind: 'nothing' },
    done: 'cut and keep aside',
  },
  {
    name: 'a torn tail whose sectors came out of order',
    seen: { rest: 'bad line', file: 'newest', event: 'beyond', behind: 'a hole' },
    done: 'cut and keep aside',
  },
] as const satisfies readonly Case<SeenOf<typeof DAMAGE_FACTS>, 'accept' | 'refuse' | 'cut and keep aside'>[];

/** What is seen when all files were gone through. */
export const END_FACTS = {
  /** Whether the id of the last event was read. */
  last: ['read', 'not read'],
  /** Whether every file was read. */
  files: ['all', 'some'],
} as const;

export const END_CASES = [
  { name: 'the end was read', seen: { last: 'read' }, done: 'accept' },
  { name: 'the newest file holds no event', seen: { last: 'not read', files: 'some' }, done: 'read all' },
  { name: 'all events were deleted', seen: { last: 'not read', files: 'all' }, done: 'accept' },
] as const satisfies readonly Case<SeenOf<typeof END_FACTS>, 'accept' | 'read all'>[];

export type LastLineSeen = SeenOf<typeof LAST_LINE_FACTS>;
export type DamageSeen = SeenOf<typeof DAMAGE_FACTS>;
