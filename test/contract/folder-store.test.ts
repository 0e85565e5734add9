import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderStore, type Journal, type JournalRequest, type Store } from '../../src/index.js';
import {
  FAULTLESS,
  type Faults,
  FolderNetwork,
  type SimulatedDisk,
  storeContract,
  type StorePlace,
} from '../../src/testing/index.js';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A FolderStore whose masters keep their private directories in the test's own folder. */
class LocalStore extends FolderStore {
  readonly #folder: string;

  constructor(folder: string) {
    super(join(folder, 'shared'));
    this.#folder = folder;
  }

  override open(request: JournalRequest): Promise<Journal> {
    return super.open({ ...request, local: join(this.#folder, 'local', request.master) });
  }
}

/** A disk that refuses one operation. */
function fullDisk(disk: SimulatedDisk): Faults {
  let count = 0;
  const refuse = (at: number): void => {
    count = 0;
    disk.fault = (operation, path) => {
      if (count++ === at) throw Object.assign(new Error(`ENOSPC: ${operation} ${path}`), { code: 'ENOSPC' });
    };
  };
  return { kinds: ['refused'], count: () => count, fail: refuse, heal: () => refuse(-1) };
}

describe('FolderStore on this machine', () => {
  storeContract(test, async (): Promise<StorePlace> => {
    const folder = mkdtempSync(join(tmpdir(), 'prevalent-contract-'));
    folders.push(folder);
    // A real disk does not fail when it is told to.
    return { open: (): Store => new LocalStore(folder), kill: (journal) => journal.close(), faults: FAULTLESS };
  });
});

describe('FolderStore on a simulated disk', () => {
  storeContract(test, async (): Promise<StorePlace> => {
    const network = new FolderNetwork(['machine']);
    return {
      open: () => network.store('machine'),
      kill: async () => {
        network.crash('machine');
      },
      faults: fullDisk(network.disk('machine')),
    };
  });
});
