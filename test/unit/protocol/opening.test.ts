/** One case for each row of the table of openings: what a store finds, and what it is told to do. No disk, no clock. */
import { readFileSync } from 'node:fs';
import { ModelMismatchError, StoreEmptyError } from '../../../src/errors.js';
import type { StreamHeader } from '../../../src/event/event.js';
import { OPENING_CASES, OPENING_FACTS, openingSeen } from '../../../src/protocol/opening.js';
import { decideOpening } from '../../checked-protocol.js';
import { type Case, caseFor } from '../../../src/store/cases.js';
import type { Frontier, Seal } from '../../../src/store/frontier.js';
import type { Opening, OpeningFacts, Session, StreamFound } from '../../../src/store/opening.js';

const [FIRST, SECOND, THIRD] = [
  '01HF7YAT00FQ2VRP41VVTGRSXB',
  '01HF7YAT01FQ2VRP41VVTGRSXB',
  '01HF7YAT02FQ2VRP41VVTGRSXB',
];
const idOf = (seq: number): string => `01HF7YAT03${String(seq).padStart(16, '0')}`;
const headAt = (seq: number): { seq: number; id: string } => ({ seq, id: idOf(seq) });
const sealNo = (no: number, V: Record<string, number> = {}): Seal => ({
  no,
  by: `b@${FIRST}`,
  H: idOf(9),
  V,
  chain: Array.from({ length: no - 1 }, () => 'hash'),
});

const frontier = (more: Partial<Frontier> = {}): Frontier => ({
  clock: idOf(0),
  head: undefined,
  seal: undefined,
  snapshot: undefined,
  session: 's',
  modelHash: 'm',
  engine: undefined,
  fingerprint: undefined,
  seen: {},
  next: undefined,
  ...more,
});
const found = (
  master: string,
  epoch: string,
  header: Partial<StreamHeader> = {},
  published: Partial<Frontier> = {},
): StreamFound => ({
  stream: { master, epoch },
  header: { master, epoch, model: 'notes', session: 's', reason: 'new', after: null, ...header },
  frontier: frontier(published),
});
const session = (more: Partial<Session> = {}): Session => ({
  session: 's',
  epoch: FIRST,
  head: undefined,
  seal: undefined,
  deletable: 0,
  ...more,
});
const facts = (more: Partial<OpeningFacts> = {}): OpeningFacts => ({
  master: 'a',
  model: 'notes',
  location: 'the store',
  session: undefined,
  streams: more.newest === undefined ? [] : [more.newest],
  newest: undefined,
  journal: undefined,
  ...more,
});

const own = found('a', FIRST);
const whole = (seq: number): OpeningFacts['journal'] => ({
  isWhole: true,
  head: seq === 0 ? undefined : headAt(seq),
});
const GOES_ON: Opening = {
  kind: 'continue',
  remembered: { seal: undefined, moved: {}, ends: {} },
  published: 0,
  deletable: 0,
};
const BEGINS: Opening = {
  kind: 'begin',
  remembered: { seal: undefined, moved: {}, ends: {} },
  reason: 'new',
  session: undefined,
  publishesRest: false,
  notice: undefined,
};

type Row = (typeof OPENING_CASES)[number]['name'];

/** The user says to begin. */
const TOLD = true;

