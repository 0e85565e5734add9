import { SharedBytes } from '../event/shared-bytes.js';
import { thoroughly } from '../event/brand.js';
import type { ClassTable } from '../model/class-table.js';
import { refuseProxy } from '../model/foreign-proxy.js';
import { admit, refuseSharedBytes } from './admission.js';
import { meetEntries, placeAmong } from './places.js';

/**
 * Checks a whole state that was built without a membrane. Gives its objects, the root first; constants and values are none of them.
 *
 * @throws UnknownClassError (`UNKNOWN_CLASS`), UnsupportedStateError (`UNSUPPORTED_STATE`)
 */
export function audit(root: object, classes: ClassTable): ReadonlySet<object> {
  return thoroughly(() => auditAll(root, classes));
}

function auditAll(root: object, classes: ClassTable): ReadonlySet<object> {
  const bytes = new SharedBytes(refuseSharedBytes);
  const objects = new Set([root]);
  const meet = (value: object): void => {
    if (!classes.isWhole(value)) objects.add(value);
  };
  for (const target of objects) {
    const place = (): string => placeAmong(objects, target);
    refuseProxy(target, place);
    admit(target, classes, place, meet);
    if (ArrayBuffer.isView(target)) bytes.claim(target);
    else meetEntries(target, meet);
  }
  return objects;
}
