import type { ClassTable } from '../../model/class-table.js';
import type { ModelDefinition } from '../../model/definition.js';
import { withoutDerived } from '../../model/derived.js';
import type { Entrance } from '../../model/ledger.js';
import { ownValues } from '../../state/own-values.js';
import { enterMigrated } from '../../state/ownership.js';
import type { SnapshotHeader } from './header.js';

/** A root of this program's model. */
export interface Upgraded {
  readonly root: object;
  /** Fields that it got the value of a new model for, although the version of its shape is the same. */
  readonly gained: readonly string[];
}

/**
 * Makes the root of an older program's snapshot one of this program's model: the steps of `migrate`, one version at a time, and
 * then the fields that the model's class has gained. A field that a new model has, and that none had in the program that wrote
 * the snapshot, gets the value it has in a new model, in its place in the order; a field that was known then and is not there
 * was deleted by a transaction, and stays so.
 *
 * @param genesis makes a new model
 * @param classes of the model
 * @param entrance how the objects of the snapshot became part of the state
 * @throws SharedStateError (`SHARED_STATE`) if `migrate` gave what is part of another state
 */
export function upgrade(
  recorded: object,
  { version, fields }: SnapshotHeader,
  definition: ModelDefinition,
  genesis: () => object,
  classes: ClassTable,
  entrance: Entrance,
): Upgraded {
  const root = withoutDerived(recorded);
  if (version !== definition.version) {
    migrate(root, version, definition);
    ownValues(root, classes);
    enterMigrated(root, entrance, (object) => classes.isWhole(object));
  }
  const fresh = genesis();
  const known = new Set([...fields, ...Object.keys(root)]);
  const gained = Object.keys(fresh).filter((key) => !known.has(key));
  if (gained.length > 0) insert(root, fresh, gained);
  return { root, gained: version === definition.version ? gained : [] };
}

function migrate(root: object, from: number, { version, migrate: steps }: ModelDefinition): void {
  let fields: Record<string, unknown> = { ...root };
  for (let step = from; step < version; step++) fields = steps[step]?.(fields) ?? fields;
  for (const key of Object.keys(root)) Reflect.deleteProperty(root, key);
  Object.assign(root, fields);
}

/** Puts fields of `fresh` into `root`, each behind the one it follows in `fresh`, as in a state that had them from the start. */
function insert(root: object, fresh: object, gained: readonly string[]): void {
  const order = Reflect.ownKeys(root);
  const wanted = Object.keys(fresh);
  for (const key of gained) {
    const before = wanted.slice(0, wanted.indexOf(key)).reverse();
    const place = order.indexOf(before.find((field) => order.includes(field)) ?? '');
    order.splice(place + 1, 0, key);
  }
  const from = order.findIndex((key) => gained.includes(key as string));
  for (const key of order.slice(from)) {
    const holder = gained.includes(key as string) ? fresh : root;
    const descriptor = Object.getOwnPropertyDescriptor(holder, key) as PropertyDescriptor;
    Reflect.deleteProperty(root, key);
    Object.defineProperty(root, key, descriptor);
  }
}
