import { isNativeError } from 'node:util/types';
import { Prevalent } from 'prevalent';
import { PrevalentError } from '../../../src/errors.js';
import { graphOf, graphText } from '../../property/state-graph.js';
import { Managed } from './managed.js';

/**
 * Runs the same body on a bare model, on a guarded one in a transaction, and on a guarded one outside: what a built-in does on
 * an object of the model is what it does on a bare one, or an error with a code; never another silent answer.
 */

class Point {
  constructor(
    public x: unknown = { n: 1 },
    public y = 2,
  ) {}
  get sum(): number {
    return this.y + 1;
  }
  set sum(value: number) {
    this.y = value;
  }
}

class Tags extends Map<string, unknown> {}

function failure(): TypeError {
  const error = new TypeError('kept', { cause: { n: 1 } });
  // As in any state.
  delete error.stack;
  return error;
}

/** One object of each kind that may live in a state, and some to hand on. */
@Prevalent('state-builtins', { classes: [Point, Tags] })
export class Kinds {
  plain: Record<PropertyKey, unknown> = { a: { n: 1 }, b: 2, [Symbol.for('s')]: 3 };
  bare: Record<string, unknown> = Object.assign(Object.create(null), { a: { n: 1 } });
  point = new Point();
  frozen = Object.freeze({ a: { n: 1 }, b: 2 });
  sealed = Object.seal({ a: 1, b: 2 });
  fixed = Object.preventExtensions({ a: 1 });
  list: unknown[] = [{ n: 3 }, { n: 1 }, { n: 2 }];
  numbers: unknown[] = [3, 1, 2];
  holes: unknown[] = [, 1, , { n: 1 }];
  frozenList: readonly unknown[] = Object.freeze([{ n: 1 }, 2]);
  map = new Map<unknown, unknown>([
    ['a', { n: 1 }],
    ['b', 2],
  ]);
  tags = new Tags([['a', { n: 1 }]]);
  emptyMap = new Map<unknown, unknown>();
  set = new Set<unknown>([{ n: 1 }, 'a', 2]);
  emptySet = new Set<unknown>();
  date = new Date(Date.UTC(2024, 1, 29, 12));
  pattern = /a(b)?/;
  global = /a(b)?/g;
  error: Error = failure();
  int8 = Int8Array.of(3, 1, 2);
  uint8 = Uint8Array.of(3, 1, 2);
  clamped = Uint8ClampedArray.of(3, 1, 2);
  int16 = Int16Array.of(3, 1, 2);
  uint16 = Uint16Array.of(3, 1, 2);
  int32 = Int32Array.of(3, 1, 2);
  uint32 = Uint32Array.of(3, 1, 2);
  float32 = Float32Array.of(3, 1.5, 2);
  float64 = Float64Array.of(3, 1.5, NaN);
  bigint64 = BigInt64Array.of(3n, 1n, 2n);
  biguint64 = BigUint64Array.of(3n, 1n, 2n);
  buffer = Buffer.from('cab');
  data = new DataView(new ArrayBuffer(8));
  other: Record<string, unknown> = { n: 0 };
  key = { k: 1 };
  more = new Set<unknown>(['a', 5]);
}

export type Body = (m: Kinds, seen: unknown[]) => unknown;

/** What a body gave and showed, as text; objects of the state by their number. */
interface Outcome {
  readonly text: string;
  /** Code of a refusal. */
  readonly code: string | undefined;
  readonly after: string;
}

class Witness {
  readonly #numbers: Map<object, number>;
  readonly #unwrap: (value: unknown) => unknown;
  readonly #guarded: boolean;

  constructor(root: object, unwrap?: (value: unknown) => unknown) {
    this.#numbers = new Map([...graphOf(root).objects].map((one, index) => [one, index]));
    this.#unwrap = unwrap ?? ((value) => value);
    this.#guarded = unwrap !== undefined;
  }

  attempt(body: Body, model: Kinds): { text: string; code: string | undefined } {
    let end: string;
    const seen: unknown[] = [];
    let code: string | undefined;
    try {
      end = `gives ${this.#text(body(model, seen), [])}`;
    } catch (error) {
      code = error instanceof PrevalentError ? error.code : undefined;
      end = `throws ${isNativeError(error) ? error.name : String(error)}`;
    }
    return { text: `${end}; showed ${seen.map((one) => this.#text(one, [])).join(', ')}`, code };
  }

