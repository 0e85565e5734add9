import { promisesOf } from '../../../src/protocol/promises.js';
import { at, B, EPOCH, event, facts, frontier, heard, HOUR, type Known, vector } from './facts.js';
import type { Hold } from '../../../src/protocol/hold.js';
import type { Heard } from '../../../src/protocol/seen.js';

const mine = [1, 2].map((seq) => event('a', seq, at((seq - 10) * HOUR)));
const theirs = [1, 2].map((seq) => event('b', seq, at((seq - 9) * HOUR)));
const both = [...mine, ...theirs];
const awake = [heard('a', mine, { clock: at(-1) }), heard('b', theirs, { clock: at(-2) })];
const hold = (reason: Hold['reason']): Hold => ({ master: 'b', epoch: EPOCH, seq: 3, reason, message: '' });

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
