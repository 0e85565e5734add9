/** Exported as `prevalent/nats`: masters that meet in NATS JetStream. */
export type { NatsStoreOptions } from './nats-options.js';
export { NatsStore } from './nats-store.js';
