import { InvalidOptionError } from '../errors.js';
import { isMasterName } from '../event/event.js';
import { USUAL_DRIFT } from '../event/ulid-clock.js';
import { whyNotPlainJson } from '../event/plain-json.js';
import type { CallMeta } from '../model/call-meta.js';
import type { Durability } from '../store/group-commit.js';
import type { Store } from '../store/store.js';
import type { AutoSyncPlan } from './auto-sync.js';

/** Windows has devices of these names in every directory. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)$/;

/** Options of `Master.open`. Only `name` and `store` are needed. */
export interface MasterOptions {
  /** This master's name, unique among those that share the store: lower-case letters, digits, hyphens; at most 63. */
  readonly name: string;
  /** Path of the shared folder, or a store. */
  readonly store: string | Store;
  /**
   * Private directory of this machine for lock and session; never shared, copied or restored. Default:
   * `$XDG_STATE_HOME/prevalent/<hash of the folder's path>-<name>`, else below `~/.local/state`, on Windows below `%LOCALAPPDATA%`.
   */
  readonly local?: string;
  /**
   * If the store lacks what this machine has published, begins a new epoch instead of refusing (`STORE_EMPTY`). Only for a store
   * that is meant to be empty; leave it out otherwise. Default: false.
   */
  readonly begin?: boolean;
  /**
   * When calls reach the disk. `group` (default): at once in the background, many calls in one sync; `always`: before each call
   * returns; `none`: only at `durable()`, `transact()`, `sync()`, `snapshot()` and `close()`.
   */
  readonly durability?: Durability;
  /**
   * Syncs every `everyMs` ms (default 2,000, at most 1,700,000,000, jittered by a fifth). With `watch` (default true) also soon after the store
   * reports changes by others. Keeps the process alive until `close()`. Default: false.
   */
  readonly autoSync?: false | { readonly everyMs?: number; readonly watch?: boolean };
  /** Takes a snapshot after so many events; a whole number. Default: 10,000. */
  readonly snapshotEvery?: number;
  /** Bytes of memory for undo data; late events before what fits cost a rebuild. Default: 64 MiB. */
  readonly undoMemory?: number;
  /**
   * Makes this master the sealer. Then every master may delete journals that a snapshot at a seal replaces. Set it for exactly one master of
   * a store: two sealers that have not synced end in SEPARATE_HISTORIES. Default: false; `compact()` starts sealing as well.
   */
  readonly sealer?: boolean;
  /** How long (ms) an event stays open for late ones before it is sealed. Default: 86,400,000 (a day). */
  readonly retention?: number;
  /** How long (ms) a seal waits for a master that publishes nothing. Default: 604,800,000 (a week). */
  readonly patience?: number;
  /** How far (ms) clocks may differ. Default: 300,000 (5 min). */
  readonly maxClockDrift?: number;
  /** Recorded with every event, for example `{ user: 'ada' }`; plain JSON, refused if JSON would change it. Default: null. */
  readonly meta?: CallMeta | null;
  /**
   * `replay` runs every call again from the same state, in other time zones (with summer time) and locales, and throws
   * NonDeterministicTransactionError if state, result or changes differ: for development and tests. Default: `none`.
   */
  readonly check?: 'none' | 'replay';
  /** Wall clock in ms since 1970, for tests; it is asked at each call, and once when the options are checked. Default: `Date.now`. */
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
  readonly begin: boolean;
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

const KNOWN = [
  'name',
  'store',
  'local',
  'begin',
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
] as const satisfies readonly (keyof MasterOptions)[];

const DURABILITIES: ReadonlySet<unknown> = new Set<Durability>(['group', 'always', 'none']);

/** Timers take up to 2^31 − 1 ms, and a fifth of jitter is added. */
const LONGEST_INTERVAL = 1_700_000_000;

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
  refuseUnknown('Master.open', options, KNOWN);
  const { name } = options;
  if (!isMasterName(name)) {
    throw new InvalidOptionError(
      `name: ${shown(name)} cannot name a master; use lower-case letters, digits and hyphens, not a hyphen first, at most 63`,
    );
  }
  if (RESERVED.test(name)) {
    throw new InvalidOptionError(
      `name: ${shown(name)} cannot be the name of a folder on Windows, where other masters may be; take another one. Events made under it stay`,
    );
  }
  const durability = options.durability ?? 'group';
  if (!DURABILITIES.has(durability))
    throw new InvalidOptionError(`durability: ${shown(durability)} is none of group, always, none`);
  return {
    name,
    local: localOption(options.local),
    begin: flag('begin', options.begin),
    durability,
    autoSync: autoSyncPlan(options.autoSync),
    snapshotEvery: whole('snapshotEvery', positive('snapshotEvery', options.snapshotEvery, 10_000)),
    undoMemory: positive('undoMemory', options.undoMemory, 64 * 1024 * 1024),
    sealer: flag('sealer', options.sealer),
    retention: atLeastZero('retention', options.retention, 86_400_000),
    patience: atLeastZero('patience', options.patience, 604_800_000),
    maxClockDrift: positive('maxClockDrift', options.maxClockDrift, USUAL_DRIFT),
    meta: metaText(options.meta),
    check: checkOption(options.check),
    now: nowOption(options.now),
    random: randomOption(options.random),
    onProgress: callable('onProgress', options.onProgress ?? (() => undefined)),
  };
}

