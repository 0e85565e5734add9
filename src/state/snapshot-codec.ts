import { SnapshotDamagedError, UnsupportedStateError } from '../errors.js';
import { bytesOf, fromBase64, toBase64, viewOf } from '../event/binary.js';
import { type Crc32, openLine, sealLine } from '../event/checksum.js';
import type { ClassTable } from '../model/class-table.js';
import { describe } from './recorder.js';

/**
 * A state as lines of text: an object graph, so that shared references, cycles, classes and iteration order survive. Each
 * object gets a number when it is first met; each line is a sealed JSON object with a chunk of nodes in the order of their
 * numbers, so that a state of any size is written and read in bounded pieces.
 *
 * A value is a JSON primitive as it is, or a one- or two-element list: ["r", number] refers to a node; ["u"] is undefined,
 * ["n", "NaN"] an unusual number, ["b", digits] a bigint, ["y", key] a registered symbol, ["h"] a hole.
 */

const NODES_PER_LINE = 1000;
/** A line is ended early when it is longer than this: strings have an end, states have not. */
const CHARS_PER_LINE = 1_000_000;

type Value = null | boolean | number | string | [string] | [string, string | number];
/** kind, class name or type, and content by kind. */
type Node = [kind: string, type: string, ...content: unknown[]];

const ERRORS = new Map<string, object>(
  [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError].map((type) => [
    type.name,
    type.prototype,
  ]),
);

/** Encodes the graph of `root` (node 0) as sealed lines, without line feeds. */
export function* encodeState(root: object, classes: ClassTable, crc32: Crc32): Generator<string> {
  const numbers = new Map<object, number>([[root, 0]]);
  const encode = (value: unknown): Value => {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0)
          ? value
          : ['n', Object.is(value, -0) ? '-0' : String(value)];
      case 'undefined':
        return ['u'];
      case 'bigint':
        return ['b', value.toString()];
      case 'symbol':
        return ['y', Symbol.keyFor(value) ?? refuse(`a symbol (${String(value)})`)];
      case 'object': {
        if (value === null) return null;
        let number = numbers.get(value);
        if (number === undefined) numbers.set(value, (number = numbers.size));
        return ['r', number];
      }
      default:
        return refuse('a function');
    }
  };
  let texts: string[] = [];
  let chars = 0;
  const line = (): string => {
    const text = sealLine(`{"nodes":[${texts.join()}]`, crc32);
    texts = [];
    chars = 0;
    return text;
  };
  // A Map iterates over what is added while it is walked: nodes come in the order of their numbers.
  for (const object of numbers.keys()) {
    const text = JSON.stringify(encodeNode(object, classes, encode));
    texts.push(text);
    chars += text.length;
    if (texts.length === NODES_PER_LINE || chars > CHARS_PER_LINE) yield line();
  }
  if (texts.length > 0) yield line();
}

function refuse(what: string): never {
  throw new UnsupportedStateError(`The state holds ${what}, which no snapshot can carry.`);
}

function encodeNode(object: object, classes: ClassTable, encode: (value: unknown) => Value): Node {
  const node = encodeContent(object, classes, encode);
  if (!Object.isExtensible(object)) node[0] += Object.isFrozen(object) ? 'f' : Object.isSealed(object) ? 's' : 'p';
  return node;
}

function encodeContent(object: object, classes: ClassTable, encode: (value: unknown) => Value): Node {
  const prototype = Object.getPrototypeOf(object) as object | null;
  const type = prototype === null ? 'null' : (classes.nameOf(prototype) ?? '');
  if (Array.isArray(object))
    return [
      'a',
      type,
      Array.from(object, (value: unknown, i) => (i in object ? encode(value) : ['h'])),
      ...namedFields(object, encode),
    ];
  if (object instanceof Map)
    return [
      'm',
      type,
      Array.from(object, ([key, value]: [unknown, unknown]) => [encode(key), encode(value)]),
      ...some(encodeFields(object, encode)),
    ];
  if (object instanceof Set) return ['s', type, Array.from(object, encode), ...some(encodeFields(object, encode))];
  if (object instanceof Date) return ['d', type, encode(object.getTime()), ...some(encodeFields(object, encode))];
  if (object instanceof RegExp) return ['x', object.flags, object.source, encode(object.lastIndex)];
  if (ArrayBuffer.isView(object)) return ['v', object.constructor.name, toBase64(bytesOf(object))];
  if (object instanceof Error)
    return ['e', type === '' ? nativeError(object) : type, encodeFields(object, encode, ERROR_FIELDS)];
  if (type === '' && prototype !== Object.prototype)
    refuse(`an instance of ${describe(object)}, a class without a stable name`);
  return ['o', type, ...encodeFields(object, encode)];
}

