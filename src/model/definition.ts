/** What the decorators learn about a model: plain data, read by every layer above. */
import type { ConstantTable } from './constants.js';
import type { ValueTable } from './values.js';

/** Any class, also one whose constructor takes parameters or is private to its module. */
export type AnyClass = abstract new (...args: never[]) => object;

/** A class of the state: its constructor may be private, because objects are made without it. */
export type StateClass = AnyClass | { readonly name: string; readonly prototype: object };

/** A class that can be built without arguments: the genesis of a model. */
export type ModelClass<M extends object = object> = new () => M;

/** Turns the arguments of version n of a transaction into those of version n + 1. */
export type Upcast = (args: unknown[]) => unknown[];

/** Turns the decoded fields of version n of the model into those of version n + 1. */
export type Migrate = (fields: Record<string, unknown>) => Record<string, unknown>;

/** One `@Transaction` method as the decorators saw it. */
export interface TransactionDefinition {
  /** Stable name in the journal. */
  readonly name: string;
  /** Names under which older journals know it. */
  readonly aliases: readonly string[];
  /** Version of its arguments, from 1. */
  readonly version: number;
  /** One step per older version: `upcast[1]` takes version 1 to version 2. */
  readonly upcast: Readonly<Record<number, Upcast>>;
  /** The method's key on the class. */
  readonly property: string | symbol;
  /** The undecorated method. */
  readonly method: (this: unknown, ...args: unknown[]) => unknown;
  /** Classes of the parameters. */
  readonly args: (() => readonly unknown[]) | undefined;
}

/** A class of the state and its stable name. */
export interface NamedClass {
  readonly name: string;
  readonly type: AnyClass;
  /** The name is the class's own, which a bundler may change. */
  readonly isImplied: boolean;
}

/** One `@Prevalent` class. */
export interface ModelDefinition {
  readonly name: string;
  readonly model: ModelClass;
  /** Version of the state's shape, from 1. */
  readonly version: number;
  /** One step per older version, as `upcast`. */
  readonly migrate: Readonly<Record<number, Migrate>>;
  /** Every name and alias of every transaction. */
  readonly transactions: ReadonlyMap<string, TransactionDefinition>;
  /** Classes of a transaction's parameters, `undefined` where plain data is meant; asked for at open, when all classes exist. */
  readonly parameters: (definition: TransactionDefinition) => readonly (AnyClass | undefined)[];
  /** Classes named by the user. */
  readonly classes: () => readonly NamedClass[];
  /** Objects that are the same one everywhere. */
  readonly constants: ConstantTable;
  /** Classes whose objects are opaque. */
  readonly values: ValueTable;
}

/** What takes over a call of a decorated method on a managed model. */
export interface TransactionHost {
  /** Runs the call inline, logs it, or refuses it; `self` is the model as the caller holds it. */
  call(definition: TransactionDefinition, args: unknown[], self: object): unknown;
}

/** What knows the guards and constants of one managed model. */
export interface Owner {
  /** Tells whether an object is the same one everywhere, a constant: it is nobody's own. */
  isWhole(value: object): boolean;
  /** The stored object behind a guard of this model; other values as they are. */
  unwrap(value: unknown): unknown;
}

/** Computes a derived field; `this` is the model. */
export type Compute = (this: object) => unknown;

/** What gives the derived fields of one managed model. */
export interface Deriver {
  /** The field as `self`, the model as the reader holds it, shows it. */
  derive(self: object, field: string | symbol, compute: Compute): unknown;
}
