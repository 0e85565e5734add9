import { UncarriableArgumentError } from '../errors.js';
import type { AnyClass } from '../model/definition.js';
import { fieldRulesOf } from '../model/field-rules.js';
import { isLive } from '../model/ledger.js';
import { isPlatformClass } from '../model/platform-class.js';
import { FORBIDDEN_KEYS, isPlainObject, MAX_DEPTH } from './plain-json.js';

const NONE: ReadonlyMap<object, object> = new Map();

/**
 * Instances for the plain objects that a call gives for parameters of a class, as `args` names them: made by the constructor
 * without arguments, then given the fields. What `@Type` says of fields holds for what they contain. Here, and not when the call
 * is read again, so that the journal says of which class they are.
 *
 * @param isWhole tells objects that stay as they are: constants
 * @throws UncarriableArgumentError (`UNCARRIABLE_ARGUMENT`) if the class cannot be made so
 */
export function instancesFor(
  args: readonly unknown[],
  types: readonly (AnyClass | undefined)[],
  transaction: string,
  isWhole: (value: object) => boolean,
): ReadonlyMap<object, object> {
  if (types.length === 0) return NONE;
  const made = new Map<object, object>();
  args.forEach((arg, index) => {
    const type = types[index];
    if (type === undefined) return;
    const literals = new Literals(made, isWhole, (name, why, cause) => {
      throw new UncarriableArgumentError(
        `Argument ${index + 1} of ${transaction} cannot be recorded: it has a plain object where ${name} is meant, and ${why}. ` +
          `Pass an instance of ${name}. Nothing was logged or changed.`,
        { cause },
      );
    });
    literals.visit(arg, type);
  });
  return made;
}

type Refuse = (name: string, why: string, cause?: unknown) => never;

class Literals {
  readonly #made: Map<object, object>;
  readonly #isWhole: (value: object) => boolean;
  readonly #refuse: Refuse;

  constructor(made: Map<object, object>, isWhole: (value: object) => boolean, refuse: Refuse) {
    this.#made = made;
    this.#isWhole = isWhole;
    this.#refuse = refuse;
  }

  visit(value: unknown, type: AnyClass, depth = 0): void {
    // What is deeper is refused, with its place, where all arguments are looked through.
    if (depth > MAX_DEPTH || !isPlainObject(value) || this.#made.has(value) || !hasOnlyFields(value)) return;
    if (this.#isWhole(value) || isLive(value)) return;
    const { types, foreign } = fieldRulesOf(type);
    if (foreign !== undefined)
      this.#refuse(type.name, `${foreign} decides what becomes of it, as plainToInstance(${type.name}, …) would`);
    const instance = this.#construct(type);
    this.#made.set(value, instance);
    for (const [key, field] of Object.entries(value)) {
      if (!isSet(instance, key, field)) this.#refuse(type.name, `its ${key} cannot be set`);
      const inner = types.get(key);
      if (typeof inner === 'function' && !isPlatformClass(inner))
        this.#visitField(field, inner as unknown as AnyClass, depth + 1);
    }
  }

  #visitField(field: unknown, type: AnyClass, depth: number): void {
    if (typeof field !== 'object' || field === null || isLive(field)) return;
    if (Array.isArray(field) || field instanceof Set) for (const one of field) this.visit(one, type, depth);
    else if (field instanceof Map) for (const one of field.values()) this.visit(one, type, depth);
    else this.visit(field, type, depth);
  }

  #construct(type: AnyClass): object {
    try {
      return new (type as unknown as new () => object)();
    } catch (error) {
      return this.#refuse(type.name, 'its constructor does not run without arguments', error);
    }
  }
}

function isSet(instance: object, key: string, value: unknown): boolean {
  try {
    return Reflect.set(instance, key, value);
  } catch {
    // A setter that refuses this value; the caller tells which field it was.
    return false;
  }
}

/** Tells whether all of an object is in fields; anything else is refused where all arguments are looked through. */
function hasOnlyFields(value: object): boolean {
  const fields = Object.getOwnPropertyDescriptors(value) as Record<PropertyKey, PropertyDescriptor>;
  return Reflect.ownKeys(fields).every((key) => {
    const field = fields[key];
    return typeof key === 'string' && !FORBIDDEN_KEYS.has(key) && field?.enumerable === true && 'value' in field;
  });
}
