import { jest } from '@jest/globals';
import type { Event } from '../../src/event/event.js';
import type { ParsedLine } from '../../src/event/line.js';
import type { Failure } from './run.js';

/**
 * Every rule of the protocol is needed: without any one of them some schedule fails. Pure decisions are replaced behind the modules'
 * back; production code knows nothing of it.
 */

/** Replaces pure functions; `undefined` is the right one. */
interface Mutation {
  counts?: typeof seals.counts;
  highestSeal?: typeof seals.highestSeal;
  nextSeal?: typeof seals.nextSeal;
  holdsAllOf?: typeof seals.holdsAllOf;
  acceptStreams?: typeof accepting.acceptStreams;
  adoption?: typeof adopting.adoption;
  lateCalls?: typeof reissues.lateCalls;
  reissue?: (...args: Parameters<typeof reissues.reissue>) => Event[];
  promisesOf?: typeof promises.promisesOf;
  decideSeal?: typeof sealing.decideSeal;
  decideShedding?: typeof shedding.decideShedding;
  idsToExceed?: typeof frontiers.idsToExceed;
  isKeepingDue?: typeof keeping.isKeepingDue;
  deleteSegments?: (...args: Parameters<typeof deletions.deleteSegments>) => Promise<number>;
  takeOver?: typeof takeOvers.takeOver;
  putBackNow?: typeof puttingBack.putBackNow;
  /** The answer to whether the journal, and the mark of its writer, are in their places. */
  isReadBack?: boolean;
  isMarkInPlace?: boolean;
}
let mutation: Mutation = {};

const replaceable = <T extends object>(actual: T, names: readonly (keyof T & keyof Mutation)[]): T => {
  const wrapped = Object.fromEntries(
    names.map((name) => [
      name,
      (...args: unknown[]): unknown => ((mutation[name] ?? actual[name]) as (...args: unknown[]) => unknown)(...args),
    ]),
  );
  return { ...actual, ...wrapped };
};

// From the lowest up, so that each sees the replaceable ones below it.
const seals = await import('../../src/protocol/seal.js');
jest.unstable_mockModule('../../src/protocol/seal.js', () =>
  replaceable(seals, ['counts', 'highestSeal', 'nextSeal', 'holdsAllOf']),
);
const accepting = await import('../../src/protocol/accept.js');
jest.unstable_mockModule('../../src/protocol/accept.js', () => replaceable(accepting, ['acceptStreams']));
const adopting = await import('../../src/protocol/adopt.js');
jest.unstable_mockModule('../../src/protocol/adopt.js', () => replaceable(adopting, ['adoption']));
const reissues = await import('../../src/protocol/reissue.js');
jest.unstable_mockModule('../../src/protocol/reissue.js', () => replaceable(reissues, ['lateCalls', 'reissue']));
const promises = await import('../../src/protocol/promises.js');
jest.unstable_mockModule('../../src/protocol/promises.js', () => replaceable(promises, ['promisesOf']));
const sealing = await import('../../src/protocol/sealing.js');
jest.unstable_mockModule('../../src/protocol/sealing.js', () => replaceable(sealing, ['decideSeal']));
const shedding = await import('../../src/protocol/shedding.js');
jest.unstable_mockModule('../../src/protocol/shedding.js', () => replaceable(shedding, ['decideShedding']));
const frontiers = await import('../../src/protocol/frontier.js');
jest.unstable_mockModule('../../src/protocol/frontier.js', () => replaceable(frontiers, ['idsToExceed']));
const keeping = await import('../../src/protocol/keep.js');
jest.unstable_mockModule('../../src/protocol/keep.js', () => replaceable(keeping, ['isKeepingDue']));
const deletions = await import('../../src/store/folder/deletion.js');
jest.unstable_mockModule('../../src/store/folder/deletion.js', () => replaceable(deletions, ['deleteSegments']));
const takeOvers = await import('../../src/store/folder/take-over.js');
jest.unstable_mockModule('../../src/store/folder/take-over.js', () => replaceable(takeOvers, ['takeOver']));
const puttingBack = await import('../../src/store/folder/put-back.js');
jest.unstable_mockModule('../../src/store/folder/put-back.js', () => replaceable(puttingBack, ['putBackNow']));
const marks = await import('../../src/store/folder/writer-mark.js');
jest.unstable_mockModule('../../src/store/folder/writer-mark.js', () => {
  const { isInPlaceNow } = marks.WriterMark.prototype;
  // Its constructor is private: what it makes cannot be another class.
  marks.WriterMark.prototype.isInPlaceNow = function (): boolean {
    return mutation.isMarkInPlace ?? isInPlaceNow.call(this);
  };
  return marks;
});
const segments = await import('../../src/store/folder/open-segment.js');
jest.unstable_mockModule('../../src/store/folder/open-segment.js', () => ({
  OpenSegment: class extends segments.OpenSegment {
    override isReadBack(end: number): boolean {
      return mutation.isReadBack ?? super.isReadBack(end);
    }
    override isInPlace(end: number): boolean {
      return mutation.isReadBack ?? super.isInPlace(end);
    }
  },
}));

