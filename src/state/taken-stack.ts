/** The stack that an error had before it became part of a state. */
export interface TakenStack {
  readonly field: PropertyDescriptor;
  /** The fields that stood behind it. */
  readonly later: readonly PropertyKey[];
}

/** Gives an error that leaves the state its stack again: in its old place, or last where a field behind it cannot be moved. */
export function putBackStack(error: object, { field, later }: TakenStack): void {
  Reflect.defineProperty(error, 'stack', field);
  const fields = later.map((key) => Object.getOwnPropertyDescriptor(error, key));
  if (fields.some((one) => one?.configurable === false)) return;
  for (const [index, key] of later.entries()) {
    const one = fields[index];
    if (one === undefined) continue;
    Reflect.deleteProperty(error, key);
    Object.defineProperty(error, key, one);
  }
}

/** Tells the stack of an error from its other fields, without reading it: the first reader makes the engine write it. */
export function isStack(holder: object, key: PropertyKey): boolean {
  return key === 'stack' && holder instanceof Error;
}
