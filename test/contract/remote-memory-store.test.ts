import { storeContract } from '../../src/testing/index.js';
import { serverPlace } from './places.js';

describe('RemoteMemoryStore', () => {
  storeContract(test, () => serverPlace(() => new Promise((resolve) => setImmediate(resolve))));
});
