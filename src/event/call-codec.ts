import { withArticle } from '../article.js';
import { plainToInstance } from 'class-transformer';
import { SuperJSON } from 'superjson';
import { UncarriableArgumentError } from '../errors.js';
import type { ClassTable } from '../model/class-table.js';
import { undeclared } from '../model/constants.js';
import type { AnyClass, ModelDefinition, TransactionDefinition } from '../model/definition.js';
import { undeclaredValue } from '../model/values.js';
import { bytesOf, fromBase64, toBase64, viewOf } from './binary.js';
import { CarriedConstant, CarriedValue, withCarried } from './carried-object.js';
import { MOST_ARGUMENT_LENGTH } from './limits.js';
import { sameGraph } from './same-graph.js';
import { checkAnnotations } from './annotations.js';
import { Carriage } from './carriable.js';
import { FORBIDDEN_KEYS, isPlainObject, MAX_DEPTH } from './plain-json.js';
import { isExact } from './short-args.js';
import { decodeValue } from './value-text.js';
import { instancesFor } from './class-literal.js';

/** Arguments as they stand in a journal: plain JSON, or superjson's `{ json, meta }`. */
export type EncodedArgs = readonly unknown[] | { readonly json: unknown; readonly meta?: unknown };

/** Arguments ready to be logged and run. */
export interface EncodedCall {
  readonly args: EncodedArgs;
  /** JSON text of `args`. */
  readonly text: string;
  /** All arguments are primitives that JSON carries exactly, so that they need no copy. */
  readonly flat: boolean;
}

type Bytes = { type: string; base64: string };

/** Carries the arguments of one model's transactions into a journal and back. */
export class CallCodec {
  readonly #classes: ClassTable;
  readonly #definition: ModelDefinition;
  readonly #parameters = new Map<TransactionDefinition, readonly (AnyClass | undefined)[]>();
  // A private instance: what users register on superjson's default one must not change what journals mean.
  readonly #superjson = new SuperJSON({ dedupe: true });