const { run } = await import('./run.js');
const { scheduleOf } = await import('./schedule.js');
const key = ({ master, epoch }: { master: string; epoch: string }): string => `${master}@${epoch}`;

/** What a rule says, and what is done instead. */
interface Mutant {
  readonly rule: string;
  /** The first schedule that is tried; 1 if left out. */
  readonly from?: number;
  readonly mutation: Mutation;
}

/** What the sealer has heard right before it seals. */
let heardHeads = new Map<string, { seq: number; id: string }>();

const mutants: Mutant[] = [
  {
    rule: 'an event at or before H counts only if V names it',
    mutation: { counts: () => true },
  },
  {
    rule: 'an event that V names counts although it is at or before H',
    mutation: { counts: (event, seal) => seal === undefined || event.id > seal.H },
  },
  {
    rule: 'the first event that does not count cuts the stream for good',
    mutation: { acceptStreams: pastDead },
  },
  {
    rule: 'V is what the sealer has accepted, not what was published',
    mutation: {
      decideSeal: (facts, seen, holds) => {
        heardHeads = new Map(
          seen.heard.flatMap(({ stream, frontier }) =>
            frontier?.head === undefined ? [] : [[key(stream), frontier.head]],
          ),
        );
        return sealing.decideSeal(facts, seen, holds);
      },
      nextSeal: (previous, by, H, accepted) => {
        const published = [...heardHeads]
          .filter(([, { id }]) => id <= H)
          .map(([name, { seq }]) => [name, seq] as const);
        return seals.nextSeal(previous, by, H, new Map([...accepted, ...published]));
      },
    },
  },
  {
    rule: 'entries of V never disappear',
    mutation: {
      nextSeal: (previous, by, H, accepted) => {
        const right = seals.nextSeal(previous, by, H, accepted);
        const V = Object.fromEntries(Object.entries(right.V).filter(([name, count]) => previous?.V[name] !== count));
        return { ...right, V };
      },
    },
  },
  {
    rule: 'calls are issued again once, as the new stream says',
    mutation: {
      lateCalls: (streams, seal) =>
        reissues.lateCalls(
          streams.map((one) => ({ ...one, header: without(one.header, 'moved') })),
          seal,
        ),
    },
  },
  {
    rule: 'nothing is deleted before the snapshot that stands in is published',
    mutation: {
      decideShedding: (facts, seen) => {
        const right = shedding.decideShedding(facts, seen);
        if (right.kind === 'need' || right.offer === undefined) return right;
        const { seal: no, position, vector } = right.offer;
        const snapshot = { no, position, fingerprint: '', V: Object.fromEntries(vector) };
        return shedding.decideShedding({ ...facts, published: { ...facts.published, snapshot } }, seen);
      },
    },
  },
  {
    rule: 'the base moves to a seal only with all that the seal names',
    mutation: { holdsAllOf: () => true },
  },
  {
    rule: 'a seal is adopted only if it extends the chain',
    mutation: {
      highestSeal: (mine, offers) =>
        offers.reduce<typeof mine>((best, { seal }) => (seal.no > (best?.no ?? 0) ? seal : best), mine),
    },
  },
  {
    rule: 'who takes over goes on from the highest seal',
    // Few schedules take over while a higher seal is known: one of them is near.
    from: 830,
    mutation: {
      adoption: (facts, heard) =>
        facts.asked?.takeOver === true
          ? { kind: 'adoption', seal: facts.seal, future: 0, isUntold: false, notice: undefined }
          : adopting.adoption(facts, heard),
    },
  },
  {
    rule: 'a call that is issued again keeps its origin',
    mutation: {
      reissue: (...args) => reissues.reissue(...args).map((event) => without(event, 'origin')),
    },
  },
  {
    rule: 'a clock promise counts only with all events up to the head that came with it',
    // Here and below: few schedules need it, one of them is near.
    from: 1030,
    mutation: {
      promisesOf: (facts, heard, holds) => {
        const published = heard.map(({ stream, frontier }) => [key(stream), frontier?.head?.seq ?? 0] as const);
        return promises.promisesOf({ ...facts, state: { ...facts.state, accepted: new Map(published) } }, heard, holds);
      },
    },
  },
  {
    rule: 'new ids exceed the H of the seal that was adopted',
    from: 550,
    mutation: { idsToExceed: (facts, heard) => frontiers.idsToExceed({ ...facts, seal: undefined }, heard) },
  },
  {
    rule: 'the header of a stream, which says what was issued again, stays when its events are deleted',
    mutation: {
      deleteSegments: async (fs, directory, segments) => {
        for (const { first } of segments) await fs.unlink(`${directory}/${String(first).padStart(16, '0')}.ndjson`);
        return segments.reduce((sum, { size }) => sum + size, 0);
      },
    },
  },
  {
    rule: 'what was accepted and is in no file any more is saved in a snapshot',
    mutation: { isKeepingDue: () => false },
  },
  {
    rule: 'journals shrink: own segments that a snapshot stands in for are deleted',
    mutation: { deleteSegments: async () => 0 },
  },
  {
    rule: 'journals shrink: an own stream that was cut is deleted in the end',
    mutation: {
      decideShedding: (facts, seen) => {
        const right = shedding.decideShedding(facts, seen);
        if (right.kind === 'need') return right;
        return { ...right, deletions: right.deletions.filter(({ kind }) => kind !== 'stream') };
      },
    },
  },
  {
    rule: 'calls are acknowledged only when they are in the file at its path',
    mutation: { isReadBack: true },
  },
  {
    rule: 'what is gone from the open file as well is put back from memory',
    mutation: { putBackNow: (lost) => puttingBack.putBackNow({ ...lost, keeper: undefined }) },
  },
  {
    rule: 'who finds the mark of another writer takes no more calls',
    mutation: { isMarkInPlace: true },
  },
  {
    rule: 'who starts while another may still write puts a copy in the place of its file',
    mutation: { takeOver: async () => undefined },
  },
];

