import { defaultMetadataStorage } from '#class-transformer-storage';
import { DuplicateClassError, UnsupportedStateError } from '../errors.js';
import { nameOf } from './class-source.js';
import type { ConstantTable } from './constants.js';
import type { AnyClass, ModelDefinition } from './definition.js';
import { hiddenRemedy, hiddenStateOf } from './hidden-state.js';
import { StaticInstances } from './static-instances.js';

/** What class-transformer's `@Type` recorded, by class and property; it offers no public way to list it. */
interface TypeStorage {
  readonly _typeMetadatas: Map<unknown, Map<string, { typeFunction(): unknown }>>;
}

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
  /** Objects that are the same one everywhere. */
  readonly constants: ConstantTable;
  readonly #statics: StaticInstances;

  constructor(definition: ModelDefinition) {
    const { name: modelName, model } = definition;
    this.constants = definition.constants;
    this.#root = model;
    refuseHidden(modelName, model);
    for (const [name, type] of definition.classes()) this.#add(name, type);
    for (const type of typesOf(model)) this.#find(type);
    // The list grows while it is walked: a class found by @Type may name further ones.
    for (const type of this.#byName.values()) for (const found of typesOf(type)) this.#find(found);
    this.#statics = new StaticInstances([model, ...this.#byName.values()]);
    // Only arguments hold the model by name. Those that were recorded under its class's name must stay readable as well.
    if (!this.#byName.has(modelName) && !this.#byPrototype.has(this.root)) this.#add(modelName, model);
    if (model.name !== '' && !this.#byName.has(model.name)) this.#byName.set(model.name, alias(model));
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

  #find(type: AnyClass): void {
    if (!this.has(type.prototype as object)) this.#add(type.name, type);
  }

  #add(name: string, type: AnyClass): void {
    const other = this.#byName.get(name);
    if (other === type) return;
    if (other !== undefined || name === '') {
      throw new DuplicateClassError(
        `The state has ${name === '' ? 'a class without a name' : `two classes named "${name}"`}; give them stable names: @Prevalent(name, { classes: { first: A, second: B } })`,
      );
    }
    refuseHidden(name, type);
    this.#byName.set(name, type);
    this.#byPrototype.set(type.prototype as object, name);
  }
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
  const fields = (defaultMetadataStorage as unknown as TypeStorage)._typeMetadatas;
  const found: AnyClass[] = [];
  for (
    let one: unknown = type;
    typeof one === 'function' && one !== Function.prototype;
    one = Object.getPrototypeOf(one)
  ) {
    for (const metadata of fields.get(one)?.values() ?? []) {
      const named = metadata.typeFunction();
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
