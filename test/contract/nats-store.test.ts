import type { NatsConnection } from '@nats-io/transport-node';
import { storeContract } from '../../src/testing/index.js';
import { NatsServer } from '../nats-server.js';
import { natsServer, withNats } from '../with-nats.js';
import { natsPlace } from './nats-place.js';

withNats('NatsStore', () => {
  let server: NatsServer;
  let nc: NatsConnection;
  beforeAll(async () => {
    server = await NatsServer.start(natsServer);
    nc = await server.connect();
  });
  afterAll(async () => {
    await nc.close();
    await server.stop();
  });

  storeContract(test, () => natsPlace(nc));
});
