import { withArticle } from '../article.js';
import { AsyncTransactionError, DecoratorUsageError, DetachedTransactionError } from '../errors.js';
import type { TransactionDefinition, Upcast } from './definition.js';
import { registry, type RunningTransaction } from './registry.js';
import { answerTypeDecorator } from './type-decorator.js';

/** Options of `@Transaction`. */
export interface TransactionOptions {
  /** Stable name in the journal; the method's name if left out. Keep it when you rename the method. */
  readonly name?: string;
  /** Names under which older journals know it. */
  readonly aliases?: readonly string[];
  /** Version of the arguments; default 1. Raise it when their meaning changes and say how to `upcast`. */
  readonly version?: number;
  /** One step per older version: `{ 1: ([title]) => [{ title }] }` takes version 1 to version 2. */
  readonly upcast?: Readonly<Record<number, Upcast>>;
  /** Classes of the parameters, for compilers that emit none: `() => [Date, Money]`. */
  readonly args?: () => readonly unknown[];
}

type Method = (this: never, ...args: never[]) => unknown;

/** Works as a legacy and as a standard method decorator. */
export interface TransactionDecorator {
  <T extends Method>(target: object, property: string | symbol, descriptor: TypedPropertyDescriptor<T>): void;
  <T extends Method>(method: T, context: ClassMethodDecoratorContext): T;
}

const ASYNC_KINDS = new Set(['AsyncFunction', 'GeneratorFunction', 'AsyncGeneratorFunction']);

function transactionDecorator(
  name?: string | TransactionOptions,
  options: TransactionOptions = {},
): TransactionDecorator {
  answerTypeDecorator();
  if (
    arguments.length > 2 ||
    (name !== undefined && typeof name !== 'string' && !isOptions(name)) ||
    isContext(options)
  ) {
    throw new DecoratorUsageError('@Transaction needs its parentheses: write @Transaction() or @Transaction("name")');
  }
  const given: TransactionOptions =
    typeof name === 'object' ? name : { ...options, ...(name === undefined ? {} : { name }) };

  function decorate(target: unknown, place: unknown, descriptor?: PropertyDescriptor): unknown {
    if (isContext(place)) {
      const kind: string = place.kind;
      if (kind !== 'method')
        throw new DecoratorUsageError(
          `@Transaction cannot stand on the ${kind} ${String(place.name)}; it marks methods`,
        );
      if (place.static)
        throw new DecoratorUsageError(
          `@Transaction cannot stand on the static method ${String(place.name)}; the state is an instance`,
        );
      if (place.private)
        throw new DecoratorUsageError(
          `@Transaction cannot stand on the private method ${String(place.name)}; journals could not find it. Use TypeScript's "private".`,
        );
      return wrap(target as TransactionDefinition['method'], place.name, given);
    }
    const property = place as string | symbol;
    if (typeof target === 'function') {
      throw new DecoratorUsageError(
        `@Transaction cannot stand on the static member ${String(property)}; the state is an instance`,
      );
    }
    if (descriptor === undefined || typeof descriptor.value !== 'function') {
      throw new DecoratorUsageError(
        `@Transaction cannot stand on ${String(property)}; it marks methods, not fields or accessors`,
      );
    }
    descriptor.value = wrap(descriptor.value as TransactionDefinition['method'], property, given);
    return descriptor;
  }
  return decorate as TransactionDecorator;
}

function isOptions(value: unknown): value is TransactionOptions {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function isContext(value: unknown): value is ClassMethodDecoratorContext {
  return typeof value === 'object' && value !== null && 'kind' in value && 'addInitializer' in value;
}

function wrap(method: TransactionDefinition['method'], property: string | symbol, options: TransactionOptions): object {
  const kind = Object.prototype.toString.call(method).slice(8, -1);
  if (ASYNC_KINDS.has(kind)) {
    throw new AsyncTransactionError(
      `The transaction ${String(property)} is ${withArticle(kind)}; transactions are synchronous. Await first, then call the transaction with the result.`,
    );
  }
  const definition = define(method, property, options);
  function transaction(this: unknown, ...args: unknown[]): unknown {
    if (this === undefined) refuseDetached(property);
    const host = typeof this === 'object' && this !== null ? registry.hosts.get(this) : undefined;
    return host === undefined ? method.apply(this, args) : host.call(definition, args, this as object);
  }
  Object.defineProperty(transaction, 'name', { value: method.name, configurable: true });
  Object.defineProperty(transaction, 'length', { value: method.length, configurable: true });
  registry.transactions.set(transaction, definition);
  return transaction;
}

function refuseDetached(property: string | symbol): never {
  const name = String(property);
  throw new DetachedTransactionError(
    `The transaction ${name} was called without its model, so that it has no "this". Call it on the model: model.${name}(…), or pass (…args) => model.${name}(…args) on.`,
  );
}

function define(
  method: TransactionDefinition['method'],
  property: string | symbol,
  options: TransactionOptions,
): TransactionDefinition {
  const name = options.name ?? property;
  if (typeof name !== 'string' || name === '') {
    throw new DecoratorUsageError(
      `@Transaction on ${String(property)} needs a name: a string that is not empty, stable for as long as its journals live`,
    );
  }
  const version = options.version ?? 1;
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new DecoratorUsageError(
      `@Transaction("${name}"): version must be a whole number from 1, not ${String(version)}`,
    );
  }
  const upcast = options.upcast ?? {};
  for (let step = 1; step < version; step++) {
    if (typeof upcast[step] !== 'function') {
      throw new DecoratorUsageError(
        `@Transaction("${name}"): version ${version} needs upcast[${step}], from version ${step} to ${step + 1}`,
      );
    }
  }
  return { name, aliases: options.aliases ?? [], version, upcast, property, method, args: options.args };
}

/**
 * Marks a synchronous method of a `@Prevalent` class as a transaction: on a managed model each call is atomic, recorded as
 * one event, and replayed on every master. On an unmanaged instance it is an ordinary method.
 *
 * `Transaction.current` is the running transaction (`id`, `time` in ms, `master`, `meta`), `undefined` outside of one.
 *
 * @param name stable name in the journal; the method's name if left out
 * @param options aliases, version, upcast and parameter classes
 * @throws DecoratorUsageError (`DECORATOR_USAGE`) on statics, fields, accessors, without parentheses, or with bad options
 * @throws AsyncTransactionError (`ASYNC_TRANSACTION`) on async methods and generators
 * @example
 * ```ts
 * import { Prevalent, Transaction } from 'prevalent';
 *
 * @Prevalent('counter-of-transaction-docs')
 * class Counter {
 *   value = 0;
 *   @Transaction('add', { aliases: ['increase'] }) add(by: number): number {
 *     return (this.value += by);
 *   }
 * }
 * new Counter().add(2);
 * ```
 */
export const Transaction: typeof transactionDecorator & { readonly current: RunningTransaction | undefined } =
  Object.defineProperty(transactionDecorator, 'current', {
    get: () => registry.running?.transaction,
    enumerable: true,
  }) as typeof transactionDecorator & { readonly current: RunningTransaction | undefined };
