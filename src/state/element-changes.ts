import type { RawChange } from './change.js';
import { Elements, overwrite, splice } from './elements.js';
import { isIndex } from './order.js';
import {
  ADD_PROPERTY,
  DEFINE_PROPERTY,
  REPLACE,
  SET_LENGTH,
  SPLICE,
  type Spliced,
  type UndoEntry,
} from './undo-log.js';

/** Tells whether a record of an array is about its elements; the others are about named properties. */
export function ofElements({ kind, key }: UndoEntry): boolean {
  return kind === SET_LENGTH || kind === SPLICE || kind === REPLACE || isIndex(key);
}

/**
 * What happened to an array whose elements moved: its records are undone one by one on a copy, so that each sees its own moment.
 * The copy begins at the first index that was written, so that elements added to a long list cost no more than to a short one.
 */
export function elementChanges(target: unknown[], entries: readonly UndoEntry[]): RawChange[] {
  const low = entries.reduce((least, entry) => Math.min(least, firstIndex(entry)), target.length);
  const now = Elements.of(target, low, target.length).list();
  const changes: RawChange[] = [];
  for (let i = entries.length - 1; i >= 0; i--) {
    const entry = entries[i] as UndoEntry;
    // The new length, recorded with it, tells the same.
    if (grewFor(entry, entries[i - 1])) continue;
    const change = elementChange(target, now, low, entry);
    if (change !== undefined) changes.push(change);
    undoElement(now, low, entry);
  }
  return changes.reverse();
}

/** The first index that a record of elements is about. */
export function firstIndex({ kind, key, before }: UndoEntry): number {
  return kind === SET_LENGTH ? (before as number) : Number(key);
}

function elementChange(
  target: unknown[],
  now: readonly unknown[],
  low: number,
  entry: UndoEntry,
): RawChange | undefined {
  const start = firstIndex(entry) - low;
  const part = (end: number): unknown[] => Elements.of(now, start, end).list();
  const splice = (before: readonly unknown[], after: readonly unknown[]): RawChange | undefined =>
    before.length + after.length === 0 ? undefined : { kind: 'splice', target, key: [start + low], before, after };
  switch (entry.kind) {
    case SET_LENGTH:
      return splice([], part(Math.max(now.length, start)));
    case SPLICE: {
      const { out, added } = entry.before as Spliced;
      return splice(out.list(), part(start + added));
    }
    case REPLACE: {
      const was = entry.before as Elements;
      return splice(was.list(), part(start + was.length));
    }
    default: {
      const had = entry.kind !== ADD_PROPERTY;
      const before = valueOf(entry);
      const after = now[start];
      const has = start in now;
      if (had === has && Object.is(before, after)) return undefined;
      return { kind: has ? 'set' : 'delete', target, key: [entry.key], before, after };
    }
  }
}

function grewFor({ kind, key }: UndoEntry, earlier: UndoEntry | undefined): boolean {
  return kind === ADD_PROPERTY && earlier?.kind === SET_LENGTH && (earlier.before as number) <= Number(key);
}

function valueOf({ kind, before }: UndoEntry): unknown {
  return kind === DEFINE_PROPERTY ? ((before as PropertyDescriptor).value as unknown) : before;
}

function undoElement(now: unknown[], low: number, entry: UndoEntry): void {
  const start = firstIndex(entry) - low;
  switch (entry.kind) {
    case SET_LENGTH:
      now.length = start;
      return;
    case SPLICE: {
      const { out, added } = entry.before as Spliced;
      splice(now, start, added, out);
      return;
    }
    case REPLACE:
      overwrite(now, start, entry.before as Elements);
      return;
    case ADD_PROPERTY:
      Reflect.deleteProperty(now, start);
      return;
    default:
      now[start] = valueOf(entry);
  }
}
