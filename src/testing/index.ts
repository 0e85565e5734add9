/** What tests of models, stores and whole networks need; no part of a running program. */
export { testMaster } from './test-master.js';
export { FolderNetwork } from './folder-network.js';
export { assertSameState } from './same-state.js';
export { scenario, type Scenario, type ScenarioEnd } from './scenario.js';
export { SimulatedDisk, type Fault } from './simulated-disk.js';
export { RemoteMemoryServer } from './remote-memory-server.js';
export { RemoteMemoryStore, type Connection, type Fate } from './remote-memory-store.js';
export { FAULTLESS, type FaultKind, type Faults, type StorePlace, type TestFunction } from './contract/place.js';
export { storeContract } from './contract/store-contract.js';
