import { find } from './provision.mjs';

/** The folder whose bin/ holds PostgreSQL; `undefined` if npm has none for this platform. */
export const native = find('postgres');

/** Tests that need a PostgreSQL. npm installs it with the other packages; in CI it must be there. */
export const withPostgres = native === undefined && process.env.CI !== 'true' ? describe.skip : describe;
