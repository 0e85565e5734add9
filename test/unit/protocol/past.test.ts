import { stretchTo } from '../../../src/protocol/past.js';
import { A, at, B, event, facts, heard, type Known, seal, Shelf, vector } from './facts.js';
import type { Event } from '../../../src/event/event.js';

const mine = [1, 2, 3].map((seq) => event('a', seq, at(seq * 10)));
const theirs = [1, 2].map((seq) => event('b', seq, at(seq * 10 + 5)));
const all = [...mine, ...theirs];

function stretch(there: readonly Event[], point: string, known: Known = {}): ReturnType<typeof stretchTo> {
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
  const now = facts({ state: { entries: [] }, ...known }, all);
  return shelf.decide([heard('a', mine)], (seen) => stretchTo(now, seen, point));
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
])('%s is refused', (_, there, known, code) => {
  expect(stretch(there, at(1), known)).toMatchObject({ kind: 'refusal', error: { code } });
});
