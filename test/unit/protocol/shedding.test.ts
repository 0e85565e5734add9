import { standingOffer, superfluous } from '../../../src/protocol/shedding.js';
import { decideShedding } from '../../checked-protocol.js';
import { sealHash } from '../../../src/protocol/seal.js';
import { A, at, B, EPOCH, event, facts, frontier, header, heard, type Known, seal, Shelf, vector } from './facts.js';

const mine = [1, 2, 3].map((seq) => event('a', seq, at(seq - 10)));
const under = seal(at(-5), { [A]: 3 });
const snapshot = { no: 1, position: under.H, fingerprint: 'f', V: { [A]: 3 } };
const list = [heard('a', mine)];

function decided(known: Known): ReturnType<typeof decideShedding> {
  return new Shelf(mine).decide(list, (seen) => decideShedding(facts({ seal: under, ...known }, mine), seen));
}

test.each([
  ['without a seal nothing goes', { seal: undefined }, { base: undefined, offer: undefined, deletions: [] }],
  [
    'with events missing that it names nothing goes',
    { seal: seal(at(-5), { [A]: 3, [B]: 1 }) },
    { base: undefined, offer: undefined, deletions: [], waiting: [expect.stringContaining('have not arrived')] },
  ],
  [
    'a snapshot is offered first, and nothing deleted',
    {},
    { base: under.H, offer: { seal: 1, position: under.H }, deletions: [] },
  ],
  ['it does not pay', { snapshotBytes: 100 }, { base: under.H, offer: undefined, deletions: [] }],
  ['it is asked for', { snapshotBytes: 100, asked: {} }, { offer: { seal: 1 }, deletions: [] }],
  [
    'once it is published, what it stands in for goes',
    { published: { clock: EPOCH, snapshot } },
    { offer: undefined, deletions: [{ kind: 'events', upTo: 3 }] },
  ],
  [
    'a snapshot at an earlier seal is not enough',
    { seal: { ...under, no: 2, chain: [sealHash(under)] }, published: { clock: EPOCH, snapshot }, snapshotBytes: 1e9 },
    { offer: undefined, deletions: [] },
  ],
])('%s', (_, known, expected) => {
  expect(decided(known)).toMatchObject({ kind: 'shedding', ...expected });
});

test('it is looked for what can go once, until something changes', () => {
  const first = decided({ snapshotBytes: 100 });
  const shedUnder = first.kind === 'shedding' ? first.circumstances : '';
  expect(decided({ shedUnder })).toMatchObject({ offer: undefined, deletions: [], base: under.H });
  expect(decided({ shedUnder, asked: {} })).toMatchObject({ offer: { seal: 1 } });
});

describe('an own stream that was cut goes as a whole', () => {
  const late = seal(at(-5), { [A]: 1 });
  const next = header('a', { epoch: at(-3), reason: 'cut', after: late.H, moved: { [EPOCH]: 3 } });
  const own = { key: `a@${next.epoch}`, header: next, durable: undefined, last: undefined };
  const streams = [heard('a', mine), { stream: next, frontier: frontier(), own: true }];
  const of = (known: Known, there = mine, after = next): ReturnType<typeof decideShedding> =>
    new Shelf(there, [header('a'), after]).decide(streams, (seen) =>
      decideShedding(facts({ seal: late, own, published: { clock: EPOCH, snapshot }, ...known }, [mine[0]!]), seen),
    );
  test.each([
    ['when all that it held was issued again', {}, mine, ['stream', 'events']],
    ['not if it may have held more', { own: { ...own, ends: { [EPOCH]: 4 } } }, mine, ['events', 'events']],
    ['not if more is there', {}, [...mine, event('a', 4, at(-1))], ['events', 'events']],
    ['not before everybody can read its successor', { seal: seal(at(-6), { [A]: 1 }) }, mine, ['events', 'events']],
  ])('%s', (_, known, there, kinds) => {
    const shedding = of(known, there);
    expect(shedding.kind === 'shedding' && shedding.deletions.map(({ kind }) => kind)).toEqual(kinds);
  });
  test('not if what should continue it names no seal', () => {
    const shedding = of({}, mine, { ...next, after: null });
    expect(shedding).toMatchObject({ deletions: [{ kind: 'events' }, { kind: 'events' }] });
  });
});

test.each([
  ['none without a seal', undefined, {}, undefined],
  [
    'the one that the own frontier names',
    under,
    { snapshot: { no: 1, position: under.H, events: 3 }, fingerprint: { no: 1, hash: 'f' } },
    { V: { [A]: 3 }, fingerprint: 'f' },
  ],
  ['else what the snapshots themselves say', under, {}, { V: { [A]: 2 }, fingerprint: 'g' }],
])('what is offered since before a start: %s', (_, of, more, expected) => {
  const shelf = new Shelf(mine);
  const base = {
    position: under.H,
    vector: vector({ [A]: 2 }),
    rejections: [],
    seal: 1,
    fingerprint: 'g',
    root: () => ({}),
  };
  shelf.snapshots.set(under.H, { base });
  const { offer } = shelf.decide([heard('a', mine, more)], (seen) => standingOffer(facts({ seal: of }, mine), seen));
  if (expected === undefined) expect(offer).toBeUndefined();
  else expect(offer).toMatchObject(expected);
});

const of = (positions: string): string[] => positions.split(' ').filter(Boolean);

test.each([
  ['the three newest stay', '', '8 7 6 5 4 3 2 1', '5 4 3 2 1'],
  ['as few as there are', '', '2 1', ''],
  ['one that stands in stays, the two newest, and one before it', '5', '8 7 6 5 4 3 2 1', '6 3 2 1'],
  ['of several that stand in all', '5 3', '8 7 6 5 4 3 2 1', '6 2 1'],
  ['one that stands in and is the newest', '8', '8 7 6 5 4 3 2 1', '6 5 4 3 2 1'],
  ['one that stands in and is not there any more', '5', '8 7 6 3 2 1', '6 2 1'],
])('of snapshots, %s', (_, standIns, newestFirst, going) => {
  const listings = of(newestFirst).map((position) => ({ position }));
  expect(superfluous(listings, of(standIns)).map(({ position }) => position)).toEqual(of(going));
});
