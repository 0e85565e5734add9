import { inherited, lateCalls, movedUpTo, reissue } from '../../../src/protocol/reissue.js';
import { A, at, EPOCH, event, header, HOUR, NOW, seal } from './facts.js';

const H = at(25);
const calls = [1, 2, 3, 4].map((seq) => event('a', seq, at(seq * 10)));

describe('own calls that a seal was made without', () => {
  test.each([
    ['none, if it names all', { [A]: 4 }, {}, []],
    ['none, if the next one is after H', { [A]: 2 }, {}, []],
    ['all from the first dead one on, those after H as well', { [A]: 1 }, {}, [2, 3, 4]],
    ['all, if it names none', {}, {}, [1, 2, 3, 4]],
    ['none that this machine remembers to have issued again', { [A]: 1 }, { [EPOCH]: 3 }, [4]],
  ])('%s', (_, V, remembered, expected) => {
    const tail = calls.filter(({ seq }) => seq > ((V as Record<string, number>)[A] ?? 0));
    const late = lateCalls([{ header: header('a'), tail }], seal(H, V), remembered);
    expect(late.events.map(({ seq }) => seq)).toEqual(expected);
    expect(late.upTo).toEqual(expected.length === 0 ? {} : { [EPOCH]: expected.at(-1) });
  });

  test('none that the header of a successor names', () => {
    const next = header('a', { epoch: at(0), moved: { [EPOCH]: 4 } });
    const streams = [
      { header: header('a'), tail: calls.slice(1) },
      { header: next, tail: [] },
    ];
    expect(lateCalls(streams, seal(H, { [A]: 1 })).events).toEqual([]);
    expect([movedUpTo(header('a'), [next]), movedUpTo(next, [next])]).toEqual([4, 0]);
  });

  test('of several streams in the order of their ids', () => {
    const other = header('a', { epoch: at(-1) });
    const between = { ...event('a', 1, at(15)), epoch: other.epoch };
    const late = lateCalls(
      [
        { header: header('a'), tail: calls },
        { header: other, tail: [between] },
      ],
      seal(H, {}),
    );
    expect(late.events.map(({ id }) => id)).toEqual([at(10), at(15), at(20), at(30), at(40)]);
  });
});

test('the same calls anew: other ids and numbers, and their first id as origin', () => {
  let next = 100;
  const again = reissue([calls[1]!, { ...calls[2]!, origin: at(7) }], { master: 'a', epoch: at(50) }, () => at(next++));
  expect(again).toEqual([
    { ...calls[1]!, id: at(100), epoch: at(50), seq: 1, origin: at(20) },
    { ...calls[2]!, id: at(101), epoch: at(50), seq: 2, origin: at(7) },
  ]);
});

describe('who issues calls of a machine that is gone', () => {
  const since = NOW - 24 * HOUR;
  const [old, mine, awake] = [at(-90 * HOUR), at(-60 * HOUR), at(-1)];
  test.each([
    ['nobody, while it is heard of', [{ session: old, clock: awake }], mine, [mine]],
    ['this one, when it was silent for longer than patience', [{ session: old, clock: old }], mine, [mine, old]],
    ['not this one, if it began just now', [{ session: old, clock: old }], at(-HOUR), [at(-HOUR)]],
    [
      'the oldest of those that are there',
      [
        { session: old, clock: old },
        { session: at(-80 * HOUR), clock: awake },
      ],
      mine,
      [mine],
    ],
  ])('%s', (_, streams, session, expected) => {
    expect([...inherited(streams, session, since)].sort()).toEqual([...expected].sort());
  });
});
