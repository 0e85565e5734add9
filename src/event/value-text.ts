import { withArticle } from '../article.js';
import type { ValueType } from '../model/values.js';
import { whyNotPlainJson } from './plain-json.js';

/** Refuses a value, told why in words that follow its place. */
export type RefuseValue = (why: string, cause?: unknown) => never;

/** What a value is carried as: the JSON text of what `encode` gives. */
export function encodeValue(type: ValueType, value: object, refuse: RefuseValue): string {
  const data = attempt(() => type.encode(value), `encode of the value ${type.name}`, refuse);
  const why = whyNotPlainJson(data);
  if (why !== undefined)
    refuse(
      `encode of the value ${type.name} gave something that is not plain data (${why}); give texts, numbers, lists and plain objects`,
    );
  return JSON.stringify(data);
}

/** The value that a text of `encodeValue` stands for, a new one. */
export function decodeValue(type: ValueType, text: string, refuse: RefuseValue): object {
  const data: unknown = JSON.parse(text);
  const value = attempt(() => type.decode(data), `decode of the value ${type.name}`, refuse);
  const prototype: unknown = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined;
  if (prototype !== type.prototype)
    return refuse(`decode of the value ${type.name} gave no instance of its class, but ${shown(value)}`);
  return value as object;
}

/** A value as it comes back from a journal, and its text. What would come back as another one is refused. */
export function copyValue(type: ValueType, value: object, refuse: RefuseValue): { copy: object; text: string } {
  const text = encodeValue(type, value, refuse);
  const copy = decodeValue(type, text, refuse);
  const again = encodeValue(type, copy, refuse);
  if (again !== text)
    refuse(
      `the value ${type.name} would come back as another one: encode gave ${short(text)}, and after decode ${short(again)}`,
    );
  return { copy, text };
}

function attempt(work: () => unknown, what: string, refuse: RefuseValue): unknown {
  try {
    return work();
  } catch (error) {
    return refuse(`${what} threw ${error instanceof Error ? `${error.name}: ${error.message}` : typeof error}`, error);
  }
}

function shown(value: unknown): string {
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : withArticle(typeof value);
  const { constructor } = value as { constructor?: unknown };
  return typeof constructor === 'function' ? `an instance of ${constructor.name}` : 'another object';
}

/** A text as messages show it. */
export function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
