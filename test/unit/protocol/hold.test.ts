import { type Hold, type HoldReason, withRefused, withUnusable } from '../../../src/protocol/hold.js';
import { A, at, B, EPOCH, seal, vector } from './facts.js';

const hold = (master: string, reason: HoldReason, seq = 3): Hold => ({
  master,
  epoch: EPOCH,
  seq,
  reason,
  message: 'not there',
});
const refused = (master: string): { stream: { master: string; epoch: string }; why: string } => ({
  stream: { master, epoch: EPOCH },
  why: 'EIO: x\u001b[2J',
});
const told = (holds: readonly Hold[]): unknown[] => holds.map(({ master, reason, seq }) => [master, reason, seq]);

describe('what could not be read', () => {
  test.each<[string, readonly Hold[], readonly string[], unknown[]]>([
    ['holds its stream behind what was accepted', [], ['b'], [['b', 'unreadable', 3]]],
    ['from the first event, where nothing was accepted', [], ['c'], [['c', 'unreadable', 1]]],
    ['is why there is a gap', [hold('b', 'gap')], ['b'], [['b', 'unreadable', 3]]],
    ['says less than what is known of a line', [hold('b', 'damaged')], ['b'], [['b', 'damaged', 3]]],
    [
      'leaves the holds of others',
      [hold('c', 'gap', 9)],
      ['b'],
      [
        ['c', 'gap', 9],
        ['b', 'unreadable', 3],
      ],
    ],
    ['nothing of the kind', [hold('b', 'gap')], [], [['b', 'gap', 3]]],
  ])('%s', (_, holds, masters, expected) => {
    expect(told(withRefused(holds, masters.map(refused), vector({ [A]: 1, [B]: 2 })))).toEqual(expected);
  });

  test('is told with what the system says, escaped, and with what to do', () => {
    const [{ message } = hold('b', 'gap')] = withRefused([], [refused('b')], vector({}));
    expect(message).toMatch(/^EIO: x\\u001b\[2J; .*Check the drive/);
  });
});

describe('a snapshot that this program cannot use', () => {
  const under = seal(at(0), { [B]: 3 });
  test.each<[string, Hold, readonly string[], boolean]>([
    ['is why deleted events are missing', hold('b', 'gap'), ['update the program'], true],
    ['is not why others are', hold('b', 'gap', 4), ['update the program'], false],
    ['is not why a line is damaged', hold('b', 'damaged'), ['update the program'], false],
    ['is not there', hold('b', 'gap'), [], false],
  ])('%s', (_, held, unusable, isTold) => {
    const [{ message, ...rest } = held] = withUnusable([held], unusable, under);
    const { message: before, ...kept } = held;
    expect(rest).toEqual(kept);
    expect(message).toBe(
      isTold ? `${before}. A snapshot could replace what is sealed of them. ${unusable[0] ?? ''}` : before,
    );
  });

  test('says nothing where nothing is sealed', () => {
    expect(withUnusable([hold('b', 'gap')], ['update the program'], undefined)).toEqual([hold('b', 'gap')]);
  });
});
