import {
  divergedFrom,
  idleMs,
  idsToExceed,
  knownEnd,
  newsOf,
  offersOf,
  retirements,
} from '../../../src/protocol/frontier.js';
import { frontierOf } from '../../checked-protocol.js';
import type { Heard } from '../../../src/protocol/seen.js';
import { A, at, B, EPOCH, event, facts, header, heard, HOUR, seal, Shelf, vector } from './facts.js';

const mine = [1, 2].map((seq) => event('a', seq, at(seq)));
const snapshot = { no: 1, position: at(1), fingerprint: 'f', V: { [A]: 1 } };

describe('the end of a stream is the highest number that anybody names:', () => {
  test.each([
    ['nobody names any', [], 0],
    ['its own frontier', [heard('b', [event('b', 3, at(3))])], 3],
    ['what another one has accepted', [heard('b', [event('b', 3, at(3))]), heard('c', [], { seen: { [B]: 5 } })], 5],
    [
      'a seal that another one repeats',
      [heard('b', [event('b', 3, at(3))]), heard('c', [], { seal: seal(at(0), { [B]: 7 }) })],
      7,
    ],
    ['of others it says nothing', [heard('c', [event('c', 9, at(3))], { seen: { [A]: 9 } })], 0],
  ])('%s', (_, list, end) => {
    expect(knownEnd(B, list)).toBe(end);
  });
});

describe('what is published', () => {
  test('the promise, the head, and what was accepted of others', () => {
    const known = facts({ seal: seal(at(0), {}), published: { clock: EPOCH, snapshot } }, [
      ...mine,
      event('b', 1, at(3)),
    ]);
    expect(frontierOf(known, { modelHash: 'hash', engine: 'v8 12.4' }, at(9))).toMatchObject({
      clock: at(9),
      head: { seq: 2, id: at(2) },
      seal: { no: 1 },
      snapshot: { no: 1, position: at(1), events: 1 },
      fingerprint: { no: 1, hash: 'f' },
      modelHash: 'hash',
      engine: 'v8 12.4',
      seen: { [B]: 1 },
    });
  });
  test('while a call is on its way to the disk, the promise stays below it', () => {
    const known = facts({ own: { last: { seq: 3, id: at(5) } } }, mine);
    expect(frontierOf(known, { modelHash: 'hash', engine: 'v8 12.4' }, at(9)).clock).toBe(at(2));
  });
  test('nothing is new as long as the text is the same', () => {
    expect(newsOf(facts({}, mine))).toBe(newsOf(facts({ now: 1 }, mine)));
    expect(newsOf(facts({}, mine))).not.toBe(newsOf(facts({}, mine.slice(0, 1))));
    expect(newsOf(facts({}, mine))).not.toBe(newsOf(facts({ seal: seal(at(0), {}) }, mine)));
  });
  test('before the state is built, what it held before this start', () => {
    const known = facts({ state: { seen: vector({ [A]: 2, [B]: 7 }) } });
    expect(frontierOf(known, { modelHash: 'hash', engine: 'v8 12.4' }, at(9)).seen).toEqual({ [B]: 7 });
  });
});

test.each([
  [{}, 60_000],
  [{ retention: 40_000 }, 10_000],
  [{ patience: 4_000 }, 1_000],
])('with %j an idle master is heard of every %i ms', (settings, expected) => {
  expect(idleMs(facts({ settings: { retention: HOUR, ...settings } }))).toBe(expected);
});

describe('ids that new ones must exceed', () => {
  test.each([
    ['what others published', [heard('b', [event('b', 1, at(5))])], [at(5)]],
    ['nothing from the future', [heard('b', [event('b', 1, at(5000))])], []],
    ['what this master promised, and published last', [heard('a', [event('a', 1, at(5))])], [at(5), at(5)]],
    ['nothing from the future, be it in the own folder', [heard('a', [event('a', 1, at(5000))])], []],
    ['nothing of who is not heard from', [{ ...heard('b', []), frontier: undefined }], []],
  ])('%s', (_, list, expected) => {
    expect(idsToExceed(facts(), list)).toEqual(expected);
  });
  test('the H of the seal in force', () => {
    expect(idsToExceed(facts({ seal: seal(at(7), {}) }), [])).toEqual([at(7)]);
  });
});

