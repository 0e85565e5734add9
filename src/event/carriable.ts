import { withArticle } from '../article.js';
import { LiveArgumentError, PrevalentError, UncarriableArgumentError } from '../errors.js';
import type { ClassTable } from '../model/class-table.js';
import { isLive } from '../model/ledger.js';
import type { ValueType } from '../model/values.js';
import { type Disguise, disguiseOf } from './brand.js';
import { copyNative, nameOfClass, nativeBase, type Refuse, whyElsewhere, whyUnknown } from './carried-kinds.js';
import { FORBIDDEN_KEYS, MAX_DEPTH } from './plain-json.js';
import { SharedBytes } from './shared-bytes.js';
import { copyValue } from './value-text.js';

/**
 * Copies the arguments of one call in one walk, and refuses what would be lost on the way through a journal. What is recorded is
 * the copy: nothing is read twice, so that nothing can be another thing the second time.
 */
export class Carriage {
  /** Something in them needs more than plain JSON. */
  rich = false;
  /** Something may stand in several places: an object, a bigint, an unusual number. */
  shared = false;
  /** Something in them is carried as a whole: a constant or a value. */
  whole = false;
  /** The copy of each value in them, and what it is carried as. */
  readonly values = new Map<object, { readonly type: ValueType; readonly text: string }>();
  readonly #classes: ClassTable;
  readonly #transaction: string;
  /** Literals of classes, with the instances that take their places. */
  readonly #instances: ReadonlyMap<object, object>;
  readonly #copies = new Map<object, object>();
  readonly #path: string[] = [];
  readonly #bytes = new SharedBytes(() => this.#refuse('it shares bytes with another argument; pass one of them'));
  #argument = 0;

  constructor(classes: ClassTable, transaction: string, instances: ReadonlyMap<object, object>) {
    this.#classes = classes;
    this.#transaction = transaction;
    this.#instances = instances;
  }

  /**
   * A copy of the arguments of which a journal brings back all.
   *
   * @throws UncarriableArgumentError (`UNCARRIABLE_ARGUMENT`), LiveArgumentError (`LIVE_ARGUMENT`) naming the transaction, the
   * argument and the path in it
   */
  copy(args: readonly unknown[]): unknown[] {
    const copy: unknown[] = [];
    for (const arg of args) {
      this.#argument++;
      this.#path.length = 0;
      try {
        copy.push(this.#value(arg));
      } catch (error) {
        if (error instanceof PrevalentError) throw error;
        // A trap of somebody's Proxy, or an object that is not what its prototype says.
        this.#refuse('reading it threw an error', error);
      }
    }
    return copy;
  }

  readonly #refuse: Refuse = (why, cause): never => {
    throw new UncarriableArgumentError(
      `Argument ${this.#argument} of ${this.#transaction} cannot be recorded${this.#place()}: ${why}. Nothing was logged or changed.`,
      { cause },
    );
  };

