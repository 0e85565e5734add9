import { UnsupportedStateError } from '../errors.js';
import { describePlace, type Recorder } from './recorder.js';
import { linkGuard, setDate } from './stored-date.js';
import { DATE_SET, type UndoLog } from './undo-log.js';

/**
 * What readers see of stored Dates. No Proxy: `new Date(proxy)` would silently lose the milliseconds, and `structuredClone`,
 * `Intl`, deep-equal and clone libraries look for a real Date. It is a real Date of its own, of the same prototype and as open
 * to fields as the stored one, which it follows.
 *
 * The setters of Date.prototype are wrapped, once, when the first model is opened: for the Dates of a model they write the
 * stored one, recorded, or refuse; for all others they are what they were. No other way tells what
 * `Date.prototype.setTime.call(model.due, 5)` does.
 */

type Setter = (this: Date, ...args: number[]) => number;

/** Whose setters are recorded where. */
const recorders = new WeakMap<Date, Recorder>();
let watching = false;

function watchSetters(): void {
  if (watching) return;
  watching = true;
  for (const name of Object.getOwnPropertyNames(Date.prototype)) {
    const descriptor = Object.getOwnPropertyDescriptor(Date.prototype, name) as PropertyDescriptor;
    if (name.startsWith('set'))
      Object.defineProperty(Date.prototype, name, { ...descriptor, value: watched(name, descriptor.value as Setter) });
  }
}

function watched(name: string, native: Setter): Setter {
  // A method, so that it is no constructor, as the native one is none.
  const { [name]: setter } = {
    [name](this: Date, ...args: number[]): number {
      const recorder = recorders.get(this);
      return recorder === undefined ? native.apply(this, args) : write(this, name, native, args, recorder);
    },
  } as Record<string, Setter>;
  return Object.defineProperty(setter as Setter, 'length', { value: native.length, configurable: true });
}

function write(guard: Date, name: string, native: Setter, args: number[], membrane: Recorder): number {
  const raw = membrane.unwrap(guard) as Date;
  const log = membrane.writing(raw, name);
  const before = raw.getTime();
  // On the stored one: engines differ in whether they read the time before what they are given says its own.
  const time = native.apply(raw, args);
  keep(raw, before, time, log);
  return time;
}

function keep(raw: Date, before: number, time: number, log: UndoLog): void {
  if (!Object.is(before, time)) log.push(DATE_SET, raw, undefined, before);
  setDate(raw, time);
}

/** The guards of the Dates of one membrane. */
export class GuardedDates {
  readonly #membrane: Recorder;
  readonly #guards = new WeakMap<Date, Date>();
  /** What the running transaction was shown: its guards are looked at when it ends, as nothing tells of fields put on them. */
  readonly #shown = new Set<Date>();

  constructor(membrane: Recorder) {
    this.#membrane = membrane;
    watchSetters();
  }

  /** Tells whether a stored Date has been seen by a reader. */
  has(raw: object): boolean {
    return this.#guards.has(raw as Date);
  }

  /**
   * What a reader sees of a stored Date.
   *
   * @throws WriteOutsideTransactionError (`WRITE_OUTSIDE_TRANSACTION`) if somebody put a field on what readers saw until now
   */
  show(raw: Date, remember: (guard: Date) => void): Date {
    const known = this.#guards.get(raw);
    if (known !== undefined && this.#shown.has(raw)) return known;
    const how = known === undefined ? undefined : spoiltBy(raw, known);
    const guard = known === undefined || how !== undefined ? this.#make(raw) : known;
    if (guard !== known) remember(guard);
    if (this.#membrane.log !== undefined) this.#shown.add(raw);
    else if (how !== undefined) this.#membrane.writing(raw, how);
    return guard;
  }

  #make(raw: Date): Date {
    const guard = new Date(raw.getTime());
    if (!Object.isExtensible(raw)) Object.preventExtensions(guard);
    this.#guards.set(raw, guard);
    recorders.set(guard, this.#membrane);
    linkGuard(raw, guard);
    return guard;
  }

  /** Ends a transaction that is kept. @throws UnsupportedStateError (`UNSUPPORTED_STATE`) if a Date was given a field or another shape */
  refuseReshaped(log: UndoLog): void {
    if (this.#shown.size === 0) return;
    for (const raw of this.#shown) {
      const guard = this.#guards.get(raw) as Date;
      const how = spoiltBy(raw, guard);
      // A native setter that was taken before the setters were wrapped.
      if (how === 'time') keep(raw, raw.getTime(), guard.getTime(), log);
      else if (how !== undefined) refuse(raw, how);
    }
    this.#shown.clear();
  }

  /** Ends a transaction that is not kept, when its writes have been undone. */
  forget(): void {
    for (const raw of this.#shown)
      if (spoiltBy(raw, this.#guards.get(raw) as Date) !== undefined) this.#guards.delete(raw);
    this.#shown.clear();
  }
}

/** What the guard of a Date has and the stored one has not. */
function spoiltBy(raw: Date, guard: Date): PropertyKey | undefined {
  const keys = Reflect.ownKeys(guard);
  if (keys.length > 0) return keys[0];
  if (Object.getPrototypeOf(guard) !== Object.getPrototypeOf(raw)) return '__proto__';
  if (Object.isExtensible(guard) !== Object.isExtensible(raw)) return 'extensions';
  return Object.is(guard.getTime(), raw.getTime()) ? undefined : 'time';
}

function refuse(raw: Date, key: PropertyKey): never {
  throw new UnsupportedStateError(
    `${describePlace(raw, key)} cannot be changed: of a stored Date only its time is state. Keep what belongs to it in a field of an object of your own.`,
  );
}
