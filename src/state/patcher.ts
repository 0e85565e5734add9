import { copyOf } from './copy.js';
import { valueNow } from './changes.js';
import { elementChanges, firstIndex, ofElements } from './element-changes.js';
import { Elements } from './elements.js';
import type { Membrane } from './membrane.js';
import type { Patch } from './patch.js';
import {
  ADD_PROPERTY,
  BYTES,
  DATE_SET,
  DEFINE_PROPERTY,
  DELETE_PROPERTY,
  MAP_ADD,
  MAP_CLEAR,
  MAP_DELETE,
  SET_ADD,
  SET_CLEAR,
  SET_DELETE,
  TAKE_STACK,
  type UndoEntry,
  type UndoLog,
} from './undo-log.js';

const ADDS: ReadonlySet<number> = new Set([ADD_PROPERTY, MAP_ADD, SET_ADD]);
const DELETES: ReadonlySet<number> = new Set([DELETE_PROPERTY, MAP_DELETE, SET_DELETE]);
/** After these an object is told with all that it holds. */
const WHOLE: ReadonlySet<number> = new Set([MAP_CLEAR, SET_CLEAR, DATE_SET, BYTES, DEFINE_PROPERTY]);

/** What one call wrote to one object, and what its array held from the first written index on. */
interface Written {
  readonly target: object;
  readonly records: readonly UndoEntry[];
}

/** An object as it was before a call was undone. */
interface Before extends Written {
  /** Which of the written keys were there. */
  readonly had: ReadonlyMap<unknown, boolean>;
  readonly low: number;
  /** How many elements the array had from there on. */
  readonly count: number;
}

/**
 * Writes down as steps what becomes of a state, call by call, while it happens: what runs, and what is undone, newest first. Whoever takes the
 * steps in order has the state after each of them.
 *
 * Each object is told at one place of it. Within a call what holds others comes first; what came in whole is not told in parts.
 */
export class Patcher {
  readonly #membrane: Membrane;
  readonly #patches: Patch[] = [];
  /** Objects whose order undone deletes have changed; the order is right again when the rewind has ended. */
  readonly #disordered = new Set<object>();

  constructor(membrane: Membrane) {
    this.#membrane = membrane;
  }

  /** The steps so far. */
  get patches(): readonly Patch[] {
    return this.#patches;
  }

