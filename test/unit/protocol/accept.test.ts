import type { Event } from '../../../src/event/event.js';
import type { ParsedLine } from '../../../src/event/line.js';
import type { AcceptRules } from '../../../src/protocol/accept.js';
import { acceptStreams } from '../../checked-protocol.js';
import type { Incoming } from '../../../src/protocol/incoming.js';

const NOW = 1_700_000_000_000;
const idAt = (n: number, digit = '0'): string => `01HF7YAT0${digit}${String(n).padStart(16, '0')}`;
const EPOCH = '01HF7YAT00FQ2VRP41VVTGRSXB';

const event = (master: string, seq: number, id: string, more: Partial<Event> = {}): ParsedLine => ({
  kind: 'event',
  event: { id, master, epoch: EPOCH, seq, model: 'm', tx: 't', txv: 1, args: [], meta: null, ...more },
});
const incoming = (master: string, lines: ParsedLine[], more: Partial<Incoming> = {}): Incoming => {
  const last = [...lines].reverse().find((line) => line.kind === 'event');
  return {
    stream: { master, epoch: EPOCH },
    accepted: 0,
    lastId: undefined,
    after: null,
    head: last === undefined ? { seq: 1, id: idAt(1) } : { seq: last.event.seq, id: last.event.id },
    lines,
    ...more,
  };
};
const rules: AcceptRules = {
  now: NOW,
  maxDrift: 1_000,
  accepted: new Map(),
  seal: undefined,
  obstacle: () => undefined,
};

test('nothing in, nothing to do', () => {
  expect(acceptStreams([], rules)).toEqual({ events: [], held: [], dead: new Map() });
});

test('events of all streams come in the order of their ids, whatever the order of the streams', () => {
  const one = incoming('one', [event('one', 1, idAt(60)), event('one', 2, idAt(63))]);
  const two = incoming('two', [event('two', 1, idAt(61)), event('two', 2, idAt(62))]);
  for (const streams of [
    [one, two],
    [two, one],
  ]) {
    const acceptance = acceptStreams(streams, rules);
    expect(acceptance.events.map(({ id }) => id)).toEqual([60, 61, 62, 63].map((n) => idAt(n)));
  }
});

test.each<[string, Incoming]>([
  ['damaged', incoming('one', [event('one', 1, idAt(60)), { kind: 'damaged' }], { head: { seq: 2, id: idAt(61) } })],
  ['damaged', incoming('one', [event('one', 1, idAt(60)), event('one', 3, idAt(61))])],
  ['damaged', incoming('one', [event('one', 1, idAt(60)), event('one', 2, idAt(60))])],
  ['damaged', incoming('one', [event('one', 1, idAt(60)), event('two', 2, idAt(61))])],
  ['damaged', incoming('one', [event('one', 1, idAt(60)), event('one', 2, idAt(61), { epoch: idAt(1) })])],
  [
    'damaged',
    incoming('one', [event('one', 1, idAt(60)), event('one', 2, idAt(61))], { head: { seq: 2, id: idAt(62) } }),
  ],
  [
    'newer-format',
    incoming('one', [event('one', 1, idAt(60)), { kind: 'newer', v: 2 }], { head: { seq: 2, id: idAt(61) } }),
  ],
  ['gap', incoming('one', [event('one', 1, idAt(60))], { head: { seq: 2, id: idAt(61) } })],
  ['clock-ahead', incoming('one', [event('one', 1, idAt(60)), event('one', 2, '01HF7YAV00' + '0'.repeat(16))])],
])('%s holds the stream there, and no other stream', (reason, stream) => {
  const other = incoming('other', [event('other', 1, idAt(70))]);
  const acceptance = acceptStreams([stream, other], rules);
  expect(acceptance.events.map(({ id }) => id)).toEqual([idAt(60), idAt(70)]);
  expect(acceptance.held).toMatchObject([{ master: 'one', epoch: EPOCH, seq: 2, reason }]);
  expect(acceptance.held[0]?.message).not.toBe('');
});

test.each(['model', 'unknown-transaction', 'newer-version', 'arguments'] as const)(
  'an obstacle (%s) holds the stream',
  (reason) => {
    const acceptance = acceptStreams([incoming('one', [event('one', 1, idAt(60)), event('one', 2, idAt(61))])], {
      ...rules,
      obstacle: ({ seq }) => (seq === 2 ? { reason } : undefined),
    });
    expect(acceptance.events).toHaveLength(1);
    expect(acceptance.held).toMatchObject([{ seq: 2, reason }]);
  },
);

test('an id must rise beyond the last accepted one', () => {
  const stream = incoming('one', [event('one', 5, idAt(60))], { accepted: 4, lastId: idAt(60) });
  expect(acceptStreams([stream], rules)).toMatchObject({ events: [], held: [{ seq: 5, reason: 'damaged' }] });
});

test('lines beyond the published head are not looked at', () => {
  const stream = incoming('one', [event('one', 1, idAt(60)), { kind: 'damaged' }], { head: { seq: 1, id: idAt(60) } });
  expect(acceptStreams([stream], rules)).toMatchObject({ events: [{ seq: 1 }], held: [] });
});

test('what this master wrote itself is never from the future', () => {
  const stream = incoming('one', [event('one', 1, '01HF7YAV00' + '0'.repeat(16))], { own: true });
  expect(acceptStreams([stream], rules)).toMatchObject({ events: [{ seq: 1 }], held: [] });
});

test('exactly as far ahead as clocks may differ is accepted', () => {
  const ahead = event('one', 1, '01HF7YAT00' + '0'.repeat(16));
  const at = (now: number): number => acceptStreams([incoming('one', [ahead])], { ...rules, now }).held.length;
  expect([at(NOW - 1_000), at(NOW - 1_001)]).toEqual([0, 1]);
});

test('what keeps an event out is looked at in this order, and one that is dead holds nothing, though this program cannot run it', () => {
  const seal = { no: 1, by: `one@${EPOCH}`, H: idAt(100), V: {}, chain: [] };
  const late = event('one', 1, idAt(60));
  const all = { ...rules, now: 0, seal, obstacle: () => ({ reason: 'model' }) as const };
  const head = { seq: 1, id: idAt(60) };
  const outcome = (
    stream: Partial<Incoming>,
    { lines = [late], ...more }: Partial<AcceptRules> & { lines?: ParsedLine[] },
  ): string => {
    const { held, dead } = acceptStreams([incoming('one', lines, { head, ...stream })], { ...all, ...more });
    return dead.size > 0 ? 'dead' : (held[0]?.reason ?? 'accepted');
  };
  const newer: ParsedLine = { kind: 'newer', v: 9 };
  const wrong = event('two', 1, idAt(60));
  expect([
    outcome({ after: idAt(101) }, { lines: [newer] }),
    outcome({ after: undefined }, { lines: [newer] }),
    outcome({ after: undefined }, { lines: [wrong] }),
    outcome({ after: undefined }, {}),
    outcome({ after: undefined }, { now: NOW }),
    outcome({ after: null }, { now: NOW }),
    outcome({ after: null }, { now: NOW, seal: undefined }),
    outcome({ after: null }, { now: NOW, seal: undefined, obstacle: () => undefined }),
  ]).toEqual(['unsealed', 'newer-format', 'damaged', 'clock-ahead', 'gap', 'dead', 'model', 'accepted']);
});
