/** The decision about the state, from what one master knows and what lies in a store: no disk, no clock. */
import { NotDurableError } from '../../../src/errors.js';
import { decide } from '../../checked-protocol.js';
import { A, at, B, EPOCH, event, facts, frontier, header, heard, type Known, seal, Shelf, vector } from './facts.js';
import type { Event, StreamHeader } from '../../../src/event/event.js';
import type { Heard } from '../../../src/protocol/seen.js';

const mine = [1, 2, 3].map((seq) => event('a', seq, at(seq * 10 - 100)));
const theirs = [1, 2, 3].map((seq) => event('b', seq, at(seq * 10 - 95)));
const both = [heard('a', mine), heard('b', theirs)];
const ids = (events: readonly Event[]): string[] => events.map(({ id }) => id);

interface Case {
  readonly holds?: readonly Event[];
  readonly known?: Known;
  readonly there?: readonly Event[];
  readonly headers?: readonly StreamHeader[];
  readonly list?: readonly Heard[];
}

function decided({
  holds = mine,
  known = {},
  there = [...mine, ...theirs],
  headers,
  list = both,
}: Case): ReturnType<typeof decide> {
  const now = facts(known, holds);
  return new Shelf(there, headers).decide(list, (seen) => decide(now, seen));
}

test('nothing new: nothing to do, and nothing is read', () => {
  const shelf = new Shelf([...mine, ...theirs]);
  const now = facts({}, [...mine, ...theirs]);
  expect(shelf.decide(both, (seen) => decide(now, seen))).toMatchObject({
    state: { kind: 'none' },
    holds: [],
    reissue: undefined,
  });
  expect(shelf.asked).toEqual([]);
});

test('what others published is put in its place', () => {
  expect(decided({})).toMatchObject({ kind: 'decision', state: { kind: 'revise', events: theirs }, holds: [] });
});

test('what comes before all that can be undone has the state built anew, from all that is there', () => {
  const known = { state: { base: at(-50), baseVector: vector({ [A]: 3 }), entries: [] } };
  const decision = decided({ known });
  expect(decision).toMatchObject({ state: { kind: 'rebuild', base: { position: facts().state.genesis.position } } });
  const events = decision.kind === 'decision' && decision.state.kind === 'rebuild' ? decision.state.events : [];
  expect(ids(events)).toEqual([...ids(mine), ...ids(theirs)].sort());
});

test('a start is the same with a state that was never built', () => {
  const known = { own: { durable: { seq: 3, id: mine[2]!.id } }, state: { isBuilt: false } };
  const decision = decided({ holds: [], known });
  expect(decision).toMatchObject({ state: { kind: 'rebuild' }, holds: [] });
  const events = decision.kind === 'decision' && decision.state.kind === 'rebuild' ? decision.state.events : [];
  expect(ids(events)).toEqual([...ids(mine), ...ids(theirs)].sort());
});

test('a start with a hole in its own journal is refused', () => {
  const known = { own: { durable: { seq: 3, id: mine[2]!.id } }, state: { isBuilt: false } };
  expect(decided({ holds: [], known, there: [mine[0]!, ...theirs] })).toMatchObject({
    kind: 'refusal',
    own: true,
    error: { code: 'JOURNAL_DAMAGED' },
  });
});

describe('a rebuild for which an accepted event is missing', () => {
  const known = { state: { base: at(-50), baseVector: vector({ [A]: 3, [`c@${EPOCH}`]: 1 }), entries: [] } };
  const other = event('c', 1, at(-99));
  const holds = [...mine, other];

  test('is refused while its master says that it is there', () => {
    const list = [...both, heard('c', [other])];
    expect(decided({ holds, known, list })).toMatchObject({ kind: 'refusal', error: { code: 'JOURNAL_DAMAGED' } });
  });

  test('is put off where that is gone: late events wait, and nothing else', () => {
    const decision = decided({ holds, known: { ...known, state: { ...known.state, base: at(8) } } });
    expect(decision).toMatchObject({ kind: 'decision', state: { kind: 'none' } });
    const held = decision.kind === 'decision' ? decision.holds : [];
    expect(held.map(({ master, seq, reason }) => `${master} ${seq} ${reason}`)).toEqual(['b 1 late', 'c 1 vanished']);
  });
});

