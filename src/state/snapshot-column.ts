import { SnapshotDamagedError, UnsupportedStateError } from '../errors.js';

/**
 * Values of one kind of place (a field of a class, the keys of maps, …) in the order of their objects. Values that stand
 * together are mostly alike, so each kind of value has a list of its own, and what tells them apart is only written when
 * there are several kinds.
 */

const PLAIN = 0;
const TEXT = 1;
const NODE = 2;
const UNDEFINED = 3;
const NAN = 4;
const INFINITE = 5;
const MINUS_INFINITE = 6;
const MINUS_ZERO = 7;
const BIGINT = 8;
const SYMBOL = 9;
const HOLE = 10;
/** A text too long to stand with the others; they come in pieces before the chunk. */
const LONG = 11;

/** Texts of more characters than this are written in pieces. */
const LONG_TEXT = 2 ** 16;

/** What stands in an array where nothing does. */
export const NOTHING: unique symbol = Symbol('hole');

/** One list of numbers, or a single one if they are all equal. */
export type Steps = number | readonly number[];

/** A column as the library encodes it: [kind, list], or [tags, plain, texts, nodes, others] if there are several. */
export type WrittenColumn = readonly [number, unknown] | readonly [Uint8Array, unknown[], Steps, Steps, unknown[]];

/** Texts of one chunk, each once. */
export class TextTable {
  readonly #numbers = new Map<string, number>();
  readonly long: string[] = [];

  /** The number of a text in this chunk. */
  number(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) this.#numbers.set(text, (number = this.#numbers.size));
    return number;
  }

  /** All texts as one, and where it is cut. */
  written(): [lengths: number[], text: Uint8Array | [Uint8Array]] {
    const texts = [...this.#numbers.keys()];
    return [texts.map(({ length }) => length), packText(texts.join(''))];
  }
}

/** Numbers as steps from one to the next: those of new texts and objects follow each other, which makes all steps 0. */
export class StepList {
  #expected = 0;
  #count = 0;
  #first = 0;
  /** Only kept from the first step on that differs from those before. */
  #steps: number[] | undefined;

