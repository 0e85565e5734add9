import { promisesOf } from '../../../src/protocol/promises.js';
import { decideSeal } from '../../../src/protocol/sealing.js';
import { stableCut } from '../../../src/protocol/stable-cut.js';
import { A, at, B, EPOCH, event, facts, frontier, heard, HOUR, type Known, NOW, seal, Shelf, vector } from './facts.js';
import type { Hold } from '../../../src/protocol/hold.js';
import type { Heard } from '../../../src/protocol/seen.js';

const mine = [1, 2].map((seq) => event('a', seq, at((seq - 10) * HOUR)));
const theirs = [1, 2].map((seq) => event('b', seq, at((seq - 9) * HOUR)));
const both = [...mine, ...theirs];
const awake = [heard('a', mine, { clock: at(-1) }), heard('b', theirs, { clock: at(-2) })];
const hold = (reason: Hold['reason']): Hold => ({ master: 'b', epoch: EPOCH, seq: 3, reason, message: '' });

function decided(
  known: Known,
  list: readonly Heard[] = awake,
  holds: readonly Hold[] = [],
): ReturnType<typeof decideSeal> {
  const published = { clock: at(-1), snapshot: undefined };
  return new Shelf(both).decide(list, (seen) => decideSeal(facts({ published, ...known }, both), seen, holds));
}

describe('who seals', () => {
  const by = (stream: string, more: Known = {}): Known => ({
    seal: seal(at(-100 * HOUR), {}, { by: stream }),
    ...more,
  });
  test.each([
    ['nobody, unasked', {}, undefined],
    ['the one that was opened as the sealer', { settings: { sealer: true } }, 1],
    ['the one that is asked first', { asked: {} }, 1],
    ['the sealer, again', by(A), 2],
    ['not another one, although asked', by(B, { asked: {} }), undefined],
    ['another one that takes over', by(B, { asked: { takeOver: true } }), 2],
    ['not beside a seal that waits for its time', { asked: {}, future: 3 }, undefined],
  ])('%s', (_, known, no) => {
    expect(decided(known)).toMatchObject({ kind: 'sealing', seal: no === undefined ? undefined : { no, by: A } });
  });
});

describe('what is sealed', () => {
  const known: Known = { settings: { sealer: true } };
  test('what was accepted up to now − retention', () => {
    expect(decided(known)).toMatchObject({ seal: { V: { [A]: 2, [B]: 2 } } });
  });
  test('nothing after what the one that is behind has promised', () => {
    const list = [awake[0]!, heard('b', theirs, { clock: at(-7 * HOUR) })];
    expect(decided(known, list)).toMatchObject({
      seal: { H: at(-7 * HOUR), V: { [A]: 2, [B]: 2 } },
      waiting: [expect.stringContaining(B)],
    });
  });
  test('without the one that said nothing for longer than patience', () => {
    const list = [awake[0]!, heard('b', theirs, { clock: at(-99 * HOUR), head: { seq: 3, id: at(1) } })];
    expect(decided({ settings: { sealer: true, patience: HOUR } }, list).kind).toBe('sealing');
  });
  test('nothing, when nothing is new, or not enough time has passed', () => {
    const last = seal(at(-2 * HOUR), { [A]: 2, [B]: 2 });
    expect(decided({ seal: last })).toMatchObject({ seal: undefined });
    expect(decided({ seal: seal(at(-HOUR - 1), { [A]: 1 }) })).toMatchObject({ seal: undefined });
  });
  test('what lies behind the undo memory is read to be counted', () => {
    const state = { base: at(0), baseVector: vector({ [A]: 2, [B]: 2 }), entries: [] };
    expect(decided({ ...known, state })).toMatchObject({ seal: { V: { [A]: 2, [B]: 2 } } });
  });
});

describe('a promise', () => {
  const clockOf = (list: readonly Heard[], known: Known = {}, holds: readonly Hold[] = []): unknown =>
    promisesOf(facts(known, both), list, holds).find(({ key }) => key === B);
  test.each([
    ['counts with all events up to its head', heard('b', theirs, { clock: at(-3) }), {}, at(-3)],
    [
      'counts no further than what is accepted',
      heard('b', theirs, { clock: at(-3), head: { seq: 3, id: at(-4) } }),
      {},
      theirs[1]!.id,
    ],
    ['never goes back', heard('b', theirs, { clock: at(-9) }), { promises: new Map([[B, at(-3)]]) }, at(-3)],
    [
      'of a stream that is cut counts as it is',
      heard('b', theirs, { clock: at(-3), head: { seq: 9, id: at(1) } }),
      { cut: vector({ [B]: 2 }) },
      at(-3),
    ],
  ])('%s', (_, of, known, clock) => {
    expect(clockOf([of], known)).toMatchObject({ clock, waited: false });
  });
  test('of a stream that this program is too old for is waited for', () => {
    expect(clockOf(awake, {}, [hold('newer-version')])).toMatchObject({ waited: true });
    expect(clockOf(awake, {}, [hold('gap')])).toMatchObject({ waited: false });
  });
  test('of a stream whose master is heard of in the next one is not needed', () => {
    const next = { stream: { master: 'b', epoch: at(-1) }, frontier: frontier(), own: false };
    const left = heard('b', theirs, { next: at(-1) });
    expect([clockOf([left]) === undefined, clockOf([left, next]) === undefined]).toEqual([false, true]);
  });
});

test.each([
  ['time alone bounds it', [], undefined],
  ['the smallest promise', [at(-3 * HOUR), at(-2 * HOUR)], at(-3 * HOUR)],
  ['not of one that is asleep', [at(-30 * HOUR), at(-2 * HOUR)], at(-2 * HOUR)],
])('the stable cut: %s', (_, clocks, expected) => {
  const promises = clocks.map((clock, index) => ({ key: `${index}`, clock, waited: false }));
  const { H, heldBy } = stableCut({ now: NOW, retention: HOUR, patience: 24 * HOUR, promises });
  expect(heldBy === undefined ? undefined : H).toBe(expected);
  expect(H.slice(0, 10) <= at(-HOUR).slice(0, 10)).toBe(true);
});
