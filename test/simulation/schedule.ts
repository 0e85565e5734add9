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
  | 'clone';

/** One thing that happens; `detail` decides all of its details, so that steps can be left out of a schedule. */
export interface Step {
  readonly kind: Kind;
  readonly who: number;
  readonly detail: number;
}

/** What a whole schedule has in common. */
export interface Setting {
  readonly founders: number;
  readonly sealing: 'none' | 'sealer' | 'asked';
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
  const sealing = dice.pick(['none', 'sealer', 'sealer', 'asked', 'asked'] as const);
  const setting: Setting = {
    founders: 1 + dice.below(3),
    sealing,
    retention: dice.pick([0, 0, 0, 20, 200]),
    patience: dice.pick([0, 50, 300, 1e6]),
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
  const restores = dice.chance(0.3) ? 1 : 0;
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
    die: maybe(0.3),
    takeover: sealing === 'none' ? 0 : maybe(0.7),
    backup: restores,
    restore: restores,
    clone: maybe(0.3),
  };
  const steps: Step[] = [];
  for (let left = 10 + dice.below(60); left > 0; left--)
    steps.push({ kind: dice.weighted(weights), who: dice.below(1_000), detail: dice.below(2 ** 31) });
  return { seed, setting, steps };
}
