import type { ValueType } from '../model/values.js';

/**
 * What kind of object a node is: `o` a plain object or instance, `n` an object without a prototype, `a` array, `m` Map, `s` Set,
 * `d` Date, `x` RegExp, `v` a view on bytes, `e` one of JavaScript's own errors, `c` an error of a class of the model, `k` a constant, `w` a value.
 */
export type Kind = 'o' | 'n' | 'a' | 'm' | 's' | 'd' | 'x' | 'v' | 'e' | 'c' | 'k' | 'w';

/** Kind and class of an object. */
export interface NodeType {
  readonly number: number;
  readonly kind: Kind;
  /** Stable name of the class; for `v` and `e` JavaScript's; for `k` the reference of the constant, for `w` the name of the value; empty if it has none of its own. */
  readonly name: string;
  /** Of `w` how a value is carried. */
  readonly value?: ValueType | undefined;
}

/** JavaScript's own errors by name. */
export const ERRORS: ReadonlyMap<string, object> = new Map(
  [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError].map((type) => [
    type.name,
    type.prototype,
  ]),
);

/**
 * What the root's type is called, whatever its class is: the first type is the root's, and the header names the model. Older
 * snapshots have the name of its class here; it says nothing.
 */
export const ROOT = 'Model';