function without<T extends object>(value: T, name: keyof T): T {
  const copy = { ...value };
  delete copy[name];
  return copy;
}

/** Reads on behind dead events, as if they were not there. */
function pastDead(
  ...[incoming, rules]: Parameters<typeof accepting.acceptStreams>
): ReturnType<typeof accepting.acceptStreams> {
  const streams = incoming.map((one) => {
    const isDead = (line: ParsedLine): boolean => line.kind === 'event' && !seals.counts(line.event, rules.seal);
    const dead = one.lines.map(isDead).lastIndexOf(true);
    const last = one.lines[dead];
    if (last?.kind !== 'event') return one;
    return {
      ...one,
      accepted: last.event.seq,
      lastId: last.event.id,
      lines: one.lines.slice(dead + 1),
      count: undefined,
    };
  });
  return { ...accepting.acceptStreams(streams, rules), dead: new Map() };
}

/** How many schedules a mutant may survive. */
const LIVES = 600;

test.each(mutants)(
  'needed: $rule',
  async ({ mutation: mutant, from = 1 }) => {
    mutation = mutant;
    let failure: Failure | undefined;
    try {
      const end = from + LIVES;
      for (let seed = from; seed < end && failure === undefined; seed++) failure = await run(scheduleOf(seed));
    } finally {
      mutation = {};
    }
    // By what the simulation watches, or by what a master refuses; not because the mutant itself is broken.
    expect(failure?.error).toBeInstanceOf(Error);
    expect(failure?.error).not.toBeInstanceOf(TypeError);
    expect(failure?.error.message).not.toMatch(/JSON|undefined|not a function/);
  },
  3_600_000,
);
