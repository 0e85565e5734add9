import { goneStreams } from '../../../src/protocol/gone.js';
import type { Facts } from '../../../src/protocol/facts.js';
import type { Incoming } from '../../../src/protocol/incoming.js';
import { type Heard, Lookup } from '../../../src/protocol/seen.js';
import { at, B, EPOCH, event, facts, heard, type Known, line, seal, seen, vector } from './facts.js';
import type { Event } from '../../../src/event/event.js';

const events = [1, 2, 3].map((seq) => event('b', seq, at(seq)));
const other = event('b', 3, at(33));
const stream = { master: 'b', epoch: EPOCH };

function look(list: readonly Heard[], there: readonly Event[]): Lookup {
  return new Lookup(
    seen(
      list,
      [{ kind: 'lines', stream, after: 2, upTo: 3 }, there.filter(({ seq }) => seq === 3).map(line)],
      [{ kind: 'lines', stream, after: 0, upTo: 3 }, there.map(line)],
    ),
  );
}

function found(list: readonly Heard[], there: readonly Event[], known: Facts, incoming: Incoming[] = []): string[] {
  const looked = look(list, there);
  const gone = goneStreams(known, known.state, known.cut, looked, incoming);
  expect(looked.isIncomplete()).toBe(false);
  return [...gone.values()].map(({ hold }) => (hold === undefined ? 'sealed' : `${hold.reason} ${hold.seq}`));
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
const two = events.slice(0, 2);

test.each([
  ['its frontier fits', events, [], {}, [], []],
  ['its frontier names another event under that number', [...two, other], [...two, other], {}, [], ['fork 3']],
  ['its frontier does, and the lines have not come', [...two, other], events, {}, [], ['fork 3']],
  ['an older frontier arrived late, and the journal is whole', two, events, {}, [], []],
  ['the journal is shorter', two, two, {}, [], ['backwards 3']],
  ['it is shorter, and another one', [events[0]!, event('b', 2, at(22))], [], {}, [], ['fork 2']],
  ['it is empty now', [], [], {}, [], ['backwards 1']],
  ['what is gone is sealed', two, [], { seal: seal(at(9), { [B]: 3 }) }, [], []],
  ['it is cut', two, [], { cut: vector({ [B]: 2 }) }, [], []],
  ['it goes on behind what was accepted', [...events, later], events, {}, [{ ...read, last: events[2]! }], []],
  ['it goes on behind another event', [...events, later], [...two, other], {}, [{ ...read, last: other }], ['fork 3']],
] as const)('%s', (_, published, there, known: Known, incoming, expected) => {
  expect(found([heard('b', published)], there, facts(known, events), [...incoming])).toEqual([...expected]);
});

const torn: Heard = { stream, frontier: undefined, own: false };

test.each([
  ['it is not there', [], [], {}, ['vanished 1']],
  ['it is not there, and a part is sealed', [], [], { seal: seal(at(2), { [B]: 2 }) }, ['vanished 3']],
  ['it is not there, and all is sealed', [], [], { seal: seal(at(3), { [B]: 3 }) }, ['sealed']],
  [
    'it is sealed, and its master offers a snapshot in another stream',
    [{ ...heard('b', [], { snapshot: { no: 1, position: at(3), events: 0 } }), stream: { master: 'b', epoch: at(1) } }],
    [],
    { seal: seal(at(3), { [B]: 3 }, { no: 2 }) },
    [],
  ],
  [
    'it is sealed, and somebody offers a snapshot at an older seal',
    [heard('c', [], { snapshot: { no: 1, position: at(3), events: 0 } })],
    [],
    { seal: seal(at(3), { [B]: 3 }, { no: 2 }) },
    ['sealed'],
  ],
  [
    'it is sealed, and somebody offers a snapshot at this seal',
    [heard('c', [], { snapshot: { no: 2, position: at(3), events: 0 } })],
    [],
    { seal: seal(at(3), { [B]: 3 }, { no: 2 }) },
    [],
  ],
  [
    'it is sealed, and this master offers a snapshot that holds it',
    [],
    [],
    {
      seal: seal(at(3), { [B]: 3 }),
      published: { clock: EPOCH, snapshot: { no: 1, position: at(3), fingerprint: '', V: { [B]: 3 } } },
    },
    [],
  ],
  ['its frontier is torn, and the journal is whole', [torn], events, {}, []],
  ['its frontier is torn, and the journal is empty', [torn], [], {}, ['vanished 1']],
  ['its frontier is torn, and the journal is shorter', [torn], two, {}, ['backwards 3']],
])('%s', (_, list, there, known: Known, expected) => {
  expect(found(list, there, facts(known, events))).toEqual(expected);
});

test('of what is behind the base only the last event is known', () => {
  const known = facts({ state: { entries: [] } }, events);
  const gone = goneStreams(known, known.state, known.cut, look([], []), []);
  expect(gone.get(B)?.hold).toMatchObject({ reason: 'vanished', seq: 3 });
});

test('what was told already is not looked at again', () => {
  const known = facts({}, events);
  const first = goneStreams(known, known.state, known.cut, look([heard('b', two)], two), []);
  const again = facts({ gone: first }, events);
  const less = new Lookup(seen([heard('b', two)], [{ kind: 'lines', stream, after: 2, upTo: 3 }, []]));
  expect(goneStreams(again, again.state, again.cut, less, [])).toEqual(first);
  expect(less.isIncomplete()).toBe(false);
});
