import type { AnyClass } from './definition.js';
import { STORAGES, typedFieldsOf } from './type-metadata.js';

/** What decides how a plain object becomes an instance of a class, by field. */
export interface FieldRules {
  /** Classes that `@Type` gives to fields. */
  readonly types: ReadonlyMap<string, unknown>;
  /** What only class-transformer itself can follow; `undefined` if there is none of it. */
  readonly foreign: string | undefined;
}

/** The rules of a class and of those it extends. */
export function fieldRulesOf(type: AnyClass): FieldRules {
  const types = new Map<string, unknown>();
  let foreign: string | undefined;
  for (let at: unknown = type; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    for (const [field, rule] of typedFieldsOf(at)) {
      if (rule.options?.discriminator !== undefined) foreign = '@Type with a discriminator';
      if (!types.has(field)) types.set(field, rule.typeFunction());
    }
    for (const { _transformMetadatas, _exposeMetadatas, _excludeMetadatas } of STORAGES) {
      if (_transformMetadatas.has(at)) foreign = '@Transform';
      if (_exposeMetadatas.has(at)) foreign = '@Expose';
      if (_excludeMetadatas.has(at)) foreign = '@Exclude';
    }
  }
  return { types, foreign };
}
