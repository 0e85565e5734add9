import { instanceToPlain, plainToInstance } from 'class-transformer';
import { SuperJSON } from 'superjson';
import { UncarriableArgumentError } from '../errors.js';
import type { ClassTable } from '../model/class-table.js';
import { undeclared } from '../model/constants.js';
import type { AnyClass, ModelDefinition, TransactionDefinition } from '../model/definition.js';
import { bytesOf, fromBase64, toBase64, viewOf } from './binary.js';
import { CarriedObject, withCarried } from './carried-object.js';
import { MOST_ARGUMENT_LENGTH } from './limits.js';
import { sameGraph } from './same-graph.js';
import { Carriage, checkCarriable, FORBIDDEN_KEYS, isPlainObject, MAX_DEPTH } from './carriable.js';

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
        deserialize: ({ type, base64 }) => viewOf(type, fromBase64(base64)) as ArrayBuffer,
      },
      'binary',
    );
    this.#superjson.registerCustom<object, string>(
      {
        isApplicable: (value): value is object => value instanceof CarriedObject,
        serialize: (value) => (value as CarriedObject).recorded,
        deserialize: (reference) => {
          const constant = this.#classes.constants.get(reference);
          if (constant === undefined) throw new UncarriableArgumentError(`They hold ${undeclared(reference)}`);
          return constant;
        },
      },
      'constant',
    );
  }

  /**
   * Encodes a call's arguments. Nothing has been logged or changed when it throws.
   *
   * @throws UncarriableArgumentError (`UNCARRIABLE_ARGUMENT`) for what a journal cannot carry without loss; names the argument
   */
  encode(definition: TransactionDefinition, args: readonly unknown[]): EncodedCall {
    const call = this.#encode(definition, args);
    if (call.text.length <= MOST_ARGUMENT_LENGTH) return call;
    throw new UncarriableArgumentError(
      `The arguments of ${definition.name} take ${call.text.length} characters, and a journal carries ${MOST_ARGUMENT_LENGTH} at most. ` +
        'Pass them in several calls, or keep large data elsewhere and pass its name. Nothing was logged or changed.',
    );
  }

  #encode(definition: TransactionDefinition, args: readonly unknown[]): EncodedCall {
    const flat = flatText(args);
    if (flat !== undefined) return { args: [...args], text: flat, flat: true };
    const parameters = this.#parametersOf(definition);
    const carriage = new Carriage(this.#classes);
    const plain = args.map((arg, index) => this.#encodeTyped(definition, arg, parameters[index], index));
    checkCarriable(plain, definition.name, carriage);
    if (!carriage.rich) {
      const text = JSON.stringify(plain);
      return { args: JSON.parse(text) as unknown[], text, flat: false };
    }
    const text = this.#superjson.stringify(carriage.whole ? withCarried(plain, this.#classes) : plain);
    const encoded = JSON.parse(text) as EncodedArgs;
    // Superjson mends shared references afterwards, which fails in keys of a Map and members of a Set.
    if (carriage.shared && !this.#comesBack(plain, encoded)) {
      throw new UncarriableArgumentError(
        `The arguments of ${definition.name} cannot be recorded: one object, bigint or NaN stands in several places, one of them a key of a Map or a member of a Set. ` +
          'Pass a copy in one of them. Nothing was logged or changed.',
      );
    }
    return { args: encoded, text, flat: false };
  }

  /** A private copy of the arguments, upcast and with their classes, for one run of the call. */
  decode(definition: TransactionDefinition, encoded: EncodedArgs, version: number): unknown[] {
    let args = this.open(encoded);
    for (let step = version; step < definition.version; step++) {
      args = definition.upcast[step]?.(args) ?? args;
    }
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
    // copyJson gave a private copy already.
    const args: unknown = this.#superjson.deserialize({ json, meta: meta as never }, { inPlace: true });
    if (!Array.isArray(args)) throw new UncarriableArgumentError('The arguments are no list');
    if (this.#classes.hasImplied && meta !== undefined) refuseMisfits(args, this.#classes);
    return args;
  }

  #comesBack(args: readonly unknown[], encoded: EncodedArgs): boolean {
    try {
      return sameGraph(args, this.open(encoded));
    } catch {
      // Superjson found its own notes wrong.
      return false;
    }
  }

  #encodeTyped(definition: TransactionDefinition, arg: unknown, type: AnyClass | undefined, index: number): unknown {
    if (
      type === undefined ||
      !(arg instanceof type) ||
      this.#classes.constants.has(arg) ||
      this.#classes.nameOf(Object.getPrototypeOf(arg) as object) !== undefined
    )
      return arg;
    const refuse = (cause?: unknown): never => {
      throw new UncarriableArgumentError(
        `Argument ${index + 1} of ${definition.name} is a ${type.name} that class-transformer does not bring back whole. ` +
          `Put @Type on its fields, or name its classes in @Prevalent(name, { classes: { ${type.name}: ${type.name} } }).`,
        { cause },
      );
    };
    try {
      const plain: unknown = instanceToPlain(arg);
      const back: unknown = plainToInstance(type as unknown as new () => object, plain as object);
      return sameClasses(arg, back) ? plain : refuse();
    } catch (error) {
      // A constructor that cannot run without arguments, or a cycle that class-transformer walks for ever.
      return error instanceof UncarriableArgumentError ? refuse() : refuse(error);
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
    const name = classes.nameOf(Object.getPrototypeOf(one) as object);
    const misfit = name === undefined ? undefined : classes.misfitOf(name, Object.keys(one));
    if (misfit !== undefined) throw new UncarriableArgumentError(`The arguments hold instances of ${misfit}`);
    const held = one instanceof Map ? [...one].flat() : one instanceof Set ? one : Object.values(one);
    for (const value of held as Iterable<unknown>)
      if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) seen.add(value);
  }
}

function isList(args: EncodedArgs): args is readonly unknown[] {
  return Array.isArray(args);
}

/** Arguments as JSON if all of them are primitives that JSON carries exactly; otherwise `undefined`. */
function flatText(args: readonly unknown[]): string | undefined {
  let text = '[';
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (i > 0) text += ',';
    if (typeof arg === 'string') text += JSON.stringify(arg);
    else if (typeof arg === 'boolean' || arg === null) text += String(arg);
    else if (typeof arg === 'number' && Number.isFinite(arg) && !Object.is(arg, -0)) text += String(arg);
    else return undefined;
  }
  return text + ']';
}

/** Superjson writes one level of a Map as two, and class-transformer may add its own. */
const MAX_JSON_DEPTH = 4 * MAX_DEPTH;

/** A deep copy of a JSON value; refuses the keys through which prototypes could be reached, and what would overflow the stack. */
export function copyJson(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_JSON_DEPTH) throw new UncarriableArgumentError('It is nested too deeply');
  if (Array.isArray(value)) return copyList(value, depth + 1);
  const copy: Record<string, unknown> = {};
  for (const [key, one] of Object.entries(value)) {
    if (FORBIDDEN_KEYS.has(key)) throw new UncarriableArgumentError(`The key ${key} is not allowed`);
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

function sameClasses(left: unknown, right: unknown): boolean {
  if (typeof left !== 'object' || left === null) return Object.is(left, right);
  if (typeof right !== 'object' || right === null || Object.getPrototypeOf(left) !== Object.getPrototypeOf(right))
    return false;
  if (left instanceof Date) return Object.is(left.getTime(), (right as Date).getTime());
  if (left instanceof Map || left instanceof Set) return sameClasses([...left], [...(right as Map<unknown, unknown>)]);
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) =>
    sameClasses((left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key]),
  );
}
