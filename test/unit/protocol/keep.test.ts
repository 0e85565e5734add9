import { isKeepingDue, savedAfter } from '../../../src/protocol/keep.js';
import type { Gone, Saved } from '../../../src/protocol/facts.js';
import { sealHash } from '../../../src/protocol/seal.js';
import { A, at, B, EPOCH, event, facts, seal, vector } from './facts.js';

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
