import { UnsupportedStateError } from '../errors.js';
import { copyValue } from '../event/value-text.js';
import type { ClassTable } from '../model/class-table.js';
import { refuseProxy } from '../model/foreign-proxy.js';
import { refuseAt } from './guarded-values.js';
import { placeAmong } from './places.js';
import { describePlace } from './recorder.js';
import { visitReferences } from './references.js';

/**
 * Puts copies in the place of all values of a state that no call made: what a constructor or a migration took from a module stays
 * the module's own.
 *
 * @throws UnsupportedStateError (`UNSUPPORTED_STATE`) for a value that does not come back, or in a read-only property
 */
export function ownValues(root: object, classes: ClassTable): void {
  const { values } = classes;
  if (values.size === 0) return;
  const copies = new Map<object, object>();
  const seen = new Set([root]);
  const replace = (value: object): object => {
    const place = (): string => placeAmong(seen, value);
    refuseProxy(value, place);
    const type = values.typeOf(value);
    if (type === undefined) return value;
    let copy = copies.get(value);
    if (copy === undefined) {
      ({ copy } = copyValue(type, value, refuseAt(place)));
      copies.set(value, copy);
    }
    return copy;
  };
  const push = (value: object): void => {
    // A class may give the same object for the same text.
    if (!classes.isWhole(value)) seen.add(value);
  };
  for (const target of seen) visitReferences(target, replace, push, refuseFixed);
}

function refuseFixed(holder: object, key: PropertyKey): never {
  throw new UnsupportedStateError(
    `${describePlace(holder, key)} is read-only and holds a value, of which the state keeps a copy of its own. Leave the property writable.`,
  );
}
