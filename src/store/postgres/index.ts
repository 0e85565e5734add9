/** Exported as `prevalent/postgres`: masters that meet in PostgreSQL. */
export type { PostgresClient, PostgresPool, PostgresPoolOptions, PostgresQuery, PostgresResult } from './driver.js';
export type { PostgresStoreOptions } from './postgres-options.js';
export { PostgresStore } from './postgres-store.js';
export { tablesSql } from './tables.js';
