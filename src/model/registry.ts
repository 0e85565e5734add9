import type { CallMeta } from './call-meta.js';
import type { Deriver, ModelDefinition, Owner, TransactionDefinition, TransactionHost } from './definition.js';

/** The transaction that runs right now, in any master of this process. */
export interface RunningTransaction {
  /** The event's ULID. */
  readonly id: string;
  /** The event's time in ms since 1970: what `Date.now()` says inside. */
  readonly time: number;
  /** The master that made the call. */
  readonly master: string;
  /** What that master recorded with it: its option `meta`, or what `as(meta)` said; `null` if nothing. */
  readonly meta: CallMeta | null;
}

interface Registry {
  readonly byClass: WeakMap<object, ModelDefinition>;
  /** What `@Transaction` said of a method, by the function that it put in place. */
  readonly transactions: WeakMap<object, TransactionDefinition>;
  readonly hosts: WeakMap<object, TransactionHost>;
  /** What gives the derived fields of managed instances. */
  readonly derivers: WeakMap<object, Deriver>;
  /** The getters of derived fields. */
  readonly derived: WeakSet<object>;
  /** What knows the objects of each managed model. */
  readonly owners: Set<WeakRef<Owner>>;
  running: { readonly host: TransactionHost; readonly transaction: RunningTransaction } | undefined;
}

const KEY = Symbol.for('prevalent.registry.v2');

/** One registry for a process, so that two copies of this package know each other's models and calls. */
export const registry: Registry = ((globalThis as { [KEY]?: Registry | undefined })[KEY] ??= {
  byClass: new WeakMap(),
  transactions: new WeakMap(),
  hosts: new WeakMap(),
  derivers: new WeakMap(),
  derived: new WeakSet(),
  owners: new Set(),
  running: undefined,
});
