/** The public face on Node: the core, and the folder as a store. */
import { useCrc32 } from './event/checksum.js';
import { useFieldTest } from './event/binary.js';
import { useBrands } from './event/brand.js';
import { useProxyTest } from './model/foreign-proxy.js';
import { brandOf, hasFields, isProxy, processEngine, processEnvironments } from './store/folder/environment.js';
import { FolderStore } from './store/folder/folder-store.js';
import { useEnvironments } from './state/elsewhere.js';
import { usePaths } from './store/paths.js';
import { useJsEngine } from './sync/js-engine.js';

export * from './core.js';
export type { FolderStoreOptions } from './store/folder/folder-options.js';
export { FolderStore } from './store/folder/folder-store.js';
export type { DirectoryEntry, FileSystem, OpenFile } from './store/folder/file-system.js';
export type { Lock } from './store/folder/lock.js';

// A path names a folder; the platform's checksum is faster than one written in JavaScript; its time zone can be moved; it knows its engine,
// what is a Proxy, and what an object is.
usePaths((path) => new FolderStore(path));
useCrc32(FolderStore.crc32);
useEnvironments(processEnvironments);
useJsEngine(processEngine());
useProxyTest(isProxy);
useBrands(brandOf);
useFieldTest(hasFields);
