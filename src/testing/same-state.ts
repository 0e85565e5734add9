import { AssertionError } from 'node:assert';
import { encodeValue } from '../event/value-text.js';
import { Master } from '../master.js';
import { valueTypesOf } from '../model/values.js';

/**
 * Asserts that two masters hold the same state: the same values, classes and property attributes, in the same order of
 * iteration, with the same objects in more than one place. Use it instead of `assert.deepEqual(a.model, b.model)`, which does
 * not see the members of a guarded Map or Set and passes for different ones.
 *
 * @param first a master, a model, or an object of one
 * @param second the same of another master
 * @throws AssertionError of `node:assert` that names the first difference by its path, with both values
 * @example
 * ```ts
 * import { Master, MemoryStore, Prevalent, Transaction } from 'prevalent';
 * import { assertSameState } from 'prevalent/testing';
 *
 * @Prevalent('same-tags')
 * class Tags {
 *   readonly tags = new Set<string>();
 *   @Transaction() add(tag: string): void { this.tags.add(tag); }
 * }
 *
 * const store = new MemoryStore();
 * const laptop = await Master.open(Tags, { name: 'laptop', store });
 * const phone = await Master.open(Tags, { name: 'phone', store });
 * await laptop.transact((model) => model.add('home'));
 * await laptop.sync();
 * await phone.sync();
 * assertSameState(laptop, phone);
 * ```
 */
export function assertSameState(first: object, second: object): void {
  const found = new Comparison().difference(stateOf(first), stateOf(second));
  if (found === undefined) return;
  const { path, left, right } = found;
  throw new AssertionError({
    message: `The states differ at ${path}: ${textOf(left)} in the first, ${textOf(right)} in the second.`,
    actual: left,
    expected: right,
    operator: 'assertSameState',
    stackStartFn: assertSameState,
  });
}

/** The raw state of a master; what is read through a guard is the same, only slower. */
function stateOf(given: object): object {
  return given instanceof Master ? (given as Master<object>).query((raw) => raw) : given;
}

interface Pair {
  readonly path: string;
  readonly left: unknown;
  readonly right: unknown;
}

/** Walks two object graphs side by side, without recursion: states may be deep. */
class Comparison {
  readonly #lefts = new Map<object, { other: object; path: string }>();
  readonly #rights = new Map<object, string>();
  readonly #waiting: Pair[] = [];

