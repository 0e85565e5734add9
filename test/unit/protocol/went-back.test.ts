import { wentBack } from '../../../src/protocol/went-back.js';
import type { Incoming } from '../../../src/protocol/incoming.js';
import { Lookup } from '../../../src/protocol/seen.js';
import { at, B, EPOCH, event, facts, heard, type Known, line, seal, seen, vector } from './facts.js';
import type { Event } from '../../../src/event/event.js';

const events = [1, 2, 3].map((seq) => event('b', seq, at(seq)));
const other = event('b', 3, at(33));
const stream = { master: 'b', epoch: EPOCH };

function keysOf(
  published: readonly Event[],
  there: readonly Event[],
  known: Known = {},
  incoming: Incoming[] = [],
): string[] {
  const look = new Lookup(
    seen(
      [heard('b', published)],
      [{ kind: 'lines', stream, after: 2, upTo: 3 }, there.filter(({ seq }) => seq === 3).map(line)],
      [{ kind: 'lines', stream, after: 0, upTo: 3 }, there.map(line)],
    ),
  );
  const found = wentBack(facts(known, events), look, incoming);
  expect(look.isIncomplete()).toBe(false);
  return [...found.values()].map(({ hold }) => `${hold.reason} ${hold.seq}`);
}

const later = event('b', 4, at(44));
const read: Incoming = {
  stream,
  accepted: 3,
  lastId: at(3),
  head: { seq: 4, id: at(44) },
  after: null,
  lines: [line(later)],
};

test.each([
  ['its frontier fits', events, [], {}, [], []],
  [
    'its frontier names another event under that number',
    [...events.slice(0, 2), other],
    [...events.slice(0, 2), other],
    {},
    [],
    ['backwards 3'],
  ],
  ['an older frontier arrived late, and the journal is whole', events.slice(0, 2), events, {}, [], []],
  ['the journal is shorter', events.slice(0, 2), events.slice(0, 2), {}, [], ['backwards 3']],
  ['it is empty now', [], [], {}, [], ['backwards 1']],
  ['what is gone is sealed', events.slice(0, 2), [], { seal: seal(at(9), { [B]: 3 }) }, [], []],
  ['it is cut', events.slice(0, 2), [], { cut: vector({ [B]: 2 }) }, [], []],
  ['it goes on behind what was accepted', [...events, later], events, {}, [{ ...read, last: events[2]! }], []],
  [
    'it goes on behind another event',
    [...events, later],
    [...events.slice(0, 2), other],
    {},
    [{ ...read, last: other }],
    ['backwards 3'],
  ],
] as const)('%s', (_, published, there, known, incoming, expected) => {
  expect(keysOf(published, there, known, [...incoming])).toEqual([...expected]);
});

test('what was told already is not looked at again', () => {
  const first = wentBack(
    facts({}, events),
    new Lookup(
      seen(
        [heard('b', events.slice(0, 2))],
        [{ kind: 'lines', stream, after: 2, upTo: 3 }, []],
        [{ kind: 'lines', stream, after: 0, upTo: 3 }, events.slice(0, 2).map(line)],
      ),
    ),
    [],
  );
  const look = new Lookup(seen([heard('b', events.slice(0, 2))], [{ kind: 'lines', stream, after: 2, upTo: 3 }, []]));
  expect(wentBack(facts({ wentBack: first }, events), look, [])).toEqual(first);
  expect(look.isIncomplete()).toBe(false);
});
