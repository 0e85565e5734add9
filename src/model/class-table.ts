import { DuplicateClassError, UnstableNameError, UnsupportedStateError } from '../errors.js';
import { isMisfit } from './class-fit.js';
import { nameOf } from './class-source.js';
import type { ConstantTable } from './constants.js';
import type { AnyClass, ModelDefinition } from './definition.js';
import { hiddenRemedy, hiddenStateOf } from './hidden-state.js';
import { looksMinified } from './minified-name.js';
import { StaticInstances } from './static-instances.js';
import { typedFieldsOf } from './type-metadata.js';
import type { ValueTable } from './values.js';

const BUILT_IN: ReadonlySet<unknown> = new Set([
  Object,
  Array,
  Map,
  Set,
  Date,
  String,
  Number,
  Boolean,
  RegExp,
  Error,
  undefined,
  null,
]);

/**
 * The classes of one model's state, each with the stable name under which snapshots and arguments know it. The model's own class
 * stands apart: it may be renamed or minified, and a class of the state may have the same name.
 */
export class ClassTable {
  readonly #root: AnyClass;
  readonly #byName = new Map<string, AnyClass>();
  readonly #byPrototype = new Map<object, string>();
  /** Prototypes by names that are the classes' own, which a bundler may change. */
  readonly #implied = new Map<string, object>();
  /** Objects that are the same one everywhere. */
  readonly constants: ConstantTable;
  /** Classes whose objects are opaque. */
  readonly values: ValueTable;
  readonly #statics: StaticInstances;

  constructor(definition: ModelDefinition) {
    const { name: modelName, model } = definition;
    this.constants = definition.constants;
    this.values = definition.values;
    this.#root = model;
    refuseHidden(modelName, model);
    for (const { name, type, isImplied } of definition.classes()) this.#add(name, type, isImplied);
    for (const type of typesOf(model)) this.#find(type);
    for (const transaction of definition.transactions.values()) this.#addParameters(definition.parameters(transaction));
    // The list grows while it is walked: a class found by @Type may name further ones.
    for (const type of this.#byName.values()) for (const found of typesOf(type)) this.#find(found);
    this.#statics = new StaticInstances([model, ...this.#byName.values()]);
    // Only arguments hold the model by name. Those that were recorded under its class's name must stay readable as well.
    if (!this.#byName.has(modelName) && !this.#byPrototype.has(this.root)) this.#add(modelName, model, false);
    if (model.name !== '' && !this.#byName.has(model.name)) this.#byName.set(model.name, alias(model));
  }

  /** Tells objects that belong to no state: constants and values. */
  isWhole(object: object): boolean {
    return this.constants.has(object) || this.values.typeOf(object) !== undefined;
  }

  /** Prototype of the model's own class. */
  get root(): object {
    return this.#root.prototype as object;
  }

  /** Tells whether instances with this prototype can be part of the state. */
  has(prototype: object): boolean {
    return prototype === this.root || this.#byPrototype.has(prototype);
  }

  /** The static field that an object of the state stands in, as in `Status.OPEN`; `undefined` if it is in none. */
  staticFieldOf(object: object): string | undefined {
    return this.#statics.nameOf(object);
  }

  /** Stable name of the class with this prototype, `undefined` if it is not known. */
  nameOf(prototype: object): string | undefined {
    return this.#byPrototype.get(prototype);
  }

  /** The class of this stable name. */
  get(name: string): AnyClass | undefined {
    return this.#byName.get(name);
  }

  /** All classes by stable name. */
  entries(): IterableIterator<[string, AnyClass]> {
    return this.#byName.entries();
  }

  /** Tells whether any name is a class's own, so that recorded fields must be looked at. */
  get hasImplied(): boolean {
    return this.#implied.size > 0;
  }

  /**
   * What is to be done if recorded instances of this name have other fields than those of the class that has it now; `undefined` if
   * they fit, or the user chose the name.
   *
   * @param fields names of the fields of one recorded instance
   */
  misfitOf(name: string, fields: readonly string[]): string | undefined {
    const prototype = this.#implied.get(name);
    if (prototype === undefined || !isMisfit(fields, prototype, this.#implied.values())) return undefined;
    return (
      `${name} with the fields ${fields.join(', ')}, which the class of that name here does not have. Names of classes change when a program is bundled. ` +
      `Name the classes yourself: @Prevalent(…, { classes: { ${name}: TheClass } })`
    );
  }

  #find(type: AnyClass): void {
    const prototype = type.prototype as object;
    if (!this.has(prototype) && this.values.ofPrototype(prototype) === undefined) this.#add(type.name, type, true);
  }

  // One that hides its data is refused where an instance of it is given: no state holds it.
  #addParameters(types: readonly (AnyClass | undefined)[]): void {
    for (const type of types) {
      if (type === undefined || this.has(type.prototype as object)) continue;
      if (hiddenStateOf(type.prototype as object) === undefined) this.#find(type);
    }
  }

  #add(name: string, type: AnyClass, isImplied: boolean): void {
    const other = this.#byName.get(name);
    if (other === type) return;
    if (isImplied && looksMinified(name)) refuseMinified(name);
    if (other !== undefined) {
      throw new DuplicateClassError(
        `The state has two classes named "${name}"; give them stable names: @Prevalent(name, { classes: { first: A, second: B } })`,
      );
    }
    refuseHidden(name, type);
    this.#byName.set(name, type);
    if (isImplied) this.#implied.set(name, type.prototype as object);
    this.#byPrototype.set(type.prototype as object, name);
  }
}

function refuseMinified(name: string): never {
  throw new UnstableNameError(
    `A class of the state ${name === '' ? 'has no name' : `is named "${name}", which looks as if a minifier chose it`}. In the next build that may be another class, and objects would come back as those of a stranger. ` +
      'Name the classes yourself: @Prevalent(name, { classes: { customer: Customer } }).',
  );
}

/** Another class with the same instances: superjson takes one name for a class. */
function alias(type: AnyClass): AnyClass {
  const other = function (): void {
    // Never called: instances are made from its prototype.
  };
  other.prototype = type.prototype as object;
  return other as unknown as AnyClass;
}

function typesOf(type: AnyClass): AnyClass[] {
  const found: AnyClass[] = [];
  for (
    let one: unknown = type;
    typeof one === 'function' && one !== Function.prototype;
    one = Object.getPrototypeOf(one)
  ) {
    for (const [, metadata] of typedFieldsOf(one)) {
      const subTypes = metadata.options?.discriminator?.subTypes ?? [];
      for (const named of [metadata.typeFunction(), ...subTypes.map(({ value }) => value)])
        if (typeof named === 'function' && !BUILT_IN.has(named)) found.push(named as unknown as AnyClass);
    }
  }
  return found;
}

// A Proxy has none of it, so every read would throw far from its cause; the source is where it can be seen early.
function refuseHidden(name: string, type: AnyClass): void {
  const hidden = hiddenStateOf(type.prototype as object);
  if (hidden === undefined) return;
  throw new UnsupportedStateError(
    `The class ${name} ${hidden.what}, which can be neither recorded nor restored. ${hiddenRemedy(nameOf(type) || name, hidden)}`,
  );
}

/** Says that recorded instances are of a class that has no name here, and what to do. */
export function undeclaredClass(name: string): string {
  return `instances of ${name}, a class this program does not name. Add it: @Prevalent(…, { classes: { ${name}: ${name} } }), or, if it was renamed, { classes: { ${name}: TheNewName } }`;
}
