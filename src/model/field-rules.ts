import { defaultMetadataStorage } from '#class-transformer-storage';
import type { AnyClass } from './definition.js';

/** What class-transformer's decorators recorded, by class and property; it offers no public way to list it. */
interface RuleStorage {
  readonly _typeMetadatas: Map<unknown, Map<string, TypeRule>>;
  readonly _transformMetadatas: Map<unknown, unknown>;
  readonly _exposeMetadatas: Map<unknown, unknown>;
  readonly _excludeMetadatas: Map<unknown, unknown>;
}

interface TypeRule {
  typeFunction(): unknown;
  readonly options?: { readonly discriminator?: unknown };
}

/** What decides how a plain object becomes an instance of a class, by field. */
export interface FieldRules {
  /** Classes that `@Type` gives to fields. */
  readonly types: ReadonlyMap<string, unknown>;
  /** What only class-transformer itself can follow; `undefined` if there is none of it. */
  readonly foreign: string | undefined;
}

/** The rules of a class and of those it extends. */
export function fieldRulesOf(type: AnyClass): FieldRules {
  const storage = defaultMetadataStorage as unknown as RuleStorage;
  const types = new Map<string, unknown>();
  let foreign: string | undefined;
  for (let at: unknown = type; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    for (const [field, rule] of storage._typeMetadatas.get(at) ?? []) {
      if (rule.options?.discriminator !== undefined) foreign = '@Type with a discriminator';
      if (!types.has(field)) types.set(field, rule.typeFunction());
    }
    if (storage._transformMetadatas.has(at)) foreign = '@Transform';
    if (storage._exposeMetadatas.has(at)) foreign = '@Expose';
    if (storage._excludeMetadatas.has(at)) foreign = '@Exclude';
  }
  return { types, foreign };
}
