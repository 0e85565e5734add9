/** A master in NATS that calls until it is refused. */
import 'reflect-metadata';
import { NatsStore } from '../../src/store/nats/index.js';
import { callUntilRefused } from './call-until-refused.js';

const [servers = '', space = '', run = '', silence = '0'] = process.argv.slice(2);
await callUntilRefused(new NatsStore({ servers, space, silence: Number(silence) }), run);
// Nothing else may keep it from ending.
process.stdin.destroy();
