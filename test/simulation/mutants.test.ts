import { jest } from '@jest/globals';
import type { Event, ParsedLine } from '../../src/event/envelope.js';
import type { Seal } from '../../src/store/frontier.js';
import type { Failure } from './run.js';
import type { Incoming, MergeContext, Plan } from '../../src/sync/merge.js';

/**
 * Every rule of the protocol is needed: without any one of them some schedule fails. Pure decisions are replaced behind the modules'
 * back, methods on their classes; production code knows nothing of it.
 */

/** Replaces pure functions; `undefined` is the right one. */
interface Mutation {
  counts?: (event: { id: string; seq: number; master: string; epoch: string }, seal: Seal | undefined) => boolean;
  highestSeal?: (mine: Seal | undefined, offers: readonly { seal: Seal; master: string }[]) => Seal | undefined;
  nextSeal?: (previous: Seal | undefined, by: string, H: string, accepted: ReadonlyMap<string, number>) => Seal;
  holdsAllOf?: () => boolean;
  planMerge?: (incoming: readonly Incoming[], context: MergeContext) => Plan;
  cutTail?: (...args: Parameters<typeof reissues.cutTail>) => ReturnType<typeof reissues.cutTail>;
  reissue?: (...args: Parameters<typeof reissues.reissue>) => Event[];
  deleteSegments?: (...args: Parameters<typeof deletions.deleteSegments>) => Promise<number>;
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

const seals = await import('../../src/sync/seal.js');
jest.unstable_mockModule('../../src/sync/seal.js', () =>
  replaceable(seals, ['counts', 'highestSeal', 'nextSeal', 'holdsAllOf']),
);
const merges = await import('../../src/sync/merge.js');
jest.unstable_mockModule('../../src/sync/merge.js', () => replaceable(merges, ['planMerge']));
const reissues = await import('../../src/sync/reissue.js');
jest.unstable_mockModule('../../src/sync/reissue.js', () => replaceable(reissues, ['cutTail', 'reissue']));
const deletions = await import('../../src/store/folder/deletion.js');
jest.unstable_mockModule('../../src/store/folder/deletion.js', () => replaceable(deletions, ['deleteSegments']));

const { run } = await import('./run.js');
const { scheduleOf } = await import('./schedule.js');
const { Sealing } = await import('../../src/sync/sealing.js');
const { UlidClock } = await import('../../src/event/ulid-clock.js');
const { Engine } = await import('../../src/sync/engine.js');
const { FolderJournal } = await import('../../src/store/folder/folder-journal.js');

const key = ({ master, epoch }: { master: string; epoch: string }): string => `${master}@${epoch}`;

/** Undoes what a mutant did to a class. */
type Undo = () => void;

function patch<T extends object, K extends keyof T>(target: T, name: K, make: (right: T[K]) => T[K]): Undo {
  const right = target[name];
  target[name] = make(right);
  return () => {
    target[name] = right;
  };
}

/** What a rule says, and what is done instead. */
interface Mutant {
  readonly rule: string;
  /** The first schedule that is tried; 1 if left out. */
  readonly from?: number;
  readonly make: () => Mutation | Undo;
}

/** What the sealer has heard right before it seals. */
let heardHeads = new Map<string, { seq: number; id: string }>();

const mutants: Mutant[] = [
  {
    rule: 'an event at or before H counts only if V names it',
    make: () => ({ counts: () => true }),
  },
  {
    rule: 'an event that V names counts although it is at or before H',
    make: () => ({ counts: (event, seal) => seal === undefined || event.id > seal.H }),
  },
  {
    rule: 'the first event that does not count cuts the stream for good',
    make: () => ({ planMerge: pastDead }),
  },
  {
    rule: 'V is what the sealer has accepted, not what was published',
    make: () => {
      const undo = patch(
        Sealing.prototype,
        'promises',
        (right) =>
          function (this: InstanceType<typeof Sealing>, heard, ...rest) {
            heardHeads = new Map(
              heard.flatMap(({ stream, frontier }) =>
                frontier?.head === undefined ? [] : [[key(stream), frontier.head]],
              ),
            );
            return right.call(this, heard, ...rest);
          },
      );
      mutation.nextSeal = (previous, by, H, accepted) => {
        const published = [...heardHeads]
          .filter(([, { id }]) => id <= H)
          .map(([name, { seq }]) => [name, seq] as const);
        return seals.nextSeal(previous, by, H, new Map([...accepted, ...published]));
      };
      return undo;
    },
  },
  {
    rule: 'entries of V never disappear',
    make: () => ({
      nextSeal: (previous, by, H, accepted) => {
        const right = seals.nextSeal(previous, by, H, accepted);
        const V = Object.fromEntries(Object.entries(right.V).filter(([name, count]) => previous?.V[name] !== count));
        return { ...right, V };
      },
    }),
  },
  {
    rule: 'calls are issued again once, as the new stream says',
    make: () => ({
      cutTail: (streams, seal) =>
        reissues.cutTail(
          streams.map((one) => ({ ...one, header: without(one.header, 'moved') })),
          seal,
        ),
    }),
  },
  {
    rule: 'nothing is deleted before the snapshot that stands in is published',
    make: () =>
      patch(
        FolderJournal.prototype,
        'writeSnapshot',
        (right) =>
          async function (this: InstanceType<typeof FolderJournal>, position, chunks) {
            const parts: Uint8Array[] = [];
            for await (const chunk of chunks) parts.push(chunk);
            // The header stands in it as text.
            const text = new TextDecoder().decode(Buffer.concat(parts));
            const [, count = '0'] = new RegExp(`\\["${key(this.header)}",(\\d+)\\]`).exec(text) ?? [];
            await this.deleteEvents(this.header, Number(count));
            await right.call(
              this,
              position,
              (async function* () {
                yield* parts;
              })(),
            );
          },
      ),
  },
  {
    rule: 'the base moves to a seal only with all that the seal names',
    make: () => ({ holdsAllOf: () => true }),
  },
  {
    rule: 'a seal is adopted only if it extends the chain',
    make: () => ({
      highestSeal: (mine, offers) => offers.reduce((best, { seal }) => (seal.no > (best?.no ?? 0) ? seal : best), mine),
    }),
  },
  {
    rule: 'who takes over goes on from the highest seal',
    // Few schedules take over while a higher seal is known: one of them is near.
    from: 830,
    make: () => {
      let isTakingOver = false;
      mutation.highestSeal = (mine, offers) => (isTakingOver ? mine : seals.highestSeal(mine, offers));
      return patch(
        Engine.prototype,
        'compact',
        (right) =>
          async function (this: InstanceType<typeof Engine>, asked) {
            isTakingOver = asked.takeOver === true;
            try {
              return await right.call(this, asked);
            } finally {
              isTakingOver = false;
            }
          },
      );
    },
  },
  {
    rule: 'a call that is issued again keeps its origin',
    make: () => ({
      reissue: (...args) => reissues.reissue(...args).map((event) => without(event, 'origin')),
    }),
  },
  {
    rule: 'a clock promise counts only with all events up to the head that came with it',
    // Here and below: few schedules need it, one of them is near.
    from: 430,
    make: () =>
      patch(
        Sealing.prototype,
        'promises',
        (right) =>
          function (this: InstanceType<typeof Sealing>, heard, _accepted, ...rest) {
            const published = heard.map(({ stream, frontier }) => [key(stream), frontier?.head?.seq ?? 0] as const);
            return right.call(this, heard, new Map(published), ...rest);
          },
      ),
  },
  {
    rule: 'new ids exceed the H of the seal that was adopted',
    from: 550,
    make: () => {
      const known = new Set<string>();
      return both(
        patch(
          Sealing.prototype,
          'adopt',
          (right) =>
            function (this: InstanceType<typeof Sealing>, seal) {
              known.add(seal.H);
              right.call(this, seal);
            },
        ),
        patch(
          UlidClock.prototype,
          'observe',
          (right) =>
            function (this: InstanceType<typeof UlidClock>, id) {
              if (!known.has(id)) right.call(this, id);
            },
        ),
      );
    },
  },
  {
    rule: 'the header of a stream, which says what was issued again, stays when its events are deleted',
    make: () => ({
      deleteSegments: async (fs, directory, segments) => {
        for (const { first } of segments) await fs.unlink(`${directory}/${String(first).padStart(16, '0')}.ndjson`);
        return segments.reduce((sum, { size }) => sum + size, 0);
      },
    }),
  },
  {
    rule: 'journals shrink: own segments that a snapshot stands in for are deleted',
    make: () => ({ deleteSegments: async () => 0 }),
  },
  {
    rule: 'journals shrink: an own stream that was cut is deleted in the end',
    make: () => patch(FolderJournal.prototype, 'deleteStream', () => async () => 0),
  },
];

function both(...undos: readonly Undo[]): Undo {
  return () => {
    for (const undo of undos) undo();
  };
}

function without<T extends object>(value: T, name: keyof T): T {
  const copy = { ...value };
  delete copy[name];
  return copy;
}

/** Reads on behind dead events, as if they were not there. */
function pastDead(incoming: readonly Incoming[], context: MergeContext): Plan {
  const streams = incoming.map((one) => {
    const isDead = (line: ParsedLine): boolean => line.kind === 'event' && !seals.counts(line.event, context.seal);
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
  return { ...merges.planMerge(streams, context), cut: new Map() };
}

/** How many schedules a mutant may survive. */
const LIVES = 600;

test.each(mutants)(
  'needed: $rule',
  async ({ make, from = 1 }) => {
    mutation = {};
    const made = make();
    if (typeof made !== 'function') mutation = made;
    let failure: Failure | undefined;
    try {
      const end = from + LIVES;
      for (let seed = from; seed < end && failure === undefined; seed++) failure = await run(scheduleOf(seed));
    } finally {
      if (typeof made === 'function') made();
      mutation = {};
    }
    // By what the simulation watches, or by what a master refuses; not because the mutant itself is broken.
    expect(failure?.error).toBeInstanceOf(Error);
    expect(failure?.error).not.toBeInstanceOf(TypeError);
    expect(failure?.error.message).not.toMatch(/JSON|undefined|not a function/);
  },
  600_000,
);
