import { DecoratorUsageError } from '../errors.js';

/** What JSON carries exactly: strings, finite numbers, booleans, null, and lists and plain objects of these. */
export type PlainData = string | number | boolean | null | readonly PlainData[] | { readonly [key: string]: PlainData };

/**
 * How objects of a class that you do not own are carried. Both functions run whenever it is needed, also outside of transactions, and
 * depend on nothing but what they are given.
 */
export interface ValueCodec<T extends object = object> {
  /** The class. Instances of its subclasses are other values. */
  readonly class: { readonly prototype: T };
  /** All there is to know about a value, as plain data; equal for values that mean the same. */
  readonly encode: (value: T) => PlainData;
  /** A new value from what `encode` gave, today or in an older program. */
  readonly decode: (data: never) => T;
}

/** One class whose objects are values. */
export interface ValueType {
  /** Its stable name in journals and snapshots. */
  readonly name: string;
  readonly prototype: object;
  encode(value: object): unknown;
  decode(data: unknown): unknown;
}

const KEY = Symbol.for('prevalent.values.v1');

type Known = WeakMap<object, readonly ValueType[]>;

/** One for a process, so that two copies of this package know each other's values. */
const known: Known = ((globalThis as { [KEY]?: Known | undefined })[KEY] ??= new WeakMap());

/** As of constants: one rule for all names that stand in journals. */
const NAME = /^[^\s/~]{1,128}$/u;

/** Classes that a state holds as they are. */
const CARRIED: ReadonlySet<unknown> = new Set([
  ...[Object, Array, Map, Set, Date, RegExp, Function, Promise].map((type) => type.prototype as unknown),
  ...[Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map(({ prototype }) => prototype),
  DataView.prototype,
]);

const TypedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;

/** The classes of one model whose objects are values: opaque, never guarded, compared and carried by what `encode` gives. */
export class ValueTable {
  readonly #byPrototype = new Map<object | null, ValueType>();
  readonly #byName = new Map<string, ValueType>();

  /** @throws DecoratorUsageError (`DECORATOR_USAGE`) for a name or class that cannot be used, or functions that are missing */
  constructor(named: Readonly<Record<string, unknown>> = {}) {
    for (const [name, codec] of Object.entries(named)) this.#add(typeOf(name, codec));
  }

  /** How many there are. */
  get size(): number {
    return this.#byName.size;
  }

  /** All stable names. */
  names(): Iterable<string> {
    return this.#byName.keys();
  }

  /** How an object is carried; `undefined` if it is no value. */
  typeOf(object: object): ValueType | undefined {
    return this.size === 0 ? undefined : this.#byPrototype.get(Object.getPrototypeOf(object) as object | null);
  }

  /** How instances with this prototype are carried; `undefined` if they are no values. */
  ofPrototype(prototype: object | null): ValueType | undefined {
    return this.#byPrototype.get(prototype);
  }

  /** The class of this stable name. */
  get(name: string): ValueType | undefined {
    return this.#byName.get(name);
  }

  #add(type: ValueType): void {
    const other = this.#byPrototype.get(type.prototype);
    if (other !== undefined)
      throw new DecoratorUsageError(
        `The values ${other.name} and ${type.name} are of the same class; a class is carried in one way`,
      );
    this.#byPrototype.set(type.prototype, type);
    this.#byName.set(type.name, type);
    known.set(type.prototype, [...(known.get(type.prototype) ?? []), type]);
  }
}

/** In which ways any model of this process carries the class of an object; none if it is nowhere a value. */
export function valueTypesOf(object: object): readonly ValueType[] {
  const prototype = Object.getPrototypeOf(object) as object | null;
  return prototype === null ? [] : (known.get(prototype) ?? []);
}

/** What a reader is told of a value that it finds and the program does not declare. */
export function undeclaredValue(name: string): string {
  return `the value ${name}, which this program does not declare. Add it: @Prevalent(…, { values: { '${name}': { class, encode, decode } } })`;
}

function typeOf(name: string, codec: unknown): ValueType {
  const refuse = (why: string): never => {
    throw new DecoratorUsageError(`The value ${name} ${why}`);
  };
  if (!NAME.test(name))
    throw new DecoratorUsageError(`"${name}" cannot name a value; use 1 to 128 characters without spaces, "/" and "~"`);
  const { class: type, encode, decode } = (codec ?? {}) as Partial<ValueCodec>;
  if (type === undefined) return refuse('has no class; does its module import this one in a circle?');
  const { prototype } = type as { prototype?: unknown };
  if (typeof prototype !== 'object' || prototype === null)
    return refuse('has for its class something without a prototype');
  if (CARRIED.has(prototype) || Object.prototype.isPrototypeOf.call(TypedArray, prototype))
    return refuse(`is of a class that a state holds as it is; leave it out`);
  if (typeof encode !== 'function' || typeof decode !== 'function')
    return refuse('needs the functions encode and decode');
  return { name, prototype, encode, decode: decode };
}
