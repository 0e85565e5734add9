import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderStore, type Journal, type JournalRequest, type Store } from '../../src/index.js';
import { FolderNetwork, storeContract, type StorePlace } from '../../src/testing/index.js';

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

describe('FolderStore on this machine', () => {
  storeContract(test, async (): Promise<StorePlace> => {
    const folder = mkdtempSync(join(tmpdir(), 'prevalent-contract-'));
    folders.push(folder);
    return { open: (): Store => new LocalStore(folder), kill: (journal) => journal.close() };
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
    };
  });
});