  difference(left: object, right: object): Pair | undefined {
    this.#waiting.push({ path: 'model', left, right });
    for (let pair = this.#waiting.pop(); pair !== undefined; pair = this.#waiting.pop()) {
      const found = this.#compare(pair);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #compare({ path, left, right }: Pair): Pair | undefined {
    if (!isObject(left) || !isObject(right)) return Object.is(left, right) ? undefined : { path, left, right };
    const known = this.#lefts.get(left);
    const met = this.#rights.get(right);
    if (known?.other === right) return undefined;
    if (known !== undefined || met !== undefined) {
      const shared = (place: string | undefined): string =>
        place === undefined ? 'another object' : `the object at ${place}`;
      return { path, left: new Told(shared(known?.path)), right: new Told(shared(met)) };
    }
    this.#lefts.set(left, { other: right, path });
    this.#rights.set(right, path);
    if (!sameClass(left, right)) return { path, left: new Told(kindOf(left)), right: new Told(kindOf(right)) };
    const [one, other] = [integrityOf(left), integrityOf(right)];
    if (one !== other) return { path, left: new Told(`it is ${one}`), right: new Told(`it is ${other}`) };
    const [mine, theirs] = [partsOf(left), partsOf(right)];
    const next: Pair[] = [];
    for (let i = 0; i < Math.max(mine.length, theirs.length); i++) {
      const [one, other] = [mine[i], theirs[i]];
      if (one?.key !== other?.key) return { path, left: new Told(placeText(one)), right: new Told(placeText(other)) };
      next.push({ path: path + String(one?.key), left: one?.value, right: other?.value });
    }
    // Taken from the end: what comes first is compared first, with all it holds.
    for (const pair of next.reverse()) this.#waiting.push(pair);
    return undefined;
  }
}

/** A text that stands for a value in the message. */
class Told {
  constructor(readonly text: string) {}
}

/** What an object holds, in the order in which it is iterated; `key` continues the path. */
interface Part {
  readonly key: string;
  readonly value: unknown;
}

function partsOf(object: object): Part[] {
  const values = valueTypesOf(object);
  if (values.length > 0)
    return values.map((type) => ({ key: ` (value ${type.name})`, value: encodeValue(type, object, refuseValue) }));
  const parts: Part[] = [];
  // Methods of the object itself: those of the prototype know nothing of guards.
  if (object instanceof Map) {
    let index = 0;
    for (const [key, value] of object.entries() as Iterable<[unknown, unknown]>) {
      if (isObject(key)) parts.push({ key: ` (key ${index})`, value: key });
      parts.push({ key: isObject(key) ? ` (value ${index})` : `.get(${textOf(key)})`, value });
      index++;
    }
  } else if (object instanceof Set) {
    let index = 0;
    for (const value of object.values()) parts.push({ key: ` (member ${index++})`, value });
  } else if (object instanceof Date) return [{ key: '.getTime()', value: object.getTime() }];
  else if (ArrayBuffer.isView(object)) return bytesOf(object);
  else if (object instanceof RegExp) parts.push({ key: ' (pattern)', value: `/${object.source}/${object.flags}` });
  for (const key of Reflect.ownKeys(object)) {
    const { value, writable, enumerable } = Object.getOwnPropertyDescriptor(object, key) as {
      value: unknown;
      writable?: boolean;
      enumerable?: boolean;
    };
    parts.push({ key: keyText(object, key), value });
    if (writable !== true || (enumerable !== true && key !== 'length'))
      parts.push({
        key: `${keyText(object, key)} (attributes)`,
        value: `writable ${writable}, enumerable ${enumerable}`,
      });
  }
  return parts;
}

function refuseValue(why: string, cause?: unknown): never {
  throw new TypeError(why, { cause });
}

function bytesOf(view: ArrayBufferView): Part[] {
  const bytes = view instanceof DataView ? byteList(view) : (view as unknown as ArrayLike<unknown>);
  return Array.from(bytes, (value, index) => ({ key: `[${index}]`, value }));
}

function byteList(view: DataView): number[] {
  return Array.from({ length: view.byteLength }, (_, index) => view.getUint8(index));
}

function integrityOf(object: object): string {
  // What a reader holds of a Date takes no fields, whatever the stored one does.
  if (object instanceof Date || Object.isExtensible(object)) return 'extensible';
  return Object.isFrozen(object) ? 'frozen' : Object.isSealed(object) ? 'sealed' : 'not extensible';
}

/** The guard of a Date is a Date with a prototype of its own. */
function sameClass(left: object, right: object): boolean {
  if (left instanceof Date && right instanceof Date) return true;
  return Object.getPrototypeOf(left) === Object.getPrototypeOf(right);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function keyText(object: object, key: string | symbol): string {
  if (typeof key === 'symbol') return `[${String(key)}]`;
  if (Array.isArray(object) && /^\d+$/.test(key)) return `[${key}]`;
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function placeText(part: Part | undefined): string {
  return part === undefined ? 'nothing more' : `${part.key.trim().replace(/^\./, '')} comes next`;
}

function kindOf(object: object): string {
  const { constructor } = object as { constructor?: { name?: unknown } };
  return `an instance of ${typeof constructor?.name === 'string' ? constructor.name : 'no class'}`;
}

function textOf(value: unknown): string {
  if (value instanceof Told) return value.text;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (isObject(value)) return kindOf(value);
  return Object.is(value, -0) ? '-0' : String(value);
}
