import { stretchTo } from '../../checked-protocol.js';
import { A, at, B, event, facts, heard, type Known, seal, Shelf, vector } from './facts.js';
import { sealHash } from '../../../src/protocol/seal.js';
import type { Heard } from '../../../src/protocol/seen.js';
import type { Event } from '../../../src/event/event.js';

const mine = [1, 2, 3].map((seq) => event('a', seq, at(seq * 10)));
const theirs = [1, 2].map((seq) => event('b', seq, at(seq * 10 + 5)));
const all = [...mine, ...theirs];

function stretch(
  there: readonly Event[],
  point: string,
  { heard: list = [heard('a', mine)], ...known }: Known & { readonly heard?: readonly Heard[] } = {},
): ReturnType<typeof stretchTo> {
  const shelf = new Shelf(there);
  const base = {
    position: at(20),
    vector: vector({ [A]: 2, [B]: 1 }),
    rejections: [],
    seal: 1,
    fingerprint: '',
    root: () => ({}),
  };
  shelf.snapshots.set(at(20), { base });
  const now = facts({ state: { entries: [], base: at(30), baseVector: vector({ [A]: 3, [B]: 2 }) }, ...known }, all);
  return shelf.decide(list, (seen) => stretchTo(now, seen, point));
}

/** The master b deleted some of its events under a seal. */
function told(no = 1, events = 1): Heard[] {
  const before = seal(at(2), {});
  const next = seal(at(20), { [A]: 2, [B]: 1 }, { no, by: B, chain: no === 1 ? [] : [sealHash(before)] });
  return [heard('b', theirs, { seal: next, snapshot: { no, position: at(20), events } })];
}

test('a history that is whole is read from genesis', () => {
  const whole = stretch(all, at(99));
  expect(whole).toMatchObject({ kind: 'stretch', base: { position: facts().state.genesis.position } });
  expect(whole.kind === 'stretch' && whole.events.map(({ id }) => id)).toEqual(all.map(({ id }) => id).sort());
});

test('events that are in memory alone are there as well', () => {
  expect(stretch([], at(99), { state: {} })).toMatchObject({ kind: 'stretch', events: { length: 5 } });
});

test('where the beginning is deleted, from a snapshot not after the point', () => {
  expect(stretch([mine[2]!, theirs[1]!], at(20))).toMatchObject({
    kind: 'stretch',
    base: { position: at(20) },
    events: [{ id: at(25) }, { id: at(30) }],
  });
});

test.each([
  [
    'a point before what is left',
    [mine[2]!, theirs[1]!],
    { seal: seal(at(20), { [A]: 2, [B]: 1 }) },
    'HISTORY_DELETED',
  ],
  ['a hole that no snapshot stands in for', mine, {}, 'JOURNAL_DAMAGED'],
  ['what its owner deleted under a seal that is not adopted yet', mine, { heard: told() }, 'HISTORY_DELETED'],
  [
    'what its owner deleted under a later seal than mine',
    mine,
    { heard: told(2), seal: seal(at(2), {}) },
    'HISTORY_DELETED',
  ],
  ['a hole in what its owner says is there', mine, { heard: told(1, 0) }, 'JOURNAL_DAMAGED'],
  [
    'a hole under a seal that was made apart from mine',
    mine,
    { heard: told(), seal: seal(at(2), { [A]: 1 }) },
    'JOURNAL_DAMAGED',
  ],
  [
    'a stream that went as a whole, and that a snapshot of another one stands in for',
    mine,
    { heard: told().map((one) => ({ ...one, stream: { ...one.stream, master: 'c' } })) },
    'HISTORY_DELETED',
  ],
])('%s is refused', (_, there, known, code) => {
  expect(stretch(there, at(1), known)).toMatchObject({ kind: 'refusal', error: { code } });
});
