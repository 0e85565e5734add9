import { jest } from '@jest/globals';
import type { Event, ParsedLine, StreamHeader } from '../../src/event/envelope.js';
import type { Seal } from '../../src/store/frontier.js';
import type { Incoming, MergeContext, Plan } from '../../src/sync/merge.js';

/**
 * Every rule of the protocol is needed: without any one of them some schedule fails. Pure decisions are replaced behind the modules'
 * back, methods on their classes; production code knows nothing of it.
 */

/** Replaces pure functions; `undefined` is the right one. */
interface Mutation {
  counts?: (event: { id: string; seq: number; master: string; epoch: string }, seal: Seal | undefined) => boolean;
  isReadable?: () => boolean;
  highestSeal?: (mine: Seal | undefined, offers: readonly { seal: Seal; master: string }[]) => Seal | undefined;
  nextSeal?: (previous: Seal | undefined, by: string, H: string, accepted: ReadonlyMap<string, number>) => Seal;
  holdsAllOf?: () => boolean;
  planMerge?: (incoming: readonly Incoming[], context: MergeContext) => Plan;
  cutTail?: (...args: Parameters<typeof reissues.cutTail>) => ReturnType<typeof reissues.cutTail>;
  reissue?: (...args: Parameters<typeof reissues.reissue>) => Event[];
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
  replaceable(seals, ['counts', 'isReadable', 'highestSeal', 'nextSeal', 'holdsAllOf']),
);
const merges = await import('../../src/sync/merge.js');
jest.unstable_mockModule('../../src/sync/merge.js', () => replaceable(merges, ['planMerge']));
const reissues = await import('../../src/sync/reissue.js');
jest.unstable_mockModule('../../src/sync/reissue.js', () => replaceable(reissues, ['cutTail', 'reissue']));

const { run } = await import('./run.js');
const { scheduleOf } = await import('./schedule.js');
const { Sealing } = await import('../../src/sync/sealing.js');
const { Engine } = await import('../../src/sync/engine.js');
const { UlidClock } = await import('../../src/event/ulid.js');
const { FolderJournal } = await import('../../src/store/folder/folder-journal.js');
const { decodeFrontier } = await import('../../src/store/frontier.js');
const { crc32 } = await import('node:zlib');

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

/** What a rule says, what is done instead, and the seed from which on it shows. */
interface Mutant {
  readonly rule: string;
  readonly seed: number;
  readonly make: () => Mutation | Undo;
}

/** What the sealer has heard right before it seals. */
let heardHeads = new Map<string, { seq: number; id: string }>();