  constructor(definition: ModelDefinition, classes: ClassTable) {
    this.#definition = definition;
    this.#classes = classes;
    for (const [name, type] of classes.entries()) {
      this.#superjson.registerClass(type as unknown as Parameters<SuperJSON['registerClass']>[0], name);
    }
    this.#superjson.registerCustom<ArrayBufferView | ArrayBuffer, Bytes>(
      {
        isApplicable: (value): value is ArrayBufferView | ArrayBuffer =>
          value instanceof ArrayBuffer || ArrayBuffer.isView(value),
        serialize: (value) => ({ type: value.constructor.name, base64: toBase64(bytesOf(value)) }),
        deserialize: ({ type, base64 }) => viewOf(type, fromBase64(base64)) ?? unknownBytes(type),
      },
      'binary',
    );
    this.#superjson.registerCustom<object, string>(
      {
        isApplicable: (value): value is object => value instanceof CarriedConstant,
        serialize: (value) => (value as CarriedConstant).reference,
        deserialize: (reference) => {
          const constant = this.#classes.constants.get(reference);
          if (constant === undefined) throw new UncarriableArgumentError(`They hold ${undeclared(reference)}.`);
          return constant;
        },
      },
      'constant',
    );
    this.#superjson.registerCustom<object, [string, never]>(
      {
        isApplicable: (value): value is object => value instanceof CarriedValue,
        serialize: (value) => [(value as CarriedValue).name, (value as CarriedValue).data as never],
        deserialize: ([name, data]) => this.#valueOf(name, data),
      },
      'value',
    );
  }

  /** Arguments that are all primitives which JSON carries exactly, as they are given: nobody changes that list. `undefined` for any others. */
  encodeFlat(definition: TransactionDefinition, args: readonly unknown[]): EncodedCall | undefined {
    const text = flatText(args);
    return text === undefined ? undefined : bounded(definition, { args, text, flat: true });
  }

  /**
   * Encodes a call's arguments. Nothing has been logged or changed when it throws.
   *
   * @throws UncarriableArgumentError (`UNCARRIABLE_ARGUMENT`) for what a journal cannot carry without loss, LiveArgumentError
   * (`LIVE_ARGUMENT`) for objects of a model; both name the argument and the path in it
   */
  encode(definition: TransactionDefinition, args: readonly unknown[]): EncodedCall {
    const flat = this.encodeFlat(definition, args);
    if (flat !== undefined) return flat;
    return bounded(definition, this.#encode(definition, args));
  }

  #encode(definition: TransactionDefinition, args: readonly unknown[]): EncodedCall {
    const { name } = definition;
    const carriage = new Carriage(this.#classes, name, this.#instancesFor(args, definition));
    const plain = carriage.copy(args);
    if (!carriage.rich) return { args: plain, text: JSON.stringify(plain), flat: false };
    const text = this.#superjson.stringify(carriage.whole ? withCarried(plain, this.#classes, carriage.values) : plain);
    const encoded = JSON.parse(text) as EncodedArgs;
    // Superjson mends shared references afterwards, which fails in instances, keys of a Map and members of a Set.
    if (carriage.shared && !this.#comesBack(plain, encoded)) {
      throw new UncarriableArgumentError(
        `The arguments of ${definition.name} cannot be recorded: one object, bigint or NaN stands in several places, one of them in an instance of a class, the key of a Map or the member of a Set. ` +
          'Pass a copy in one of them. Nothing was logged or changed.',
      );
    }
    return { args: encoded, text, flat: false };
  }

  /** The arguments for one run of the call, as `decode` gives them; in the list that was recorded if there is nothing in it that a run could change. */
  argsFor(definition: TransactionDefinition, encoded: EncodedArgs, version: number): readonly unknown[] {
    return version === definition.version && isFlat(encoded) ? encoded : this.decode(definition, encoded, version);
  }

  /** A private copy of the arguments, upcast and with their classes, for one run of the call. */
  decode(definition: TransactionDefinition, encoded: EncodedArgs, version: number): unknown[] {
    let args = this.open(encoded);
    for (let step = version; step < definition.version; step++) {
      args = definition.upcast[step]?.(args) ?? args;
    }
    // Journals say of which class an object is. Older ones did not, nor do upcasts, where `args` names the class.
    const parameters = this.#parametersOf(definition);
    for (let i = 0; i < parameters.length && i < args.length; i++) {
      const type = parameters[i];
      if (type !== undefined && isPlainObject(args[i]) && !this.#classes.constants.has(args[i] as object))
        args[i] = plainToInstance(type as unknown as new () => object, args[i] as object);
    }
    return args;
  }

  /**
   * A private copy of the arguments as they were recorded, before any upcast.
   *
   * @throws UncarriableArgumentError (`UNCARRIABLE_ARGUMENT`) or what superjson throws, if no journal of ours can hold them
   */
  open(encoded: EncodedArgs): unknown[] {
    if (isList(encoded)) return copyList(encoded);
    const { json, meta } = copyJson(encoded) as Parameters<SuperJSON['deserialize']>[0];
    checkAnnotations(json, meta, this.#classes);
    // copyJson gave a private copy already.
    const args: unknown = this.#superjson.deserialize({ json, meta: meta as never }, { inPlace: true });
    if (!Array.isArray(args)) throw new UncarriableArgumentError('They are no list.');
    if (this.#classes.hasImplied && meta !== undefined) refuseMisfits(args, this.#classes);
    return args;
  }

  #instancesFor(args: readonly unknown[], definition: TransactionDefinition): ReadonlyMap<object, object> {
    const { constants } = this.#classes;
    return instancesFor(args, this.#parametersOf(definition), definition.name, (value) => constants.has(value));
  }

  #valueOf(name: string, data: unknown): object {
    const type = this.#classes.values.get(name);
    if (type === undefined) throw new UncarriableArgumentError(`They hold ${undeclaredValue(name)}.`);
    return decodeValue(type, JSON.stringify(data), (why, cause) => {
      throw new UncarriableArgumentError(`They cannot be read: ${why}.`, { cause });
    });
  }

  #comesBack(args: readonly unknown[], encoded: EncodedArgs): boolean {
    try {
      return sameGraph(args, this.open(encoded), this.#classes.values);
    } catch {
      // Superjson found its own notes wrong.
      return false;
    }
  }

  #parametersOf(definition: TransactionDefinition): readonly (AnyClass | undefined)[] {
    let parameters = this.#parameters.get(definition);
    if (parameters === undefined) {
      parameters = this.#definition.parameters(definition);
      this.#parameters.set(definition, parameters);
    }
    return parameters;
  }
}

/** A class's own name may be another class's since the arguments were recorded. */
function refuseMisfits(args: unknown[], classes: ClassTable): void {
  const seen = new Set<object>([args]);
  for (const one of seen) {
    if (classes.values.typeOf(one) !== undefined) continue;
    const name = classes.nameOf(Object.getPrototypeOf(one) as object);
    const misfit = name === undefined ? undefined : classes.misfitOf(name, Object.keys(one));
    if (misfit !== undefined) throw new UncarriableArgumentError(`They hold instances of ${misfit}.`);
    const held = one instanceof Map ? [...one].flat() : one instanceof Set ? one : Object.values(one);
    for (const value of held as Iterable<unknown>)
      if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) seen.add(value);
  }
}

