import { storeContract } from '../../src/testing/index.js';
import { mapPlace } from './places.js';
import { MapStore } from '../../examples/map-store/map-store.js';

describe('a store that somebody else wrote, over an asynchronous map', () => {
  storeContract(test, () => mapPlace((map) => new MapStore(map)));
});
