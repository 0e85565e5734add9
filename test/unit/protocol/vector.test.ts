import { inOrder, isInStream, reached, streamOf, vectorAt } from '../../../src/protocol/vector.js';
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
  expect(Object.fromEntries(vectorAt(vector({}), entries, position))).toEqual(expected);
});

test('events are put in the order of their ids, and the list that was given stays as it is', () => {
  const given = Object.freeze([...events].reverse());
  expect(inOrder(given)).toEqual(events);
});

test('a key names its stream', () => {
  expect(streamOf(B)).toEqual({ master: 'b', epoch: EPOCH });
  expect([isInStream(events[0]!, A), isInStream(events[0]!, B)]).toEqual([true, false]);
});