  push(number: number): void {
    const step = number - this.#expected;
    this.#expected = number + 1;
    if (this.#steps !== undefined) this.#steps.push(step);
    else if (this.#count === 0) this.#first = step;
    else if (step !== this.#first) {
      this.#steps = new Array<number>(this.#count).fill(this.#first);
      this.#steps.push(step);
    }
    this.#count++;
  }

  written(): Steps {
    return this.#steps ?? this.#first;
  }
}

/** Collects the values of one column. */
export class Column {
  readonly #plain: (number | boolean | null)[] = [];
  readonly #texts: string[] = [];
  readonly #nodes = new StepList();
  readonly #others: unknown[] = [];
  /** The kind of all values so far; the tags are only kept from the second kind on. */
  #kind = -1;
  #tags: number[] | undefined;
  #count = 0;

  get length(): number {
    return this.#count;
  }

  /** Adds a value; gives about how much room it takes. @param numberOf the number of an object */
  add(value: unknown, numberOf: (object: object) => number): number {
    switch (typeof value) {
      case 'string':
        this.#texts.push(value);
        this.#tag(value.length > LONG_TEXT ? LONG : TEXT);
        return value.length + 4;
      case 'number':
        return this.#number(value);
      case 'boolean':
        this.#plain.push(value);
        this.#tag(PLAIN);
        return 1;
      case 'object':
        if (value === null) this.#plain.push(value);
        else this.#nodes.push(numberOf(value));
        this.#tag(value === null ? PLAIN : NODE);
        return 4;
      case 'undefined':
        this.#tag(UNDEFINED);
        return 1;
      case 'bigint': {
        const digits = value.toString(16);
        this.#others.push(digits);
        this.#tag(BIGINT);
        return digits.length;
      }
      case 'symbol':
        if (value === NOTHING) this.#tag(HOLE);
        else {
          this.#others.push(Symbol.keyFor(value) ?? refuse(`a symbol (${String(value)})`));
          this.#tag(SYMBOL);
        }
        return 16;
      default:
        return refuse('a function');
    }
  }

  #number(value: number): number {
    // Finite, and not -0; in this way because it runs for every number.
    if (value - value === 0 && (value !== 0 || 1 / value > 0)) {
      this.#plain.push(value);
      this.#tag(PLAIN);
    } else if (value === 0) this.#tag(MINUS_ZERO);
    else this.#tag(value > 0 ? INFINITE : value < 0 ? MINUS_INFINITE : NAN);
    return 8;
  }

  #tag(kind: number): void {
    if (this.#tags !== undefined) this.#tags.push(kind);
    else if (this.#count === 0) this.#kind = kind;
    else if (this.#kind !== kind) {
      this.#tags = new Array<number>(this.#count).fill(this.#kind);
      this.#tags.push(kind);
    }
    this.#count++;
  }

  /** What the library encodes. Texts go into the chunk's table. */
  written(table: TextTable): WrittenColumn {
    const texts = new StepList();
    const long: number[] = [];
    for (const text of this.#texts) {
      if (text.length > LONG_TEXT) long.push(table.long.push(text) - 1);
      else texts.push(table.number(text));
    }
    if (this.#tags !== undefined) {
      const others = long.length === 0 ? this.#others : [...this.#others, ...long];
      return [Uint8Array.from(this.#tags), this.#plain, texts.written(), this.#nodes.written(), others];
    }
    switch (this.#kind) {
      case PLAIN:
        return [PLAIN, allSame(this.#plain) ? this.#plain[0] : this.#plain];
      case TEXT:
        return [TEXT, texts.written()];
      case NODE:
        return [NODE, this.#nodes.written()];
      case LONG:
        return [LONG, long];
      default:
        return [this.#kind, this.#others];
    }
  }
}

function allSame(values: readonly unknown[]): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

/** @throws UnsupportedStateError (`UNSUPPORTED_STATE`) */
export function refuse(what: string): never {
  throw new UnsupportedStateError(`The state holds ${what}, which no snapshot can carry.`);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** Text as the library carries it: UTF-8 if that can be undone, else its 16-bit units (half a surrogate pair has no UTF-8). */
export function packText(text: string): Uint8Array | [Uint8Array] {
  if (isWellFormed(text)) return encoder.encode(text);
  const bytes = new Uint8Array(text.length * 2);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    bytes[2 * i] = unit & 0xff;
    bytes[2 * i + 1] = unit >> 8;
  }
  return [bytes];
}

/** Undoes `packText`. */
export function unpackText(packed: unknown): string {
  if (packed instanceof Uint8Array) return decoder.decode(packed);
  const [bytes] = packed as [Uint8Array];
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x4000) {
    const units: number[] = [];
    for (let i = at; i < Math.min(at + 0x4000, bytes.length); i += 2)
      units.push((bytes[i] as number) | ((bytes[i + 1] as number) << 8));
    text += String.fromCharCode(...units);
  }
  return text;
}

function isWellFormed(text: string): boolean {
  const native = (text as { isWellFormed?: () => boolean }).isWellFormed;
  return native === undefined ? !/\p{Surrogate}/u.test(text) : native.call(text);
}

/** What a column refers to while it is read. */
export interface ReadContext {
  /** Texts of the chunk, by number. */
  readonly texts: readonly string[];
  readonly long: readonly string[];
  /** All objects so far, by number. */
  readonly objects: readonly object[];
}

/** The values of a column of `count` places. @throws SnapshotDamagedError (`SNAPSHOT_DAMAGED`) */
export function readColumn(written: WrittenColumn, count: number, context: ReadContext): unknown[] {
  if (count === 0) return [];
  const [kind] = written;
  if (typeof kind === 'number') {
    const values = readAlike(kind, written[1], count, context);
    if (values.length !== count) throw new SnapshotDamagedError('A column of the snapshot has another length');
    return values;
  }
  const [tags, plain, texts, nodes, others] = written as Exclude<WrittenColumn, readonly [number, unknown]>;
  if (tags.length !== count) throw new SnapshotDamagedError('A column of the snapshot has another length');
  const [nextText, nextNode] = [stepper(texts), stepper(nodes)];
  let [atPlain, atOther] = [0, 0];
  // Long texts are the last of the others, in their order.
  let atLong = others.length - tags.reduce((sum, tag) => (tag === LONG ? sum + 1 : sum), 0);
  return Array.from(tags, (tag) => {
    switch (tag) {
      case PLAIN:
        return plain[atPlain++];
      case TEXT:
        return found(context.texts, nextText(), 'text');
      case NODE:
        return found(context.objects, nextNode(), 'object');
      case LONG:
        return found(context.long, others[atLong++] as number, 'long text');
      default:
        return readUnusual(tag, tag === BIGINT || tag === SYMBOL ? others[atOther++] : undefined);
    }
  });
}

function readAlike(kind: number, content: unknown, count: number, context: ReadContext): unknown[] {
  switch (kind) {
    case PLAIN:
      return Array.isArray(content) ? content : new Array<unknown>(count).fill(content);
    case TEXT:
      return follow(context.texts, content as Steps, count, 'text');
    case NODE:
      return follow(context.objects, content as Steps, count, 'object');
    case LONG:
      return (content as number[]).map((number) => found(context.long, number, 'long text'));
    case BIGINT:
    case SYMBOL:
      return (content as unknown[]).map((one) => readUnusual(kind, one));
    default:
      return new Array<unknown>(count).fill(readUnusual(kind, undefined));
  }
}

function follow<T>(list: readonly T[], steps: Steps, count: number, what: string): T[] {
  const values: T[] = [];
  let number = 0;
  for (let i = 0; i < count; i++) {
    number += typeof steps === 'number' ? steps : (steps[i] as number);
    values.push(list[number++] ?? missing(what, number - 1));
  }
  return values;
}

function stepper(steps: Steps): () => number {
  let [number, at] = [0, 0];
  return () => {
    number += typeof steps === 'number' ? steps : (steps[at++] as number);
    return number++;
  };
}

function readUnusual(tag: number, other: unknown): unknown {
  switch (tag) {
    case UNDEFINED:
      return undefined;
    case NAN:
      return NaN;
    case INFINITE:
      return Infinity;
    case MINUS_INFINITE:
      return -Infinity;
    case MINUS_ZERO:
      return -0;
    case BIGINT: {
      const digits = other as string;
      return digits.startsWith('-') ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
    }
    case SYMBOL:
      return Symbol.for(other as string);
    case HOLE:
      return NOTHING;
    default:
      throw new SnapshotDamagedError(`The snapshot has a value of the unknown kind ${tag}; a newer version wrote it`);
  }
}

function found<T>(list: readonly T[], number: number, what: string): T {
  return list[number] ?? missing(what, number);
}

function missing(what: string, number: number): never {
  throw new SnapshotDamagedError(`The snapshot refers to its ${what} ${number}, which it does not hold`);
}
