import type { RawChange } from './change.js';
import { elementChanges, ofElements } from './element-changes.js';
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
  REPLACE,
  SET_ADD,
  SET_CLEAR,
  SET_DELETE,
  SET_LENGTH,
  SPLICE,
  TAKE_STACK,
  type UndoEntry,
  undoCopy,
} from './undo-log.js';

/** What a transaction that has just run changed, raw, in the order of the first write to each object. */
export function rawChanges(entries: readonly UndoEntry[]): RawChange[] {
  const byTarget = new Map<object, UndoEntry[]>();
  for (const entry of entries) {
    // What the error brought with it was never part of the state.
    if (entry.kind === TAKE_STACK) continue;
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
  if (entries.some(({ kind }) => kind === SET_LENGTH || kind === SPLICE || kind === REPLACE)) {
    const [elements, named] = [entries.filter(ofElements), entries.filter((entry) => !ofElements(entry))];
    return [...elementChanges(target as unknown[], elements), ...keyedChanges(target, named)];
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

/** What stands at a key of an object now: a property, an entry, a member. */
export function valueNow(target: object, key: unknown): { has: boolean; value: unknown } {
  if (target instanceof Map)
    return { has: Map.prototype.has.call(target, key), value: Map.prototype.get.call(target, key) };
  if (target instanceof Set) {
    const has = Set.prototype.has.call(target, key);
    return { has, value: has ? key : undefined };
  }
  const has = Object.prototype.hasOwnProperty.call(target, key as PropertyKey);
  return { has, value: has ? (target as Record<PropertyKey, unknown>)[key as PropertyKey] : undefined };
}