  #text(value: unknown, around: readonly object[]): string {
    if (typeof value === 'function') return 'a function';
    if (typeof value !== 'object' || value === null)
      return typeof value === 'string' ? JSON.stringify(value) : Object.is(value, -0) ? '-0' : String(value);
    if (this.#guarded && this.#numbers.has(value)) throw new Error(`raw object #${this.#numbers.get(value)} got out`);
    const number = this.#numbers.get(this.#unwrap(value) as object);
    if (number !== undefined) return `#${number}`;
    if (around.includes(value) || around.length > 4) return '…';
    const text = (one: unknown): string => this.#text(one, [...around, value]);
    if (Array.isArray(value)) return `[${Array.from(value, (one, index) => (index in value ? text(one) : '')).join()}]`;
    if (value instanceof Map || value instanceof Set)
      return `${value.constructor.name}{${[...value].map(text).join()}}`;
    if (value instanceof Date) return `Date ${value.getTime()}`;
    if (value instanceof RegExp) return `${String(value)} at ${value.lastIndex}`;
    if (typeof (value as Iterator<unknown>).next === 'function') {
      const items = Array.from({ length: 6 }, () => text((value as Iterator<unknown>).next()));
      return `iterator of ${items.join()} with ${Reflect.ownKeys(value).join()}`;
    }
    const name = (Reflect.get(value, 'constructor') as { name?: string } | undefined)?.name;
    if (typeof (value as Uint8Array).byteLength === 'number')
      return `${name}(${Array.from(value as Uint8Array, String).join()})`;
    const prototype = Object.getPrototypeOf(value) as object | null;
    const parent = prototype === null || this.#numbers.has(this.#unwrap(prototype) as object) ? text(prototype) : name;
    const fields = Reflect.ownKeys(value);
    return `${parent}{${fields.map((one) => `${String(one)}:${text(Reflect.get(value, one))}`).join()}}`;
  }
}

const untouched = graphText(new Kinds());

/** A model and its witness, made anew only after something was left changed: there are very many bodies. */
class Stage {
  readonly managed = new Managed(Kinds);
  readonly witness = new Witness(this.managed.raw, (value) => this.managed.executor.membrane.unwrap(value));
}

let stage = new Stage();

function onBare(body: Body): Outcome & { wrote: boolean } {
  const bare = new Kinds();
  const ended = new Witness(bare).attempt(body, bare);
  const after = graphText(bare);
  return { ...ended, after, wrote: after !== untouched };
}

function inTransaction(body: Body): Outcome & { undone: boolean } {
  const { managed, witness } = stage;
  let ended = { text: '', code: undefined as string | undefined };
  let after = untouched;
  try {
    const { undo } = managed.apply((model) => void (ended = witness.attempt(body, model)));
    after = graphText(managed.raw);
    managed.undo(undo);
  } catch (error) {
    if (!(error instanceof PrevalentError)) throw error;
    ended = { text: ended.text, code: error.code };
  }
  return { ...ended, after, undone: restored() };
}

function outside(body: Body): Outcome & { unchanged: boolean } {
  const { managed, witness } = stage;
  const ended = witness.attempt((model, seen) => {
    const result = body(model, seen);
    // A field put on a Date is reported at the next look.
    return [result, model.date.getTime()][0];
  }, managed.model);
  return { ...ended, after: '', unchanged: restored() };
}

function restored(): boolean {
  const same = graphText(stage.managed.raw) === untouched;
  if (!same) stage = new Stage();
  return same;
}

/** What the language says to a method of a kind whose real object it does not find behind a Proxy. */
export type Loud = 'TypeError' | undefined;

/**
 * Compares one body on all three. Gives what differs, in words; `undefined` if nothing does.
 *
 * @param loud what may be thrown where the bare object gives a value: an error of the language, never silence
 */
export function difference(body: Body, loud?: Loud): string | undefined {
  const plain = onBare(body);
  const inside = inTransaction(body);
  const out = outside(body);
  const isLoud = (text: string): boolean => loud !== undefined && text.startsWith(`throws ${loud}`);
  if (!inside.undone) return 'the undo was not exact';
  if (!out.unchanged) return 'it wrote outside a transaction';
  if (inside.code === undefined && !isLoud(inside.text)) {
    if (inside.text !== plain.text) return `in a transaction it ${inside.text}, bare it ${plain.text}`;
    if (inside.after !== plain.after) return `in a transaction it left ${changed(inside.after, plain.after)}`;
  }
  if (out.code !== undefined || isLoud(out.text)) return undefined;
  if (plain.wrote) return `outside it ${out.text}, and should refuse`;
  return out.text === plain.text ? undefined : `outside it ${out.text}, bare it ${plain.text}`;
}

function changed(is: string, should: string): string {
  const wanted = should.split('\n');
  return is
    .split('\n')
    .map((line, index) => (line === wanted[index] ? '' : `"${line}" for "${wanted[index]}"`))
    .filter((line) => line !== '')
    .join();
}
