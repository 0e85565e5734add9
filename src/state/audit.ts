import { SharedBytes } from '../event/shared-bytes.js';
import type { ClassTable } from '../model/class-table.js';
import { refuseProxy } from '../model/foreign-proxy.js';
import { admit, refuseSharedBytes } from './admission.js';
import { placeAmong } from './places.js';

/**
 * Checks a whole state that was built without a membrane.
 *
 * @throws UnknownClassError (`UNKNOWN_CLASS`), UnsupportedStateError (`UNSUPPORTED_STATE`)
 */
export function audit(root: object, classes: ClassTable): void {
  const bytes = new SharedBytes(refuseSharedBytes);
  // Only objects that lead on are remembered: most do not, and to look twice at one of those is cheaper than a large Set.
  const done = new Set<object>();
  const waiting = [root];
  const meet = (value: object): void => {
    waiting.push(value);
  };
  for (const target of waiting) {
    if (done.size > 0 && done.has(target)) continue;
    const before = waiting.length;
    const place = (): string => placeAmong(waiting, target);
    refuseProxy(target, place);
    admit(target, classes, place, meet);
    if (target instanceof Map || target instanceof Set) meetEntries(target, meet);
    const view = ArrayBuffer.isView(target);
    if (view) bytes.claim(target);
    if (view || waiting.length > before) done.add(target);
  }
}

function meetEntries(target: Map<unknown, unknown> | Set<unknown>, meet: (value: object) => void): void {
  const one = (value: unknown, key: unknown): void => {
    if (typeof key === 'object' && key !== null) meet(key);
    if (value !== key && typeof value === 'object' && value !== null) meet(value);
  };
  if (target instanceof Map) Map.prototype.forEach.call(target, one);
  else Set.prototype.forEach.call(target, one);
}
