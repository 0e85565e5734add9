import { withArticle } from '../article.js';
import { UnsupportedStateError } from '../errors.js';
import { SharedBytes } from '../event/shared-bytes.js';
import type { ClassTable } from '../model/class-table.js';
import { refuseProxy } from '../model/foreign-proxy.js';
import { admit, refuseSharedBytes } from './admission.js';
import { takeStack } from './error-stack.js';
import { type Ownership, refuseShared } from './ownership.js';
import { type Place, placeAmong } from './places.js';
import { describe, describePlace, type PlaceOf, type Recorder } from './recorder.js';
import { LEAVE_OPEN } from './refusals.js';
import { type Replace, type Stuck, visitReferences } from './references.js';
import { TAKE_STACK, type UndoLog } from './undo-log.js';

/**
 * Makes the objects that a transaction stored part of the state: proxies in them become the objects they stand for, classes
 * are checked, as far as they are `kept` where they were stored.
 *
 * @throws SharedStateError (`SHARED_STATE`), UnknownClassError (`UNKNOWN_CLASS`), UnsupportedStateError (`UNSUPPORTED_STATE`)
 */
export function adopt(
  fresh: Iterable<object>,
  kept: ReadonlyMap<object, Place>,
  membrane: Recorder,
  ownership: Ownership,
): Adopted {
  const take: Take = (value, place) => membrane.adopt(value, place);
  const unwrap: Take = (value, place) => {
    const raw = membrane.unwrap(value) as object;
    if (raw === value) refuseProxy(value, place);
    return raw;
  };
  const isWhole = (value: object): boolean => membrane.isWhole(value);
  const adopted = walk(kept.keys(), take, isWhole, { classes: membrane.classes, log: membrane.log, kept, ownership });
  // What was taken out again keeps no proxy either, wherever it went; only its class is nobody's business.
  const stored = walk(fresh, unwrap, isWhole, { done: adopted });
  for (const one of stored) if (!adopted.has(one)) return { adopted, made: new Set([...adopted, ...stored]) };
  return { adopted, made: adopted };
}

/** What a transaction made. */
export interface Adopted {
  /** Objects that became part of the state. */
  readonly adopted: ReadonlySet<object>;
  /** These and the ones that it stored and took out again. */
  readonly made: ReadonlySet<object>;
}

/** What stands in the state in place of what a call put there. */
type Take = (value: object, place: PlaceOf) => object;

interface Walk {
  readonly ownership?: Ownership;
  /** Every object is checked to be of one of these, and enters the state. */
  readonly classes?: ClassTable;
  /** Records what is taken out of them. */
  readonly log?: UndoLog | undefined;
  /** Where the roots stand. */
  readonly kept?: ReadonlyMap<object, Place>;
  /** Objects that were walked before. */
  readonly done?: ReadonlySet<object>;
}

function walk(
  roots: Iterable<object>,
  take: Take,
  isWhole: (value: object) => boolean,
  { classes, log, kept, done, ownership }: Walk,
): ReadonlySet<object> {
  const seen = new Set<object>(roots);
  const bytes = new SharedBytes(refuseSharedBytes);
  const replace: Replace = (value) => take(value, () => placeAmong(seen, value));
  const push = (value: object): void => {
    if (!isWhole(value)) seen.add(value);
  };
  const refuseFixed: Stuck = (holder, key) => refuseReadOnly(holder, key, isWhole);
  for (const target of seen) {
    if (done?.has(target) === true) continue;
    const placeOf = (): string => {
      const place = kept?.get(target);
      return place === undefined ? placeAmong(seen, target) : describePlace(place.holder, place.key);
    };
    const why = ownership?.refusal(target);
    if (why !== undefined) refuseShared(placeOf(), target, why);
    if (classes !== undefined) {
      admit(target, classes, placeOf);
      const stack = takeStack(target, placeOf);
      if (stack !== undefined) log?.push(TAKE_STACK, target, 'stack', stack);
    }
    if (ArrayBuffer.isView(target)) bytes.claim(target);
    else visitReferences(target, replace, push, refuseFixed);
  }
  return seen;
}

function refuseReadOnly(holder: object, key: PropertyKey, isWhole: (value: object) => boolean): never {
  const held = (holder as Record<PropertyKey, object>)[key] as object;
  // What is a guard of itself is never replaced.
  if (isWhole(held)) refuseFixedValue(holder, key, held);
  throw new UnsupportedStateError(
    `${describe(holder)}.${String(key)} of a new object is read-only and refers to an object that is stored already. Leave the property writable, or refer by id; ${LEAVE_OPEN}.`,
  );
}

function refuseFixedValue(holder: object, key: PropertyKey, value: object): never {
  throw new UnsupportedStateError(
    `${describe(holder)}.${String(key)} of a new object is read-only and holds ${withArticle(describe(value))}, of which the state keeps a copy of its own. Leave the property writable; ${LEAVE_OPEN}.`,
  );
}
