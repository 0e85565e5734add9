import { AssertionError } from 'node:assert';
import { withArticle } from '../article.js';
import { bytesOf, fieldsOfView } from '../event/binary.js';
import { brandOf } from '../event/brand.js';
import { BOXED } from '../event/carried-kinds.js';
import { encodeValue } from '../event/value-text.js';
import { Master } from '../master.js';
import type { Bytes } from '../model/byte-ranges.js';
import { behindGuard, isWhole } from '../model/ownership.js';
import { valueTypesOf } from '../model/values.js';

/**
 * Asserts that two masters hold the same state: the same values, bytes, classes and property attributes, in the same order of
 * iteration, with the same shared references. It compares the raw objects behind guards. Use it instead of `assert.deepEqual(a.model, b.model)`, which does
 * not see the members of a guarded Map or Set, and takes different ones for equal.
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

  #compare({ path, left: one, right: other }: Pair): Pair | undefined {
    // A guard of bytes looks like an object without any.
    const [left, right] = [behindGuard(one), behindGuard(other)];
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
    return this.#compareObjects(path, left, right);
  }

  #compareObjects(path: string, left: object, right: object): Pair | undefined {
    const told = (one: string, other: string): Pair => ({ path, left: new Told(one), right: new Told(other) });
    if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return told(kindOf(left), kindOf(right));
    const [brand, otherBrand] = [brandOf(left), brandOf(right)];
    if (brand !== otherBrand) return told(`it is ${withArticle(brand)}`, `it is ${withArticle(otherBrand)}`);
    const [one, other] = [integrityOf(left), integrityOf(right)];
    if (one !== other) return told(`it is ${one}`, `it is ${other}`);
    // Constants are frozen; which of two that look alike is one shows in `===`.
    const [isOne, isOther] = one === 'frozen' ? [isWhole(left), isWhole(right)] : [];
    if (isOne !== isOther) return told(wholeText(isOne), wholeText(isOther));
    const byte =
      /ArrayBuffer$/.test(brand) || ArrayBuffer.isView(left) ? bytesDifference(path, left, right) : undefined;
    if (byte !== undefined) return byte;
    const [mine, theirs] = [partsOf(left), partsOf(right)];
    const next: Pair[] = [];
    for (let i = 0; i < Math.max(mine.length, theirs.length); i++) {
      const [one, other] = [mine[i], theirs[i]];
      if (one?.key !== other?.key) return told(placeText(one), placeText(other));
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
  const parts = heldBy(object);
  for (const key of ArrayBuffer.isView(object) ? fieldsOfView(object) : Reflect.ownKeys(object)) {
    const name = keyText(object, key);
    const { value, writable, enumerable, configurable, ...accessor } = fieldOf(object, key);
    parts.push({ key: name, value });
    // No state holds accessors; what is compared beside states may.
    for (const [kind, code] of Object.entries(accessor)) parts.push({ key: `${name} (${kind})`, value: code });
    const isLength = Array.isArray(object) && key === 'length';
    if (enumerable === isLength || configurable === isLength || writable !== true)
      parts.push({
        key: `${name} (attributes)`,
        value: `writable ${writable}, enumerable ${enumerable}, configurable ${configurable}`,
      });
  }
  return parts;
}

/** What an object holds beside its properties. */
function heldBy(object: object): Part[] {
  switch (brandOf(object)) {
    case 'Map':
      return [...(Map.prototype.entries.call(object) as Iterable<[unknown, unknown]>)].flatMap(([key, value], index) =>
        isObject(key)
          ? [
              { key: ` (key ${index})`, value: key },
              { key: ` (value ${index})`, value },
            ]
          : [{ key: `.get(${textOf(key)})`, value }],
      );
    case 'Set':
      return [...(Set.prototype.values.call(object) as Iterable<unknown>)].map((value, index) => ({
        key: ` (member ${index})`,
        value,
      }));
    case 'Date':
      return [{ key: '.getTime()', value: Date.prototype.getTime.call(object) }];
    case 'RegExp':
      return [{ key: ' (pattern)', value: `/${(object as RegExp).source}/${(object as RegExp).flags}` }];
    default:
      return object instanceof Object && BOXED.has(Object.getPrototypeOf(object) as object)
        ? [{ key: '.valueOf()', value: object.valueOf() }]
        : [];
  }
}

function refuseValue(why: string, cause?: unknown): never {
  throw new TypeError(why, { cause });
}

/** Byte by byte, because numbers that are none differ in bits that nobody sees. */
function bytesDifference(path: string, left: object, right: object): Pair | undefined {
  const [mine, theirs] = [bytesOf(left as Bytes), bytesOf(right as Bytes)];
  if (mine.length !== theirs.length) return { path: `${path}.byteLength`, left: mine.length, right: theirs.length };
  const at = mine.findIndex((byte, index) => byte !== theirs[index]);
  if (at < 0) return undefined;
  const size = 'BYTES_PER_ELEMENT' in left ? (left as Uint8Array).BYTES_PER_ELEMENT : 1;
  const index = Math.floor(at / size);
  const [one, other] = [left, right].map((view) => ('BYTES_PER_ELEMENT' in view ? (view as Uint8Array)[index] : NaN));
  const isSeen = !Object.is(one, other);
  return { path: `${path}[${index}]`, left: isSeen ? one : mine[at], right: isSeen ? other : theirs[at] };
}

interface Field {
  readonly value?: unknown;
  readonly get?: unknown;
  readonly set?: unknown;
  readonly writable?: boolean;
  readonly enumerable?: boolean;
  readonly configurable?: boolean;
}

function fieldOf(object: object, key: string | symbol): Field {
  return Object.getOwnPropertyDescriptor(object, key) ?? {};
}

function wholeText(isConstant: boolean | undefined): string {
  return isConstant === true ? 'it is a constant' : 'it is no constant';
}

function integrityOf(object: object): string {
  if (Object.isExtensible(object)) return 'extensible';
  return Object.isFrozen(object) ? 'frozen' : Object.isSealed(object) ? 'sealed' : 'not extensible';
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
