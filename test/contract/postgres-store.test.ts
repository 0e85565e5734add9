import type pg from 'pg';
import { storeContract } from '../../src/testing/index.js';
import { PostgresServer } from '../postgres-server.js';
import { native, withPostgres } from '../with-postgres.js';
import { postgresPlace } from './postgres-place.js';

withPostgres('PostgresStore', () => {
  let server: PostgresServer;
  let pool: pg.Pool;
  beforeAll(async () => {
    server = await PostgresServer.start(native);
    pool = server.pool({ max: 12 });
  });
  afterAll(async () => {
    // First the server: processes that were killed in tests would listen on.
    await server.stop();
    await pool.end();
  });

  storeContract(test, () => postgresPlace(pool));
});