function isList(args: EncodedArgs): args is readonly unknown[] {
  return Array.isArray(args);
}

function bounded({ name }: TransactionDefinition, call: EncodedCall): EncodedCall {
  if (call.text.length <= MOST_ARGUMENT_LENGTH) return call;
  throw new UncarriableArgumentError(
    `The arguments of ${name} take ${call.text.length} characters, and a journal carries ${MOST_ARGUMENT_LENGTH} at most. ` +
      'Pass them in several calls, or keep large data elsewhere and pass its name. Nothing was logged or changed.',
  );
}

/** Tells whether arguments are a list of primitives. */
export function isFlat(args: EncodedArgs): args is readonly unknown[] {
  if (!isList(args)) return false;
  for (let i = 0; i < args.length; i++) if (typeof args[i] === 'object' && args[i] !== null) return false;
  return true;
}

/** Arguments as JSON if all of them are primitives that JSON carries exactly; otherwise `undefined`. */
function flatText(args: readonly unknown[]): string | undefined {
  let text = '[';
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (i > 0) text += ',';
    if (typeof arg === 'string') text += JSON.stringify(arg);
    else if (isExact(arg)) text += String(arg);
    else return undefined;
  }
  return text + ']';
}

/** Superjson writes one level of a Map as two, and class-transformer may add its own. */
const MAX_JSON_DEPTH = 4 * MAX_DEPTH;

/** A deep copy of a JSON value; refuses the keys through which prototypes could be reached, and what would overflow the stack. */
export function copyJson(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_JSON_DEPTH) throw new UncarriableArgumentError('They are nested too deeply.');
  if (Array.isArray(value)) return copyList(value, depth + 1);
  const copy: Record<string, unknown> = {};
  for (const [key, one] of Object.entries(value)) {
    if (FORBIDDEN_KEYS.has(key))
      throw new UncarriableArgumentError(`They have the key ${key}, which could reach a prototype.`);
    copy[key] = copyJson(one, depth + 1);
  }
  return copy;
}

// No callback: this runs for every call.
function copyList(list: readonly unknown[], depth = 0): unknown[] {
  const copy = list.slice();
  for (let i = 0; i < copy.length; i++) {
    const one = copy[i];
    if (typeof one === 'object' && one !== null) copy[i] = copyJson(one, depth);
  }
  return copy;
}

function unknownBytes(type: string): never {
  throw new UncarriableArgumentError(
    `They hold ${withArticle(type)}, which this engine does not have. Run the program on a newer one.`,
  );
}
