import type { ClassTable } from '../model/class-table.js';
import { isForeignProxy } from '../model/foreign-proxy.js';
import type { Orders } from './order.js';
import type { UndoLog } from './undo-log.js';

/** Tells which place holds the object that is looked at; asked only when it is refused. */
export type PlaceOf = () => string;

/** What the traps of a membrane need of it. */
export interface Recorder {
  readonly classes: ClassTable;
  readonly orders: Orders;
  /** The undo log of the running transaction; `undefined` outside of one, when writes are refused. */
  readonly log: UndoLog | undefined;
  /** What a reader sees in place of a stored value; `holder` and `key` say where it was met, as far as known. */
  wrap(value: unknown, holder?: object, key?: unknown): unknown;
  /** The stored object behind what a reader holds; other values as they are. */
  unwrap(value: unknown): unknown;
  /** Tells whether `value` is what a reader sees of a stored object. */
  isProxy(value: object): boolean;
  /** Tells whether an object is given to readers as it is, and never looked into: a constant or a value. */
  isWhole(value: object): boolean;
  /** What a reader sees of a view that shares the bytes of `owner`, a stored one: guarded, but refused where it would be stored. */
  borrow(view: object, owner: ArrayBufferView): unknown;
  /** The stored view whose bytes a view shares; the view itself if it is no part of another. */
  ownerOf(view: ArrayBufferView): ArrayBufferView;
  /** The raw form of a value that is about to be stored. @throws UnsupportedStateError (`UNSUPPORTED_STATE`) if it cannot be */
  store(value: unknown, target: object, key: unknown): unknown;
  /** What the state holds in place of an object that it is about to adopt: the raw one of a guard, its own copy of a value. */
  adopt(value: object, place: PlaceOf): object;
  /** The open undo log. @throws WriteOutsideTransactionError (`WRITE_OUTSIDE_TRANSACTION`) if no transaction runs */
  writing(target: object, key: unknown): UndoLog;
}

/** How messages name an object: by its class. */
export function describe(target: object): string {
  // One that was revoked answers nothing.
  if (isForeignProxy(target)) return 'Proxy';
  const name: unknown = (target as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === 'string' && name !== '' ? name : 'object';
}

/** How messages name a place in an object; the key of a map may be an object, whose own text is nobody's business here. */
export function describePlace(target: object, key: unknown): string {
  return `${describe(target)}.${typeof key === 'object' && key !== null ? `[${describe(key)}]` : String(key)}`;
}
