import { InvalidOptionError, type PrevalentError } from '../errors.js';
import type { CallMeta } from '../model/call-meta.js';
import type { Change } from '../state/change.js';
import type { Seal } from '../store/frontier.js';
import type { Hold } from '../protocol/hold.js';

/** How an event ended: applied to the state, or rejected because it threw in its final place. */
export type Outcome = 'applied' | 'rejected';

/** One merged event as users see it. */
export interface MergedEvent {
  /** ULID: its place in the order of all events. */
  readonly id: string;
  /** Name of the master that called it. */
  readonly master: string;
  /** Its number in the stream of that master, from 1 without gaps; another stream of the same master counts anew. */
  readonly seq: number;
  /** First id of a re-issued call; left out for all others. */
  readonly origin?: string;
  /** When the call was first made; a re-issued call has a later `id`. Filters compare `id`. */
  readonly time: Date;
  /** Stable name of the transaction in the journal. */
  readonly transaction: string;
  /** A private copy of the arguments. */
  readonly args: readonly unknown[];
  /** The option `meta` of its master, or the argument of `as(meta)`; `null` if there was none. */
  readonly meta: CallMeta | null;
  /** As of now: until it is sealed, a late event may change it. */
  readonly outcome: Outcome;
  /** Why it was rejected; left out unless it was. */
  readonly error?: string;
  /** What it changed when it first ran here; only for `on('event')` listeners. Late events that cause a rebuild have none. */
  readonly changes?: readonly Change[];
}

/** What one `sync()` did. */
export interface SyncReport {
  /** Events of others accepted now. */
  readonly received: number;
  /** Events run to put them in their places, earlier ones that had to run again included. */
  readonly replayed: number;
  /** Events taken back for that. */
  readonly undone: number;
  /** Events rejected now that were not before. */
  readonly rejected: number;
  /** Streams whose next event cannot be accepted yet, and why. */
  readonly held: readonly Hold[];
  /** Own events that others can read now and could not before. */
  readonly published: number;
  /** The seal in force; `undefined` while nothing was ever sealed. */
  readonly seal: Seal | undefined;
  /** How long it took, in ms. */
  readonly ms: number;
}

/** A call that a seal excluded, and that was re-issued. */
export interface Reissued {
  /** First id of the call. */
  readonly from: string;
  /** Its id now. */
  readonly to: string;
  /** The re-issued call. */
  readonly event: MergedEvent;
}

/** States that should be equal and are not. */
export interface Divergence {
  /** Number of the seal at which they were compared. */
  readonly seal: number;
  /** This master, and the other one. */
  readonly masters: readonly [string, string];
}

/** What listeners of `on(name, …)` receive. */
export interface Notifications {
  /** Once per event, when it is first applied or rejected here. */
  event: (event: MergedEvent) => void;
  /** An event threw in its place and left no trace. */
  rejected: (event: MergedEvent) => void;
  /** A late event changed the outcome of this earlier one. */
  reordered: (event: MergedEvent) => void;
  /** A sync ended. */
  synced: (report: SyncReport) => void;
  /** A stream is held since this sync. */
  held: (hold: Hold) => void;
  /** A seal excluded this call of this master; it was re-issued at the end of the order. */
  reissued: (again: Reissued) => void;
  /** Two masters that run the same code are in different states at the same seal: a transaction is not deterministic. */
  diverged: (difference: Divergence) => void;
  /** Work in the background failed, such as a sync of `autoSync`, or calls that nobody waits for. */
  error: (error: PrevalentError | Error) => void;
}

type Listeners = { [Name in keyof Notifications]: Set<Notifications[Name]> };

/** Delivers what happens to those who asked. */
export class Notifier {
  readonly #listeners: Listeners = {
    event: new Set(),
    rejected: new Set(),
    reordered: new Set(),
    synced: new Set(),
    held: new Set(),
    reissued: new Set(),
    diverged: new Set(),
    error: new Set(),
  };
  readonly #subscribers = new Set<() => void>();
  #version = 0;

  /** Rises with every visible change of the state. */
  get version(): number {
    return this.#version;
  }

  /** Adds a listener; gives what removes it. */
  on<Name extends keyof Notifications>(name: Name, listener: Notifications[Name]): () => void {
    const set = Object.hasOwn(this.#listeners, name) ? this.#listeners[name] : undefined;
    if (set === undefined) {
      throw new InvalidOptionError(
        `on: there is no event "${name}"; known are ${Object.keys(this.#listeners).join(', ')}`,
      );
    }
    refuseNoFunction(`on('${name}')`, listener);
    set.add(listener);
    return () => {
      set.delete(listener);
    };
  }

  /** Adds a subscriber to `version`; gives what removes it. */
  subscribe(subscriber: () => void): () => void {
    refuseNoFunction('subscribe', subscriber);
    this.#subscribers.add(subscriber);
    return () => {
      this.#subscribers.delete(subscriber);
    };
  }

  /** Tells whether anybody listens, so that nothing is prepared for nobody. */
  wants(name: keyof Notifications): boolean {
    return this.#listeners[name].size > 0;
  }

  /** Tells all listeners of one name. A listener that throws disturbs neither the others nor the master. */
  tell<Name extends keyof Notifications>(name: Name, ...what: Parameters<Notifications[Name]>): void {
    for (const listener of [...this.#listeners[name]]) {
      this.#guard(() => {
        (listener as (...args: Parameters<Notifications[Name]>) => void)(...what);
      });
    }
    if (name === 'error' && !this.wants('error')) throwLater(what[0]);
  }

  /** The state changed visibly. */
  changed(): void {
    this.#version++;
    if (this.#subscribers.size === 0) return;
    for (const subscriber of [...this.#subscribers]) this.#guard(subscriber);
  }

  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      throwLater(error);
    }
  }
}

function refuseNoFunction(what: string, listener: unknown): void {
  if (typeof listener !== 'function') throw new InvalidOptionError(`${what}: the listener is no function`);
}

// An uncaught exception of its own, as if the listener had thrown from a timer.
function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
