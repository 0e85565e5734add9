import { InvalidOptionError, type PrevalentError } from '../errors.js';
import type { CallMeta } from '../model/call-meta.js';
import type { MethodArgs, MethodKey } from '../model/methods.js';
import type { Change } from '../state/change.js';
import type { Patch } from '../state/patch.js';
import type { Seal } from '../store/frontier.js';
import type { Hold } from '../protocol/hold.js';

/** How an event ended: applied to the state, or rejected because it threw in its final place. */
export type Outcome = 'applied' | 'rejected';

/** What every event tells, whatever its model. */
export interface EventFacts {
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
  /** The method of the model's class that it runs: the key of the property, whatever its transaction is called. */
  readonly method: PropertyKey;
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

/**
 * The name of a transaction that is called otherwise than its method. The compiler does not see names that are given to decorators, so that this
 * is the type of all of them: a text that equals none you write. Ask for `method`.
 */
export type RenamedTransaction = `${string}\0`;

/** An event that runs one method. */
interface EventOf<M, K extends keyof M> extends EventFacts {
  readonly transaction: (K & string) | RenamedTransaction;
  readonly method: K;
  /** A private copy of the arguments, as the method takes them. They are what was recorded: programs of other masters may have recorded others. */
  readonly args: MethodArgs<M, K>;
}

/**
 * One merged event as users see it: of a model `M` one for each method, told apart by `method` or `transaction`.
 *
 * @example
 * ```ts
 * import { Master, MemoryStore, Prevalent, Transaction } from 'prevalent';
 *
 * @Prevalent('counter-of-event-docs')
 * class Counter {
 *   value = 0;
 *   @Transaction() add(by: number): void { this.value += by; }
 * }
 *
 * const master = await Master.open(Counter, { name: 'laptop', store: new MemoryStore() });
 * master.on('event', (event) => {
 *   if (event.method === 'add') console.log(event.args[0].toFixed(1)); // 2.0
 * });
 * master.model.add(2);
 * await master.close();
 * ```
 */
export type MergedEvent<M = unknown, K extends keyof M = MethodKey<M>> = [MethodKey<M>] extends [never]
  ? EventFacts
  : { [Key in K]: EventOf<M, Key> }[K];

/** The events of a transaction among those of a model; all of them for a name that is no method's. */
export type EventCalled<E, Name extends string> = [Extract<E, { readonly method: Name }>] extends [never]
  ? E
  : Extract<E, { readonly method: Name }>;

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
export interface Reissued<E = EventFacts> {
  /** First id of the call. */
  readonly from: string;
  /** Its id now. */
  readonly to: string;
  /** The re-issued call. */
  readonly event: E;
}

/** One visible change of the state: a call, a whole merge, or what the store refused. */
export interface StateChange {
  /** Steps that bring a copy of the model as it was in line with it, in order; `applyPatches` applies them. */
  readonly patches: readonly Patch[];
  /** Ids of events that were taken back, newest first. */
  readonly undone: readonly string[];
  /** Ids of events that ran then, in order: those that were taken back and still count, and new ones. */
  readonly ran: readonly string[];
}

/** States that should be equal and are not. */
export interface Divergence {
  /** Number of the seal at which they were compared. */
  readonly seal: number;
  /** This master, and the other one. */
  readonly masters: readonly [string, string];
}

/** What listeners of `on(name, …)` receive; `E` are the events of the model. */
export interface Notifications<E = EventFacts> {
  /** Once per event, when it is first applied or rejected here. */
  event: (event: E) => void;
  /** The state has changed, by whatever it was; told right then, and in order. */
  state: (change: StateChange) => void;
  /** An event threw in its place and left no trace. */
  rejected: (event: E) => void;
  /** A late event changed the outcome of this earlier one. */
  reordered: (event: E) => void;
  /** A sync ended. */
  synced: (report: SyncReport) => void;
  /** A stream is held since this sync. */
  held: (hold: Hold) => void;
  /** A seal excluded this call of this master; it was re-issued at the end of the order. */
  reissued: (again: Reissued<E>) => void;
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
    state: new Set(),
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
  /** Changes of the state that are not told yet. */
  readonly #handed: StateChange[] = [];
  #isFlushing = false;

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

  /** The state has changed; it is told at the next `flush`, when calls may be made. */
  hand(change: StateChange): void {
    this.#handed.push(change);
  }

  /** Tells of all changes of the state, in order, also if a listener changes it again. */
  flush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    for (let next = this.#handed.shift(); next !== undefined; next = this.#handed.shift()) this.tell('state', next);
    this.#isFlushing = false;
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