const mutants: Mutant[] = [
  {
    rule: 'an event at or before H counts only if V names it',
    seed: 1,
    make: () => ({ counts: () => true }),
  },
  {
    rule: 'an event that V names counts although it is at or before H',
    seed: 1,
    make: () => ({ counts: (event, seal) => seal === undefined || event.id > seal.H }),
  },
  {
    rule: 'the first event that does not count cuts the stream for good',
    seed: 1,
    make: () => ({ planMerge: pastDead }),
  },
  {
    rule: 'V is what the sealer has accepted, not what was published',
    seed: 1,
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
    seed: 1,
    make: () => ({
      nextSeal: (previous, by, H, accepted) => {
        const right = seals.nextSeal(previous, by, H, accepted);
        const V = Object.fromEntries(Object.entries(right.V).filter(([name, count]) => previous?.V[name] !== count));
        return { ...right, V };
      },
    }),
  },
  {
    rule: 'a clock promise counts only when the events up to its head are accepted',
    seed: 1,
    make: () =>
      patch(
        Sealing.prototype,
        'promises',
        () => (heard) =>
          heard.map(({ stream, frontier }) => ({
            key: key(stream),
            clock: frontier?.clock ?? stream.epoch,
            waited: false,
          })),
      ),
  },
  {
    rule: 'a seal is published as adopted before own calls are issued again',
    seed: 1,
    make: () => {
      // The first publication of each new seal is left out.
      const said = new WeakMap<object, number>();
      return patch(
        FolderJournal.prototype,
        'publish',
        (right) =>
          async function (this: InstanceType<typeof FolderJournal>, text, remember) {
            const no = decodeFrontier(text, crc32)?.seal?.no ?? 0;
            const before = said.get(this) ?? this.seal?.no ?? 0;
            said.set(this, no);
            if (no === before) await right.call(this, text, remember);
          },
      );
    },
  },
  {
    rule: 'calls are issued again once, as the new stream says',
    seed: 1,
    make: () => ({
      cutTail: (streams, seal) =>
        reissues.cutTail(
          streams.map((one) => ({ ...one, header: without(one.header, 'moved') })),
          seal,
        ),
    }),
  },
  {
    rule: 'a stream that continues a cut one is read only under the seal that cut that',
    seed: 1,
    make: () => ({ isReadable: () => true }),
  },
  {
    rule: 'nothing is deleted before the snapshot that stands in is published',
    seed: 1,
    make: () =>
      patch(
        FolderJournal.prototype,
        'writeSnapshot',
        (right) =>
          async function (this: InstanceType<typeof FolderJournal>, position, chunks) {
            const parts: Uint8Array[] = [];
            for await (const chunk of chunks) parts.push(chunk);
            const [first = ''] = new TextDecoder().decode(parts[0]).split('\n');
            await this.deleteEvents(
              (JSON.parse(first) as { vector: Record<string, number> }).vector[key(this.header)] ?? 0,
            );
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
    rule: 'a cut stream is deleted before its successor',
    seed: 1,
    make: () =>
      patch(
        FolderJournal.prototype,
        'deleteStream',
        (right) =>
          async function (this: InstanceType<typeof FolderJournal>, stream) {
            return (stream as StreamHeader).after === null ? 0 : right.call(this, stream);
          },
      ),
  },
  {
    rule: 'the base moves to a seal only with all that the seal names',
    seed: 1,
    make: () => ({ holdsAllOf: () => true }),
  },
  {
    rule: 'a seal is adopted only if it extends the chain',
    seed: 1,
    make: () => ({
      highestSeal: (mine, offers) => offers.reduce((best, { seal }) => (seal.no > (best?.no ?? 0) ? seal : best), mine),
    }),
  },
  {
    rule: 'new ids exceed H',
    seed: 1,
    make: () => {
      const known = new Set<string>();
      mutation.nextSeal = (...args) => {
        const seal = seals.nextSeal(...args);
        known.add(seal.H);
        return seal;
      };
      return patch(
        UlidClock.prototype,
        'observe',
        (right) =>
          function (this: InstanceType<typeof UlidClock>, id) {
            if (!known.has(id)) right.call(this, id);
          },
      );
    },
  },
  {
    rule: 'who takes over goes on from the highest seal',
    seed: 1,
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
    seed: 1,
    make: () => ({
      reissue: (...args) => reissues.reissue(...args).map((event) => without(event, 'origin')),
    }),
  },
];

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

const SCAN = Number(process.env.PREVALENT_SCAN ?? 0);
/** How many schedules a mutant may survive. */
const LIVES = SCAN === 0 ? 5 : SCAN;

test.each(mutants)(
  'needed: $rule',
  async ({ make, seed }) => {
    mutation = {};
    const made = make();
    if (typeof made !== 'function') mutation = made;
    let failure;
    let last = SCAN === 0 ? seed : 1;
    try {
      for (const end = last + LIVES; last < end && failure === undefined; last++) failure = await run(scheduleOf(last));
    } finally {
      if (typeof made === 'function') made();
      mutation = {};
    }
    if (SCAN > 0) process.stdout.write(`${last - 1}: ${failure?.error.message.slice(0, 150) ?? 'SURVIVES'}\n`);
    expect(failure?.error).toBeInstanceOf(Error);
  },
  600_000,
);
