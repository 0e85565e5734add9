import { withArticle } from '../article.js';
import { SharedStateError } from '../errors.js';
import { ByteRanges, isBytes } from '../model/byte-ranges.js';
import { refuseProxy } from '../model/foreign-proxy.js';
import { type Entrance, ledger } from '../model/ledger.js';
import { dropStack } from './error-stack.js';
import { meetParts, PathFinder, placeAmong, Places } from './places.js';
import { describe } from './recorder.js';

/** What a reader of a state holds, of whichever copy of this package. */
interface Guards {
  isProxy(value: object): boolean;
}

/** Tells objects that are meant to be shared, and so belong to no state: constants and values. */
type IsWhole = (object: object) => boolean;

/**
 * Which objects became part of one state by calls. A call makes its objects itself, so an object that comes a second time, by another
 * call or into another state, comes from outside: a module, a closure, another master.
 */
export class Ownership {
  readonly #guards: Guards;
  #state: object = {};
  #call = '';

  /** @param guards what readers of this state hold */
  constructor(guards: Guards) {
    this.#guards = guards;
  }

  /** A call begins. */
  begin(call: string): void {
    this.#call = call;
  }

  /** Another state takes the place of this one. What undoes and repeats its calls does not undo theirs. */
  renew(): void {
    this.#state = {};
  }

  /** Why an object cannot become part of the state by the running call; `undefined` if it can. */
  refusal(object: object): string | undefined {
    const entered = ledger.of(object);
    if (entered === undefined) return this.#isForeignGuard(object) ? 'an object of another master' : undefined;
    // A call that was undone exactly meets what it put into the state as it was then.
    return entered.state === this.#state && entered.call === this.#call ? undefined : notMade(object);
  }

  /** The running call has made the objects part of the state. */
  claim(objects: Iterable<object>): void {
    const entrance: Entrance = { state: this.#state, call: this.#call };
    for (const object of objects) ledger.enter(object, entrance);
  }

  #isForeignGuard(object: object): boolean {
    return ledger.guards.has(object) && !this.#guards.isProxy(object);
  }
}

function notMade(object: object): string {
  const what = isBytes(object)
    ? 'bytes that were not made now, but are or were'
    : 'an object that was not made now, but is or was';
  return `${what} part of a state in this process`;
}

/** Tells what belongs to a set of objects: one of them, or a view on bytes of one. */
export function belongingTo(objects: ReadonlySet<object>): (object: object) => boolean {
  let ranges: ByteRanges<true> | undefined;
  return (object) => {
    if (objects.has(object)) return true;
    if (!isBytes(object)) return false;
    if (ranges === undefined) {
      ranges = new ByteRanges();
      for (const one of objects) if (isBytes(one)) ranges.put(one, true);
    }
    return ranges.has(object);
  };
}

/** A state that begins with what no call made: a new model, or a snapshot. */
export function newEntrance(): Entrance {
  return { state: {}, call: '' };
}

/** All objects of a new model enter. */
export function enterAll(objects: ReadonlySet<object>): void {
  const entrance = newEntrance();
  for (const object of objects) enter(object, entrance, objects);
}

/**
 * What `migrate` has put into the root of a snapshot enters with the rest of it.
 *
 * @throws SharedStateError (`SHARED_STATE`) for what is or was part of another state: an object of a module
 */
export function enterMigrated(root: object, entrance: Entrance, isWhole: IsWhole): void {
  const all = reachable(root, isWhole);
  for (const object of all) {
    const entered = ledger.of(object);
    if (entered === undefined) enter(object, entrance, all);
    else if (entered !== entrance) refuseShared(`${placeAmong(all, object)}, by migrate,`, object, notMade(object));
  }
}

function enter(object: object, entrance: Entrance, all: ReadonlySet<object>): void {
  dropStack(object, () => placeAmong(all, object));
  ledger.enter(object, entrance);
}

/** @throws SharedStateError (`SHARED_STATE`) always */
export function refuseShared(place: string, object: object, why: string): never {
  throw new SharedStateError(`${place} would hold ${why}: ${withArticle(describe(object))}. ${remedyFor(object)}`);
}

/**
 * Refuses what two new models share: it belongs to a module, and each would change the other's.
 *
 * @param first objects of one
 * @param second objects of the other
 * @param root of the other
 * @throws SharedStateError (`SHARED_STATE`) naming the path
 */
export function refuseSharedGenesis(first: ReadonlySet<object>, second: ReadonlySet<object>, root: object): void {
  const isShared = belongingTo(first);
  for (const object of second) {
    if (!isShared(object)) continue;
    const path = new PathFinder(new Places(), root).path(object) ?? [];
    const place = [
      describe(root),
      ...path.map((part) => (typeof part === 'object' ? '[object]' : String(part as PropertyKey))),
    ].join('.');
    throw new SharedStateError(
      `${place} is ${first.has(object) ? '' : 'on the bytes of '}the same ${describe(object)} in every new model, so it belongs to a module: masters, copies of the past and a restart would change each other's. ${remedyFor(object)}`,
    );
  }
}

/** All objects of a state, its root first. @param isWhole tells objects that are meant to be shared */
export function reachable(root: object, isWhole: IsWhole): ReadonlySet<object> {
  const seen = new Set([root]);
  const meet = (part: object): void => {
    if (!isWhole(part)) seen.add(part);
  };
  for (const holder of seen) {
    refuseProxy(holder, () => placeAmong(seen, holder));
    meetParts(holder, meet);
  }
  return seen;
}

function remedyFor(object: object): string {
  if (Object.isFrozen(object))
    return "Declare it: @Prevalent(…, { constants: { 'its.name': theObject } }); it is then the same object everywhere.";
  return 'Make a new one each time: copyOf(it), which keeps classes, or a function that makes it; one that never changes can be declared under "constants".';
}
