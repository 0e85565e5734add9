import { cutInState, cutStreams, endOf, endsThere, goesBeyond, obeys } from '../../../src/protocol/cut.js';
import { Lookup } from '../../../src/protocol/seen.js';
import { A, at, B, event, facts, heard, header, seal, seen, vector } from './facts.js';

const H = at(0);
const under = seal(H, { [B]: 2 });

describe('a stream ends behind what the seal names of it, if the next event', () => {
  test.each([
    ['has an id up to H', at(-1), { [B]: 2 }],
    ['has H as its id', H, { [B]: 2 }],
    ['comes after H', at(1), {}],
  ])('%s', (_, id, ends) => {
    expect(Object.fromEntries(cutStreams(new Map(), under, new Map([[B, id]])))).toEqual(ends);
    expect(endsThere(under, B, id)).toBe(B in ends);
  });
});

test.each([
  ['without a seal none ends', undefined, [[B, at(-1)]], {}],
  ['a stream that the seal does not name ends before its first event', seal(H, {}), [[B, at(-1)]], { [B]: 0 }],
  ['what has ended stays where it did', seal(at(5), { [A]: 9 }), [[A, at(1)]], { [A]: 4 }],
] as const)('%s', (_, of, next, ends) => {
  const before = vector(of?.H === at(5) ? { [A]: 4 } : {});
  expect(Object.fromEntries(cutStreams(before, of, new Map(next)))).toEqual(ends);
});

describe('in a state that does not obey the seal yet', () => {
  const events = [1, 2, 3].map((seq) => event('b', seq, at(seq - 10)));
  const known = facts({ seal: under, isObeyed: false }, events);

  test('an event in memory tells it, and nothing is read', () => {
    const look = new Lookup(seen([heard('b', events)]));
    expect(cutInState(known, look)).toEqual(new Map([[B, 2]]));
    expect(look.isIncomplete()).toBe(false);
  });

  test('one that is forgotten is read', () => {
    const forgotten = facts({ seal: under, isObeyed: false, state: { entries: [] } }, events);
    const read = { kind: 'lines', stream: { master: 'b', epoch: header('b').epoch }, after: 2, upTo: 3 } as const;
    const look = new Lookup(seen([heard('b', events)]));
    cutInState(forgotten, look);
    expect(look.need.reads).toContainEqual(read);
    const found = new Lookup(seen([], [read, [{ kind: 'event', event: event('b', 3, at(3)) }]]));
    expect(cutInState(forgotten, found)).toEqual(new Map());
  });

  test('one of a stream that began after H counts, although nobody can read it; one that can be read says so itself', () => {
    const older = { ...under, H: '0'.repeat(26), V: {} };
    const forgotten = facts({ seal: older, isObeyed: false, state: { entries: [] } }, events);
    const read = { kind: 'lines', stream: { master: 'b', epoch: header('b').epoch }, after: 0, upTo: 1 } as const;
    const gone = new Lookup(seen([], [read, []]));
    expect(cutInState(forgotten, gone)).toEqual(new Map());
    expect(obeys({ vector: vector({ [B]: 3 }) }, older, gone)).toBe(true);
    const dead = new Lookup(seen([], [read, [{ kind: 'event', event: event('b', 1, older.H) }]]));
    expect(cutInState(forgotten, dead)).toEqual(new Map([[B, 0]]));
    expect(obeys({ vector: vector({ [B]: 3 }) }, older, dead)).toBe(false);
  });

  const stream = { master: 'b', epoch: header('b').epoch };
  test.each([
    ['its master says that it went on elsewhere: it ends', { [stream.epoch]: 3 }, new Map([[B, 2]])],
    ['nobody says anything: refused', {}, expect.objectContaining({ kind: 'refusal', own: false })],
  ])('one that cannot be read any more, and %s', (_, moved, expected) => {
    const forgotten = facts({ seal: under, isObeyed: false, state: { entries: [] } }, events);
    const next = { master: 'b', epoch: at(-5) };
    const list = [{ ...heard('b', events), stream: next }];
    const successor = header('b', { epoch: next.epoch, moved });
    const look = new Lookup(
      seen(list, [{ kind: 'lines', stream, after: 2, upTo: 3 }, []], [{ kind: 'header', stream: next }, successor]),
    );
    expect(cutInState(forgotten, look)).toEqual(expected);
  });
});

test.each([
  ['what the seal names', { [B]: 2 }, undefined, true],
  ['an event after H', { [B]: 3 }, at(1), true],
  ['a dead event', { [B]: 3 }, at(-1), false],
  ['an event that cannot be read', { [B]: 3 }, undefined, false],
])('a snapshot that holds %s', (_, counts, id, expected) => {
  const lines = id === undefined ? [] : [{ kind: 'event', event: event('b', 3, id) } as const];
  const stream = { master: 'b', epoch: header('b').epoch };
  const look = new Lookup(seen([], [{ kind: 'lines', stream, after: 2, upTo: 3 }, lines]));
  expect(obeys({ vector: vector(counts) }, under, look)).toBe(expected);
});

test.each([
  [{}, {}, Infinity, false],
  [{ [B]: 2 }, {}, Infinity, false],
  [{ [B]: 2 }, { [B]: 2 }, 2, false],
  [{ [B]: 3 }, { [B]: 2 }, 2, true],
  [{ [B]: 1 }, { [B]: 0 }, 0, true],
  [{ [A]: 9 }, { [B]: 0 }, 0, false],
])('of %j, with %j ended, what counts of a stream ends at %d', (has, ended, end, isBeyond) => {
  expect([endOf(vector(ended), B), goesBeyond(vector(has), vector(ended))]).toEqual([end, isBeyond]);
});