  #place(): string {
    const path = this.#path.slice(0, 8);
    return path.length === 0 ? '' : ` at ${path.join('.')}${path.length < this.#path.length ? '…' : ''}`;
  }

  #value(value: unknown): unknown {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        // Superjson takes repeated ones for references.
        if (!Number.isFinite(value) || Object.is(value, -0)) this.rich = this.shared = true;
        return value;
      case 'bigint':
        this.rich = this.shared = true;
        return value;
      case 'undefined':
        this.rich = true;
        return value;
      case 'function':
        return this.#refuse('a function has no data; pass what it would compute');
      case 'symbol':
        return this.#refuse('a symbol is not the same on another machine; pass a string');
      default:
        return value === null ? null : this.#object(value as object);
    }
  }

  #at(key: string, value: unknown): unknown {
    this.#path.push(key);
    const copy = this.#value(value);
    this.#path.pop();
    return copy;
  }

  #object(given: object): object {
    if (this.#classes.constants.has(given)) {
      this.rich = this.whole = true;
      return given;
    }
    const value = this.#instances.get(given) ?? given;
    const known = this.#copies.get(value);
    if (known !== undefined) {
      // Shared or cyclic: superjson keeps the identity, plain JSON would not.
      this.rich = this.shared = true;
      return known;
    }
    const type = this.#classes.values.typeOf(value);
    if (type !== undefined) return this.#whole(value, type);
    if (isLive(value)) this.#refuseLive(value);
    if (this.#path.length > MAX_DEPTH) this.#refuse(`it is nested deeper than ${MAX_DEPTH} levels`);
    if (Array.isArray(value)) return this.#array(value);
    const prototype = Object.getPrototypeOf(value) as object | null;
    const disguise = disguiseOf(value);
    if (disguise !== undefined) this.#refuseDisguise(disguise);
    if (prototype === Object.prototype) return this.#fields(value, {});
    if (prototype === null) return this.#refuse('an object without a prototype comes back with one; pass {...object}');
    this.rich = true;
    if (value instanceof Map && prototype === Map.prototype) return this.#map(value);
    if (value instanceof Set && prototype === Set.prototype) return this.#set(value);
    const native = copyNative(value, prototype, this.#bytes, this.#refuse);
    if (native !== undefined) {
      this.#copies.set(value, native);
      return native;
    }
    return this.#instance(value, prototype);
  }

  #whole(value: object, type: ValueType): object {
    const { copy, text } = copyValue(type, value, this.#refuse);
    this.rich = this.whole = true;
    this.#copies.set(value, copy);
    this.values.set(copy, { type, text });
    return copy;
  }

  #refuseLive(value: object): never {
    throw new LiveArgumentError(
      `Argument ${this.#argument} of ${this.#transaction} is an object of a model${this.#place()} (${nameOfClass(value)}): the call would get a copy, which is not in the model. ` +
        'Pass its id, or a copy: copyOf(x). Nothing was logged or changed.',
    );
  }

  #refuseDisguise({ is, says }: Disguise): never {
    if (is === 'Arguments')
      this.#refuse(
        'it is the arguments object of a function, which comes back as a plain one; pass a list: [...arguments]',
      );
    this.#refuse(
      is === 'Object'
        ? `it has the prototype of ${withArticle(says)}, which it is not; pass a real one`
        : `it is ${withArticle(is)} with another prototype than it was made with, so that what it holds would be lost; pass plain data`,
    );
  }

  #array(value: readonly unknown[]): unknown[] {
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype !== Array.prototype)
      this.#refuse(whyElsewhere(prototype) ?? 'a subclass of Array comes back as an Array');
    // Its own keys are its indexes and `length`; a hole and a named property together would keep their number.
    if (Reflect.ownKeys(value).length !== value.length + 1) this.#refuse('the array has holes or named properties');
    const copy: unknown[] = [];
    this.#copies.set(value, copy);
    for (let i = 0; i < value.length; i++) {
      const field = Object.getOwnPropertyDescriptor(value, i);
      if (field === undefined) this.#refuse('the array has holes or named properties');
      copy.push(this.#at(String(i), this.#dataOf(String(i), field)));
    }
    return copy;
  }

  #fields<T extends object>(value: object, copy: T): T {
    this.#copies.set(value, copy);
    for (const key of Reflect.ownKeys(value)) {
      const field = Object.getOwnPropertyDescriptor(value, key);
      if (typeof key === 'symbol' || field?.enumerable !== true)
        return this.#refuse('it has symbol keys or hidden properties');
      if (FORBIDDEN_KEYS.has(key))
        this.#refuse(
          `the key ${key} is not allowed, because a prototype could be reached through it; pass a Map, or a list of entries: Object.entries(object)`,
        );
      (copy as Record<string, unknown>)[key] = this.#at(key, this.#dataOf(key, field));
    }
    return copy;
  }

  #dataOf(key: string, field: PropertyDescriptor): unknown {
    if (!('value' in field)) this.#refuse(`${key} is an accessor of this one object; pass its value`);
    return field.value;
  }

  #instance(value: object, prototype: object): object {
    const name = this.#classes.nameOf(prototype);
    if (name === undefined) return this.#refuse(whyUnknown(value, prototype));
    const native = nativeBase(prototype);
    if (native !== undefined)
      this.#refuse(`the class ${name} extends ${native}, whose data is not in fields; pass plain data`);
    if (this.#classes.get(name) !== (prototype as { constructor?: unknown }).constructor)
      this.#refuse(`the prototype of ${name} does not name its class as constructor`);
    for (const key of Object.keys(value))
      if (key in prototype && isAccessor(key, prototype))
        this.#refuse(`${key} is a field of this one object, but a getter or setter of its class`);
    return this.#fields(value, Object.create(prototype) as object);
  }

  #map(value: ReadonlyMap<unknown, unknown>): Map<unknown, unknown> {
    this.#refuseProperties(value);
    const copy = new Map<unknown, unknown>();
    this.#copies.set(value, copy);
    Map.prototype.forEach.call(value, (one: unknown, key: unknown) => {
      const text = typeof key === 'string' || typeof key === 'number' ? String(key) : '[entry]';
      copy.set(this.#at('[key]', key), this.#at(text, one));
    });
    return copy;
  }

  #set(value: ReadonlySet<unknown>): Set<unknown> {
    this.#refuseProperties(value);
    const copy = new Set<unknown>();
    this.#copies.set(value, copy);
    Set.prototype.forEach.call(value, (one: unknown) => copy.add(this.#at('[member]', one)));
    return copy;
  }

  #refuseProperties(value: object): void {
    if (Reflect.ownKeys(value).length > 0)
      this.#refuse('a Map or Set with properties of its own comes back without them');
  }
}

/** Tells whether a property is a getter or setter of a class. */
export function isAccessor(key: string, prototype: object): boolean {
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const field = Object.getOwnPropertyDescriptor(at, key);
    if (field !== undefined) return !('value' in field);
  }
  return false;
}
