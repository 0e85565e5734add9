import type { Owner } from './definition.js';
import { ledger } from './ledger.js';
import { registry } from './registry.js';

const forgotten = new FinalizationRegistry<WeakRef<Owner>>((reference) => void registry.owners.delete(reference));

/** As it was before anybody watches it. */
const deref = Object.getOwnPropertyDescriptor(WeakRef.prototype, 'deref')?.value as (
  this: WeakRef<Owner>,
) => Owner | undefined;

/**
 * From now on the guards and constants of a model are known in this process, for as long as somebody holds the owner.
 *
 * @returns what makes them ordinary objects again
 */
export function addOwner(owner: Owner): () => void {
  const reference = new WeakRef(owner);
  registry.owners.add(reference);
  forgotten.register(owner, reference);
  // Others are not looked at: that would keep each of them until the end of this turn.
  return () => void registry.owners.delete(reference);
}

/** Tells whether an object is a constant of any model of this process. */
export function isWhole(value: object): boolean {
  for (const owner of owners()) if (owner.isWhole(value)) return true;
  return false;
}

/** The stored object behind a guard of any model of this process; other values as they are. */
export function behindGuard(value: unknown): unknown {
  // Most are none, and there may be many models.
  if (typeof value !== 'object' || value === null || !ledger.guards.has(value)) return value;
  for (const owner of owners()) {
    const raw = owner.unwrap(value);
    if (raw !== value) return raw;
  }
  return value;
}

function* owners(): Generator<Owner> {
  for (const reference of registry.owners) {
    const owner = deref.call(reference);
    if (owner === undefined) registry.owners.delete(reference);
    else yield owner;
  }
}
