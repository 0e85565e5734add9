/** A master in PostgreSQL that calls until it is refused. */
import 'reflect-metadata';
import { PostgresStore } from '../../src/store/postgres/index.js';
import { callUntilRefused } from './call-until-refused.js';

const [connectionString = '', space = '', run = '', silence = '0'] = process.argv.slice(2);
await callUntilRefused(new PostgresStore({ connectionString, space, silence: Number(silence) }), run);
process.exit();