describe('an earlier stream of this master', () => {
  const next = header('a', { epoch: at(-1) });
  const own = { key: `a@${at(-1)}`, header: next, durable: undefined, last: undefined };
  const listOf = (published: readonly (typeof mine)[number][], more = {}): readonly object[] =>
    new Shelf(mine).decide([heard('a', published, more)], (seen) => retirements(facts({ own }), seen, 'all')).list;
  test.each([
    [
      'is published up to its end, with the word of what follows',
      mine.slice(0, 1),
      {},
      [{ frontier: { head: { seq: 2 }, next: at(-1) } }],
    ],
    [
      'says what follows, when that is all that is missing',
      mine,
      {},
      [{ frontier: { head: { seq: 2 }, next: at(-1) } }],
    ],
    ['is left as it is, when it says all', mine, { next: at(-1) }, []],
  ])('%s', (_, published, more, expected) => {
    expect(listOf(published, more)).toMatchObject(expected);
  });

  test.each([0, 3, 4, 5, 40])(
    'of %d that have ended, each is read again in turn, and at most four at a sync',
    (count) => {
      const epochs = Array.from({ length: count }, (_, index) => at(-1000 + index));
      const ended = epochs.map((epoch): Heard => {
        const { frontier, ...rest } = heard('a', [], { next: at(-1) });
        return { ...rest, stream: { master: 'a', epoch }, frontier };
      });
      const readAt = (turn: number | 'all'): string[] => {
        const read = retirements(facts({ own }), { heard: ended, answers: new Map() }, turn);
        return read.kind === 'need' ? read.reads.map(({ stream }) => stream.epoch) : [];
      };
      expect(readAt('all')).toEqual(epochs);
      const turns = Array.from({ length: Math.ceil(count / 4) }, (_, turn) => readAt(7 + turn));
      expect(Math.max(0, ...turns.map(({ length }) => length))).toBeLessThanOrEqual(4);
      expect(turns.flat().sort()).toEqual(epochs);
    },
  );

  test('one that has not said that it ended is read at each sync', () => {
    const open = { ...heard('a', mine.slice(0, 1)), stream: { master: 'a', epoch: at(-1000) } };
    const ended = Array.from({ length: 40 }, (_, index): Heard => {
      return { ...heard('a', [], { next: at(-1) }), stream: { master: 'a', epoch: at(-900 + index) } };
    });
    for (let turn = 0; turn < 10; turn++) {
      const read = retirements(facts({ own }), { heard: [open, ...ended], answers: new Map() }, turn);
      expect(read).toMatchObject({
        kind: 'need',
        reads: expect.arrayContaining([expect.objectContaining({ stream: open.stream })]),
      });
    }
  });
});

test('what is offered, as text, changes with streams and snapshots', () => {
  const list = [heard('b', [])];
  expect(offersOf(list)).not.toBe(offersOf([...list, heard('c', [])]));
  expect(offersOf(list)).not.toBe(offersOf([heard('b', [], { snapshot: { no: 1, position: at(1), events: 0 } })]));
});

test.each([
  ['the same fingerprint', { fingerprint: { no: 1, hash: 'f' } }, 0],
  ['another one', { fingerprint: { no: 1, hash: 'g' } }, 1],
  ['another one at another seal', { fingerprint: { no: 2, hash: 'g' } }, 0],
  ['another one of another program', { fingerprint: { no: 1, hash: 'g' }, modelHash: 'other' }, 0],
  ['another one at a seal that was made apart', { fingerprint: { no: 1, hash: 'g' }, seal: seal(at(3), {}) }, 0],
])('states that differ: %s', (_, more, expected) => {
  const known = facts({ seal: seal(at(0), {}), published: { clock: EPOCH, snapshot } });
  expect(divergedFrom(known, 'h', [heard('b', [], { seal: seal(at(0), {}), ...more })])).toHaveLength(expected);
});
