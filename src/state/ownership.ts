import { SharedStateError } from '../errors.js';
import { PathFinder, Places, partsOf } from './places.js';
import { describe } from './recorder.js';

/** One state in this process: nothing but itself, so that an object which outlives its state keeps nothing of it. */
type Owner = object;

/** The call that made an object part of a state. */
interface Entrance {
  readonly owner: Owner;
  /** Its origin: it is the same when it runs again. */
  readonly call: string;
}

/** What a reader of a state holds, of whichever copy of this package. */
interface Guards {
  isProxy(value: object): boolean;
}

interface Ledger {
  readonly entrances: WeakMap<object, Entrance>;
  /** What readers of any state hold. */
  readonly guards: WeakSet<object>;
}

const KEY = Symbol.for('prevalent.ownership.v2');

/** One for a process, so that two copies of this package know each other's states. */
const ledger: Ledger = ((globalThis as { [KEY]?: Ledger | undefined })[KEY] ??= {
  entrances: new WeakMap(),
  guards: new WeakSet(),
});

/** A reader of some state holds this from now on. */
export function noteGuard(guard: object): void {
  ledger.guards.add(guard);
}

/**
 * Which objects became part of one state by calls. A call makes its objects itself, so an object that comes a second time, by another
 * call or into another state, comes from outside: a module, a closure, another master.
 */
export class Ownership {
  readonly #guards: Guards;
  #owner: Owner = {};
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
    this.#owner = {};
  }

  /** Why an object cannot become part of the state by the running call; `undefined` if it can. */
  refusal(object: object): string | undefined {
    const entered = ledger.entrances.get(object);
    if (entered === undefined) {
      return this.#isForeignGuard(object) ? 'an object of another master' : undefined;
    }
    const { owner, call } = entered;
    if (owner !== this.#owner) return 'an object that is or was part of another state in this process';
    // A call that was undone exactly meets what it put into the state as it was then.
    return call === this.#call
      ? undefined
      : 'an object that an earlier call made part of the state, and that came again from outside';
  }

  /** The running call has made the objects part of the state. */
  claim(objects: Iterable<object>): void {
    const entrance: Entrance = { owner: this.#owner, call: this.#call };
    for (const object of objects) ledger.entrances.set(object, entrance);
  }

  #isForeignGuard(object: object): boolean {
    return ledger.guards.has(object) && !this.#guards.isProxy(object);
  }
}

/** @throws SharedStateError (`SHARED_STATE`) always */
export function refuseShared(place: string, object: object, why: string): never {
  throw new SharedStateError(`${place} would hold ${why}: a ${describe(object)}. ${remedyFor(object)}`);
}

/**
 * Refuses what two new models share: it belongs to a module, and each would change the other's.
 *
 * @param isWhole tells objects that are meant to be shared
 * @throws SharedStateError (`SHARED_STATE`) naming the path
 */
export function refuseSharedGenesis(one: object, other: object, isWhole: (object: object) => boolean): void {
  const first = reachable(one, isWhole);
  for (const object of reachable(other, isWhole)) {
    if (!first.has(object)) continue;
    const path = new PathFinder(new Places(), other).path(object) ?? [];
    const place = [
      describe(other),
      ...path.map((part) => (typeof part === 'object' ? '[object]' : String(part as PropertyKey))),
    ].join('.');
    throw new SharedStateError(
      `${place} is the same ${describe(object)} in every new model, so it belongs to a module: masters, copies of the past and a restart would change each other's. ${remedyFor(object)}`,
    );
  }
}

function reachable(root: object, isWhole: (object: object) => boolean): ReadonlySet<object> {
  const seen = new Set([root]);
  for (const holder of seen) {
    for (const [, part] of partsOf(holder))
      if (typeof part === 'object' && part !== null && !isWhole(part)) seen.add(part);
  }
  return seen;
}

function remedyFor(object: object): string {
  if (Object.isFrozen(object))
    return "Declare it: @Prevalent(…, { constants: { 'its.name': theObject } }); it is then the same object everywhere.";
  return 'Make a new one each time: [...list], { ...fields }, structuredClone(it), or a function that makes it; one that never changes can be declared under "constants".';
}
