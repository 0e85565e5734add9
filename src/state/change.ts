/**
 * One thing that a transaction changed. `path` leads from the model to it: property names, array indices, map keys, and for
 * members of a set the member itself. The values are guarded, like everything that is read from a model.
 */
export interface Change {
  /** `set`: a value at a place; `delete`: it is gone; `splice`: elements of an array from the last index of the path on. */
  readonly kind: 'set' | 'delete' | 'splice';
  readonly path: readonly unknown[];
  /** What was there; `undefined` if nothing was. For a splice the list of elements that went out. */
  readonly before: unknown;
  /** What is there now; `undefined` if nothing is. For a splice the list of elements that came in. */
  readonly after: unknown;
}

/** A change of one stored object, before its path is known. */
export interface RawChange {
  readonly kind: Change['kind'];
  readonly target: object;
  /** The last part of the path; none if the object as a whole changed. */
  readonly key: readonly unknown[];
  readonly before: unknown;
  readonly after: unknown;
}
