/** What tests of models, stores and whole networks need; no part of a running program. */
export * from './core.js';
export { FolderNetwork } from './folder-network.js';
export { assertSameState } from './same-state.js';
export { scenario, type Scenario, type ScenarioEnd } from './scenario.js';
export { SimulatedDisk, type Fault } from './simulated-disk.js';