const cases: readonly (readonly [row: Row, what: string, found: OpeningFacts, expected: object, isTold?: boolean])[] = [
  [
    'the store of another model',
    'of another master',
    facts({ streams: [found('b', FIRST, { model: 'tasks', master: 'b' })], session: session({ head: headAt(3) }) }),
    { kind: 'refuse', error: expect.any(ModelMismatchError) },
  ],
  [
    'the store of another model',
    'of this master',
    facts({ newest: found('a', FIRST, { model: 'tasks' }) }),
    {
      kind: 'refuse',
      error: expect.objectContaining({
        message: expect.stringMatching(/^the store holds the model "tasks".*a.*"notes"/),
      }),
    },
  ],
  ['a first start', 'on this machine', facts(), BEGINS],
  ['a first start', 'others are there', facts({ streams: [found('b', FIRST)] }), BEGINS],
  [
    'a first start',
    'a crash came before the first line',
    facts({ session: session({ session: 'kept' }) }),
    { ...BEGINS, session: 'kept' },
  ],
  [
    'the store is another one than before, or its drive is not mounted',
    'nothing is there',
    facts({ session: session({ head: headAt(7), seen: [`b@${FIRST}`, `b@${SECOND}`, `c@${FIRST}`] }) }),
    {
      kind: 'refuse',
      error: expect.objectContaining({
        code: 'STORE_EMPTY',
        message: expect.stringMatching(
          /^the store lacks the journal of "a": .* 7 events .*those of b, c as.*no journal of anybody/,
        ),
      }),
    },
  ],
  [
    'the store is another one than before, or its drive is not mounted',
    'others are there, and a folder of this master with nothing in it',
    facts({
      session: session({ seen: [] }),
      streams: [found('b', FIRST), { stream: { master: 'a', epoch: FIRST }, header: undefined, frontier: undefined }],
    }),
    { kind: 'refuse', error: expect.any(StoreEmptyError) },
  ],
  [
    'asked to begin in a store without what was published',
    'nothing is there',
    facts({ session: session({ head: headAt(7) }) }),
    { ...BEGINS, reason: 'restored', session: 's', remembered: { ends: { [FIRST]: 7 } }, notice: expect.any(String) },
    TOLD,
  ],
  ['a first start', 'told to begin, which changes nothing', facts({}), BEGINS, TOLD],
  [
    'the journal is gone',
    'after events were published',
    facts({
      streams: [{ ...found('a', FIRST), header: undefined }],
      session: session({ head: headAt(7), moved: { [SECOND]: 2 }, ends: { [SECOND]: 4 }, seal: sealNo(2) }),
    }),
    {
      ...BEGINS,
      reason: 'restored',
      session: 's',
      remembered: { seal: sealNo(2), moved: { [SECOND]: 2 }, ends: { [SECOND]: 4, [FIRST]: 7 } },
      notice: expect.stringMatching(/"a" is gone from the store.* 7 events/),
    },
  ],
  [
    'another machine or copy took the name over',
    'this machine remembers nothing',
    facts({ newest: found('a', FIRST, {}, { head: headAt(3), seal: sealNo(1) }) }),
    {
      ...BEGINS,
      reason: 'restored',
      publishesRest: true,
      notice: expect.stringContaining('written by another machine or copy'),
    },
  ],
  [
    'another machine or copy took the name over',
    'this machine wrote an earlier stream',
    facts({
      newest: found('a', SECOND, { session: 'other' }),
      session: session({ head: headAt(2) }),
      journal: whole(9),
    }),
    { kind: 'begin', reason: 'restored', session: 's', publishesRest: true, remembered: { ends: { [FIRST]: 2 } } },
  ],
  [
    'another machine or copy took the name over',
    'it says that it continues a stream, which is not the one that this machine wrote',
    facts({ newest: found('a', THIRD, { moved: { [SECOND]: 1 } }), session: session() }),
    { kind: 'begin', reason: 'restored' },
  ],
  [
    'the own journal, before it is read',
    'what anybody may have read is known: by the frontier',
    facts({ newest: found('a', FIRST, {}, { head: headAt(5) }), session: session({ head: headAt(4) }) }),
    { kind: 'read', published: 5, deletable: 0 },
  ],
  [
    'the own journal, before it is read',
    'by what this machine remembers',
    facts({ newest: own, session: session({ head: headAt(6), deletable: 3 }) }),
    { kind: 'read', published: 6, deletable: 3 },
  ],
  [
    'the own journal, before it is read',
    'by what others have accepted, and what they sealed',
    facts({
      newest: own,
      session: session(),
      streams: [
        own,
        found('b', FIRST, {}, { seen: { [`a@${FIRST}`]: 7 } }),
        found('c', FIRST, {}, { seal: sealNo(1, { [`a@${FIRST}`]: 8, [`a@${SECOND}`]: 99 }) }),
      ],
    }),
    { kind: 'read', published: 8, deletable: 0 },
  ],
  [
    'the own journal, before it is read',
    'what others say is heard of those alone that the state was built from, and nothing of strangers',
    facts({
      newest: own,
      session: session({ head: headAt(3), seen: [`b@${SECOND}`] }),
      streams: [
        own,
        found('b', FIRST, {}, { seen: { [`a@${FIRST}`]: 4 } }),
        found('bb', FIRST, {}, { seen: { [`a@${FIRST}`]: 99 } }),
        found('c', FIRST, {}, { seal: sealNo(1, { [`a@${FIRST}`]: 99 }) }),
      ],
    }),
    { kind: 'read', published: 4, deletable: 0 },
  ],
  [
    'the own journal, before it is read',
    'what is deleted is told by the frontier, too',
    facts({
      newest: found('a', FIRST, {}, { snapshot: { no: 1, position: idOf(4), events: 4 } }),
      session: session({ deletable: 2 }),
    }),
    { kind: 'read', deletable: 4 },
  ],
  ['the own journal', 'nothing in it', facts({ newest: own, session: session(), journal: whole(0) }), GOES_ON],
  [
    'the own journal',
    'up to what was published, and beyond it',
    facts({
      newest: found('a', FIRST, {}, { head: headAt(5), seal: sealNo(3) }),
      session: session({ head: headAt(4), seal: sealNo(2), moved: { [THIRD]: 1 }, ends: { [THIRD]: 2 } }),
      journal: whole(6),
    }),
    { ...GOES_ON, published: 5, remembered: { seal: sealNo(3), moved: { [THIRD]: 1 }, ends: { [THIRD]: 2 } } },
  ],
  [
    'the own journal',
    'the stream that succeeded the remembered one right before a crash',
    facts({
      newest: found('a', SECOND, { reason: 'cut', moved: { [FIRST]: 2 } }),
      session: session({ head: headAt(9), deletable: 5 }),
      journal: whole(1),
    }),
    GOES_ON,
  ],
  [
    'an older copy of the own journal',
    'it ends before what was published',
    facts({ newest: own, session: session({ head: headAt(6) }), journal: whole(5) }),
    {
      ...BEGINS,
      reason: 'restored',
      session: 's',
      publishesRest: true,
      remembered: { ends: { [FIRST]: 6 } },
      notice: expect.stringContaining('older than what it had published'),
    },
  ],
  [
    'an older copy of the own journal',
    'it has no file that could be written on',
    facts({ newest: own, session: session(), journal: { isWhole: false, head: undefined } }),
    { kind: 'begin', reason: 'restored', publishesRest: true },
  ],
];

