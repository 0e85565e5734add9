import type { ClassTable } from '../model/class-table.js';
import type { Owner } from '../model/definition.js';
import { refuseProxy } from '../model/foreign-proxy.js';
import { ledger } from '../model/ledger.js';
import { adopt } from './adoption.js';
import { arrayTraps } from './array-traps.js';
import { bytesTraps } from './bytes-traps.js';
import { GuardedDates } from './guarded-date.js';
import { collectionTraps, refuseOverrides } from './collection-traps.js';
import { frozenShadow, objectTraps, rootTraps } from './object-traps.js';
import { Orders } from './order.js';
import { regexpTraps } from './regexp-traps.js';
import { Ownership } from './ownership.js';
import { handOver } from './result.js';
import { checkPrimitive, refuseBorrowed, refuseRoot, refuseWrite } from './refusals.js';
import { shownAs } from './shown.js';
import { elementsAmong, holds, PathFinder, type Place, Places } from './places.js';
import { describePlace, type PlaceOf, type Recorder } from './recorder.js';
import { replaceLookers } from './seeing-through.js';
import { GuardedValues } from './guarded-values.js';
import { UndoLog } from './undo-log.js';

const NOTHING: ReadonlySet<object> = new Set();

/**
 * The guard around one model: one cached Proxy per object. Inside a transaction it records the exact inverse of every write
 * and writes through; outside it refuses writes. Raw objects are stored, proxies never.
 *
 * The idea of a membrane is Mark Miller's (Robust Composition, 2006); recording inverses is the undo log of databases.
 */
export class Membrane implements Recorder, Owner {
  readonly classes: ClassTable;
  readonly orders = new Orders();
  /** The undo log of the running transaction; `undefined` outside of one, when writes are refused. */
  log: UndoLog | undefined;
  /** Objects stored by the running transaction that are not yet part of the state: they read back as themselves. */
  readonly fresh = new Set<object>();
  /** Objects that the last transaction made part of the state. */
  adopted: ReadonlySet<object> = NOTHING;
  /** These, and the ones that it stored and took out again. */
  made: ReadonlySet<object> = NOTHING;
  /** Which objects are this state's. */
  readonly ownership = new Ownership(this);
  /** Whether places are remembered as objects are met; otherwise whoever asks for a path pays for a search. */
  notesPlaces = true;
  /** Told of each stored object before it is written to, while a snapshot is being taken. */
  beforeWrite: ((target: object) => void) | undefined;
  readonly #proxies = new WeakMap<object, object>();
  readonly #raws = new WeakMap<object, object>();
  /** The object met last and its guard: most of what is done is done to it, and a large WeakMap is slow to ask. */
  #lastRaw: object | undefined;
  #lastProxy: object | undefined;
  readonly #traps: ReturnType<typeof makeTraps>;
  /** Views on the bytes of stored views, and whose bytes these are. */
  readonly #borrowed = new WeakMap<object, ArrayBufferView>();
  readonly #dates = new GuardedDates(this);
  /** Values of the state. */
  readonly values: GuardedValues;
  readonly #places = new Places();
  /** What was stored where by the running transaction: value, target, key. */
  readonly #stored: unknown[] = [];
  #root: { current: object; proxy: object } | undefined;

  constructor(classes: ClassTable) {
    this.classes = classes;
    replaceLookers();
    this.#traps = makeTraps(this);
    this.values = new GuardedValues(classes.values);
    // Each is its own guard: `===` holds wherever it is read, and it is never taken for a new object.
    for (const constant of classes.constants.all()) this.#standAlone(constant);
  }

  /**
   * The proxy of the root, the same for the life of the membrane; binding another root replaces what it stands for.
   *
   * @throws UnsupportedStateError (`UNSUPPORTED_STATE`) for a root that is a collection, frozen or sealed
   */
  bindRoot(root: object): object {
    refuseRoot(root);
    if (this.#root === undefined) {
      const holder: { current: object; proxy: object } = { current: root, proxy: root };
      holder.proxy = new Proxy(
        // Roots change, and a Proxy must not contradict its target: one that has nothing of its own allows everything.
        shownAs(() => holder.current),
        rootTraps(this, () => holder.current),
      );
      this.#root = holder;
    }
    this.#root.current = root;
    this.#lastRaw = this.#lastProxy = undefined;
    this.#proxies.set(root, this.#root.proxy);
    this.#showAs(this.#root.proxy, root);
    return this.#root.proxy;
  }

