/** Random programs over a World: data that fast-check can shrink, and one interpreter for raw and guarded models. */
import fc from 'fast-check';
import { PrevalentError } from '../../src/errors.js';
import { operationsOn, type Context } from './state-operations.js';
import { CLASSES } from './state-world.js';

/** How to make or find a value. */
export type ValueSpec =
  | { readonly is: 'primitive'; readonly value: unknown }
  | { readonly is: 'at'; readonly path: readonly number[] }
  | { readonly is: 'register'; readonly number: number }
  | { readonly is: 'fresh'; readonly kind: number; readonly content: readonly ValueSpec[] };

/** One step: an operation on an object, a group whose errors are caught, or a throw. */
export type Step =
  | {
      readonly do: 'operate';
      readonly path: readonly number[];
      readonly operation: number;
      readonly numbers: readonly number[];
      readonly values: readonly ValueSpec[];
    }
  | { readonly do: 'try'; readonly steps: readonly Step[] }
  | { readonly do: 'throw'; readonly message: string };

const path = fc.array(fc.nat(60), { minLength: 1, maxLength: 3 });

const primitive = fc.constantFrom<unknown>(
  ...[0, 1, 2, -1, -0, NaN, 1.5, 'a', 'b', 'k', 't', '', 'text', 7n, true, false, null, undefined, Symbol.for('s')],
);

const { value: valueSpec } = fc.letrec<{ value: ValueSpec }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { arbitrary: fc.record({ is: fc.constant('primitive' as const), value: primitive }), weight: 3 },
    { arbitrary: fc.record({ is: fc.constant('at' as const), path }), weight: 3 },
    { arbitrary: fc.record({ is: fc.constant('register' as const), number: fc.nat(12) }), weight: 2 },
    {
      arbitrary: fc.record({
        is: fc.constant('fresh' as const),
        kind: fc.nat(40),
        content: fc.array(tie('value'), { maxLength: 3 }),
      }),
      weight: 3,
    },
  ),
}));

const operate = fc.record({
  do: fc.constant('operate' as const),
  path,
  operation: fc.nat(200),
  numbers: fc.array(fc.integer({ min: -3, max: 8 }), { minLength: 3, maxLength: 3 }),
  values: fc.array(valueSpec, { minLength: 2, maxLength: 3 }),
});

const { step } = fc.letrec<{ step: Step }>((tie) => ({
  step: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { arbitrary: operate, weight: 40 },
    {
      arbitrary: fc.record({
        do: fc.constant('try' as const),
        steps: fc.array(tie('step'), { minLength: 1, maxLength: 3 }),
      }),
      weight: 4,
    },
    { arbitrary: fc.record({ do: fc.constant('throw' as const), message: fc.constantFrom('no', 'stop') }), weight: 1 },
  ),
}));

/** Several transactions, each a list of steps. */
export const programs = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 });

function childrenOf(object: object): object[] {
  const children: unknown[] = [];
  if (object instanceof Map) for (const entry of object) children.push(...entry);
  if (object instanceof Set) children.push(...object);
  if (!(object instanceof Uint8Array || object instanceof Float64Array)) {
    for (const key of Reflect.ownKeys(object)) {
      if (key !== 'stack') children.push((object as Record<PropertyKey, unknown>)[key]);
    }
  }
  return children.filter((child): child is object => typeof child === 'object' && child !== null);
}

function locate(context: Context, steps: readonly number[]): object {
  let object = context.world;
  for (const one of steps) {
    const children = childrenOf(object);
    if (children.length === 0) return object;
    object = children[one % children.length]!;
  }
  return object;
}

function make(context: Context, kind: number, content: unknown[]): object {
  const makers: (() => object)[] = [
    () => ({ first: content[0], second: content[1] }),
    () => Object.assign(Object.create(null), { a: content[0], b: content[1] }),
    () => [...content],
    () => {
      const holes = [...content];
      holes[5] = 'end';
      return holes;
    },
    () => new Map([...content.entries(), ['k', content[0]]] as [unknown, unknown][]),
    () => new Map(content.map((one) => [one, one])),
    () => new Set(content),
    () => new CLASSES.Item(content[0], 3),
    () => Object.assign(new CLASSES.Special(content[0]), { note: content[1] }),
    () => new CLASSES.Plain(),
    () => CLASSES.Stack.from(content),
    () => new CLASSES.Registry([['r', content[0]]]),
    () => new CLASSES.Bag(content),
    () => new CLASSES.Fixed('new'),
    () => Object.freeze({ only: 'primitives', n: 1 }),
    () => Object.freeze({ holds: { fresh: true }, list: [1] }),
    () => Object.freeze({ holds: content[0] }),
    () => Object.seal({ holds: content[0] }),
    () => Object.preventExtensions({ holds: content[0], more: 1 }),
    () => new Date(5e11),
    () => new Uint8Array([1, 2, 3]),
    () => new DataView(new ArrayBuffer(8)),
    () => Buffer.from('fresh'),
    () => /x/y,
    () => new Error('fresh', { cause: content[0] }),
    () => Object.assign(new CLASSES.Failure('mine'), { details: content[0] }),
    () => {
      const cycle: Record<string, unknown> = { content: content[0] };
      cycle.self = cycle;
      return cycle;
    },
    () => ({ [Symbol.for('key')]: content[0], 3: content[1] }),
    () => ({ ...(content[0] as object) }),
    () => Object.defineProperty({ seen: 1 }, 'hidden', { value: content[0], configurable: true, writable: true }),
  ];
  const made = makers[kind % makers.length]!();
  context.registers.push(made);
  return made;
}

function evaluate(context: Context, spec: ValueSpec): unknown {
  switch (spec.is) {
    case 'primitive':
      return spec.value;
    case 'at':
      return locate(context, spec.path);
    case 'register':
      return context.registers[spec.number % Math.max(context.registers.length, 1)];
    case 'fresh':
      return make(
        context,
        spec.kind,
        spec.content.map((one) => evaluate(context, one)),
      );
  }
}

function runStep(context: Context, step: Step): void {
  if (step.do === 'throw') throw new RangeError(step.message);
  if (step.do === 'try') {
    try {
      for (const one of step.steps) runStep(context, one);
    } catch (error) {
      // What the library refuses only there is not comparable.
      if (error instanceof PrevalentError) throw error;
      context.saw(errorText(error));
    }
    return;
  }
  const values = step.values.map((spec) => evaluate(context, spec));
  const first = step.path[0]!;
  const { registers } = context;
  const target =
    first % 4 === 0 && registers.length > 0 ? registers[first % registers.length] : locate(context, step.path);
  if (typeof target !== 'object' || target === null) return;
  const operations = operationsOn(target);
  const given = operations[step.operation % operations.length]!(target, values, step.numbers, context);
  if (typeof given === 'object' && given !== null) registers.push(given);
  else context.saw(given);
}

/** Runs steps on a model; gives what they read, and the objects they came by. */
export function runSteps(world: object, steps: readonly Step[]): unknown {
  const seen: unknown[] = [];
  const context: Context = { world, registers: [], saw: (what) => seen.push(what) };
  for (const step of steps) runStep(context, step);
  return { seen, objects: context.registers };
}

/** Name and message; what engines say of a Proxy they say differently of a plain object. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof TypeError ? error.name : `${error.name}: ${error.message}`;
}
