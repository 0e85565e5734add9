/** What of the testing tools runs on every JavaScript engine: nothing of Node's. */
export { testMaster } from './test-master.js';
export { RemoteMemoryServer } from './remote-memory-server.js';
export { RemoteMemoryStore, type Connection, type Fate } from './remote-memory-store.js';
export type { Faults, StorePlace, TestFunction } from './contract/place.js';
export { storeContract } from './contract/store-contract.js';