  /** The raw root. */
  get root(): object {
    return this.#root?.current ?? {};
  }

  /** What a reader sees in place of a stored value. */
  wrap(value: unknown, holder?: object, key?: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (this.fresh.size !== 0 && this.fresh.has(value)) return value;
    if (value === this.#lastRaw) return this.#lastProxy;
    const proxy = this.#proxies.get(value);
    if (proxy === undefined) return this.#create(value, holder, key);
    if (proxy === value) this.values.note(value);
    else {
      this.#lastRaw = value;
      this.#lastProxy = proxy;
    }
    return proxy;
  }

  /** The stored object behind what a reader holds; other values as they are. */
  unwrap(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    return value === this.#lastProxy ? this.#lastRaw : (this.#raws.get(value) ?? value);
  }

  /** Finds paths from the model to stored objects, until the state is written to again. */
  paths(): PathFinder {
    return new PathFinder(this.#places, this.root);
  }

  /** Tells whether a raw object has been seen by a reader, so that it was part of the state. */
  isStored(raw: object): boolean {
    return this.#proxies.has(raw) || this.#dates.has(raw);
  }

  /** Tells whether `value` is what a reader sees of a stored object. */
  isProxy(value: object): boolean {
    return this.#raws.has(value);
  }

  isWhole(value: object): boolean {
    return this.#raws.get(value) === value || this.classes.values.typeOf(value) !== undefined;
  }

  /** The raw form of a value that is about to be stored; checks that it can be. */
  store(value: unknown, target: object, key: unknown): unknown {
    if (typeof value === 'object') {
      if (value === null) return value;
      const raw = this.#raws.get(value);
      if (raw === undefined) {
        const copy = this.#enter(value, () => describePlace(target, key));
        if (copy !== undefined) return copy;
        this.fresh.add(value);
        this.#stored.push(value, target, key);
        return value;
      }
      if (this.#borrowed.has(raw)) refuseBorrowed(target, key);
      return raw;
    }
    // Refused at the end, if it is still there: what comes and goes in one transaction is nobody's business.
    if (typeof value === 'function' || typeof value === 'symbol') this.#stored.push(value, target, key);
    return value;
  }

  adopt(value: object, place: PlaceOf): object {
    return this.#raws.get(value) ?? this.#enter(value, place) ?? value;
  }

  borrow(view: object, owner: ArrayBufferView): unknown {
    this.#borrowed.set(view, owner);
    return this.wrap(view);
  }

  ownerOf(view: ArrayBufferView): ArrayBufferView {
    return this.#borrowed.get(view) ?? view;
  }

  /** The open undo log. @throws WriteOutsideTransactionError (`WRITE_OUTSIDE_TRANSACTION`) if no transaction runs */
  writing(target: object, key: unknown): UndoLog {
    const { log } = this;
    if (log === undefined) return refuseWrite(target, key);
    this.beforeWrite?.(target);
    return log;
  }

  /** Begins a transaction. @param call what is the same when it runs again */
  begin(call: string): UndoLog {
    this.made = this.adopted = NOTHING;
    this.ownership.begin(call);
    return (this.log = new UndoLog());
  }

  /**
   * Ends a transaction that is kept: its new objects become part of the state, proxies in them unwrapped. Gives the result with
   * their guards. When it throws, the transaction is still open.
   */
  commit(result: unknown): unknown {
    let guarded = result;
    if (this.log !== undefined) this.#dates.refuseReshaped(this.log);
    if (!this.values.isEmpty) this.values.refuseChanged();
    if (this.#stored.length !== 0) {
      const { adopted, made } = adopt(this.fresh, this.#kept(), this, this.ownership);
      this.adopted = adopted;
      this.fresh.clear();
      this.#stored.length = 0;
      guarded = handOver(result, (this.made = made), this);
      this.ownership.claim(adopted);
    }
    this.#leaveValues();
    this.log = undefined;
    return guarded;
  }

  /** Ends a transaction that is not kept. */
  abort(): void {
    const log = this.log;
    this.log = undefined;
    this.fresh.clear();
    this.#stored.length = 0;
    log?.undo(this.orders);
    this.orders.endRewind();
    this.#dates.forget();
    this.#leaveValues();
  }

  /** The state's own copy of a value that comes in; until the call ends, readers get what it stored. `undefined` if it is none. */
  #enter(value: object, place: PlaceOf): object | undefined {
    refuseProxy(value, place);
    const copy = this.values.enter(value, place);
    if (copy === undefined) return undefined;
    this.#raws.set(value, copy);
    this.#proxies.set(copy, value);
    this.#lastRaw = this.#lastProxy = undefined;
    return copy;
  }

  /** From now on the copies stand for themselves, and what came in is nobody's any more. */
  #leaveValues(): void {
    if (this.values.isEmpty) return;
    for (const [value, copy] of this.values.leave()) {
      this.#raws.delete(value);
      this.#standAlone(copy);
      this.#lastRaw = this.#lastProxy = undefined;
    }
  }

  /** New objects that the transaction has left where it stored them, and where that is. */
  #kept(): ReadonlyMap<object, Place> {
    const kept = new Map<object, Place>();
    const moved = this.#moved();
    for (let i = 0; i < this.#stored.length; i += 3) {
      const [value, target, key] = this.#stored.slice(i, i + 3) as [unknown, object, unknown];
      if (!holds(target, this.unwrap(key), value) && moved.get(target)?.has(value) !== true) continue;
      if (typeof value === 'object' && value !== null) kept.set(value, { holder: target, key });
      else checkPrimitive(value, target, key);
    }
    return kept;
  }

  /** What still is in the array into which it was stored, but not where. */
  #moved(): ReadonlyMap<object, ReadonlySet<unknown>> {
    const moved = new Map<object, Set<unknown>>();
    for (let i = 0; i < this.#stored.length; i += 3) {
      const [value, target, key] = this.#stored.slice(i, i + 3) as [unknown, object, unknown];
      if (!Array.isArray(target) || holds(target, this.unwrap(key), value)) continue;
      const known = moved.get(target);
      if (known === undefined) moved.set(target, new Set([value]));
      else known.add(value);
    }
    return new Map([...moved].map(([list, wanted]) => [list, elementsAmong(list as unknown[], wanted)]));
  }