  /** A call has just run. */
  ran(undo: UndoLog): void {
    const step = new Step(this.#membrane, this.#patches, this.#disordered);
    step.tell(writtenBy(undo), (one, path) => {
      if (one.records.some(({ kind }) => WHOLE.has(kind))) step.whole(one.target, path);
      else if (Array.isArray(one.target)) forwardElements(step, one.target, one.records, path);
      else forwardKeys(step, one, path);
    });
  }

  /** A call is undone by `undo`. */
  undoing(log: UndoLog, undo: () => void): void {
    const before = writtenBy(log).map(asBefore);
    undo();
    const step = new Step(this.#membrane, this.#patches, this.#disordered);
    for (const { target, records } of before)
      if (records.some(({ kind }) => DELETES.has(kind) || kind === MAP_CLEAR || kind === SET_CLEAR))
        this.#disordered.add(target);
    step.tell(before, (one, path) => {
      if (one.records.some(({ kind }) => WHOLE.has(kind))) step.whole(one.target, path);
      else if (Array.isArray(one.target)) backwardElements(step, one.target, one, path);
      else for (const [key, had] of one.had) step.key(one.target, key, path, had);
    });
  }

  /** A rewind has ended. */
  rewound(): void {
    const all = [...this.#disordered].map((target) => ({ target, records: [] }));
    this.#disordered.clear();
    const step = new Step(this.#membrane, this.#patches, this.#disordered);
    step.tell(all, ({ target }, path) => {
      step.whole(target, path);
    });
  }
}

/** The steps of one call. */
class Step {
  readonly #membrane: Membrane;
  readonly #patches: Patch[];
  /** Objects that are told whole, now or when the rewind ends. */
  readonly #covered: Set<object>;

  constructor(membrane: Membrane, patches: Patch[], disordered: ReadonlySet<object>) {
    this.#membrane = membrane;
    this.#patches = patches;
    this.#covered = new Set(disordered);
  }

  /** Tells of the objects that are part of the state now, what holds others first. */
  tell<One extends Written>(all: readonly One[], tellOne: (one: One, path: readonly unknown[]) => void): void {
    const finder = this.#membrane.paths();
    const placed = all.flatMap((one) => {
      const path = finder.path(one.target);
      return path === undefined ? [] : [{ one, path }];
    });
    placed.sort((left, right) => left.path.length - right.path.length);
    for (const { one, path } of placed) {
      const holders = this.#holders(path);
      if (holders.some((holder) => this.#covered.has(holder))) continue;
      // No view can be asked for the object that is a key or a member: what holds it is told whole.
      const end = path.findIndex((part) => !isPlain(part));
      if (end >= 0) this.whole(holders[end] as object, path.slice(0, end));
      else tellOne(one, path);
    }
  }

  /** A value is at a place of an object, or is not any more. @param had whether one was there before */
  key(target: object, key: unknown, path: readonly unknown[], had: boolean): void {
    if (this.#covered.has(target)) return;
    const { has, value } = valueNow(target, key);
    if (!isPlain(key)) this.whole(target, path);
    else if (has) this.#patches.push({ kind: 'set', path: [...path, key], value: this.#copied(value) });
    else if (had) this.remove(key, path);
  }

  remove(key: unknown, path: readonly unknown[]): void {
    this.#patches.push({ kind: 'delete', path: [...path, key] });
  }

  splice(path: readonly unknown[], index: number, removed: number, inserted: readonly unknown[]): void {
    const copies = Elements.of(inserted, 0, inserted.length).map((value) => this.#copied(value));
    this.#patches.push({ kind: 'splice', path, index, removed, inserted: copies.list() });
  }

  /** An object with all that it holds. */
  whole(target: object, path: readonly unknown[]): void {
    this.#patches.push({ kind: 'set', path, value: this.#copied(target) });
  }

  #copied(value: unknown): unknown {
    if (typeof value === 'object' && value !== null) this.#covered.add(value);
    return copyOf(value);
  }

  /** The objects on the way to a place: the root first, the object there last. */
  #holders(path: readonly unknown[]): object[] {
    let at = this.#membrane.root;
    const holders = [at];
    for (const part of path) {
      at = valueNow(at, part).value as object;
      holders.push(at);
    }
    return holders;
  }
}

/** What a view can be asked for. */
function isPlain(key: unknown): boolean {
  return (typeof key !== 'object' || key === null) && typeof key !== 'function';
}

function writtenBy(undo: UndoLog): Written[] {
  const byTarget = new Map<object, UndoEntry[]>();
  for (const record of undo.records()) {
    if (record.kind === TAKE_STACK) continue;
    const known = byTarget.get(record.target);
    if (known === undefined) byTarget.set(record.target, [record]);
    else known.push(record);
  }
  return [...byTarget].map(([target, records]) => ({ target, records }));
}

function asBefore({ target, records }: Written): Before {
  const isList = Array.isArray(target);
  const had = new Map<unknown, boolean>();
  for (const record of records)
    if (!WHOLE.has(record.kind) && !(isList && ofElements(record)))
      had.set(record.key, valueNow(target, record.key).has);
  const low = isList ? lowest(target as unknown[], records) : 0;
  return { target, records, had, low, count: isList ? (target as unknown[]).length - low : 0 };
}

/** The first index that an array was written at. */
function lowest(list: readonly unknown[], records: readonly UndoEntry[]): number {
  return records.filter(ofElements).reduce((least, record) => Math.min(least, firstIndex(record)), list.length);
}

function forwardElements(step: Step, target: unknown[], records: readonly UndoEntry[], path: readonly unknown[]): void {
  for (const { kind, key, before, after } of elementChanges(target, records.filter(ofElements))) {
    const index = Number(key[0]);
    if (kind === 'splice') step.splice(path, index, (before as unknown[]).length, after as unknown[]);
    else if (kind === 'delete') step.remove(index, path);
    else step.splice(path, index, 1, [after]);
  }
  for (const { key } of records.filter((record) => !ofElements(record))) step.key(target, key, path, true);
}

function backwardElements(step: Step, target: unknown[], { low, count, had }: Before, path: readonly unknown[]): void {
  const now = Elements.of(target, low, target.length).list();
  if (count > 0 || now.length > 0) step.splice(path, low, count, now);
  for (const [key, was] of had) step.key(target, key, path, was);
}

/** Keys that were taken out and put in again stand at the end now. */
function forwardKeys(step: Step, { target, records }: Written, path: readonly unknown[]): void {
  const kept = new Set<unknown>();
  const moved = new Set<unknown>();
  const gone = new Set<unknown>();
  for (const { kind, key } of records) {
    if (DELETES.has(kind)) gone.add(key);
    if (!ADDS.has(kind)) kept.add(key);
    else {
      kept.delete(key);
      moved.delete(key);
      moved.add(key);
    }
  }
  if ([...kept, ...moved, ...gone].some((key) => !isPlain(key))) {
    step.whole(target, path);
    return;
  }
  for (const key of gone) step.remove(key, path);
  for (const key of kept) if (!moved.has(key)) step.key(target, key, path, false);
  for (const key of moved) step.key(target, key, path, false);
}