test.each(cases.map(([row, what, given, expected, isTold = false]) => ({ row, what, given, expected, isTold })))(
  '$row: $what',
  ({ row, given, expected, isTold }) => {
    expect(caseFor(OPENING_CASES, openingSeen(given, isTold)).name).toBe(row);
    expect(decideOpening(given, isTold)).toMatchObject(expected);
    // Asked again, it says the same.
    expect(decideOpening(structuredClone(given), isTold)).toEqual(decideOpening(given, isTold));
  },
);

test('every row has a case here', () => {
  expect(new Set(cases.map(([row]) => row))).toEqual(new Set(OPENING_CASES.map(({ name }) => name)));
});

test('exactly one row fits whatever is seen', () => {
  const rows: readonly Case<Record<string, string>, string>[] = OPENING_CASES;
  const combinations = Object.entries(OPENING_FACTS).reduce<Record<string, string>[]>(
    (all, [fact, values]) => all.flatMap((seen) => values.map((value) => ({ ...seen, [fact]: value }))),
    [{}],
  );
  for (const seen of combinations) {
    const fitting = rows.filter((row) => Object.entries(row.seen).every(([fact, value]) => seen[fact] === value));
    expect([seen, fitting.map(({ name }) => name)]).toEqual([seen, [expect.any(String)]]);
  }
});

test('the page on the protocol shows the same table', () => {
  const page = readFileSync(new URL('../../../docs/architecture/protocol.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split('## Opening\n');
  const [table = ''] = section.split('\n## ', 1);
  const shown = [...table.matchAll(/^\| ([^|]+) \| [^|]+ \| ([^|]+) \|$/gm)].map(([, name, done]) => [name, done]);
  expect(shown.slice(2)).toEqual(OPENING_CASES.map(({ name, done }) => [name, done]));
});
