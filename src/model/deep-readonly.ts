/**
 * Types that `DeepReadonly` shows as they are: what has no parts to protect, and what is passed to functions of others that know its own type
 * alone. Add the classes of your values, so that `master.model.price` stays a `Decimal`.
 *
 * @example
 * ```ts
 * import type { DeepReadonly } from 'prevalent';
 *
 * class Money { constructor(readonly parts: number[]) {} }
 *
 * declare module 'prevalent' {
 *   interface OpaqueTypes {
 *     readonly money: Money;
 *   }
 * }
 * const price: DeepReadonly<{ price: Money }> = { price: new Money([1, 50]) };
 * const same: Money = price.price;
 * console.log(same.parts.length); // 2
 * ```
 */
export interface OpaqueTypes {
  readonly date: Date;
  readonly regexp: RegExp;
  readonly view: ArrayBufferView;
  readonly memory: ArrayBuffer;
  readonly promise: Promise<unknown>;
}

type Opaque = OpaqueTypes[keyof OpaqueTypes];

type Plain = string | number | bigint | boolean | symbol | null | undefined;

/**
 * A type as its readers have it: no field, element or entry can be set, at any depth. Methods can be called, since a type does not tell which of
 * them write; they take what readers have, and give it. Methods that are generic, overloaded, or tell a type stay as they are.
 *
 * A value of the type itself is one of these, too, so that functions which only read take `DeepReadonly<Todo>`.
 *
 * @example
 * ```ts
 * import type { DeepReadonly } from 'prevalent';
 *
 * class Todo { readonly tags = new Set<string>(); constructor(public title: string) {} }
 *
 * function textOf(todo: DeepReadonly<Todo>): string { return [todo.title, ...todo.tags].join(' #'); }
 * console.log(textOf(new Todo('Tea'))); // Tea
 * ```
 */
export type DeepReadonly<T> = unknown extends T
  ? T
  : T extends Plain | Opaque
    ? T
    : T extends Callable
      ? ReadMethod<T>
      : T extends ReadonlyMap<infer K, infer V>
        ? ReadonlyMap<DeepReadonly<K>, DeepReadonly<V>> & Beyond<T, keyof Map<K, V>>
        : T extends ReadonlySet<infer V>
          ? ReadonlySet<DeepReadonly<V>> & Beyond<T, keyof Set<V>>
          : { readonly [Key in keyof T]: DeepReadonly<T[Key]> };

type Callable = (...args: never[]) => unknown;

/** What a class has beside that which it extends; `unknown`, which adds nothing, if that is all. */
type Beyond<T, Known extends PropertyKey> =
  Exclude<keyof T, Known> extends never ? unknown : { readonly [Key in Exclude<keyof T, Known>]: DeepReadonly<T[Key]> };

/** One signature is read as one; what a pattern would simplify is left alone. */
type ReadMethod<F extends Callable> = F extends (...args: infer Args) => infer Result
  ? IsSame<F, (...args: Args) => Result> extends true
    ? Lenient<{ [I in keyof Args]: DeepReadonly<Args[I]> }, DeepReadonly<Result>>
    : F
  : F;

/** A function that may also be given where its parameters are of a narrower type, as all methods are. */
type Lenient<Args extends unknown[], Result> = { method(...args: Args): Result }['method'];

type IsSame<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/**
 * What is called with a model to read: a function without annotations gets a `DeepReadonly` one. A parameter that is annotated with the model's
 * own class is taken as well; the compiler then checks no writes in it.
 */
export type ModelReader<M, T> = Reading<DeepReadonly<M>, T>;

/** As `ModelReader`, of what readers have of the model. */
export type Reading<View, T> = { read(model: View): T }['read'];
