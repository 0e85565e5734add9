import { incomingOf, incomingOwn } from '../../../src/protocol/incoming.js';
import { Lookup } from '../../../src/protocol/seen.js';
import { A, at, B, EPOCH, event, facts, heard, header, line, seen } from './facts.js';

const events = [1, 2, 3].map((seq) => event('b', seq, at(seq)));
const stream = { master: 'b', epoch: EPOCH };
const none = { accepted: new Map<string, number>(), lastIds: new Map<string, string>() };
const list = [heard('b', events)];

test.each([
  ['up to the head', none, new Map<string, number>(), ['header', 'lines 0 3']],
  [
    'with the last accepted event',
    { accepted: new Map([[B, 2]]), lastIds: new Map([[B, at(2)]]) },
    new Map(),
    ['header', 'lines 1 3'],
  ],
  ['nothing, when all is accepted', { accepted: new Map([[B, 3]]), lastIds: new Map() }, new Map(), []],
  [
    'nothing behind the end of a cut stream',
    { accepted: new Map([[B, 2]]), lastIds: new Map() },
    new Map([[B, 2]]),
    [],
  ],
] as const)('of another stream is read: %s', (_, reached, cut, expected) => {
  const look = new Lookup(seen(list));
  incomingOf(reached, A, cut, look);
  const reads = look.need.reads.map((read) => (read.kind === 'lines' ? `lines ${read.after} ${read.upTo}` : read.kind));
  expect(reads.sort()).toEqual([...expected]);
});

test('the last accepted event is told apart from what is new', () => {
  const look = new Lookup(
    seen(
      list,
      [{ kind: 'header', stream }, header('b')],
      [{ kind: 'lines', stream, after: 1, upTo: 3 }, events.slice(1).map(line)],
    ),
  );
  const [incoming] = incomingOf({ accepted: new Map([[B, 2]]), lastIds: new Map([[B, at(2)]]) }, A, new Map(), look);
  expect(incoming).toMatchObject({ accepted: 2, after: null, last: { seq: 2 }, lines: [{ event: { seq: 3 } }] });
});

test('where it is gone, what is new is read alone', () => {
  const look = new Lookup(
    seen(list, [{ kind: 'header', stream }, header('b')], [{ kind: 'lines', stream, after: 1, upTo: 3 }, []]),
  );
  incomingOf({ accepted: new Map([[B, 2]]), lastIds: new Map([[B, at(2)]]) }, A, new Map(), look);
  expect(look.need.reads).toEqual([{ kind: 'lines', stream, after: 2, upTo: 3 }]);
});

describe('of a stream that lacks events, and of which there is a copy', () => {
  const copy = { of: B, name: at(2), from: 2, to: 3, id: at(3), follows: at(1), after: null };
  const by = heard('c', [], { copies: [copy] });
  const none = new Map<string, number>();
  const look = (there: readonly (typeof events)[number][]): Lookup =>
    new Lookup(
      seen(
        there.length === 0 ? [by] : [heard('b', there), by],
        [{ kind: 'header', stream }, undefined],
        [{ kind: 'lines', stream, after: 0, upTo: 1 }, there.map(line)],
        [{ kind: 'copy', stream, by: 'c', name: at(2), after: 1, upTo: 3 }, events.slice(1).map(line)],
        [{ kind: 'copy', stream, by: 'c', name: at(2), after: 0, upTo: 3 }, []],
        [{ kind: 'copy', stream, by: 'c', name: at(2), after: 0, upTo: 1 }, []],
      ),
    );
  test('both are read', () => {
    const [incoming] = incomingOf({ accepted: none, lastIds: new Map() }, A, none, look(events.slice(0, 1)));
    expect(incoming).toMatchObject({ head: { seq: 3 }, after: null, continues: false });
    expect(incoming?.lines).toHaveLength(3);
  });
  test('it goes on where the reader stands, though nothing of the stream is there', () => {
    const reached = { accepted: new Map([[B, 1]]), lastIds: new Map([[B, at(1)]]) };
    const [incoming] = incomingOf(reached, A, none, look([]));
    expect(incoming).toMatchObject({ accepted: 1, head: { seq: 3 }, continues: true });
    expect(incoming?.lines).toHaveLength(2);
  });
  test('of the stream that is written none is', () => {
    expect(incomingOf({ accepted: none, lastIds: new Map() }, B, none, look([]))).toEqual([]);
  });
});

test('the own stream is read up to its last durable event, and is never from the future', () => {
  const mine = [1, 2].map((seq) => event('a', seq, at(seq)));
  const { own } = facts({}, mine);
  const look = new Lookup(seen([]));
  expect(incomingOwn(own, new Map([[A, 2]]), look)).toBeUndefined();
  expect(incomingOwn(own, new Map([[A, 1]]), look)).toMatchObject({ accepted: 1, head: { seq: 2 }, own: true });
  expect(look.need.reads).toMatchObject([{ kind: 'lines', after: 1, upTo: 2 }]);
});
