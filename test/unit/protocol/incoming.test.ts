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

test('the own stream is read up to its last durable event, and is never from the future', () => {
  const mine = [1, 2].map((seq) => event('a', seq, at(seq)));
  const { own } = facts({}, mine);
  const look = new Lookup(seen([]));
  expect(incomingOwn(own, new Map([[A, 2]]), look)).toBeUndefined();
  expect(incomingOwn(own, new Map([[A, 1]]), look)).toMatchObject({ accepted: 1, head: { seq: 2 }, own: true });
  expect(look.need.reads).toMatchObject([{ kind: 'lines', after: 1, upTo: 2 }]);
});
