import {
  chainOf,
  copiedOnly,
  copiesIn,
  type Copy,
  endOf,
  type Sources,
  unionOf,
} from '../../../src/protocol/copies.js';
import type { CopyListing, Head } from '../../../src/store/frontier.js';
import type { Event } from '../../../src/event/event.js';
import { A, at, B, EPOCH, event, heard, line } from './facts.js';

const events = [1, 2, 3, 4, 5, 6].map((seq) => event('b', seq, at(seq)));
/** Another version of it, from event 4 on. */
const others = [...events.slice(0, 3), ...[4, 5, 6].map((seq) => event('b', seq, at(10 * seq)))];

function listing(of: readonly Event[], from: number, to: number): CopyListing {
  const [first, before, last] = [of[from - 1]!, of[from - 2], of[to - 1]!];
  return { of: B, name: first.id, from, to, id: last.id, follows: before?.id ?? null, after: null };
}

/** Copies of the events from one to another, by masters in turn. */
function copies(...ranges: readonly (readonly [of: readonly Event[], from: number, to: number])[]): Copy[] {
  return ranges.map(([of, from, to], index) => ({
    ...listing(of, from, to),
    by: { master: `m${index}`, epoch: EPOCH },
  }));
}

function sources(published: number, list: readonly Copy[], there = events, readable = Infinity): Sources {
  const part = (of: readonly Event[], after: number, upTo: number): readonly Event[] =>
    of.filter(({ seq }) => seq > after && seq <= upTo);
  const last = there[published - 1];
  return {
    head: last && { seq: last.seq, id: last.id },
    copies: list,
    file: (after, upTo) => part(there, after, Math.min(upTo, published)).map(line),
    copied: ({ from, to, id }, after, upTo) => {
      const of = events.some((one) => one.id === id) ? events : others;
      return part(of, Math.max(after, from - 1), Math.min(upTo, to, readable)).map(line);
    },
  };
}

const ids = (of: Sources, after = 0, from?: Head): string[] => {
  const chain = chainOf(of, from);
  const upTo = endOf(of.head, chain)?.seq ?? 0;
  return unionOf(of, chain, after, upTo).map((one) => (one.kind === 'event' ? one.event.id : one.kind));
};
const first = (count: number): string[] => events.slice(0, count).map(({ id }) => id);

test.each([
  ['nothing is there', sources(0, []), 0],
  ['files alone', sources(3, []), 3],
  ['a copy alone', sources(0, copies([events, 1, 4])), 4],
  ['a copy that does not begin at the first event', sources(0, copies([events, 2, 4])), 0],
  ['a copy goes on where the files end', sources(2, copies([events, 3, 5])), 5],
  ['a copy begins before the files end', sources(3, copies([events, 2, 5])), 5],
  ['a copy leaves a gap', sources(2, copies([events, 4, 5])), 2],
  ['a copy has no more than the files', sources(4, copies([events, 1, 3])), 4],
  ['one copy goes on where another ends', sources(1, copies([events, 2, 3], [events, 4, 6])), 6],
  ['a copy is of another version from the end of the files on', sources(3, copies([others, 4, 6])), 6],
  ['a copy is of another version than the files', sources(4, copies([others, 2, 6])), 4],
  [
    'of two versions behind the end of the files the one with the least id is read',
    sources(3, copies([others, 4, 6], [events, 4, 4])),
    4,
  ],
  ['whichever is longer', sources(3, copies([others, 3, 4], [events, 3, 6])), 6],
])('the union: %s', (_, of, count) => {
  expect(endOf(of.head, chainOf(of))?.seq ?? 0).toBe(count);
  expect(ids(of)).toHaveLength(count);
});

test('events come from the files as far as these go, and then from copies', () => {
  expect(ids(sources(2, copies([events, 1, 6])))).toEqual(first(6));
  expect(ids(sources(2, copies([events, 1, 6])), 4)).toEqual(first(6).slice(4));
  expect(ids(sources(3, copies([others, 3, 6])))).toEqual(others.map(({ id }) => id));
});

test('what has not arrived of a copy ends the union there', () => {
  expect(ids(sources(2, copies([events, 3, 6]), events, 4))).toEqual(first(4));
});

test('who has accepted more than the files hold goes on from there', () => {
  const list = copies([events, 4, 6]);
  expect(ids(sources(0, list), 3)).toEqual([]);
  expect(ids(sources(0, list), 3, { seq: 3, id: at(3) })).toEqual(first(6).slice(3));
  expect(ids(sources(0, list), 3, { seq: 3, id: at(33) })).toEqual([]);
  expect(ids(sources(0, copies([events, 2, 6])), 3, { seq: 3, id: at(3) })).toEqual(first(6).slice(3));
  // Files that go further are read first.
  expect(ids(sources(5, []), 3, { seq: 3, id: at(33) })).toEqual(first(5).slice(3));
});

test('copies are found in all frontiers, by stream, the longest first, the same for everybody', () => {
  const list = [
    heard('b', []),
    heard('c', [], { copies: [listing(events, 1, 2), { ...listing(events, 1, 2), of: A }] }),
    heard('d', [], { copies: [listing(events, 2, 4)] }),
    heard('e', [], { copies: [listing(events, 1, 2)] }),
  ];
  const names = (of: readonly Copy[] = []): string[] => of.map(({ to, by }) => `${by.master} ${to}`);
  for (const order of [list, [...list].reverse()]) {
    expect(names(copiesIn(order).get(B))).toEqual(['d 4', 'c 2', 'e 2']);
    expect(names(copiesIn(order).get(A))).toEqual(['c 2']);
  }
  expect(copiedOnly(copiesIn(list), list)).toEqual([{ master: 'a', epoch: EPOCH }]);
});
