import { decideSeal } from '../../checked-protocol.js';
import { A, at, B, EPOCH, event, facts, heard, HOUR, type Known, seal, Shelf, vector } from './facts.js';
import type { Heard } from '../../../src/protocol/seen.js';

const mine = [1, 2].map((seq) => event('a', seq, at((seq - 10) * HOUR)));
const theirs = [1, 2].map((seq) => event('b', seq, at((seq - 9) * HOUR)));
const both = [...mine, ...theirs];
const awake = [heard('a', mine, { clock: at(-1) }), heard('b', theirs, { clock: at(-2) })];

function decided(known: Known, list: readonly Heard[] = awake): ReturnType<typeof decideSeal> {
  const published = { clock: at(-1), snapshot: undefined };
  return new Shelf(both).decide(list, (seen) => decideSeal(facts({ published, ...known }, both), seen, []));
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
    const young = seal(at(-HOUR - 1), { [A]: 2, [B]: 2 });
    expect(decided({ seal: young })).toMatchObject({ seal: undefined, countedTo: EPOCH });
  });
  test('what lies behind the undo memory is read to be counted', () => {
    const state = { base: at(0), baseVector: vector({ [A]: 2, [B]: 2 }), entries: [] };
    expect(decided({ ...known, state })).toMatchObject({ seal: { V: { [A]: 2, [B]: 2 } } });
  });
});
