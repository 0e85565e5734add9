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
  | 'vanish';

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
    // Drawn apart, so that the other schedules stay what they were.
    ...intruders(new Dice(seed + 1e9)),
  };
  const steps: Step[] = [];
  for (let left = 10 + dice.below(60); left > 0; left--)
    steps.push({ kind: dice.weighted(weights), who: dice.below(1_000), detail: dice.below(2 ** 31) });
  return isOne ? withVanishing({ seed, setting, steps }) : { seed, setting, steps };
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
  return { seed, setting: { ...setting, sealing, snapshotEvery: dice.pick([3, 1e6, 1e6]) }, steps };
}

/** Whoever meddles with the files of running masters comes in some schedules only. */
function intruders(dice: Dice): { replace: number; twin: number } {
  return { replace: dice.pick([0, 0, 0, 1]), twin: dice.pick([0, 0, 0, 1]) };
}