// The stack names files of one machine; it would differ on every other.
const ERROR_FIELDS: ReadonlySet<PropertyKey> = new Set(['stack']);

function nativeError(error: Error): string {
  const prototype: unknown = Object.getPrototypeOf(error);
  for (const [name, native] of ERRORS) if (native === prototype) return name;
  return refuse(`an instance of ${describe(error)}, a class without a stable name`);
}

function some(fields: unknown[]): unknown[] {
  return fields.length === 0 ? [] : [fields];
}

/** An array's properties beside its elements; own keys come in the order indices, length, names, symbols. */
function namedFields(array: unknown[], encode: (value: unknown) => Value): unknown[] {
  const keys = Reflect.ownKeys(array);
  const named = keys.slice(keys.indexOf('length') + 1);
  return named.length === 0 ? [] : some(encodeFields(array, encode, new Set(keys.slice(0, -named.length))));
}

/** Fields as a flat list: key, value, key, value; a key is text, or [symbol key or null, text, hidden, read-only, fixed] if unusual. */
function encodeFields(object: object, encode: (value: unknown) => Value, skip?: ReadonlySet<PropertyKey>): unknown[] {
  const content: unknown[] = [];
  for (const key of Reflect.ownKeys(object)) {
    if (skip?.has(key) === true) continue;
    const descriptor = Object.getOwnPropertyDescriptor(object, key);
    if (descriptor === undefined) continue;
    if (!('value' in descriptor)) refuse(`an accessor (${String(key)})`);
    const name = typeof key === 'symbol' ? ['y', Symbol.keyFor(key) ?? refuse(`a symbol key (${String(key)})`)] : key;
    const usual =
      descriptor.enumerable === true &&
      ((descriptor.writable === true && (descriptor.configurable === true || Object.isSealed(object))) ||
        Object.isFrozen(object));
    const attributes =
      (descriptor.enumerable === true ? 0 : 1) +
      (descriptor.writable === true ? 0 : 2) +
      (descriptor.configurable === true ? 0 : 4);
    content.push(usual && typeof key === 'string' ? name : [name, usual ? 0 : attributes], encode(descriptor.value));
  }
  return content;
}

/**
 * Rebuilds a graph from its lines. Objects are made without running constructors of the user's classes.
 *
 * @throws SnapshotDamagedError (`SNAPSHOT_DAMAGED`) for damaged lines and unknown classes
 */
export class StateDecoder {
  readonly #classes: ClassTable;
  readonly #crc32: Crc32;
  readonly #nodes: Node[] = [];

  constructor(classes: ClassTable, crc32: Crc32) {
    this.#classes = classes;
    this.#crc32 = crc32;
  }

  /** Takes the next line. */
  line(text: string): void {
    const value = openLine(text, this.#crc32) as { nodes?: Node[] } | undefined;
    if (!Array.isArray(value?.nodes)) throw new SnapshotDamagedError('A line of the snapshot is damaged');
    for (const node of value.nodes) this.#nodes.push(node);
  }

  /** The root, when all lines are in. */
  finish(): object {
    const objects = this.#nodes.map((node) => this.#shell(node));
    const decode = (value: unknown): unknown => decodeValue(value as Value, objects);
    this.#nodes.forEach((node, index) => {
      fill(objects[index] as object, node, decode);
    });
    // Last: what a frozen object refers to may come after it.
    this.#nodes.forEach((node, index) => {
      fix(objects[index] as object, node[0].charAt(1));
    });
    const root = objects[0];
    if (root === undefined) throw new SnapshotDamagedError('The snapshot has no root');
    return root;
  }

  #shell(node: Node): object {
    const [, type, content] = node;
    const kind = node[0].charAt(0);
    const made = shellOf(kind, type, content);
    if (kind === 'v' || kind === 'x') return made;
    if (type === 'null' && kind === 'o') return Object.setPrototypeOf(made, null) as object;
    if (type === '') return made;
    const error = kind === 'e' ? ERRORS.get(type) : undefined;
    if (error !== undefined) return Object.setPrototypeOf(made, error) as object;
    const known = this.#classes.get(type);
    if (known === undefined) {
      throw new SnapshotDamagedError(
        `The snapshot holds instances of ${type}, a class this program does not name. Add it to @Prevalent(…, { classes: [${type}] }).`,
      );
    }
    return Object.setPrototypeOf(made, known.prototype as object) as object;
  }
}

