import { copiesBefore, type Copying, decideCopies, isKeepingDue, savedAfter } from '../../../src/protocol/keep.js';
import type { Gone, Saved } from '../../../src/protocol/facts.js';
import { sealHash } from '../../../src/protocol/seal.js';
import type { CopyListing } from '../../../src/store/frontier.js';
import type { Heard } from '../../../src/protocol/seen.js';
import { A, at, B, EPOCH, event, facts, frontier, header, heard, type Known, seal, Shelf, vector } from './facts.js';

const events = [1, 2, 3].map((seq) => event('b', seq, at(seq)));
const hold = { master: 'b', epoch: EPOCH, seq: 1, reason: 'vanished', message: '' } as const;
const gone = new Map<string, Gone>([[B, { mark: '3 vanished', message: '', hold }]]);
const saved = (counts: Record<string, number>, under?: string): Saved => ({
  position: at(3),
  vector: vector(counts),
  under,
});
const sealed = seal(at(0), { [A]: 1 });

test.each([
  ['nothing is gone', {}, false],
  ['there is no snapshot', { gone }, true],
  ['the snapshot holds less', { gone, saved: saved({ [B]: 2 }) }, true],
  ['the snapshot holds all', { gone, saved: saved({ [B]: 3 }) }, false],
  ['it obeys no seal, and one is in force', { gone, saved: saved({ [B]: 3 }), seal: sealed }, true],
  ['it obeys the seal in force', { gone, saved: saved({ [B]: 3 }, sealHash(sealed)), seal: sealed }, false],
])('a snapshot is due: %s', (_, known, expected) => {
  expect(isKeepingDue(facts(known, events))).toBe(expected);
});

const before = saved({ [A]: 1, [B]: 3 });
const other = saved({ [B]: 9 });
const base = { position: at(0), vector: vector({}), rejections: [], root: () => ({}) };

test.each([
  ['nothing changes', { kind: 'none' }, {}, before],
  ['an event comes behind it', { kind: 'revise', events: [event('c', 1, at(4))] }, {}, before],
  ['a late event comes in', { kind: 'revise', events: [event('c', 1, at(2))] }, {}, undefined],
  ['an event of it does not count any more', { kind: 'revise', events: [] }, { [B]: 2 }, undefined],
  ['a stream that ended counts as far as it is in there', { kind: 'revise', events: [] }, { [B]: 3 }, before],
  ['the state is built from another own one', { kind: 'rebuild', base, events: [], saved: other }, {}, other],
  ['the state is built from genesis', { kind: 'rebuild', base, events: [], saved: undefined }, {}, undefined],
] as const)('the snapshot that a start can use: %s', (_, state, cut: Record<string, number>, expected) => {
  expect(savedAfter(before, { state, cut: vector(cut) })).toEqual(expected);
});

const copy = (from: number, to: number): CopyListing => ({
  of: B,
  name: at(from),
  from,
  to,
  id: at(to),
  follows: from === 1 ? null : at(from - 1),
  after: null,
});

function copying(known: Known, list: readonly Heard[] = [], there = events): Copying {
  return new Shelf(there).decide(list, (seen) => decideCopies(facts(known, events), seen));
}
const goneFrom = (seq: number): ReadonlyMap<string, Gone> =>
  new Map([[B, { mark: '', message: '', hold: { ...hold, seq } }]]);
const behind = { base: at(1), baseVector: vector({ [B]: 1 }), baseNames: new Map([[B, at(1)]]) };
const entries = events.slice(1).map((of) => ({ event: of, undo: undefined, error: undefined }));

test.each([
  ['nothing is gone', {}, []],
  ['all of it', { gone }, [[copy(1, 3), 3]]],
  ['what the files lack', { gone: goneFrom(3) }, [[copy(3, 3), 1]]],
  ['what is in memory', { gone, state: { ...behind, entries } }, [[copy(2, 3), 2]]],
  ['nothing, if it is there', { gone, copies: [copy(1, 3)] }, []],
  ['what comes behind the end of the one that is there', { gone, copies: [copy(1, 2)] }, [[copy(1, 3), 1]]],
  [
    'all again, if the one that is there is of another version',
    { gone, copies: [{ ...copy(1, 2), id: at(22) }] },
    [[copy(1, 3), 3]],
  ],
  ['nothing, where the store takes none', { gone, copies: undefined }, []],
  ['nothing of what is sealed', { gone: new Map([[B, { mark: '', message: '', hold: undefined }]]) }, []],
])('a copy is due: %s', (_, known, expected) => {
  expect(copying(known).due.map(({ listing, events: added }) => [listing, added.length])).toEqual(expected);
});

test('a copy tells on which seal its stream hangs: as its header says, or the one in force', () => {
  const after = at(-5);
  const of = (headers: Parameters<typeof header>[1][]): (string | null)[] =>
    new Shelf(
      events,
      headers.map((more) => header('b', more)),
    )
      .decide([], (seen) => decideCopies(facts({ gone, seal: sealed }, events), seen))
      .due.map(({ listing }) => listing.after);
  expect(of([{ after }])).toEqual([after]);
  expect(of([])).toEqual([sealed.H]);
});

const covered = {
  seal: seal(at(5), { [B]: 3 }),
  published: { clock: EPOCH, snapshot: { no: 1, position: at(5), fingerprint: '', V: { [B]: 3 } } },
};

test.each([
  ['its events are not there', {}, [], events, 0],
  ['they are there again', {}, [heard('b', events)], events, 1],
  ['they are there, and something else is gone', { gone: goneFrom(3) }, [heard('b', events)], events, 0],
  ['a part is there', {}, [heard('b', events.slice(0, 2))], events, 0],
  ['another version is there', {}, [heard('b', events)], [...events.slice(0, 2), event('b', 3, at(33))], 0],
  ['a seal names them, and a snapshot stands in', covered, [], events, 1],
  ['a seal names them, and no snapshot stands in', { seal: covered.seal }, [], events, 0],
  [
    'a seal names another version',
    { ...covered, gone: new Map([[B, { mark: '', message: '', hold: undefined, isOther: true }]]) },
    [],
    events,
    0,
  ],
] as const)('a copy is not needed any more: %s', (_, known: Known, list, there, count) => {
  expect(copying({ copies: [copy(1, 3)], ...known }, list, [...there]).over).toHaveLength(count);
});

test('after a start a machine goes on with the copies it told of last', () => {
  const told = (epoch: string, session: string, copies: readonly CopyListing[], own = true): Heard => ({
    stream: { master: 'a', epoch },
    frontier: frontier({ session, copies }),
    own,
  });
  const list = [told(at(2), 's', [copy(1, 3)]), told(at(1), 's', [copy(2, 3)]), told(at(3), 'other', [copy(3, 3)])];
  expect(copiesBefore(list, 's')).toEqual([copy(1, 3)]);
  expect(copiesBefore([told(at(2), 's', [copy(1, 3)], false)], 's')).toEqual([]);
  expect(copiesBefore([], 's')).toEqual([]);
});
