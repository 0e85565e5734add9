import { MemoryStore } from '../../src/index.js';
import { FAULTLESS, storeContract } from '../../src/testing/index.js';

describe('MemoryStore', () => {
  storeContract(test, async () => {
    const store = new MemoryStore();
    return { open: () => store, kill: (journal) => journal.close(), faults: FAULTLESS };
  });
});