  /** From now on the object is given to readers as it is. */
  #standAlone(whole: object): void {
    this.#proxies.set(whole, whole);
    this.#raws.set(whole, whole);
  }

  #create(raw: object, holder?: object, key?: unknown): object {
    // What is a guard already is given as it is.
    if (this.#raws.has(raw)) return raw;
    if (holder !== undefined && this.notesPlaces) this.#places.note(raw, holder, key);
    if (this.classes.values.typeOf(raw) !== undefined) {
      this.#standAlone(raw);
      this.values.note(raw);
      return raw;
    }
    if (raw instanceof Date) return this.#dates.show(raw, (guard) => this.#showAs(guard, raw));
    const proxy = this.#proxyFor(raw);
    this.#proxies.set(raw, proxy);
    this.#showAs(proxy, raw);
    return proxy;
  }

  #showAs(guard: object, raw: object): void {
    this.#raws.set(guard, raw);
    ledger.guards.add(guard);
  }

  #proxyFor(raw: object): object {
    const traps = this.#traps;
    if (Array.isArray(raw)) return Object.isFrozen(raw) ? this.#shadow(raw) : new Proxy(raw, traps.array);
    if (raw instanceof Map || raw instanceof Set) {
      refuseOverrides(raw);
      return new Proxy(raw, raw instanceof Map ? traps.map : traps.set);
    }
    if (ArrayBuffer.isView(raw)) return new Proxy(raw, traps.bytes);
    if (raw instanceof RegExp) return new Proxy(raw, traps.regexp);
    if (!Object.isExtensible(raw) && Object.isFrozen(raw)) return this.#shadow(raw);
    return new Proxy(raw, traps.object(raw));
  }

  // The value of a frozen property may not differ from its target's, so the target is a frozen copy that holds the proxies.
  #shadow(raw: object): object {
    return frozenShadow(raw, this, (shadow, traps) => {
      const proxy = new Proxy(shadow, traps);
      this.#proxies.set(raw, proxy);
      this.#showAs(proxy, raw);
      return proxy;
    });
  }
}

function makeTraps(membrane: Membrane): {
  object: (raw: object) => ProxyHandler<object>;
  array: ProxyHandler<unknown[]>;
  map: ProxyHandler<Map<unknown, unknown>>;
  set: ProxyHandler<Set<unknown>>;
  bytes: ProxyHandler<ArrayBufferView>;
  regexp: ProxyHandler<RegExp>;
} {
  return {
    object: objectTraps(membrane),
    array: arrayTraps(membrane),
    ...collectionTraps(membrane),
    bytes: bytesTraps(membrane),
    regexp: regexpTraps(membrane),
  };
}
