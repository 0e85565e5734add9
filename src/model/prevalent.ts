import { DecoratorUsageError, DuplicateTransactionError, NotPrevalentError } from '../errors.js';
import { ConstantTable } from './constants.js';
import type {
  AnyClass,
  Migrate,
  ModelClass,
  ModelDefinition,
  NamedClass,
  StateClass,
  TransactionDefinition,
} from './definition.js';
import { deriveFields } from './derived.js';
import { looksMinified } from './minified-name.js';
import { isPlatformClass } from './platform-class.js';
import { registry } from './registry.js';
import { answerTypeDecorator } from './type-decorator.js';
import { type ValueCodec, ValueTable } from './values.js';

/** Options of `@Prevalent`; `V` are the classes of its values by name, which need not be written. */
export interface PrevalentOptions<V extends Record<string, object> = Record<string, object>> {
  /**
   * Classes whose instances live in the state, by stable name: `{ todo: Todo }`. A list takes the class names, which bundlers change:
   * those that look minified are refused. Classes named by `@Type` need not be repeated, unless their names look so.
   */
  readonly classes?: readonly StateClass[] | Readonly<Record<string, StateClass>>;
  /**
   * Objects that keep their identity everywhere, by stable name: `{ 'status.open': Status.OPEN }`. They are deeply frozen, never
   * copied and never guarded, so that `this.status === Status.OPEN` holds live, on every replay and after a snapshot. To rename
   * one, keep its old name behind the new one.
   */
  readonly constants?: Readonly<Record<string, object>>;
  /**
   * Classes whose objects are opaque values, by stable name, with what to carry for one and how to make it again:
   * `{ decimal: { class: Decimal, encode: (d) => d.toString(), decode: (text: string) => new Decimal(text) } }`. For classes that
   * you do not own. A state keeps a copy of its own of each value, and nobody changes a value in place.
   */
  readonly values?: { readonly [K in keyof V]: ValueCodec<V[K]> };
  /**
   * Fields that follow from the rest of the state, by name: `{ byTag: (model: TodoList) => indexOf(model.todos) }`. Each is computed when it is
   * read for the first time after a change, and is in no journal and in no snapshot. `@Derived()` on a getter says the same.
   */
  readonly derived?: Readonly<Record<string, (model: never) => unknown>>;
  /** Version of the state's shape; default 1. */
  readonly version?: number;
  /** One step per older version of the shape: `{ 1: fields => ({ ...fields, tags: new Set() }) }`. */
  readonly migrate?: Readonly<Record<number, Migrate>>;
}

// Fields are decorated before the class is, so that nothing of a model could tell it later.
answerTypeDecorator();

/** Works as a legacy and as a standard class decorator. */
export type PrevalentDecorator = <C extends new () => object>(model: C, context?: ClassDecoratorContext) => void;

const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/;

/**
 * Marks a class as a model: one instance of it is the whole state of a master. Its constructor takes no arguments and is
 * deterministic (it runs under the transaction clock at time 0).
 *
 * @param name stable name of the model, the class name if left out; a store holds one model
 * @param options classes that live in the state, version and migration of its shape
 * @throws DecoratorUsageError (`DECORATOR_USAGE`) for a bad name or version, for constants and values that cannot be any
 * @throws DuplicateTransactionError (`DUPLICATE_TRANSACTION`) if two of its methods claim one transaction name
 * @example
 * ```ts
 * import { Prevalent, Transaction } from 'prevalent';
 *
 * class Note { constructor(readonly text: string) {} }
 *
 * @Prevalent('notes-of-prevalent-docs', { classes: { note: Note } })
 * class Notes {
 *   readonly all: Note[] = [];
 *   @Transaction() write(text: string): void { this.all.push(new Note(text)); }
 * }
 * ```
 */
export function Prevalent<V extends Record<string, object>>(
  name?: string,
  options: PrevalentOptions<V> = {},
): PrevalentDecorator {
  answerTypeDecorator();
  if (typeof name === 'function') {
    throw new DecoratorUsageError('@Prevalent needs its parentheses: write @Prevalent() or @Prevalent("name")');
  }
  return (model) => {
    const stableName = name ?? model.name;
    if (name === undefined && looksMinified(model.name)) {
      throw new DecoratorUsageError(
        `@Prevalent: "${model.name}", the name of the class, looks as if a minifier chose it, and is another one in the next build. Name the model: @Prevalent("a-stable-name")`,
      );
    }
    if (!MODEL_NAME.test(stableName)) {
      throw new DecoratorUsageError(
        `@Prevalent: "${stableName}" cannot name a model; use letters, digits, ".", "_", "/" and "-", at most 128`,
      );
    }
    const version = options.version ?? 1;
    if (!Number.isSafeInteger(version) || version < 1) {
      throw new DecoratorUsageError(
        `@Prevalent("${stableName}"): version must be a whole number from 1, not ${String(version)}`,
      );
    }
    const migrate = options.migrate ?? {};
    for (let step = 1; step < version; step++) {
      if (typeof migrate[step] !== 'function') {
        throw new DecoratorUsageError(
          `@Prevalent("${stableName}"): version ${version} needs migrate[${step}], from version ${step} to ${step + 1}`,
        );
      }
    }
    const values = new ValueTable(options.values);
    refuseClashes(stableName, options, values);
    const definition: ModelDefinition = {
      name: stableName,
      model: model,
      version,
      migrate,
      transactions: transactionsOf(model, stableName),
      parameters: parametersOf,
      classes: () => namedClasses(options.classes),
      constants: new ConstantTable(options.constants, (object) => values.typeOf(object) !== undefined),
      values,
    };
    deriveFields(model, options.derived ?? {});
    registry.byClass.set(model, definition);
  };
}

