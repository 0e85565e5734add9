import { DecoratorUsageError, UnsupportedStateError } from '../errors.js';
import type { Compute } from './definition.js';
import { registry } from './registry.js';

/** Works as a legacy and as a standard decorator of getters. */
export interface DerivedDecorator {
  <T>(target: object, field: string | symbol, descriptor: TypedPropertyDescriptor<T>): void;
  <This, T>(getter: (this: This) => T, context: ClassGetterDecoratorContext<This, T>): (this: This) => T;
}

/**
 * Marks a getter of a `@Prevalent` class as a derived field: an index, a sum, whatever follows from the rest of the state. A master computes it
 * when it is read for the first time after the state has changed, and keeps it until the next change. It is in no journal and in no snapshot, so
 * that it can be added, changed and removed at any time. On an instance without a master it is an ordinary getter.
 *
 * @throws DecoratorUsageError (`DECORATOR_USAGE`) on anything but a getter of instances, or without parentheses
 * @example
 * ```ts
 * import { Derived, Master, MemoryStore, Prevalent, Transaction } from 'prevalent';
 *
 * @Prevalent('words-of-derived-docs')
 * class Words {
 *   readonly all: string[] = [];
 *   @Transaction() add(word: string): void { this.all.push(word); }
 *
 *   @Derived() get byInitial(): ReadonlyMap<string, readonly string[]> {
 *     const index = new Map<string, string[]>();
 *     for (const word of this.all) index.set(word.charAt(0), [...(index.get(word.charAt(0)) ?? []), word]);
 *     return index;
 *   }
 * }
 *
 * const master = await Master.open(Words, { name: 'laptop', store: new MemoryStore() });
 * master.model.add('tea');
 * console.log(master.model.byInitial.get('t')); // [ 'tea' ]
 * await master.close();
 * ```
 */
export function Derived(...none: readonly never[]): DerivedDecorator {
  if (none.length > 0) throw new DecoratorUsageError('@Derived needs its parentheses: write @Derived()');
  const decorate = (target: unknown, place: unknown, descriptor?: PropertyDescriptor): unknown => {
    if (typeof place === 'object' && place !== null && 'kind' in place) {
      const { kind, name, static: isStatic } = place as ClassGetterDecoratorContext;
      if ((kind as string) !== 'getter' || isStatic) refuse(name);
      return getterOf(name, target as Compute);
    }
    const field = place as string | symbol;
    const compute = descriptor === undefined ? undefined : (getterIn(descriptor) as Compute | undefined);
    if (typeof target === 'function' || compute === undefined) refuse(field);
    (descriptor as PropertyDescriptor).get = getterOf(field, compute);
    return descriptor;
  };
  return decorate as DerivedDecorator;
}

function refuse(field: string | symbol): never {
  throw new DecoratorUsageError(
    `@Derived cannot stand on ${String(field)}; it marks getters of instances: @Derived() get ${String(field)}() { … }`,
  );
}

function getterOf(field: string | symbol, compute: Compute): Compute {
  const getter = function (this: object): unknown {
    const deriver = registry.derivers.get(this);
    return deriver === undefined ? compute.call(this) : deriver.derive(this, field, compute);
  };
  registry.derived.add(getter);
  return getter;
}

/** Takes derived fields out of an instance that a master is going to manage: its class, or what an older program recorded, has given it some. */
export function withoutDerived<T extends object>(instance: T): T {
  for (const field of Object.keys(instance))
    if (isDerived(Object.getPrototypeOf(instance) as object, field)) Reflect.deleteProperty(instance, field);
  return instance;
}

function getterIn(descriptor: PropertyDescriptor): unknown {
  return Reflect.get(descriptor, 'get');
}

function isDerived(prototype: object, field: string): boolean {
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const getter = getterIn(Object.getOwnPropertyDescriptor(at, field) ?? {});
    if (typeof getter === 'function') return registry.derived.has(getter);
  }
  return false;
}

/**
 * Makes fields of a class derived ones that are computed by functions.
 *
 * @throws DecoratorUsageError (`DECORATOR_USAGE`) for one that is no function, or where the class has a method or an accessor of that name
 */
export function deriveFields(
  model: { readonly name: string; readonly prototype: object },
  derived: Readonly<Record<string, unknown>>,
): void {
  for (const [field, compute] of Object.entries(derived)) {
    if (typeof compute !== 'function')
      throw new DecoratorUsageError(`derived: ${field} must be a function of the model: (model) => …`);
    if (field in model.prototype && !isDerived(model.prototype, field))
      throw new DecoratorUsageError(
        `derived: ${model.name} has a method or an accessor ${field}; put @Derived() on the getter, or take another name`,
      );
    Object.defineProperty(model.prototype, field, {
      get: getterOf(field, function (this: object): unknown {
        return (compute as (model: object) => unknown)(this);
      }),
      set(this: object, value: unknown) {
        if (registry.derivers.has(this))
          throw new UnsupportedStateError(
            `${model.name}.${field} is derived: it follows from the rest of the state, and cannot be set. Change what it is computed from.`,
          );
        // What a constructor gives it, for instances without a master.
        Object.defineProperty(this, field, { value, writable: true, enumerable: true, configurable: true });
      },
      configurable: true,
    });
  }
}
