import { countsAt, inOrder, isInStream, reached, streamOf } from '../../../src/protocol/vector.js';
import { A, at, B, EPOCH, event, vector } from './facts.js';

const events = [event('a', 1, at(1)), event('b', 1, at(2)), event('b', 2, at(3)), event('a', 2, at(4))];

test.each([
  ['nothing more', vector({ [A]: 5 }), [], { [A]: 5 }],
  ['the last number of each stream', vector({}), events, { [A]: 2, [B]: 2 }],
  ['beside what was there', vector({ [A]: 1, x: 3 }), events.slice(1), { [A]: 2, [B]: 2, x: 3 }],
])('is reached: %s', (_, from, more, expected) => {
  expect(Object.fromEntries(reached(from, more))).toEqual(expected);
});

test.each([
  [at(0), {}],
  [at(1), { [A]: 1 }],
  [at(3), { [A]: 1, [B]: 2 }],
  [at(9), { [A]: 2, [B]: 2 }],
])('at %s', (position, expected) => {
  const entries = events.map((of) => ({ event: of }));
  const base = { vector: vector({}), names: new Map() };
  expect(Object.fromEntries(countsAt(base, entries, position).vector)).toEqual(expected);
});

test('with the id of the last event of each stream', () => {
  const base = {
    vector: vector({ [A]: 1, [B]: 1 }),
    names: new Map([
      [A, at(1)],
      [B, at(2)],
    ]),
  };
  const entries = events.slice(2).map((of) => ({ event: of }));
  expect(Object.fromEntries(countsAt(base, entries, at(3)).names)).toEqual({ [A]: at(1), [B]: at(3) });
});

test('events are put in the order of their ids, and the list that was given stays as it is', () => {
  const given = Object.freeze([...events].reverse());
  expect(inOrder(given)).toEqual(events);
});

test('a key names its stream', () => {
  expect(streamOf(B)).toEqual({ master: 'b', epoch: EPOCH });
  expect([isInStream(events[0]!, A), isInStream(events[0]!, B)]).toEqual([true, false]);
});
