import { NonDeterministicTransactionError } from '../errors.js';
import { type ClassSource, sourcesOf, type Token } from '../model/class-source.js';
import type { ClassTable } from '../model/class-table.js';

/** Models whose code has been read. */
const read = new WeakSet<ClassTable>();

/**
 * Looks for the operator `**` in the code of a model and of the classes in its state: engines differ in the last bits of what it
 * gives, and an operator cannot be replaced. Powers of the literal 2 and of bigints are exact everywhere.
 *
 * @throws NonDeterministicTransactionError (`NON_DETERMINISTIC_TRANSACTION`) naming the method and the line
 */
export function refuseExponentiation(classes: ClassTable): void {
  if (read.has(classes)) return;
  const types = [...classes.entries()].map(([, type]) => type.prototype as object);
  for (const prototype of [classes.root, ...types]) {
    for (const source of sourcesOf(prototype)) {
      const at = source.tokens.findIndex((token, index) => isInexact(token, source.tokens, index));
      if (at >= 0) refuse(source, at);
    }
  }
  read.add(classes);
}

function isInexact({ type, value }: Token, tokens: readonly Token[], index: number): boolean {
  if (type !== 'Punctuator' || (value !== '**' && value !== '**=')) return false;
  const [base, power] = [tokens[index - 1]?.value, tokens[index + 1]?.value];
  const ofBigints = power === 'BigInt' || /^\d\w*n$/.test(power ?? '');
  return !ofBigints && !(value === '**' && base === '2' && /^\d+$/.test(power ?? ''));
}

function refuse({ name, tokens }: ClassSource, at: number): never {
  const methods = tokens.filter(
    ({ type, depth }, i) => i < at && depth === 1 && type === 'IdentifierName' && tokens[i + 1]?.value === '(',
  );
  const operator = tokens[at] as Token;
  const place = [name === '' ? 'A class of the model' : name, methods.at(-1)?.value].filter(Boolean).join('.');
  throw new NonDeterministicTransactionError(
    `${place} uses the operator ${operator.value} (line ${operator.line} of the class), whose last bits differ between engines; the call was not run. ` +
      'Write Math.pow(x, n), which is the same everywhere inside a transaction, or x * x; for bigints write a ** BigInt(n).',
  );
}
