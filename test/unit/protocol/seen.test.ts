import { Lookup, type Read, readKey } from '../../../src/protocol/seen.js';
import { at, B, EPOCH, event, header, line, seen } from './facts.js';

const stream = { master: 'b', epoch: EPOCH };
const listing = { position: at(1) };
const reads: Read[] = [
  { kind: 'header', stream },
  { kind: 'lines', stream, after: 0, upTo: 2 },
  { kind: 'lines', stream, after: 1, upTo: 2 },
  { kind: 'lines', stream, after: 0, upTo: Infinity },
  { kind: 'listings', stream },
  { kind: 'snapshot', stream, listing },
  { kind: 'snapshot', stream, listing: { position: at(2) } },
  { kind: 'snapshot-seal', stream, listing },
  { kind: 'deletable', stream, upTo: 3 },
  { kind: 'deletable', stream, upTo: 'all' },
];

test('each thing to read has a key of its own', () => {
  expect(new Set(reads.map(readKey)).size).toBe(reads.length);
});

test('what was not read is asked for, once', () => {
  const look = new Lookup(seen([]));
  expect(look.isIncomplete()).toBe(false);
  expect([look.header(stream), look.header(stream), look.events(stream, 0, 2)]).toEqual([undefined, undefined, []]);
  expect(look.isIncomplete()).toBe(true);
  expect(look.need.reads).toEqual(reads.slice(0, 2));
});

test('that something is not there is an answer', () => {
  const look = new Lookup(seen([], [reads[0]!, undefined], [reads[5]!, {}]));
  expect([look.header(stream), look.snapshot(stream, listing)]).toEqual([undefined, {}]);
  expect(look.isIncomplete()).toBe(false);
});

test('nothing is asked for where nothing can lie', () => {
  const look = new Lookup(seen([]));
  expect(look.lines(stream, 3, 3)).toEqual([]);
  expect(look.isIncomplete()).toBe(false);
});

test.each([
  ['without a gap', [1, 2], [1, 2]],
  ['up to a gap', [1, 3], [1]],
  ['none behind a hole', [2], []],
])('events are given %s', (_, there, expected) => {
  const lines = there.map((seq) => line(event('b', seq, at(seq))));
  const look = new Lookup(seen([], [reads[1]!, lines]));
  expect(look.events(stream, 0, 2).map(({ seq }) => seq)).toEqual(expected);
});

test('the id of one event', () => {
  const look = new Lookup(seen([], [reads[2]!, [line(event('b', 2, at(7)))]]));
  expect(look.idOf(B, 2)).toBe(at(7));
  expect(look.header(header('b'))).toBeUndefined();
});
