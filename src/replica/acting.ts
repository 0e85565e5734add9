import type { CallMeta } from '../model/call-meta.js';
import type { DeepReadonly, Reading } from '../model/deep-readonly.js';
import { registry } from '../model/registry.js';
import type { Replica } from './replica.js';

/** Options of `Master.transact`. */
export interface TransactOptions {
  /** Recorded with the calls, in place of the option `meta` of `Master.open`. */
  readonly meta?: CallMeta | null;
}

/** A master as somebody uses it: each call through this one is recorded with the same `meta`. */
export type Acting<M extends object> = ActingOn<DeepReadonly<M>>;

/** The same, of the model as its readers have it. */
export interface ActingOn<View> {
  /** As `Master.model`; its transactions are recorded with the `meta` that was given. */
  readonly model: View;
  /** As `Master.transact`, on this model. */
  transact<T>(fn: Reading<View, T>): Promise<T>;
}

/**
 * The guarded model, whose transactions record other `meta`. It shows the same state: it stands in front of the guard, and only who it is
 * makes the difference.
 *
 * @param meta JSON text
 */
export function actingModel(replica: Replica, meta: string): object {
  const { model, derived } = replica.executor;
  const recorded = { text: meta, value: JSON.parse(meta) as unknown };
  const acting = new Proxy(model, {});
  registry.hosts.set(acting, { call: (definition, args) => replica.call(definition, args, model, recorded) });
  registry.derivers.set(acting, derived);
  return acting;
}
