import type { Recorder } from './recorder.js';

type Method = (this: unknown, ...args: unknown[]) => unknown;
type SetLike = Record<'size' | 'has' | 'keys', unknown>;
type Iterating = Record<'next' | 'return', unknown>;

const NAMES = 'union intersection difference symmetricDifference isSubsetOf isSupersetOf isDisjointFrom'.split(' ');

/** The set algebra of newer engines, as it runs on a guarded set: native method and what stands for it. */
export function setAlgebra(membrane: Recorder): [native: Method, guarded: Method][] {
  const natives = NAMES.map((name) => (Set.prototype as unknown as Record<string, Method | undefined>)[name]);
  return natives
    .filter((native) => native !== undefined)
    .map((native) => [
      native,
      function (this: unknown, other: unknown) {
        const target = membrane.unwrap(this) as object;
        const asked = typeof other === 'object' && other !== null ? setLike(other as SetLike, target, membrane) : other;
        const result = native.call(target, asked);
        return result instanceof Set ? new Set([...result].map((one) => membrane.wrap(one, target))) : result;
      },
    ]);
}

// The native method runs on the raw set, so that it sees each change of it as it happens. What it asks of the other one goes
// through here: members are shown guarded, and what comes back is compared by what stands behind it. Read in its order.
function setLike(other: SetLike, holder: object, membrane: Recorder): SetLike {
  return {
    get size() {
      return other.size;
    },
    get has() {
      return onCall(other.has, (has) => (value: unknown) => has.call(other, membrane.wrap(value, holder)));
    },
    get keys() {
      return onCall(other.keys, (keys) => () => {
        const keysOfOther = keys.call(other);
        return typeof keysOfOther === 'object' && keysOfOther !== null
          ? unwrapping(keysOfOther as Iterating, membrane)
          : keysOfOther;
      });
    },
  };
}

function unwrapping(keys: Iterating, membrane: Recorder): Iterating {
  return {
    get next() {
      return onCall(keys.next, (next) => () => {
        const step = next.call(keys);
        if (typeof step !== 'object' || step === null) return step;
        return {
          get done() {
            return (step as Record<string, unknown>).done;
          },
          get value() {
            return membrane.unwrap((step as Record<string, unknown>).value);
          },
        };
      });
    },
    get return() {
      return onCall(keys.return, (close) => () => close.call(keys));
    },
  };
}

/** A function in place of a function; what is none is left to the native method to refuse. */
function onCall(value: unknown, make: (method: Method) => Method): unknown {
  return typeof value === 'function' ? make(value as Method) : value;
}
