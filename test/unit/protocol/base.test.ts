import {
  brokenOwn,
  candidates,
  eventsBehind,
  firstMissing,
  holdsMoreSealed,
  lacksSealed,
  reachesBehindBase,
  wholeState,
  type Whole,
} from '../../../src/protocol/base.js';
import { Lookup, type Need } from '../../../src/protocol/seen.js';
import { SnapshotDamagedError } from '../../../src/errors.js';
import { A, at, B, EPOCH, event, facts, heard, seal, Shelf, vector } from './facts.js';
import type { HoldReason } from '../../../src/protocol/hold.js';

const mine = [1, 2].map((seq) => event('a', seq, at(seq * 10)));
const theirs = [1, 2].map((seq) => event('b', seq, at(seq * 10 + 5)));
const all = [mine[0]!, theirs[0]!, mine[1]!, theirs[1]!];
const list = [heard('a', mine), heard('b', theirs)];
const base = (
  position: string,
  counts: Record<string, number>,
): Whole['base'] & { seal: null; fingerprint: string } => ({
  position,
  vector: vector(counts),
  rejections: [],
  seal: null,
  fingerprint: '',
  root: () => ({}),
});
const whole = (of: Whole['base'], events: Whole['acceptance']['events'], reason?: HoldReason): Whole => ({
  base: of,
  acceptance: {
    events,
    dead: new Map(),
    held: reason === undefined ? [] : [{ master: 'a', epoch: EPOCH, seq: 1, reason, message: '' }],
  },
  gone: new Map(),
  unread: 0,
  damages: [],
});

test.each([
  ['nothing is late', [theirs[1]!], {}, false],
  ['an event before the base', [mine[0]!], {}, true],
  ['an event at the base', [event('b', 1, at(12))], {}, true],
  ['a dead event behind it', [], { [A]: 1 }, false],
  ['a dead event that cannot be undone any more', [], { [A]: 0 }, true],
])('what cannot be revised: %s', (_, events, cut, expected) => {
  const known = facts({ state: { base: at(12), baseVector: vector({ [A]: 1 }) } }, mine);
  expect(reachesBehindBase(known, events, vector(cut as Record<string, number>))).toBe(expected);
});

test.each([
  [undefined, false],
  [seal(at(9), { [A]: 2 }), false],
  [seal(at(9), { [B]: 2 }), false],
  [seal(at(9), { [B]: 3 }), true],
])('whether sealed events are lacking', (of, expected) => {
  expect(lacksSealed(of, vector({ [A]: 2 }), theirs)).toBe(expected);
});

test('candidates are the own snapshots and what others offer at a seal that is known, newest first', () => {
  const shelf = new Shelf(all);
  shelf.snapshots.set(at(1), {});
  const offered = [
    heard('a', mine),
    heard('b', theirs, { snapshot: { no: 1, position: at(2), events: 1 } }),
    heard('c', [], { snapshot: { no: 2, position: at(3), events: 1 } }),
  ];
  const positions = shelf.decide(offered, (seen): Need | { kind: 'done'; positions: string[] } => {
    const look = new Lookup(seen);
    const found = candidates(seal(at(0), {}), look);
    return look.isIncomplete() ? look.need : { kind: 'done', positions: found.map(({ listing }) => listing.position) };
  });
  expect(positions.positions).toEqual([at(2), at(1)]);
});

