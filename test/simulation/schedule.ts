import { Dice } from './dice.js';

/** What can happen. */
export type Kind =
  | 'call'
  | 'sync'
  | 'upload'
  | 'download'
  | 'compact'
  | 'snapshot'
  | 'restart'
  | 'crash'
  | 'sleep'
  | 'join'
  | 'clock'
  | 'die'
  | 'takeover'
  | 'backup'
  | 'restore'
  | 'clone'
  | 'replace'
  | 'twin'
  | 'vanish'
  | 'image';

/** One thing that happens; `detail` decides all of its details, so that steps can be left out of a schedule. */
export interface Step {
  readonly kind: Kind;
  readonly who: number;
  readonly detail: number;
}

/** What a whole schedule has in common. */
export interface Setting {
  readonly founders: number;
  /** Who seals: nobody, one master by itself, one when it is asked to, or two apart. */
  readonly sealing: 'none' | 'sealer' | 'asked' | 'islands';
  readonly retention: number;
  readonly patience: number;
  readonly undoMemory: number;
  readonly segmentBytes: number;
  readonly durability: 'group' | 'always' | 'none';
  readonly snapshotEvery: number;
  readonly deletes: boolean;
  /** Clocks differ by up to so many ms. */
  readonly skew: number;
  /** How many of 100 deliveries are torn, and stale. */
  readonly torn: number;
  readonly stale: number;
  /** How many of 100 steps lose their power. */
  readonly crashes: number;
  /** All that is accepted stays in memory, so that a copy of whatever vanishes can be made. */
  readonly remembers?: boolean;
}

/** A seed as what happens. */
export interface Schedule {
  readonly seed: number;
  readonly setting: Setting;
  readonly steps: readonly Step[];
}

/** The schedule of a seed. */
export function scheduleOf(seed: number): Schedule {
  const dice = new Dice(seed);
  const sealing = dice.pick([
    'none',
    'sealer',
    'sealer',
    'sealer',
    'asked',
    'asked',
    'asked',
    dice.chance(0.4) ? 'islands' : 'sealer',
  ] as const);
  const isOne = sealing !== 'islands';
  const restores = isOne && dice.chance(0.3) ? 1 : 0;
  const clones = isOne && dice.chance(0.15) ? 0.5 : 0;
  const setting: Setting = {
    founders: isOne ? 1 + dice.below(3) : 2,
    sealing,
    retention: dice.pick([0, 0, 0, 20, 200]),
    // Files that a machine got back or took along must arrive before others are taken for gone.
    patience: restores + clones > 0 ? 1e6 : dice.pick([0, 50, 300, 1e6]),
    undoMemory: dice.pick([1, 1_500, 6_000, 64e6]),
    segmentBytes: dice.pick([300, 1_000, 1e6]),
    durability: dice.pick(['group', 'group', 'always', 'none'] as const),
    snapshotEvery: dice.pick([3, 10, 1e6]),
    deletes: dice.chance(0.7),
    skew: dice.pick([0, 20, 200]),
    torn: dice.pick([0, 0, 20]),
    stale: dice.pick([0, 0, 20]),
    crashes: dice.pick([0, 5, 15]),
  };
  // Some schedules are without some kinds of things, so that what needs many of the others comes about.
  const maybe = (weight: number): number => (dice.chance(0.5) ? weight : 0);
  const weights: Record<Kind, number> = {
    call: 10,
    sync: 12,
    upload: 6,
    download: 6,
    compact: sealing === 'none' ? 0 : dice.pick([1, 4]),
    snapshot: maybe(1),
    restart: maybe(2),
    crash: maybe(1),
    sleep: maybe(2),
    join: dice.pick([0, 0.5, 1]),
    clock: maybe(1),
    die: isOne ? dice.pick([0, 0.3, 1]) : 0,
    takeover: isOne && sealing !== 'none' ? dice.pick([0, 1, 3]) : 0,
    backup: restores,
    restore: restores,
    clone: clones,
    vanish: 0,
    image: 0,
    // Drawn apart, so that the other schedules stay what they were.
    ...intruders(new Dice(seed + 1e9)),
  };
  const steps: Step[] = [];
  for (let left = 10 + dice.below(60); left > 0; left--)
    steps.push({ kind: dice.weighted(weights), who: dice.below(1_000), detail: dice.below(2 ** 31) });
  return isOne ? withImages(withVanishing({ seed, setting, steps })) : { seed, setting, steps };
}

/** Folders vanish in some schedules; drawn apart, so that the others stay what they are. */
function withVanishing({ seed, setting, steps: before }: Schedule): Schedule {
  const dice = new Dice(~seed);
  if (!dice.chance(0.15)) return { seed, setting, steps: before };
  // What is not sealed, and in no snapshot yet, is the easiest to lose.
  const isUnsealed = dice.chance(0.6);
  const steps = isUnsealed ? before.filter(({ kind }) => kind !== 'compact' && kind !== 'takeover') : [...before];
  for (let left = 1 + dice.below(2); left > 0; left--) {
    const step: Step = { kind: 'vanish', who: dice.below(1_000), detail: dice.below(2 ** 31) };
    steps.splice(dice.below(steps.length + 1), 0, step);
  }
  const sealing = isUnsealed ? 'none' : setting.sealing;
  const snapshotEvery = dice.pick([3, 1e6, 1e6]);
  const remembers = isUnsealed && snapshotEvery === 1e6 && dice.chance(0.7);
  return {
    seed,
    setting: { ...setting, sealing, snapshotEvery, ...remembering(remembers) },
    steps: kept(steps, remembers),
  };
}

/** What is behind a snapshot is in no memory any more. */
function remembering(remembers: boolean): Partial<Setting> {
  return remembers ? { remembers, undoMemory: 64e6, snapshotEvery: 1e6 } : {};
}

function kept(steps: readonly Step[], remembers: boolean): readonly Step[] {
  return remembers ? steps.filter(({ kind }) => kind !== 'snapshot') : steps;
}

/** The image of a machine is taken, and put back later, folder and private directory together; drawn apart as well. */
function withImages({ seed, setting, steps: before }: Schedule): Schedule {
  const dice = new Dice(~seed - 1e9);
  if (!dice.chance(0.12) || before.some(({ kind }) => kind === 'vanish')) return { seed, setting, steps: before };
  const isUnsealed = dice.chance(0.6);
  const others: readonly Kind[] = ['backup', 'restore', 'clone', 'replace', 'twin', 'die', 'takeover'];
  const without = new Set<Kind>(isUnsealed ? [...others, 'compact'] : others);
  const steps = before.filter(({ kind }) => !without.has(kind));
  const who = dice.below(1_000);
  for (let left = 2 + dice.below(3); left > 0; left--)
    steps.splice(dice.below(steps.length + 1), 0, { kind: 'image', who, detail: dice.below(2 ** 31) });
  const remembers = isUnsealed && dice.chance(0.7);
  const more = {
    sealing: isUnsealed ? 'none' : setting.sealing,
    segmentBytes: 1e6,
    ...remembering(remembers),
  } as const;
  return { seed, setting: { ...setting, ...more }, steps: [...kept(steps, remembers)] };
}

/** Whoever meddles with the files of running masters comes in some schedules only. */
function intruders(dice: Dice): { replace: number; twin: number } {
  return { replace: dice.pick([0, 0, 0, 1]), twin: dice.pick([0, 0, 0, 1]) };
}
