import { DecoratorUsageError } from '../errors.js';
import type { MethodName } from './methods.js';
import { Prevalent, type PrevalentOptions } from './prevalent.js';
import { registry } from './registry.js';
import { Transaction, type TransactionOptions } from './transaction.js';

/** Options of `definePrevalent`: those of `@Prevalent`, the name, and which methods are transactions. */
export interface ModelOptions<M, V extends Record<string, object> = Record<string, object>> extends Omit<
  PrevalentOptions<V>,
  'derived'
> {
  /** Stable name of the model; a store holds one model. */
  readonly name: string;
  /** As that of `@Prevalent`. */
  readonly derived?: { readonly [K in keyof M]?: (model: M) => M[K] };
  /** The transactions: names of methods, or what `@Transaction` would be given of each, `{}` for nothing. */
  readonly transactions: readonly MethodName<M>[] | { readonly [K in MethodName<M>]?: TransactionOptions };
}

/**
 * Makes a class a model as `@Prevalent` and `@Transaction` do, without decorators: for plain JavaScript, for code that Node runs
 * with its types stripped, and for generated code.
 *
 * @param model the class; its constructor takes no arguments
 * @param given name, transactions, and all that `@Prevalent` takes
 * @returns the class itself
 * @throws DecoratorUsageError (`DECORATOR_USAGE`) for a name that is no method, a class that is a model already, and as `@Prevalent`
 * and `@Transaction`
 * @throws AsyncTransactionError (`ASYNC_TRANSACTION`) for async methods and generators
 * @throws DuplicateTransactionError (`DUPLICATE_TRANSACTION`) if two of its methods claim one transaction name
 * @example
 * ```ts
 * import { definePrevalent } from 'prevalent';
 *
 * class Counter {
 *   value = 0;
 *   add(by: number): number { return (this.value += by); }
 * }
 *
 * definePrevalent(Counter, { name: 'counter-of-define-docs', transactions: ['add'] });
 * ```
 */
export function definePrevalent<M extends object, V extends Record<string, object>>(
  model: new () => M,
  given: ModelOptions<M, V>,
): new () => M {
  if (typeof model !== 'function' || typeof (model as { prototype?: unknown }).prototype !== 'object')
    throw new DecoratorUsageError(`definePrevalent needs a class, not ${typeof model}`);
  if (registry.byClass.has(model))
    throw new DecoratorUsageError(
      `definePrevalent: the class ${model.name} is a model already, named "${registry.byClass.get(model)?.name ?? ''}"`,
    );
  if (typeof given !== 'object' || (given as unknown) === null)
    throw new DecoratorUsageError(`definePrevalent needs options for ${model.name}: { name, transactions }`);
  const { name, transactions, ...options } = given;
  const methods = new Map<string, PropertyDescriptor>();
  for (const [property, how] of methodsOf(model, transactions)) {
    if (methods.has(property))
      throw new DecoratorUsageError(`definePrevalent: "transactions" names "${property}" twice`);
    const descriptor = descriptorOf(model.prototype as object, property);
    if (descriptor === undefined)
      throw new DecoratorUsageError(
        `definePrevalent: ${model.name} has no method "${property}", which "transactions" names`,
      );
    Transaction(how)(model.prototype as object, property, descriptor);
    methods.set(property, descriptor);
  }
  // When none was refused: a class is not left half defined.
  for (const [property, descriptor] of methods) Object.defineProperty(model.prototype, property, descriptor);
  Prevalent(name, options as PrevalentOptions<V>)(model);
  return model;
}

function methodsOf(
  { name }: { readonly name: string },
  transactions: readonly string[] | Readonly<Record<string, TransactionOptions | undefined>> | undefined,
): (readonly [property: string, options: TransactionOptions])[] {
  if (typeof transactions !== 'object' || (transactions as unknown) === null)
    throw new DecoratorUsageError(
      `definePrevalent: "transactions" of ${name} must be a list of method names, or an object with options for each`,
    );
  return Array.isArray(transactions)
    ? (transactions as readonly string[]).map((property) => [property, {}])
    : Object.entries(transactions).map(([property, options]) => [property, options ?? {}]);
}

/** A method of the class, or of one that it extends, which is left as it is. */
function descriptorOf(prototype: object, property: string): PropertyDescriptor | undefined {
  for (
    let at: object | null = prototype;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    const descriptor = Object.getOwnPropertyDescriptor(at, property);
    if (descriptor !== undefined) return { ...descriptor };
  }
  return undefined;
}