describe('a state is built on', () => {
  let asked: readonly string[] = [];
  const chosen = (snapshots: Record<string, object>, known = facts({}, mine)): Whole => {
    const shelf = new Shelf(all);
    asked = shelf.asked;
    for (const [position, read] of Object.entries(snapshots)) shelf.snapshots.set(position, read);
    return shelf.decide(list, (seen): Need | { kind: 'whole'; of: Whole } => {
      const look = new Lookup(seen);
      const of = wholeState(known, look, new Map());
      return of === undefined ? look.need : { kind: 'whole', of };
    }).of;
  };
  test.each([
    ['genesis, if there is no snapshot', {}, facts().state.genesis.position, 4],
    [
      'the newest that no other event precedes',
      { [at(12)]: { base: base(at(12), { [A]: 1 }) }, [at(16)]: { base: base(at(16), { [A]: 1, [B]: 1 }) } },
      at(16),
      2,
    ],
    [
      'an older one, where an event came before the newest',
      { [at(12)]: { base: base(at(12), { [A]: 1 }) }, [at(16)]: { base: base(at(16), { [A]: 1 }) } },
      at(12),
      3,
    ],
    [
      'an older one, where the newest holds more than the own journal',
      { [at(12)]: { base: base(at(12), { [A]: 1 }) }, [at(26)]: { base: base(at(26), { [A]: 3, [B]: 2 }) } },
      at(12),
      3,
    ],
    [
      'an older one, where the newest is damaged',
      { [at(12)]: { base: base(at(12), { [A]: 1 }) }, [at(16)]: { damage: new SnapshotDamagedError('torn') } },
      at(12),
      3,
    ],
  ])('%s', (_, snapshots, position, events) => {
    const { base: of, acceptance } = chosen(snapshots);
    expect([of.position, acceptance.events.length]).toEqual([position, events]);
  });
  test('the newest that holds what is in no file any more, although an older one serves that does not', () => {
    const built = chosen({
      [at(5)]: { base: base(at(5), {}) },
      [at(22)]: { base: base(at(22), { [A]: 2, [`c@${EPOCH}`]: 1 }) },
    });
    expect([built.base.position, built.isLast]).toEqual([at(22), true]);
    expect(built.acceptance.held.map(({ master, reason }) => [master, reason])).toEqual([['b', 'late']]);
  });
  test('and what it holds is not read', () => {
    chosen({ [at(16)]: { base: base(at(16), { [A]: 1, [B]: 1 }) } });
    const lines = asked.filter((one) => one.startsWith('lines'));
    expect(lines.map((one) => one.split(' ').slice(1)).sort()).toEqual([
      [A, '1', '2'],
      [B, '1', '2'],
    ]);
  });
  test('none that holds what does not count under the seal in force', () => {
    const known = facts({ seal: seal(at(11), { [A]: 1 }) }, mine);
    expect(chosen({ [at(12)]: { base: base(at(12), { [A]: 1, c: 1 }) } }, known).base.position).toBe(
      known.state.genesis.position,
    );
  });
});

test.each([
  ['damaged', 'JOURNAL_DAMAGED'],
  ['gap', 'JOURNAL_DAMAGED'],
  ['unknown-transaction', 'MODEL_OUTDATED'],
] as const)('an own journal that is held (%s) is refused as %s', (reason, code) => {
  expect(brokenOwn(facts(), whole(facts().state.genesis, [], reason))).toMatchObject({ own: true, error: { code } });
  expect(brokenOwn(facts(), whole(facts().state.genesis, []))).toBeUndefined();
});

test('a snapshot that this program is too old for is named, if it could stand in', () => {
  const damages = [new SnapshotDamagedError('version 2', { isIntact: true })];
  const refusal = brokenOwn(facts(), { ...whole(facts().state.genesis, [], 'gap'), damages });
  expect(refusal).toMatchObject({ error: { code: 'MODEL_OUTDATED', message: expect.stringContaining('version 2') } });
});

test('calls that were made while the store was read follow, up to the end of their stream', () => {
  const known = facts({}, all);
  const ids = (cut: Record<string, number>): string[] =>
    eventsBehind(whole(known.state.genesis, [mine[0]!]), known, vector(cut)).map(({ id }) => id);
  expect(ids({})).toEqual(all.map(({ id }) => id));
  expect(ids({ [B]: 1 })).toEqual([at(10), at(15), at(20)]);
});

test.each([
  ['nothing', {}, all, {}, false],
  ['an event in between', {}, [all[0]!, all[1]!, all[3]!], {}, true],
  ['an event at the end', {}, all.slice(0, 3), {}, true],
  ['not what is behind the end of a stream', {}, all.slice(0, 3), { [B]: 1 }, false],
  ['an event that comes before the base', { [A]: 0 }, all, {}, false],
])('what is missing: %s', (_, counts, events, cut, expected) => {
  const known = facts({}, all);
  const of = { ...known.state.genesis, vector: vector(counts) };
  expect(firstMissing(known, of, events, vector(cut as Record<string, number>)) !== undefined).toBe(expected);
});

test.each([
  ['more of one stream', { [A]: 2, [B]: 2 }, true],
  ['nothing more', { [A]: 2 }, false],
  ['more of one, less of another', { [A]: 1, [B]: 2 }, false],
])('whether a state built anew holds more of what is sealed: %s', (_, counts, expected) => {
  const known = facts({ seal: seal(at(99), { [A]: 2, [B]: 2 }) }, mine);
  expect(holdsMoreSealed(known, whole(base(at(1), counts as Record<string, number>), []), [])).toBe(expected);
});