/**
 * Refuses options that are no object, or that have a member nobody knows: most often a slip of the pen.
 *
 * @param of what they are options of, for the message
 * @throws InvalidOptionError (`INVALID_OPTION`) naming the member and the known ones
 */
export function refuseUnknown(of: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new InvalidOptionError(`${of}: ${shown(options)} is no object of options; known are ${known.join(', ')}`);
  for (const key of Object.keys(options))
    if (!known.includes(key))
      throw new InvalidOptionError(`${key} is no option of ${of}; known are ${known.join(', ')}`);
}

/** As `refuseUnknown`, where every option is true or false. */
export function refuseUnlessFlags<Name extends string>(
  of: string,
  options: Readonly<Partial<Record<Name, boolean>>>,
  known: readonly Name[],
): void {
  refuseUnknown(of, options, known);
  for (const key of known) flag(`${of}: ${key}`, options[key]);
}

/** A value in a message: JSON where there is such a text, and never an error of its own. */
function shown(value: unknown): string {
  try {
    const text = JSON.stringify(value) as string | undefined;
    if (text !== undefined) return text;
  } catch {
    // A bigint, a cycle: what follows says enough.
  }
  return typeof value === 'symbol' || typeof value === 'bigint' ? value.toString() : `what is of type ${typeof value}`;
}

function localOption(local: unknown): string | undefined {
  if (local !== undefined && (typeof local !== 'string' || local === ''))
    throw new InvalidOptionError(`local: ${shown(local)} is no path of a directory; leave it out for the default`);
  return local;
}

function callable<F extends (...args: never[]) => unknown>(option: string, value: F): F {
  if (typeof value !== 'function') throw new InvalidOptionError(`${option}: ${shown(value)} is no function`);
  return value;
}

// Asked once: each call asks again, and has no time to look at the answer.
function nowOption(now: MasterOptions['now']): () => number {
  if (now === undefined) return realNow;
  const time: unknown = callable('now', now)();
  if (typeof time !== 'number' || !(time >= 0 && time < Infinity))
    throw new InvalidOptionError(`now: it gave ${shown(time)}, which is no time in ms since 1970`);
  return now;
}

// Ids are spelt with these numbers; few are asked for, so each can be looked at.
function randomOption(random: MasterOptions['random']): () => number {
  if (random === undefined) return secureRandom;
  const given = callable('random', random);
  return () => {
    const number: unknown = given();
    if (typeof number !== 'number' || !(number >= 0 && number < 1))
      throw new InvalidOptionError(`random: it gave ${shown(number)}, which is no number from 0 up to but not 1`);
    return number;
  };
}

function positive(option: string, value: number | undefined, preset: number): number {
  return finite(option, value, preset, 'a finite number above 0', (number) => number > 0);
}

function atLeastZero(option: string, value: number | undefined, preset: number): number {
  return finite(option, value, preset, 'a finite number, 0 or more', (number) => number >= 0);
}

function finite(
  option: string,
  value: number | undefined,
  preset: number,
  what: string,
  fits: (number: number) => boolean,
): number {
  if (value === undefined) return preset;
  if (typeof value !== 'number' || !(fits(value) && value < Infinity))
    throw new InvalidOptionError(`${option}: ${typeof value === 'number' ? value : shown(value)} is not ${what}`);
  return value;
}

function whole(option: string, value: number): number {
  if (!Number.isInteger(value)) throw new InvalidOptionError(`${option}: ${value} is not a whole number`);
  return value;
}

function autoSyncPlan(autoSync: MasterOptions['autoSync'] = false): AutoSyncPlan | undefined {
  if (autoSync === false) return undefined;
  if (typeof autoSync !== 'object' || (autoSync as unknown) === null || Array.isArray(autoSync))
    throw new InvalidOptionError(`autoSync: ${shown(autoSync)} is neither false nor { everyMs, watch }`);
  refuseUnknown('autoSync', autoSync, ['everyMs', 'watch']);
  const everyMs = positive('autoSync.everyMs', autoSync.everyMs, 2_000);
  if (everyMs > LONGEST_INTERVAL)
    throw new InvalidOptionError(`autoSync.everyMs: ${everyMs} is more than ${LONGEST_INTERVAL} (some 19 days)`);
  return { everyMs, watch: flag('autoSync.watch', autoSync.watch ?? true) };
}

function flag(option: string, value: boolean | undefined): boolean {
  if (value !== undefined && typeof value !== 'boolean')
    throw new InvalidOptionError(`${option}: ${shown(value)} is neither true nor false`);
  return value === true;
}

function checkOption(check: MasterOptions['check'] = 'none'): boolean {
  if (check !== 'none' && (check as unknown) !== 'replay')
    throw new InvalidOptionError(`check: ${shown(check)} is neither none nor replay`);
  return check === 'replay';
}

/**
 * The JSON text of what is recorded with calls. Carried with every event, so it obeys the rules of arguments; found here rather than at each call.
 *
 * @throws InvalidOptionError (`INVALID_OPTION`) if it is no plain object, or not plain JSON
 */
export function metaText(meta: CallMeta | null = null): string {
  const problem = whyNotPlainJson(meta);
  if (problem !== undefined)
    throw new InvalidOptionError(`meta: it is not plain JSON (${problem}); give texts, numbers, lists, plain objects`);
  if (typeof meta !== 'object' || Array.isArray(meta))
    throw new InvalidOptionError(`meta: ${shown(meta)} is no plain object; give one, such as { user: 'ada' }`);
  return JSON.stringify(meta);
}