/** The definition of a decorated class. @throws NotPrevalentError (`NOT_PREVALENT`) for any other. */
export function definitionOf(model: ModelClass): ModelDefinition {
  const definition = typeof model === 'function' ? registry.byClass.get(model) : undefined;
  if (definition === undefined) {
    const name = typeof model === 'function' ? model.name : String(model);
    throw new NotPrevalentError(
      `${name} is not a model: put @Prevalent("a-stable-name") on the class whose instance is the whole state`,
    );
  }
  return definition;
}

function transactionsOf(model: AnyClass, modelName: string): Map<string, TransactionDefinition> {
  const found = new Map<string, TransactionDefinition>();
  const seen = new Map<string | symbol, TransactionDefinition | undefined>();
  for (
    let proto = model.prototype as object | null;
    proto !== null && proto !== Object.prototype;
    proto = Object.getPrototypeOf(proto) as object | null
  ) {
    for (const property of Reflect.ownKeys(proto)) {
      const definition = ownTransaction(proto, property);
      if (seen.has(property)) {
        if (definition !== undefined && seen.get(property) === undefined) refuseHiding(modelName, property);
        continue;
      }
      seen.set(property, definition);
      if (definition === undefined) continue;
      for (const name of [definition.name, ...definition.aliases]) {
        const other = found.get(name);
        if (other !== undefined) {
          throw new DuplicateTransactionError(
            `${modelName} has two transactions named "${name}": ${String(other.property)} and ${String(definition.property)}. Names are how journals find their methods; make them differ.`,
          );
        }
        found.set(name, definition);
      }
    }
  }
  return found;
}

function ownTransaction(proto: object, property: string | symbol): TransactionDefinition | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(proto, property)?.value;
  if (typeof value !== 'function') return undefined;
  return registry.transactions.get(value);
}

// The override would not be recorded, and what it calls through super would be replayed without it.
function refuseHiding(modelName: string, property: string | symbol): never {
  throw new DecoratorUsageError(
    `${modelName}: ${String(property)} overrides a transaction but is none itself; put @Transaction on the override, too`,
  );
}

// What compilers emit about parameters is not asked: some emit nothing, and all must record the same.
function parametersOf({ args }: TransactionDefinition): (AnyClass | undefined)[] {
  return (args?.() ?? []).map((type) =>
    typeof type === 'function' && !isPlatformClass(type) ? (type as unknown as AnyClass) : undefined,
  );
}

/** One name means one thing, so that nobody has to know which kind of thing a message speaks of. */
function refuseClashes(
  model: string,
  { classes, constants }: Pick<PrevalentOptions, 'classes' | 'constants'>,
  values: ValueTable,
): void {
  const taken = new Map<string, string>([[model, 'the model itself']]);
  const groups = {
    constants: Object.keys(constants ?? {}),
    values: values.names(),
    classes: new Set(namedClasses(classes).map(({ name }) => name)),
  };
  for (const { name, type } of namedClasses(classes)) {
    const value = values.ofPrototype(type.prototype as object);
    if (value !== undefined)
      throw new DecoratorUsageError(
        `@Prevalent("${model}"): the class ${name} is also that of the value ${value.name}; leave it out of "classes"`,
      );
  }
  for (const [group, names] of Object.entries(groups)) {
    for (const name of names) {
      const other = taken.get(name);
      // A class may be called as the model is: the model stands apart.
      if (other !== undefined && !(group === 'classes' && name === model))
        throw new DecoratorUsageError(
          `@Prevalent("${model}"): the name "${name}" stands for ${other} and for one of its ${group}; names must differ`,
        );
      taken.set(name, `one of its ${group}`);
    }
  }
}

function namedClasses(classes: PrevalentOptions['classes']): NamedClass[] {
  const isImplied = Array.isArray(classes);
  return Object.entries((classes ?? {}) as Record<string, StateClass | undefined>).map(([name, type]) => {
    if (typeof type !== 'function')
      throw new DecoratorUsageError(
        `classes: ${name} is no class but ${type === undefined ? 'undefined; does its module import this one in a circle?' : `of the type ${typeof type}`}`,
      );
    return { name: isImplied ? type.name : name, type: type, isImplied };
  });
}
