import 'reflect-metadata';
import { DecoratorUsageError } from '../errors.js';

const MARK = Symbol.for('prevalent.misplaced-type.v1');

type Ask = (key: unknown, target: unknown, place?: unknown) => unknown;

/**
 * `@Type` of class-transformer knows legacy decorators only. As a standard one it is given a context in place of a class and a property, asks for
 * the metadata of nothing, and ends with a TypeError that names neither itself nor the remedy. That question is answered better from here on.
 */
export function explainMisplacedType(): void {
  const bare = Reflect.getMetadata.bind(Reflect) as Ask;
  // Another copy of this package may have done it.
  if (MARK in Reflect.getMetadata) return;
  const explained: Ask = (key, target, place) => {
    if (target === undefined && key === 'design:type' && isContext(place)) refuse(place);
    return bare(key, target, place);
  };
  Reflect.getMetadata = Object.assign(explained, { [MARK]: true });
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