function shellOf(kind: string, type: string, content: unknown): object {
  switch (kind) {
    case 'o':
      return {};
    case 'a':
      return [];
    case 'm':
      return new Map();
    case 's':
      return new Set();
    case 'd':
      return new Date(Array.isArray(content) ? NaN : (content as number));
    case 'x':
      return new RegExp(content as string, type);
    case 'v':
      return viewOf(type, fromBase64(content as string)) ?? unknownBytes(type);
    case 'e': {
      const error = new Error();
      Reflect.deleteProperty(error, 'stack');
      return error;
    }
    default:
      throw new SnapshotDamagedError(
        `The snapshot has a node of the unknown kind "${kind}"; it was written by a newer version`,
      );
  }
}

function unknownBytes(type: string): never {
  throw new SnapshotDamagedError(`The snapshot has bytes of the unknown type ${type}`);
}

function missing(number: unknown): never {
  throw new SnapshotDamagedError(`The snapshot refers to its object ${String(number)}, which it does not hold`);
}

function decodeValue(value: Value, objects: readonly object[]): unknown {
  if (!Array.isArray(value)) return value;
  switch (value[0]) {
    case 'r':
      return objects[value[1] as number] ?? missing(value[1]);
    case 'u':
      return undefined;
    case 'n':
      return Number(value[1]);
    case 'b':
      return BigInt(value[1] as string);
    case 'y':
      return Symbol.for(value[1] as string);
    default:
      throw new SnapshotDamagedError(`The snapshot has a value of the unknown kind "${value[0]}"`);
  }
}

function fill(object: object, node: Node, decode: (value: unknown) => unknown): void {
  const content = node[2];
  switch (node[0].charAt(0)) {
    case 'o': {
      setFields(object, node.slice(2), decode);
      return;
    }
    case 'a': {
      const array = object as unknown[];
      const list = content as Value[];
      array.length = list.length;
      list.forEach((value, i) => {
        if (!Array.isArray(value) || value[0] !== 'h') array[i] = decode(value);
      });
      break;
    }
    case 'm':
      for (const [key, value] of content as [Value, Value][])
        Map.prototype.set.call(object as Map<unknown, unknown>, decode(key), decode(value));
      break;
    case 's':
      for (const value of content as Value[]) Set.prototype.add.call(object as Set<unknown>, decode(value));
      break;
    case 'e':
      setFields(object, content as unknown[], decode);
      return;
    case 'x':
      (object as RegExp).lastIndex = decode(node[3]) as number;
      return;
    default:
  }
  if (node[3] !== undefined) setFields(object, node[3] as unknown[], decode);
}

function setFields(object: object, content: readonly unknown[], decode: (value: unknown) => unknown): void {
  for (let i = 0; i < content.length; i += 2) {
    const name = content[i];
    const value = decode(content[i + 1]);
    if (typeof name === 'string' && !(name in object)) {
      (object as Record<string, unknown>)[name] = value;
      continue;
    }
    const [key, attributes] = Array.isArray(name) ? [name[0] as unknown, name[1] as number] : [name, 0];
    Object.defineProperty(object, (Array.isArray(key) ? Symbol.for(key[1] as string) : key) as string, {
      value,
      enumerable: (attributes & 1) === 0,
      writable: (attributes & 2) === 0,
      configurable: (attributes & 4) === 0,
    });
  }
}

function fix(object: object, how: string): void {
  if (how === 'f') Object.freeze(object);
  else if (how === 's') Object.seal(object);
  else if (how === 'p') Object.preventExtensions(object);
}
