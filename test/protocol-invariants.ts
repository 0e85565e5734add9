/**
 * What must be so of everything that goes into a decision of the protocol, and of everything that comes out of it: plain functions that say what
 * is wrong. The tables of cases and the simulation check with them (`checked-protocol.ts`).
 */
import { compareEvents, type Event, isStreamKey, streamKey } from '../src/event/event.js';
import { isUlid, lastUlidAt } from '../src/event/ulid.js';
import { isFromFuture } from '../src/event/ulid-clock.js';
import type { Acceptance, AcceptRules } from '../src/protocol/accept.js';
import type { Adoption } from '../src/protocol/adopt.js';
import { endOf, goesBeyond } from '../src/protocol/cut.js';
import type { Decision } from '../src/protocol/decide.js';
import type { Facts } from '../src/protocol/facts.js';
import type { Hold } from '../src/protocol/hold.js';
import type { Incoming } from '../src/protocol/incoming.js';
import type { Stretch } from '../src/protocol/past.js';
import { counts, holdsAllOf, namedIn, relate } from '../src/protocol/seal.js';
import type { Sealing } from '../src/protocol/sealing.js';
import { type Need, readKey, type Seen } from '../src/protocol/seen.js';
import type { Shedding } from '../src/protocol/shedding.js';
import type { Frontier, Seal } from '../src/store/frontier.js';
import type { Opening, OpeningFacts } from '../src/store/opening.js';
import type { VersionVector } from '../src/timeline/timeline.js';

/** Nothing if all is well. */
export type Wrong = readonly string[];

