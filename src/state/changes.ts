import {
  ADD_PROPERTY,
  BYTES,
  bytesAt,
  DATE_SET,
  DEFINE_PROPERTY,
  DELETE_PROPERTY,
  type Deleted,
  MAP_ADD,
  MAP_CLEAR,
  MAP_DELETE,
  REPLACE_ARRAY,
  SET_ADD,
  SET_CLEAR,
  SET_DELETE,
  SET_LENGTH,
  SPLICE,
  type Spliced,
  type UndoEntry,
  undoCopy,
} from './undo-log.js';

/**
 * One thing that a transaction changed. `path` leads from the model to it: property names, array indices, map keys, and for
 * members of a set the member itself. What is given is guarded as everything that is read from a model.
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

/** What a transaction that has just run changed, raw, in the order of the first write to each object. */
export function rawChanges(entries: readonly UndoEntry[]): RawChange[] {
  const byTarget = new Map<object, UndoEntry[]>();
  for (const entry of entries) {
    const known = byTarget.get(entry.target);
    if (known === undefined) byTarget.set(entry.target, [entry]);
    else known.push(entry);
  }
  return [...byTarget].flatMap(([target, own]) => changesOf(target, own));
}

function changesOf(target: object, entries: readonly UndoEntry[]): RawChange[] {
  const first = entries[0];
  if (first === undefined) return [];
  if (first.kind === DATE_SET) {
    return [
      {
        kind: 'set',
        target,
        key: [],
        before: new Date(first.before as number),
        after: new Date((target as Date).getTime()),
      },
    ];
  }
  if (first.kind === BYTES) {
    return byteChanges(target as ArrayBufferView, entries);
  }
  if (entries.some(({ kind }) => kind === SET_LENGTH || kind === SPLICE || kind === REPLACE_ARRAY)) {
    return elementChanges(target as unknown[], entries);
  }
  if (entries.some(({ kind }) => kind === MAP_CLEAR || kind === SET_CLEAR)) {
    return [{ kind: 'set', target, key: [], before: undoCopy(target, entries), after: target }];
  }
  return keyedChanges(target, entries);
}

/** Per range of bytes the first record tells what was there. */
function byteChanges(target: ArrayBufferView, entries: readonly UndoEntry[]): RawChange[] {
  const first = new Map<string, UndoEntry>();
  for (const entry of entries) {
    const range = `${String(entry.key)}+${String((entry.before as Uint8Array).length)}`;
    if (!first.has(range)) first.set(range, entry);
  }
  return [...first.values()].map(({ key, before }) => {
    const { length } = before as Uint8Array;
    return { kind: 'set', target, key: [], before, after: bytesAt(target, key as number, length).slice() };
  });
}

/** Per key the first record tells what was there, the object itself what is there now. */
function keyedChanges(target: object, entries: readonly UndoEntry[]): RawChange[] {
  const first = new Map<unknown, UndoEntry>();
  for (const entry of entries) if (!first.has(entry.key)) first.set(entry.key, entry);
  const changes: RawChange[] = [];
  for (const [key, entry] of first) {
    const before = valueBefore(entry);
    const after = valueNow(target, key);
    const had = entry.kind !== ADD_PROPERTY && entry.kind !== MAP_ADD && entry.kind !== SET_ADD;
    if (had === after.has && Object.is(before, after.value)) continue;
    changes.push({ kind: after.has ? 'set' : 'delete', target, key: [key], before, after: after.value });
  }
  return changes;
}

function valueBefore({ kind, key, before }: UndoEntry): unknown {
  switch (kind) {
    case DELETE_PROPERTY:
      return ((before as Deleted).was as PropertyDescriptor).value as unknown;
    case DEFINE_PROPERTY:
      return (before as PropertyDescriptor).value as unknown;
    case MAP_DELETE:
      return (before as Deleted).was;
    case SET_DELETE:
      return key;
    default:
      return before;
  }
}

function valueNow(target: object, key: unknown): { has: boolean; value: unknown } {
  if (target instanceof Map)
    return { has: Map.prototype.has.call(target, key), value: Map.prototype.get.call(target, key) };
  if (target instanceof Set) {
    const has = Set.prototype.has.call(target, key);
    return { has, value: has ? key : undefined };
  }
  const has = Object.prototype.hasOwnProperty.call(target, key as PropertyKey);
  return { has, value: has ? (target as Record<PropertyKey, unknown>)[key as PropertyKey] : undefined };
}

/** An array whose elements moved: its records are gone through backwards on a copy, so that each sees its own moment. */
function elementChanges(target: unknown[], entries: readonly UndoEntry[]): RawChange[] {
  const changes: RawChange[] = [];
  let now: unknown[] = entries.length === 1 ? target : [...target];
  for (let i = entries.length - 1; i >= 0; i--) {
    const entry = entries[i] as UndoEntry;
    const change = elementChange(target, now, entry);
    if (change !== undefined) changes.unshift(change);
    if (i > 0) now = undoCopy(now, [entry]) as unknown[];
  }
  return changes;
}

function elementChange(
  target: unknown[],
  now: readonly unknown[],
  { kind, key, before }: UndoEntry,
): RawChange | undefined {
  switch (kind) {
    case SET_LENGTH: {
      const length = before as number;
      return { kind: 'splice', target, key: [length], before: [], after: now.slice(length) };
    }
    case SPLICE: {
      const { out, added } = before as Spliced;
      const start = key as number;
      return { kind: 'splice', target, key: [start], before: out, after: now.slice(start, start + added) };
    }
    case REPLACE_ARRAY:
      return { kind: 'splice', target, key: [0], before, after: [...now] };
    case ADD_PROPERTY:
      // The new length, recorded before it, tells the same.
      return undefined;
    default: {
      const after = now[Number(key)];
      return Object.is(before, after) ? undefined : { kind: 'set', target, key: [key], before, after };
    }
  }
}
