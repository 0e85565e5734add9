import { InvalidOptionError } from '../errors.js';
import { isMasterName } from '../event/envelope.js';
import type { Durability } from '../store/group-commit.js';
import type { Store } from '../store/store.js';
import type { AutoSyncPlan } from './auto-sync.js';

/** Options of `Master.open`. Only `name` and `store` are needed. */
export interface MasterOptions {
  /** This master's name, unique among those that share the store: lower-case letters, digits, hyphens; at most 63. */
  readonly name: string;
  /** Path of the shared folder, or a store. */
  readonly store: string | Store;
  /** Private directory of this machine for lock and session. Default: under the user's state directory. */
  readonly local?: string;
  /**
   * When calls reach the disk. `group` (default): at once in the background, many calls in one sync; `always`: before each call
   * returns; `none`: only at `durable()`, `sync()` and `close()`.
   */
  readonly durability?: Durability;
  /**
   * Syncs by itself: every `everyMs` ms (default 2,000, jittered by a fifth), and, with `watch` (default true), soon after the store
   * tells of changes by others. Keeps the process alive until `close()`. Default: false.
   */
  readonly autoSync?: false | { readonly everyMs?: number; readonly watch?: boolean };
  /** Takes a snapshot after so many events. Default: 10,000. */
  readonly snapshotEvery?: number;
  /** Bytes of memory for undo data; late events before what fits cost a rebuild. Default: 64 MiB. */
  readonly undoMemory?: number;
  /** Seals history from the start (one master of a store should). Default: false; `compact()` starts it as well. */
  readonly sealer?: boolean;
  /** How long (ms) an event stays open for late ones before it is sealed. Default: 86,400,000 (a day). */
  readonly retention?: number;
  /** How long (ms) a seal waits for a master that says nothing. Default: 604,800,000 (a week). */
  readonly patience?: number;
  /** How far (ms) clocks may differ. Default: 300,000 (5 min). */
  readonly maxClockDrift?: number;
  /** Recorded with every event, for example `{ user: 'ada' }`; plain JSON. Default: null. */
  readonly meta?: unknown;
  /**
   * `replay` runs every call twice from the same state, the second time in another time zone, and throws
   * NonDeterministicTransactionError if the runs differ: for development and tests. Default: `none`.
   */
  readonly check?: 'none' | 'replay';
  /** Wall clock in ms since 1970. Default: `Date.now`. */
  readonly now?: () => number;
  /** Uniform in [0, 1). Default: from `crypto.getRandomValues`. */
  readonly random?: () => number;
  /** Called while events are replayed at the start, with how many of how many. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Options with all defaults filled in. */
export interface ResolvedOptions {
  readonly name: string;
  readonly local: string | undefined;
  readonly durability: Durability;
  readonly autoSync: AutoSyncPlan | undefined;
  readonly snapshotEvery: number;
  readonly undoMemory: number;
  readonly sealer: boolean;
  readonly retention: number;
  readonly patience: number;
  readonly maxClockDrift: number;
  /** JSON text of `meta`. */
  readonly meta: string;
  readonly check: boolean;
  readonly now: () => number;
  readonly random: () => number;
  readonly onProgress: (done: number, total: number) => void;
}

const KNOWN: ReadonlySet<string> = new Set([
  'name',
  'store',
  'local',
  'durability',
  'autoSync',
  'snapshotEvery',
  'undoMemory',
  'sealer',
  'retention',
  'patience',
  'maxClockDrift',
  'meta',
  'check',
  'now',
  'random',
  'onProgress',
]);

const DURABILITIES: ReadonlySet<unknown> = new Set<Durability>(['group', 'always', 'none']);

// The real ones, taken when the module is loaded: inside a transaction the globals are others.
const realNow = Date.now.bind(Date);
const randomValues = globalThis.crypto.getRandomValues.bind(globalThis.crypto);

function secureRandom(): number {
  return (randomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws InvalidOptionError (`INVALID_OPTION`) naming the option and what it may be
 */
export function resolveOptions(options: MasterOptions): ResolvedOptions {
  if (typeof options !== 'object' || (options as unknown) === null)
    throw new InvalidOptionError('Master.open needs options: { name, store }');
  for (const key of Object.keys(options)) {
    if (!KNOWN.has(key))
      throw new InvalidOptionError(`${key} is no option of Master.open; known are ${[...KNOWN].join(', ')}`);
  }
  const { name } = options;
  if (!isMasterName(name)) {
    throw new InvalidOptionError(
      `name: ${JSON.stringify(name)} cannot name a master; use lower-case letters, digits and hyphens, not a hyphen first, at most 63`,
    );
  }
  const durability = options.durability ?? 'group';
  if (!DURABILITIES.has(durability))
    throw new InvalidOptionError(`durability: ${durability} is none of group, always, none`);
  return {
    name,
    local: options.local,
    durability,
    autoSync: autoSyncPlan(options.autoSync),
    snapshotEvery: positive('snapshotEvery', options.snapshotEvery, 10_000),
    undoMemory: positive('undoMemory', options.undoMemory, 64 * 1024 * 1024),
    sealer: flag('sealer', options.sealer),
    retention: atLeastZero('retention', options.retention, 86_400_000),
    patience: atLeastZero('patience', options.patience, 604_800_000),
    maxClockDrift: positive('maxClockDrift', options.maxClockDrift, 300_000),
    meta: metaText(options.meta),
    check: checkOption(options.check),
    now: options.now ?? realNow,
    random: options.random ?? secureRandom,
    onProgress: options.onProgress ?? (() => undefined),
  };
}

function positive(option: string, value: number | undefined, preset: number): number {
  if (value === undefined) return preset;
  if (typeof value !== 'number' || !(value > 0 && value < Infinity))
    throw new InvalidOptionError(`${option}: ${String(value)} is not a finite number above 0`);
  return value;
}

function autoSyncPlan(autoSync: MasterOptions['autoSync'] = false): AutoSyncPlan | undefined {
  if (autoSync === false) return undefined;
  if (typeof autoSync !== 'object' || (autoSync as unknown) === null)
    throw new InvalidOptionError(`autoSync: ${JSON.stringify(autoSync)} is neither false nor { everyMs, watch }`);
  for (const key of Object.keys(autoSync))
    if (key !== 'everyMs' && key !== 'watch')
      throw new InvalidOptionError(`autoSync: it has no ${key}, only everyMs and watch`);
  const { everyMs, watch = true } = autoSync;
  return { everyMs: positive('autoSync.everyMs', everyMs, 2_000), watch: flag('autoSync.watch', watch) };
}

function atLeastZero(option: string, value: number | undefined, preset: number): number {
  return value === 0 ? 0 : positive(option, value, preset);
}

function flag(option: string, value: boolean | undefined): boolean {
  if (value !== undefined && typeof value !== 'boolean')
    throw new InvalidOptionError(`${option}: ${String(value)} is neither true nor false`);
  return value === true;
}

function checkOption(check: MasterOptions['check'] = 'none'): boolean {
  if (check !== 'none' && (check as string) !== 'replay')
    throw new InvalidOptionError(`check: ${check as string} is neither none nor replay`);
  return check === 'replay';
}

function metaText(meta: unknown): string {
  const text = JSON.stringify(meta ?? null) as string | undefined;
  if (text === undefined) throw new InvalidOptionError('meta: it cannot be written as JSON; give plain data');
  // Carried with every event, so it obeys the rules of arguments; found here rather than at each call.
  if (/"(?:__proto__|constructor|prototype)":/.test(text)) {
    throw new InvalidOptionError('meta: the keys __proto__, constructor and prototype are not allowed');
  }
  return text;
}
