import type { HoldReason } from '../../../src/protocol/hold.js';
import { startNotices } from '../../../src/protocol/start-notices.js';
import { A, at, B, event, facts, type Known, seal, vector } from './facts.js';

const known = (more: Known): Known => more;
const events = [event('a', 1, at(-9)), event('b', 1, at(-8)), event('b', 2, at(-7))];

test.each<[string, Known, Record<string, number>, RegExp[]]>([
  ['nothing is noteworthy', {}, { [A]: 1, [B]: 2 }, []],
  ['less is there of a stream than before', {}, { [B]: 5 }, [/once contained 5 events of b@.*holds only 2 now/]],
  ['a stream is gone', {}, { 'c@x': 1 }, [/once contained 1 event of c@x, of which .shared holds only 0/]],
  ['what a seal cut is not missed', known({ cut: vector({ [B]: 2 }) }), { [B]: 5 }, []],
  [
    'another one makes the seals',
    { settings: { sealer: true }, seal: seal(at(-9), {}, { by: B }) },
    {},
    [/b@.* makes the seals/],
  ],
  ['this one makes the seals', { settings: { sealer: true }, seal: seal(at(-9), {}) }, {}, []],
  ['it was not opened as the sealer', { seal: seal(at(-9), {}, { by: B }) }, {}, []],
])('%s', (_, more, seen, told) => {
  expect(startNotices(facts(more, events), seen, [])).toEqual(told.map((text) => expect.stringMatching(text)));
});

test.each([
  ['at the end of what clocks may differ', 1000, []],
  ['beyond it', 1001, [expect.stringMatching(/clock .* is behind the newest event/)]],
])('the newest event is ahead of the clock, %s', (_, ahead, told) => {
  expect(startNotices(facts({}, [event('b', 1, at(ahead))]), {}, [])).toEqual(told);
  // A base is as good: it may be all that was loaded.
  expect(startNotices(facts({ state: { base: at(ahead) } }), {}, [])).toEqual(told);
});

test.each<[HoldReason, RegExp]>([
  [
    'newer-version',
    /once contained 3 events of b@.*, of which this program takes only 2 \(newer-version\): upgrade it\.$/,
  ],
  ['unknown-transaction', /this program takes only 2 \(unknown-transaction\)/],
  ['gap', /of which .shared holds only 2 now; the others are merged again as soon as they arrive/],
])('what is there and cannot be taken (%s) is not said to be missing', (reason, told) => {
  const [master, epoch] = B.split('@') as [string, string];
  const hold = { master, epoch, seq: 3, reason, message: 'upgrade it' };
  expect(startNotices(facts({}, events), { [B]: 3 }, [hold])).toEqual([expect.stringMatching(told)]);
});
