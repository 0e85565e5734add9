import { DecoratorUsageError } from '../errors.js';

const MARK = Symbol.for('prevalent.type-decorator.v1');

type Ask = (key: unknown, target: unknown, place?: unknown) => unknown;

/** What reflect-metadata puts on `Reflect`, if the program has it. */
interface Metadata {
  getMetadata?: Ask;
  readonly getOwnMetadata?: Ask;
  readonly hasOwnMetadata?: Ask;
}

const metadata = Reflect as Metadata;

/**
 * Answers what `@Type` of class-transformer asks of `Reflect` when it decorates: the type that the compiler emitted. Without reflect-metadata
 * nothing was emitted, and `@Type` works nevertheless. It knows legacy decorators only: as a standard one it is given a context in place of a
 * class and a property, and would end with a TypeError that names neither itself nor the remedy.
 *
 * Called whenever a decorator of ours is: reflect-metadata replaces this answer when it is loaded later.
 */
export function answerTypeDecorator(): void {
  const { getMetadata } = metadata;
  // Another copy of this package may have done it.
  if (getMetadata !== undefined && MARK in getMetadata) return;
  const bare = getMetadata?.bind(Reflect) ?? inherited;
  const answer: Ask = (key, target, place) => {
    if (target === undefined && key === 'design:type' && isContext(place)) refuse(place);
    return bare(key, target, place);
  };
  Object.defineProperty(Reflect, 'getMetadata', {
    value: Object.assign(answer, { [MARK]: true }),
    configurable: true,
    writable: true,
  });
}

/** What an older reflect-metadata recorded that is loaded later: it leaves functions alone that are there. */
function inherited(key: unknown, target: unknown, place?: unknown): unknown {
  const { hasOwnMetadata, getOwnMetadata } = metadata;
  for (let at = target; hasOwnMetadata !== undefined && at !== null; at = Object.getPrototypeOf(at))
    if (hasOwnMetadata(key, at, place) === true) return getOwnMetadata?.(key, at, place);
  return undefined;
}

function isContext(place: unknown): place is ClassFieldDecoratorContext {
  return typeof place === 'object' && place !== null && 'kind' in place && 'addInitializer' in place;
}

function refuse({ kind, name }: ClassFieldDecoratorContext): never {
  throw new DecoratorUsageError(
    `@Type on the ${kind} ${String(name)} works as a legacy decorator only, and this program is compiled with standard ones. ` +
      'Set "experimentalDecorators": true in "compilerOptions" of tsconfig.json, and see that the compiler reads that file for this one. ' +
      'Or leave @Type out and name the class: @Prevalent("…", { classes: { todo: Todo } }).',
  );
}
