import type { Owner } from './definition.js';
import { registry } from './registry.js';

/** From now on the objects of a model are known as live in this process, for as long as somebody holds the owner. */
export function addOwner(owner: Owner): void {
  registry.owners.add(new WeakRef(owner));
}

/** The objects of a model are its own business no more: they are ordinary ones now. */
export function removeOwner(owner: Owner): void {
  for (const reference of registry.owners) if (reference.deref() === owner) registry.owners.delete(reference);
}

/** Tells whether an object belongs to any managed model of this process, guarded or raw. */
export function isLive(value: object): boolean {
  for (const owner of owners()) if (owner.owns(value)) return true;
  return false;
}

/** Tells whether an object is a constant of any model of this process. */
export function isWhole(value: object): boolean {
  for (const owner of owners()) if (owner.isWhole(value)) return true;
  return false;
}

/** The stored object behind a guard of any model of this process; other values as they are. */
export function behindGuard(value: unknown): unknown {
  for (const owner of owners()) {
    const raw = owner.unwrap(value);
    if (raw !== value) return raw;
  }
  return value;
}

function* owners(): Generator<Owner> {
  for (const reference of registry.owners) {
    const owner = reference.deref();
    if (owner === undefined) registry.owners.delete(reference);
    else yield owner;
  }
}
