import { find } from './provision.mjs';

/** The program nats-server; `undefined` if it is not on this machine. */
export const natsServer = find('nats-server');

/** Tests that need a NATS server. The test command installs it where it may; in CI it must be there. */
export const withNats = natsServer === undefined && process.env.CI !== 'true' ? describe.skip : describe;
