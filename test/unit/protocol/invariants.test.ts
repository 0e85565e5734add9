/** What is wrong with what goes into a decision, or comes out of it, is found. */
import type { Decision } from '../../../src/protocol/decide.js';
import type { Facts } from '../../../src/protocol/facts.js';
import { nextSeal } from '../../../src/protocol/seal.js';
import type { Sealing } from '../../../src/protocol/sealing.js';
import type { Shedding } from '../../../src/protocol/shedding.js';
import * as invariants from '../../protocol-invariants.js';
import { A, at, B, event, facts, frontier, HOUR, seal, vector } from './facts.js';

const mine = [1, 2].map((seq) => event('a', seq, at(seq - 10)));
const known = facts({}, mine);
const under = seal(at(-2 * HOUR), { [A]: 1 });
const state = (more: Partial<Facts['state']>): Facts => ({ ...known, state: { ...known.state, ...more } });
const decision = (more: Partial<Decision>): Decision => ({
  ...{ kind: 'decision', holds: [], cut: vector({}), reissue: undefined, state: { kind: 'none' } },
  ...{ gone: new Map(), notices: [], tried: '', unusable: [] },
  ...more,
});
const news = (...events: ReturnType<typeof event>[]): Partial<Decision> => ({ state: { kind: 'revise', events } });
const sealing = (of: Sealing['seal']): Sealing => ({
  ...{ kind: 'sealing', seal: of, waiting: [], countedTo: at(0), promises: new Map() },
});
const shedding = (more: Partial<Shedding>): Shedding => ({
  ...{ kind: 'shedding', base: undefined, offer: undefined, deletions: [], waiting: [], circumstances: '' },
  ...more,
});

test.each<[string, invariants.Wrong, RegExp]>([
  ['a key that names no stream', invariants.wrongInVector(vector({ b: 1 })), /names no stream/],
  ['a count that is none', invariants.wrongInVector(vector({ [A]: -1 })), /-1 events/],
  ['a seal without its chain', invariants.wrongInSeal({ ...under, no: 2 }), /chain of 0/],
  [
    'a seal that names less',
    invariants.wrongInSuccession(under, { ...nextSeal(under, A, at(-1), new Map()), V: {} }),
    /fewer/,
  ],
  ['a seal that is let go', invariants.wrongInSuccession(under, undefined), /no longer in force/],
  ['a seal made apart', invariants.wrongInSuccession(under, { ...under, by: B }), /does not extend/],
  ['a gap in a state', invariants.wrongInFacts(facts({}, [mine[1]!])), /event 2 .* comes after event 0/],
  [
    'a state in no order',
    invariants.wrongInFacts(state({ entries: [...known.state.entries].reverse() })),
    /does not follow/,
  ],
  [
    'an event that does not count',
    invariants.wrongInFacts({ ...known, seal: seal(at(0), { [A]: 1 }) }),
    /does not count/,
  ],
  ['events beyond an end', invariants.wrongInFacts({ ...known, cut: vector({ [A]: 1 }) }), /behind the end/],
  ['what is not there', invariants.wrongInFacts(state({ accepted: vector({ [A]: 3 }) })), /3 events .* 2 are there/],
  [
    'more durable than written',
    invariants.wrongInFacts({ ...known, own: { ...known.own, last: undefined } }),
    /more is durable/,
  ],
  [
    'an end that moves',
    invariants.wrongInDecision(decision({ cut: vector({ [A]: 2 }) }), { ...known, cut: vector({ [A]: 1 }) }),
    /ends behind event 2/,
  ],
  [
    'an end that is forgotten',
    invariants.wrongInDecision(decision({}), { ...known, cut: vector({ [B]: 1 }) }),
    /has ended, and goes on/,
  ],
  ['news with a gap', invariants.wrongInDecision(decision(news(event('b', 2, at(1)))), known), /comes after event 0/],
  [
    'news behind the base',
    invariants.wrongInDecision(decision(news(event('b', 1, at(1)))), state({ base: at(5) })),
    /base is in the way/,
  ],
  [
    'a state that loses events',
    invariants.wrongInDecision(
      decision({ state: { kind: 'rebuild', base: known.state.genesis, events: [], saved: undefined } }),
      known,
    ),
    /are lost/,
  ],
  [
    'calls issued again that count',
    invariants.wrongInDecision(decision({ reissue: { events: mine, upTo: {}, after: under.H } }), {
      ...known,
      seal: under,
    }),
    /that goes on is issued again/,
  ],
  ['a seal of what is still open', invariants.wrongInSealing(sealing(seal(at(0), {})), known), /still open/],
  [
    'a seal that leaves out events',
    invariants.wrongInSealing(sealing(seal(at(-2 * HOUR), {})), facts({}, [event('a', 1, at(-5 * HOUR))])),
    /names 0 events of a@.* and 1 lie before it/,
  ],
  ['a seal beside another', invariants.wrongInSealing(sealing(under), { ...known, future: 3 }), /waits for its time/],
  [
    'deletion without a snapshot',
    invariants.wrongInShedding(shedding({ deletions: [{ kind: 'events', stream: known.own.header, upTo: 1 }] }), {
      ...known,
      seal: under,
    }),
    /before a snapshot stands in/,
  ],
  [
    'deletion of what no seal names',
    invariants.wrongInShedding(shedding({ deletions: [{ kind: 'events', stream: known.own.header, upTo: 2 }] }), {
      ...known,
      seal: under,
    }),
    /2 events of a@/,
  ],
  ['a base that moves to no seal', invariants.wrongInShedding(shedding({ base: at(0) }), known), /base moves/],
  [
    'a head that is not durable',
    invariants.wrongInFrontier(frontier({ head: { seq: 3, id: at(9) } }), known, at(9)),
    /last durable/,
  ],
  [
    'a promise above the clock',
    invariants.wrongInFrontier(frontier({ head: known.own.durable, clock: at(9) }), known, at(1)),
    /more than the clock/,
  ],
])('%s', (_, wrong, says) => {
  expect(wrong.join('; ')).toMatch(says);
});

test('nothing is wrong where all is well', () => {
  expect(invariants.wrongInFacts(known)).toEqual([]);
  expect(invariants.wrongInDecision(decision({}), known)).toEqual([]);
  expect(invariants.wrongInFrontier(frontier({ head: known.own.durable, clock: at(-8) }), known, at(0))).toEqual([]);
});
