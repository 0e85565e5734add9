import { ByteRanges, isBytes } from './byte-ranges.js';

/** Which objects are or were part of a state in this process, guarded or raw. */

/** How an object became part of a state: by a call, or with all that was there at the start. */
export interface Entrance {
  /** The state: nothing but itself, so that an object which outlives its state keeps nothing of it. */
  readonly state: object;
  /** The call's origin, which is the same when it runs again; empty for what was there at the start. */
  readonly call: string;
}

interface Ledger {
  /** How a raw object entered, or bytes of it in another view; `undefined` if they never did. */
  of(object: object): Entrance | undefined;
  /** The object enters. */
  enter(object: object, entrance: Entrance): void;
  /** What readers of any state hold. */
  readonly guards: WeakSet<object>;
}

/** A constructor that gives back what it is given, so that fields of a subclass are put on that. */
const Given = function (object: object): object {
  return object;
} as unknown as new (object: object) => object;

/**
 * A private field on the object itself: nobody sees it, no Proxy, copy or snapshot carries it, and it costs half of an entry in a
 * WeakMap.
 */
class Stamp extends Given {
  #entrance: Entrance;

  private constructor(object: object, entrance: Entrance) {
    super(object);
    this.#entrance = entrance;
  }

  static of(object: object): Entrance | undefined {
    return #entrance in object ? object.#entrance : undefined;
  }

  static put(object: object, entrance: Entrance): void {
    if (#entrance in object) object.#entrance = entrance;
    else new Stamp(object, entrance);
  }
}

function makeLedger(): Ledger {
  // Newer engines put no private fields on objects that take no new properties.
  const unstamped = new WeakMap<object, Entrance>();
  const bytes = new ByteRanges<Entrance>();
  return {
    guards: new WeakSet(),
    of: (object) =>
      Stamp.of(object) ??
      (Object.isExtensible(object) ? undefined : unstamped.get(object)) ??
      (isBytes(object) ? oneOf(bytes.of(object)) : undefined),
    enter(object, entrance) {
      if (isBytes(object)) bytes.put(object, entrance);
      if (Object.isExtensible(object) || Stamp.of(object) !== undefined) Stamp.put(object, entrance);
      else unstamped.set(object, entrance);
    },
  };
}

/** Bytes that entered in several ways are nobody's alone. */
function oneOf(entrances: ReadonlySet<Entrance>): Entrance | undefined {
  const [first] = entrances;
  return entrances.size > 1 ? MIXED : first;
}

const MIXED: Entrance = { state: {}, call: '' };

const KEY = Symbol.for('prevalent.ledger.v1');

/** One for a process, so that two copies of this package know each other's states. */
export const ledger: Ledger = ((globalThis as { [KEY]?: Ledger | undefined })[KEY] ??= makeLedger());

/** Tells whether an object is or was part of a model in this process, guarded or raw. */
export function isLive(object: object): boolean {
  return ledger.of(object) !== undefined || ledger.guards.has(object);
}
