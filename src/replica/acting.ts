import type { CallMeta } from '../model/call-meta.js';
import { registry } from '../model/registry.js';
import type { Replica } from './replica.js';

/** Options of `Master.transact`. */
export interface TransactOptions {
  /** Recorded with the calls, in place of the option `meta` of `Master.open`. */
  readonly meta?: CallMeta | null;
}

/** A master as somebody uses it: each call through this one is recorded with the same `meta`. */
export interface Acting<M extends object> {
  /** As `Master.model`; its transactions are recorded with the `meta` that was given. */
  readonly model: M;
  /** As `Master.transact`, on this model. */
  transact<T>(fn: (model: M) => T): Promise<T>;
}

/**
 * The guarded model, whose transactions record other `meta`. It shows the same state: it stands in front of the guard, and only who it is
 * makes the difference.
 *
 * @param meta JSON text
 */
export function actingModel(replica: Replica, meta: string): object {
  const { model } = replica.executor;
  const recorded = { text: meta, value: JSON.parse(meta) as unknown };
  const acting = new Proxy(model, {});
  registry.hosts.set(acting, { call: (definition, args) => replica.call(definition, args, model, recorded) });
  return acting;
}
