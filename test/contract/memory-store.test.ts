import { storeContract } from '../../src/testing/index.js';
import { memoryPlace } from './places.js';

describe('MemoryStore', () => {
  storeContract(test, memoryPlace);
});
