import { defaultMetadataStorage as main } from '#class-transformer-storage';
import { defaultMetadataStorage as module } from '#class-transformer-module-storage';

/**
 * What class-transformer's decorators recorded. It offers no public way to list it, and a bundler may give the program another build of
 * it than Node would (`module` in its package.json): both are asked, of which one is mostly empty, or the same.
 */

/** What `@Type` says of one field. */
export interface TypeMetadata {
  typeFunction(): unknown;
  readonly options?: { readonly discriminator?: { readonly subTypes?: readonly { readonly value: unknown }[] } };
}

/** What is recorded, by class and property. */
export interface TransformerStorage {
  readonly _typeMetadatas: ReadonlyMap<unknown, ReadonlyMap<string, TypeMetadata>>;
  readonly _transformMetadatas: ReadonlyMap<unknown, unknown>;
  readonly _exposeMetadatas: ReadonlyMap<unknown, unknown>;
  readonly _excludeMetadatas: ReadonlyMap<unknown, unknown>;
}

export const STORAGES: ReadonlySet<TransformerStorage> = new Set([main, module] as unknown as TransformerStorage[]);

/** The fields of a class for which `@Type` was given, not those of the classes that it extends. */
export function typedFieldsOf(type: unknown): [field: string, metadata: TypeMetadata][] {
  return [...STORAGES].flatMap(({ _typeMetadatas }) => [...(_typeMetadatas.get(type) ?? [])]);
}
