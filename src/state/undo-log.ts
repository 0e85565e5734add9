import { type Elements, overwrite, splice } from './elements.js';
import { type Order, Orders } from './order.js';
import { setDate } from './stored-date.js';
import { putBackStack, type TakenStack } from './taken-stack.js';

/** What a record undoes. */
export const SET_PROPERTY = 0;
export const ADD_PROPERTY = 1;
export const DELETE_PROPERTY = 2;
export const DEFINE_PROPERTY = 3;
export const SET_LENGTH = 4;
export const SPLICE = 5;
export const REPLACE = 6;
export const MAP_SET = 7;
export const MAP_ADD = 8;
export const MAP_DELETE = 9;
export const MAP_CLEAR = 10;
export const SET_ADD = 11;
export const SET_DELETE = 12;
export const SET_CLEAR = 13;
export const DATE_SET = 14;
export const BYTES = 15;
/** An error became part of the state. */
export const TAKE_STACK = 16;

/** Something deleted, and the stamp of its place. */
export interface Deleted {
  readonly was: unknown;
  readonly stamp: number;
}

/** One splice: what went out at `key` and how many came in. */
export interface Spliced {
  readonly out: Elements;
  readonly added: number;
}

/** Everything a collection held before `clear`. */
export interface Cleared {
  readonly held: readonly unknown[];
  readonly order: unknown;
}

/** One record of an undo log. */
export interface UndoEntry {
  readonly kind: number;
  readonly target: object;
  readonly key: unknown;
  /** What was there before, by kind. */
  readonly before: unknown;
}

/** Each record knows the one before it: newest first is the order in which they are undone, and no list has to grow. */
interface Written extends UndoEntry {
  readonly earlier: Written | undefined;
}

/** Memory of a log without records, and of one record. */
const EMPTY_BYTES = 64;
const RECORD_BYTES = 56;

/** The exact inverse of everything one transaction wrote, in the order it was written. */
export class UndoLog {
  #newest: Written | undefined;
  #bytes = EMPTY_BYTES;

  /** Records one write by what undoes it. */
  push(kind: number, target: object, key: unknown, before: unknown): void {
    this.#newest = { kind, target, key, before, earlier: this.#newest };
    this.#bytes += typeof before === 'string' ? RECORD_BYTES + before.length : RECORD_BYTES;
  }

  /** Drops the newest record, because its write did not happen after all. */
  forget(): void {
    this.#newest = this.#newest?.earlier;
  }

  /** Adds to the memory this log is accounted for, for records that hold whole arrays. */
  weigh(bytes: number): void {
    this.#bytes += bytes;
  }

  /** About how many bytes of memory the log takes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Nothing was written. */
  get empty(): boolean {
    return this.#newest === undefined;
  }

  /** The records, oldest first. */
  records(): UndoEntry[] {
    const records: UndoEntry[] = [];
    for (let one = this.#newest; one !== undefined; one = one.earlier) records.push(one);
    return records.reverse();
  }

  /** Takes back everything, newest first. The caller ends the rewind of the orders when all is taken back. */
  undo(orders: Orders): void {
    for (let one = this.#newest; one !== undefined; one = one.earlier) {
      undoOne(one.kind, one.target, one.key, one.before, orders);
    }
    this.#newest = undefined;
    this.#bytes = EMPTY_BYTES;
  }
}

function undoOne(kind: number, target: object, key: unknown, before: unknown, orders: Orders): void {
  switch (kind) {
    case SET_PROPERTY:
      (target as Record<PropertyKey, unknown>)[key as string] = before;
      return;
    case ADD_PROPERTY:
      Reflect.deleteProperty(target, key as string);
      orders.fields.unadded(target, key);
      return;
    case DELETE_PROPERTY:
      Object.defineProperty(target, key as string, (before as Deleted).was as PropertyDescriptor);
      orders.fields.restored(target, key, (before as Deleted).stamp);
      return;
    case DEFINE_PROPERTY:
      Object.defineProperty(target, key as string, before as PropertyDescriptor);
      return;
    case DATE_SET:
      setDate(target as Date, before as number);
      return;
    case TAKE_STACK:
      putBackStack(target, before as TakenStack);
      return;
    case BYTES:
      bytesAt(target as ArrayBufferView, key as number, (before as Uint8Array).length).set(before as Uint8Array);
      return;
    default:
      if (kind <= REPLACE) undoArray(kind, target as unknown[], key, before);
      else if (kind <= MAP_CLEAR) undoMap(kind, target as Map<unknown, unknown>, key, before, orders.entries);
      else undoSet(kind, target as Set<unknown>, key, before, orders.entries);
  }
}

/** Bytes of a view, from a byte of it on. */
export function bytesAt(view: ArrayBufferView, start: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + start, length);
}

function undoArray(kind: number, target: unknown[], key: unknown, before: unknown): void {
  if (kind === SET_LENGTH) {
    target.length = before as number;
  } else if (kind === SPLICE) {
    const { out, added } = before as Spliced;
    splice(target, key as number, added, out);
  } else overwrite(target, key as number, before as Elements);
}

function undoMap(kind: number, target: Map<unknown, unknown>, key: unknown, before: unknown, orders: Order): void {
  switch (kind) {
    case MAP_SET:
      Map.prototype.set.call(target, key, before);
      return;
    case MAP_ADD:
      Map.prototype.delete.call(target, key);
      orders.unadded(target, key);
      return;
    case MAP_DELETE:
      Map.prototype.set.call(target, key, (before as Deleted).was);
      orders.restored(target, key, (before as Deleted).stamp);
      return;
    default:
      for (const [one, value] of (before as Cleared).held as [unknown, unknown][])
        Map.prototype.set.call(target, one, value);
      orders.uncleared(target, (before as Cleared).order);
  }
}

function undoSet(kind: number, target: Set<unknown>, key: unknown, before: unknown, orders: Order): void {
  switch (kind) {
    case SET_ADD:
      Set.prototype.delete.call(target, key);
      orders.unadded(target, key);
      return;
    case SET_DELETE:
      Set.prototype.add.call(target, key);
      orders.restored(target, key, (before as Deleted).stamp);
      return;
    default:
      for (const one of (before as Cleared).held) Set.prototype.add.call(target, one);
      orders.uncleared(target, (before as Cleared).order);
  }
}

/** A copy of a Map or Set as it was before the given records of it. */
export function undoCopy(target: object, records: readonly UndoEntry[]): object {
  const copy = target instanceof Map ? new Map(target) : new Set(target as Set<unknown>);
  const orders = new Orders();
  for (const { kind, key, before } of [...records].reverse()) undoOne(kind, copy, key, before, orders);
  orders.endRewind();
  return copy;
}
