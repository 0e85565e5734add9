import { NonDeterministicTransactionError } from '../errors.js';
import { type ClassSource, sourcesOf, type Token } from '../model/class-source.js';
import type { ClassTable } from '../model/class-table.js';
import { GLOBALS, refusalOf } from './globals.js';

/** Models whose code has been read. */
const read = new WeakSet<ClassTable>();

const IN_CODE = GLOBALS.filter(({ fate }) => fate === 'in code');

/**
 * Looks through the code of a model and of the classes in its state for what cannot be replaced or watched. That is the operator
 * `**`, because engines differ in the last bits of what it gives (powers of the literal 2 and of bigints are exact everywhere), and
 * globals which the platform itself uses while a transaction runs.
 *
 * @throws NonDeterministicTransactionError (`NON_DETERMINISTIC_TRANSACTION`) naming the method and the line
 */
export function refuseCode(classes: ClassTable): void {
  if (read.has(classes)) return;
  const types = [...classes.entries()].map(([, type]) => type.prototype as object);
  for (const prototype of [classes.root, ...types]) {
    for (const source of sourcesOf(prototype)) {
      const at = source.tokens.findIndex((token, index) => isInexact(token, source.tokens, index));
      if (at >= 0) refuseOperator(source, at);
      refuseGlobals(source);
    }
  }
  read.add(classes);
}

function refuseGlobals(source: ClassSource): void {
  const { tokens } = source;
  for (const row of IN_CODE) {
    const words = row.name.replaceAll('.', ' . ').split(' ');
    const at = tokens.findIndex(
      (_, i) => tokens[i - 1]?.value !== '.' && words.every((word, k) => tokens[i + k]?.value === word),
    );
    if (at >= 0) throw refusalOf(`${placeOf(source, at)} (line ${lineOf(source, at)} of the class)`, row);
  }
}

function isInexact({ type, value }: Token, tokens: readonly Token[], index: number): boolean {
  if (type !== 'Punctuator' || (value !== '**' && value !== '**=')) return false;
  const [base, power] = [tokens[index - 1]?.value, tokens[index + 1]?.value];
  const ofBigints = power === 'BigInt' || /^\d\w*n$/.test(power ?? '');
  return !ofBigints && !(value === '**' && base === '2' && /^\d+$/.test(power ?? ''));
}

function refuseOperator(source: ClassSource, at: number): never {
  throw new NonDeterministicTransactionError(
    `${placeOf(source, at)} uses the operator ${source.tokens[at]?.value ?? ''} (line ${lineOf(source, at)} of the class), whose last bits differ between engines; the call was not run. ` +
      'Write Math.pow(x, n), which is the same everywhere inside a transaction, or x * x; for bigints write a ** BigInt(n).',
  );
}

/** The class and the method that a token stands in. */
function placeOf({ name, tokens }: ClassSource, at: number): string {
  const methods = tokens.filter(
    ({ type, depth }, i) => i < at && depth === 1 && type === 'IdentifierName' && tokens[i + 1]?.value === '(',
  );
  return [name === '' ? 'A class of the model' : name, methods.at(-1)?.value].filter(Boolean).join('.');
}

function lineOf({ tokens }: ClassSource, at: number): number {
  return tokens[at]?.line ?? 1;
}