/** Those sentences whose condition is not met. */
function unless(...rules: readonly (readonly [holds: boolean, wrong: string])[]): string[] {
  return rules.filter(([holds]) => !holds).map(([, wrong]) => wrong);
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

export function wrongInVector(vector: VersionVector): Wrong {
  return [...vector].flatMap(([key, count]) =>
    unless([isStreamKey(key), `${key} names no stream`], [isCount(count), `${key} has ${count} events`]),
  );
}

export function wrongInSeal({ no, by, H, V, chain }: Seal): Wrong {
  return [
    ...unless(
      [isCount(no) && no > 0, `the seal has the number ${no}`],
      [chain.length === no - 1, `seal ${no} has a chain of ${chain.length}`],
      [isStreamKey(by), `seal ${no} is by ${by}`],
      [isUlid(H), `seal ${no} reaches ${H}`],
    ),
    ...wrongInVector(new Map(Object.entries(V))),
  ];
}

/** @param before the seal in force until then */
export function wrongInSuccession(before: Seal | undefined, seal: Seal | undefined): Wrong {
  if (before === undefined || seal === undefined || seal === before)
    return unless([before === undefined || seal !== undefined, 'a seal is no longer in force']);
  return [
    ...unless(
      [['same', 'later'].includes(relate(before, seal)), `seal ${seal.no} does not extend seal ${before.no}`],
      [seal.H >= before.H, `H falls from ${before.H} to ${seal.H}`],
    ),
    ...Object.entries(before.V).flatMap(([key, count]) =>
      unless([namedIn(seal, key) >= count, `seal ${seal.no} names fewer events of ${key} than seal ${before.no}`]),
    ),
  ];
}

/** Events in their order, each stream without a gap from what a state or snapshot has, and each of them counts. @param from what is there before */
function wrongInEvents(
  events: readonly Event[],
  from: VersionVector,
  seal: Seal | undefined,
  cut: VersionVector,
): Wrong {
  const last = new Map(from);
  const wrong: string[] = [];
  for (const [index, event] of events.entries()) {
    const [key, before] = [streamKey(event), events[index - 1]];
    const name = `event ${event.seq} of ${key} (${event.id})`;
    wrong.push(
      ...unless(
        [before === undefined || compareEvents(before, event) < 0, `${name} does not follow ${before?.id ?? ''}`],
        [event.seq === (last.get(key) ?? 0) + 1, `${name} comes after event ${last.get(key) ?? 0}`],
        [counts(event, seal), `${name} does not count under seal ${seal?.no ?? 0}`],
        [event.seq <= endOf(cut, key), `${name} lies behind the end of its stream`],
      ),
    );
    last.set(key, event.seq);
  }
  return wrong;
}

function wrongInHolds(holds: readonly Hold[]): Wrong {
  const keys = holds.map(streamKey);
  return keys.filter((key, index) => keys.indexOf(key) !== index).map((key) => `${key} is held twice`);
}

export function wrongInFacts({ own, seal, isObeyed, cut, state, published }: Facts): Wrong {
  const { accepted, base, baseVector, entries } = state;
  const events = entries.map(({ event }) => event);
  const last = new Map(baseVector);
  for (const event of events) last.set(streamKey(event), event.seq);
  const [under, ended] = isObeyed ? [seal, cut] : [undefined, new Map<string, number>()];
  return [
    ...wrongInVector(accepted),
    ...wrongInVector(cut),
    ...(seal === undefined ? [] : wrongInSeal(seal)),
    ...wrongInEvents(events, baseVector, under, ended),
    ...unless(
      [own.key === streamKey(own.header), `${own.key} is not what its header says`],
      [(own.durable?.seq ?? 0) <= (own.last?.seq ?? 0), 'more is durable than was written'],
      [events[0] === undefined || events[0].id > base, 'an event lies before the base'],
      [!isObeyed || !goesBeyond(accepted, cut), 'the state holds events behind the end of a stream'],
      [isUlid(published.clock), `the promise is ${published.clock}`],
    ),
    ...[...accepted].flatMap(([key, count]) => {
      const there = last.get(key) ?? 0;
      return unless([
        !state.isBuilt || there === count,
        `${count} events of ${key} are accepted, and ${there} are there`,
      ]);
    }),
  ];
}

export function wrongInNeed({ reads }: Need, { answers }: Seen): Wrong {
  const keys = reads.map(readKey);
  return [
    ...unless([keys.length > 0, 'something is missing, and nothing is asked for']),
    ...keys
      .filter((key, index) => answers.has(key) || keys.indexOf(key) !== index)
      .map((key) => `${key} is asked for again`),
  ];
}

export function wrongInAcceptance(
  { events, held, dead }: Acceptance,
  incoming: readonly Incoming[],
  { now, maxDrift, seal, accepted }: AcceptRules,
): Wrong {
  const streams = new Map(incoming.map((stream) => [streamKey(stream.stream), stream]));
  const from = new Map([
    ...accepted,
    ...incoming.map((stream) => [streamKey(stream.stream), stream.accepted] as const),
  ]);
  const ends = new Map(
    incoming.map(({ stream, head, count }) => [streamKey(stream), Math.min(head.seq, count ?? Infinity)]),
  );
  return [
    ...wrongInEvents(events, from, seal, ends),
    ...wrongInHolds(held),
    ...held.flatMap((hold) => unless([!dead.has(streamKey(hold)), `${streamKey(hold)} is held, and has ended`])),
    ...events.flatMap((event) => {
      const isOwn = streams.get(streamKey(event))?.own === true;
      return unless([isOwn || !isFromFuture(event.id, now, maxDrift), `${event.id} is from the future`]);
    }),
  ];
}

export function wrongInAdoption({ seal, future }: Adoption, { seal: mine, now, settings }: Facts): Wrong {
  const isFuture = seal !== undefined && seal !== mine && isFromFuture(seal.H, now, settings.maxClockDrift);
  return [
    ...(seal === undefined ? [] : wrongInSeal(seal)),
    ...wrongInSuccession(mine, seal),
    ...unless([!isFuture, `seal ${seal?.no ?? 0} is from the future`], [isCount(future), `${future} waits`]),
  ];
}

export function wrongInDecision({ cut, holds, reissue, state }: Decision, facts: Facts): Wrong {
  const { seal } = facts;
  const { accepted, base, baseVector } = facts.state;
  const wrong = [...wrongInVector(cut), ...wrongInHolds(holds)];
  for (const [key, count] of cut)
    wrong.push(...unless([count === (facts.cut.get(key) ?? namedIn(seal, key)), `${key} ends behind event ${count}`]));
  for (const key of facts.cut.keys()) wrong.push(...unless([cut.has(key), `${key} has ended, and goes on`]));
  if (reissue !== undefined) {
    const { events, upTo, after } = reissue;
    wrong.push(
      ...unless(
        [after === seal?.H, `calls are issued again after ${after}`],
        [events.every((event) => cut.has(streamKey(event))), 'a call of a stream that goes on is issued again'],
        [
          events.every((event, index) => index === 0 || compareEvents(events[index - 1]!, event) < 0),
          'late calls lie in no order',
        ],
      ),
    );
    for (const [epoch, seq] of Object.entries(upTo)) {
      const last = Math.max(...events.filter((event) => event.epoch === epoch).map((event) => event.seq));
      wrong.push(
        ...unless([last === seq, `calls of ${epoch} up to ${seq} are issued again, and ${last} is the last of them`]),
      );
    }
  }
  if (state.kind === 'none')
    return [...wrong, ...unless([!goesBeyond(accepted, cut), 'events behind the end of a stream stay'])];
  if (state.kind === 'revise') {
    const isBehind = state.events.some(({ id }) => id <= base) || goesBeyond(baseVector, cut);
    return [
      ...wrong,
      ...wrongInEvents(state.events, accepted, seal, cut),
      ...unless([!isBehind, 'the base is in the way']),
    ];
  }
  const kept = new Map(state.base.vector);
  for (const event of state.events) kept.set(streamKey(event), event.seq);
  const lost = [...accepted].filter(([key, count]) => (kept.get(key) ?? 0) < Math.min(count, endOf(cut, key)));
  return [
    ...wrong,
    ...wrongInEvents(state.events, state.base.vector, seal, cut),
    ...lost.map(([key]) => `events of ${key} are lost by building the state anew`),
    ...unless([state.events.every(({ id }) => id > state.base.position), 'an event lies before the base']),
  ];
}

export function wrongInSealing({ seal }: Sealing, { seal: last, future, own, now, settings, state }: Facts): Wrong {
  if (seal === undefined) return [];
  const { entries, base, baseVector, accepted } = state;
  const before = new Map(baseVector);
  for (const { event } of entries) if (event.id <= seal.H) before.set(streamKey(event), event.seq);
  return [
    ...wrongInSeal(seal),
    ...wrongInSuccession(last, seal),
    ...unless(
      [seal.no === (last?.no ?? 0) + 1, `seal ${seal.no} follows seal ${last?.no ?? 0}`],
      [last === undefined || seal.H > last.H, 'H does not rise'],
      [seal.H <= lastUlidAt(now - settings.retention), `${seal.H} is still open`],
      [seal.by === own.key, `it is made by ${seal.by}`],
      [future === 0, 'another seal waits for its time'],
      [holdsAllOf(seal, accepted) || last !== undefined, 'it names events that are not accepted'],
    ),
    ...[...new Set([...before.keys(), ...Object.keys(seal.V)])].flatMap((key) => {
      const count = namedIn(seal, key);
      const due = Math.max(before.get(key) ?? 0, namedIn(last, key));
      return unless([seal.H < base || count === due, `it names ${count} events of ${key}, and ${due} lie before it`]);
    }),
  ];
}

export function wrongInShedding({ base, offer, deletions }: Shedding, { seal, state, own, published }: Facts): Wrong {
  const holdsAll = seal !== undefined && holdsAllOf(seal, state.accepted);
  return [
    ...unless(
      [base === undefined || (holdsAll && base === seal.H), 'the base moves, and not to a seal that is held'],
      [offer === undefined || (holdsAll && offer.position === seal.H), 'what is offered is at no seal that is held'],
      [
        deletions.length === 0 || published.snapshot?.no === seal?.no,
        'something goes before a snapshot stands in for it',
      ],
    ),
    ...deletions.flatMap((deletion) => {
      const key = streamKey(deletion.stream);
      if (deletion.kind === 'stream') return unless([key !== own.key, 'the stream that is written goes']);
      return unless([deletion.upTo <= namedIn(seal, key), `${deletion.upTo} events of ${key} go`]);
    }),
  ];
}

/** @param promise an id that every later call exceeds */
export function wrongInFrontier(
  { clock, head, seal, snapshot, seen }: Frontier,
  { own, seal: mine }: Facts,
  promise: string,
): Wrong {
  return unless(
    [head?.id === own.durable?.id, 'the head is not the last durable event'],
    [isUlid(clock), `the promise is ${clock}`],
    [clock <= promise, 'it promises more than the clock does'],
    [own.last?.seq === own.durable?.seq || clock <= (own.durable?.id ?? clock), 'it promises what is not durable'],
    [seal === mine, 'it repeats another seal than the one in force'],
    [
      snapshot === undefined || snapshot.no <= (seal?.no ?? 0),
      'it offers a snapshot at a seal that it does not repeat',
    ],
    [!(own.key in seen), 'it says what it has accepted of itself'],
  );
}

/** @param point up to where the history is asked for */
export function wrongInStretch({ base, events }: Stretch, { state }: Facts, point: string): Wrong {
  const reached = new Map(base.vector);
  for (const event of events) reached.set(streamKey(event), event.seq);
  const isWhole = [...state.accepted].every(([key, count]) => (reached.get(key) ?? 0) === count);
  return [
    ...wrongInEvents(events, base.vector, undefined, new Map()),
    ...unless(
      [isWhole, 'the history is not whole'],
      [base.position <= point, 'it begins after what is asked for'],
      [events.every(({ id }) => id > base.position), 'an event lies before the base'],
    ),
  ];
}

export function wrongInOpening(opening: Opening, { journal, newest }: OpeningFacts): Wrong {
  if (opening.kind === 'read')
    return unless([journal === undefined && newest !== undefined, 'there is nothing to read']);
  if (opening.kind !== 'continue') return [];
  return unless(
    [newest !== undefined && journal?.isWhole === true, 'there is no journal that could go on'],
    [(journal?.head?.seq ?? 0) >= opening.published, 'it goes on behind less than was published'],
  );
}
