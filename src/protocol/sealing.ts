import { streamKey } from '../event/event.js';
import { idTime } from '../event/ulid-clock.js';
import type { Seal } from '../store/frontier.js';
import type { VersionVector } from '../timeline/timeline.js';
import type { Hold } from './hold.js';
import type { Facts } from './facts.js';
import { promisesOf } from './promises.js';
import { namedIn, nextSeal } from './seal.js';
import { Lookup, type Need, type Seen } from './seen.js';
import { type ClockPromise, stableCut } from './stable-cut.js';
import { streamOf, vectorAt } from './vector.js';

/**
 * Who seals, when, and what. One master makes seals: the one that was opened as the sealer, or asked first; another one only when an
 * operator says that the sealer is gone. It seals up to the stable cut, what it has accepted until there.
 *
 * Invariants: `V` holds accepted events only; nothing is sealed beside a seal that waits for its time.
 */

/** The last moment (ms) that a date can tell. */
const LAST_TIME = 8.64e15;

/** Whether to seal. */
export interface Sealing {
  readonly kind: 'sealing';
  /** The new seal; `undefined` if nothing is to be sealed now. */
  readonly seal: Seal | undefined;
  /** Why not, or not more. */
  readonly waiting: readonly string[];
  /** Up to where it was looked for something to seal. */
  readonly countedTo: string;
  /** What the others' clocks promise, by stream. */
  readonly promises: ReadonlyMap<string, string>;
}

/** Decides whether to seal. @param holds streams that go no further for now */
export function decideSeal(facts: Facts, seen: Seen, holds: readonly Hold[]): Need | Sealing {
  const look = new Lookup(seen);
  const sealing = sealingOf(facts, look, holds);
  return look.isIncomplete() ? look.need : sealing;
}

function sealingOf(facts: Facts, look: Lookup, holds: readonly Hold[]): Sealing {
  const { asked, seal: last, settings, own } = facts;
  const nothing = { kind: 'sealing', seal: undefined, countedTo: facts.countedTo, promises: facts.promises } as const;
  if (!maySeal(facts)) {
    const by = last?.by ?? 'another master';
    const waiting = `${by} makes the seals; compact({ takeOver: true }) if it is gone for good`;
    return { ...nothing, waiting: asked === undefined ? [] : [waiting] };
  }
  if (facts.future > 0)
    return { ...nothing, waiting: [`seal ${facts.future} is known, but lies in the future; check the clocks`] };
  const promises = promisesOf(facts, look.heard, holds);
  const { H, heldBy } = stableCut({
    now: facts.now,
    retention: settings.retention,
    patience: settings.patience,
    promises: waitedFor(facts, promises),
  });
  const waiting = heldBy === undefined || heldBy === own.key ? [] : [whoIsWaitedFor(heldBy, H, settings.patience)];
  const none = {
    ...nothing,
    waiting,
    promises: new Map([...facts.promises, ...promises.map(({ key, clock }) => [key, clock] as const)]),
  };
  if ((last !== undefined && H <= last.H) || !isDue(facts, H))
    return { ...none, waiting: [...waiting, ...whatIsTooYoung(facts)] };
  const counted = countUpTo(facts, look, H);
  // Up to there nothing may have been new; it is not counted again until some time has passed.
  const done = { ...none, countedTo: H };
  if (counted === undefined)
    return {
      ...done,
      waiting: [...waiting, 'events that lie behind the undo memory cannot be read to be counted'],
    };
  const next = nextSeal(last, own.key, H, counted);
  const isNews = JSON.stringify(next.V) !== JSON.stringify(last?.V ?? {});
  const isTakenOver = asked?.takeOver === true && last?.by !== own.key;
  return isNews || isTakenOver ? { ...done, seal: next } : { ...done, waiting: [...waiting, ...whatIsTooYoung(facts)] };
}

/** Whether it is for this master to seal. */
function maySeal({ asked, seal, settings, own }: Facts): boolean {
  if (asked?.takeOver === true) return true;
  return seal === undefined ? settings.sealer || asked !== undefined : seal.by === own.key;
}

/** The promises that bound a seal: those of the others, and the own one, which is always waited for. */
function waitedFor({ asked, own, published }: Facts, promises: readonly ClockPromise[]): ClockPromise[] {
  const others = promises
    .filter(({ key }) => key !== own.key)
    .map((promise) => (asked?.cutHeld === true ? { ...promise, waited: false } : promise));
  return [...others, { key: own.key, clock: published.clock, waited: true }];
}

function isDue({ asked, seal, countedTo, settings }: Facts, H: string): boolean {
  if (asked !== undefined) return true;
  const from = seal === undefined || seal.H < countedTo ? countedTo : seal.H;
  return idTime(H) - idTime(from) >= settings.retention / 4;
}

/** An operator who asks is told from when on there is something to seal. */
function whatIsTooYoung({ asked, seal, state, settings, now }: Facts): string[] {
  const first = asked && state.entries.find(({ event }) => event.seq > namedIn(seal, streamKey(event)))?.event.id;
  if (first === undefined || idTime(first) + settings.retention <= now) return [];
  const from = new Date(Math.min(idTime(first) + settings.retention, LAST_TIME)).toISOString();
  return [`events from ${first} on are younger than retention (${settings.retention} ms), and stay open until ${from}`];
}

function whoIsWaitedFor(key: string, H: string, patience: number): string {
  const [heard, until] = [idTime(H), idTime(H) + patience].map((time) =>
    new Date(Math.min(time, LAST_TIME)).toISOString(),
  );
  return `${key} has not been heard past ${heard}; it is waited for until ${until}`;
}

/** How many events of each stream lie at or before `H`; `undefined` if that cannot be read now. */
function countUpTo({ state, seal }: Facts, look: Lookup, H: string): VersionVector | undefined {
  if (H >= state.base) return vectorAt(state.baseVector, state.entries, H);
  const counted = new Map<string, number>();
  for (const [key, count] of state.accepted) {
    const named = namedIn(seal, key);
    const events = look.events(streamOf(key), named, count);
    if (events.length < count - named) return undefined;
    const upTo = events.filter(({ id }) => id <= H).length;
    if (named + upTo > 0) counted.set(key, named + upTo);
  }
  return counted;
}