test('who cannot write any more does not go on under a seal that it would have to obey', () => {
  const failure = new NotDurableError('full');
  expect(decided({ known: { own: { failure }, isObeyed: false, seal: seal(at(-5), {}) } })).toEqual({
    kind: 'refusal',
    own: false,
    error: failure,
  });
  expect(decided({ known: { own: { failure } } })).toMatchObject({ kind: 'decision', state: { kind: 'revise' } });
});

describe('under a new seal', () => {
  const H = at(-70);
  test('a stream of another master that it cuts ends, and its dead events are taken out', () => {
    const known = { seal: seal(H, { [A]: 3, [B]: 1 }), isObeyed: false };
    expect(decided({ holds: [...mine, ...theirs], known })).toMatchObject({
      cut: new Map([[B, 1]]),
      state: { kind: 'revise', events: [] },
      reissue: undefined,
    });
  });

  test('own calls that it was made without are issued again in another stream', () => {
    const known = { seal: seal(H, { [A]: 1, [B]: 3 }), isObeyed: false };
    expect(decided({ known, holds: [...mine, ...theirs] })).toMatchObject({
      cut: new Map([[A, 1]]),
      reissue: { events: mine.slice(1), upTo: { [EPOCH]: 3 }, after: H },
      state: { kind: 'revise', events: [] },
    });
  });

  test('calls that are only in memory are issued again as well', () => {
    const known = { seal: seal(H, { [A]: 1 }), isObeyed: false, own: { durable: { seq: 2, id: mine[1]!.id } } };
    expect(decided({ known, there: mine.slice(0, 2), list: [heard('a', mine.slice(0, 2))] })).toMatchObject({
      reissue: { events: mine.slice(1) },
    });
  });

  test('own late calls that cannot be read are not left behind', () => {
    const known = { seal: seal(H, { [A]: 1 }), isObeyed: false };
    expect(decided({ known, there: [mine[0]!] })).toMatchObject({ kind: 'refusal', own: true });
  });

  test('what was issued again is not issued once more', () => {
    const next = header('a', { epoch: at(-30), reason: 'cut', after: H, moved: { [EPOCH]: 3 } });
    const now = { key: `a@${at(-30)}`, header: next, durable: undefined, last: undefined };
    const known = { seal: seal(H, { [A]: 1 }), isObeyed: false, own: now };
    const list = [heard('a', mine), { stream: next, frontier: frontier(), own: true }];
    expect(decided({ known, headers: [header('a'), next], list, holds: [mine[0]!] })).toMatchObject({
      reissue: undefined,
    });
  });

  test('events that are deleted come with a snapshot that stands in for them', () => {
    const shelf = new Shelf([...mine, theirs[2]!]);
    const position = H;
    const base = {
      position,
      vector: vector({ [A]: 3, [B]: 2 }),
      rejections: [],
      seal: 1,
      fingerprint: 'f',
      root: () => ({}),
    };
    shelf.snapshots.set(position, { base });
    const now = facts({ seal: seal(H, { [A]: 3, [B]: 2 }) }, mine);
    const list = [heard('a', mine), heard('b', theirs, { snapshot: { no: 1, position, events: 2 } })];
    const decision = shelf.decide(list, (seen) => decide(now, seen));
    expect(decision).toMatchObject({ state: { kind: 'rebuild', base: { position } }, holds: [] });
  });

  test('a snapshot that does not stand in is not read a second time', () => {
    const shelf = new Shelf(mine);
    const known = { seal: seal(H, { [A]: 3, [B]: 2 }) };
    const list = [heard('a', mine), heard('b', [])];
    const base = { ...facts().state.genesis, vector: vector({}), seal: 1, fingerprint: 'f' };
    shelf.snapshots.set(at(-99), { base: { ...base, position: at(-99) } });
    const first = shelf.decide(list, (seen) => decide(facts(known, mine), seen));
    expect(first).toMatchObject({ state: { kind: 'none' }, holds: [{ master: 'b', reason: 'gap' }] });
    shelf.asked.length = 0;
    const { tried } = first as { tried: string };
    shelf.decide(list, (seen) => decide(facts({ ...known, tried }, mine), seen));
    expect(shelf.asked.filter((read) => read.startsWith('snapshot'))).toEqual([]);
  });
});
