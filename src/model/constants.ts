import { withArticle } from '../article.js';
import { DecoratorUsageError } from '../errors.js';
import { isForeignProxy } from './foreign-proxy.js';
import { platformClassOf } from './platform-class.js';

/** Names are part of references, in which `/` leads to an object inside a constant. */
const NAME = /^[^\s/~]{1,128}$/u;

/**
 * Objects that are the same one everywhere: deeply frozen, carried by name, never copied and never guarded. Each object inside a
 * constant has a reference of its own: `status.open` itself, `status.open/owner` what its field `owner` holds.
 */
export class ConstantTable {
  readonly #references = new Map<object, string>();
  readonly #objects = new Map<string, object>();

  /**
   * Freezes the constants and all they hold; nothing is frozen if one of them is refused.
   *
   * @param isLeaf tells objects that are left as they are
   * @throws DecoratorUsageError (`DECORATOR_USAGE`) for what cannot be frozen, or cannot be a constant
   */
  constructor(named: Readonly<Record<string, object>> = {}, isLeaf: (object: object) => boolean = () => false) {
    for (const [name, constant] of Object.entries(named)) {
      if (!NAME.test(name))
        throw new DecoratorUsageError(
          `"${name}" cannot name a constant; use 1 to 128 characters without spaces, "/" and "~"`,
        );
      if (typeof constant !== 'object' || (constant as object | null) === null) refuseValue(name, constant);
      refuseProxy(name, constant);
      if (isLeaf(constant))
        throw new DecoratorUsageError(
          `The constant ${name} is of a class declared under "values"; it can be only one of the two`,
        );
      if (!this.#references.has(constant)) this.#references.set(constant, name);
      this.#objects.set(name, constant);
    }
    for (const [name, constant] of [...this.#objects]) this.#enter(name, constant, isLeaf);
    for (const object of this.#references.keys()) Object.freeze(object);
  }

  /** How many objects there are, those inside constants included. */
  get size(): number {
    return this.#references.size;
  }

  /** Tells whether an object is a constant or inside of one. */
  has(object: object): boolean {
    return this.#references.has(object);
  }

  /** What stands for the object in journals and snapshots; `undefined` if it is no constant. */
  referenceOf(object: object): string | undefined {
    return this.#references.get(object);
  }

  /** The object of this reference; `undefined` if the program does not declare it. */
  get(reference: string): object | undefined {
    return this.#objects.get(reference);
  }

  /** All objects that are constants or inside of one. */
  all(): Iterable<object> {
    return this.#references.keys();
  }

  /** All paths from this name: what two constants share is read under both names, and written under that declared first. */
  #enter(name: string, constant: object, isLeaf: (object: object) => boolean): void {
    const seen = new Set([constant]);
    const waiting: [reference: string, object: object][] = [[name, constant]];
    for (const [reference, object] of waiting) {
      refusePlatform(reference, object);
      for (const key of Reflect.ownKeys(object)) {
        const held = heldBy(object, key, reference);
        if (held === undefined || seen.has(held)) continue;
        const inner = `${reference}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
        refuseProxy(inner, held);
        if (isLeaf(held)) continue;
        seen.add(held);
        if (!this.#references.has(held)) this.#references.set(held, inner);
        this.#objects.set(inner, held);
        waiting.push([inner, held]);
      }
    }
  }
}

/** The object in a field of a constant; `undefined` if there is none. */
function heldBy(object: object, key: PropertyKey, reference: string): object | undefined {
  const descriptor = Object.getOwnPropertyDescriptor(object, key);
  if (descriptor !== undefined && !('value' in descriptor)) refuseAccessor(reference, key);
  const held: unknown = descriptor?.value;
  if (typeof held !== 'object' || held === null) return undefined;
  return typeof key === 'symbol' ? refuseSymbol(reference, key) : held;
}

function refuseProxy(reference: string, object: object): void {
  if (isForeignProxy(object))
    throw new DecoratorUsageError(
      `The constant ${reference} is a Proxy, which can give something else each time. Declare the object behind it.`,
    );
}

function refusePlatform(reference: string, object: object): void {
  const name = platformClassOf(object);
  if (name === undefined) return;
  throw new DecoratorUsageError(
    `The constant ${reference} is ${withArticle(name)}, which changes also when it is frozen. Hold plain objects, arrays and instances of your own classes in constants; what changes belongs into the state.`,
  );
}

function refuseValue(name: string, constant: unknown): never {
  const why =
    constant === undefined
      ? 'is undefined; does its module import this one in a circle?'
      : typeof constant === 'function'
        ? 'is a function; functions are code, not state'
        : `is ${constant === null ? 'null' : withArticle(typeof constant)}, which has no identity; use it as it is`;
  throw new DecoratorUsageError(`The constant ${name} ${why}`);
}

function refuseAccessor(reference: string, key: PropertyKey): never {
  throw new DecoratorUsageError(
    `${String(key)} of the constant ${reference} is an accessor of one object, which can give something else each time. Declare it on the class, or make it a plain field.`,
  );
}

function refuseSymbol(reference: string, key: symbol): never {
  throw new DecoratorUsageError(
    `The constant ${reference} holds an object under the key ${String(key)}; use a key that is a string`,
  );
}

/** What a reader is told of a reference that it finds and the program does not declare. */
export function undeclared(reference: string): string {
  const [name] = reference.split('/') as [string];
  return `the constant ${reference}, which this program does not declare. Add it: @Prevalent(…, { constants: { '${name}': … } }); if it was renamed, put the old name behind the new one`;
}
