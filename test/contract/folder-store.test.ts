import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderStore, type Journal, type JournalRequest, type Store, type StreamId } from '../../src/index.js';
import {
  type Faults,
  FolderNetwork,
  type SimulatedDisk,
  storeContract,
  type StorePlace,
} from '../../src/testing/index.js';
import { takeLock } from '../../src/store/folder/lock.js';
import { FailingFiles } from './failing-files.js';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A FolderStore whose masters keep their private directories in the test's own folder, and whose locks can be lost. */
class LocalStore extends FolderStore {
  readonly #folder: string;

  constructor(folder: string, { fileSystem }: FailingFiles, held: Set<() => Promise<void>>) {
    super(join(folder, 'shared'), {
      fileSystem,
      lock: async (directory, master) => {
        const lock = await takeLock(directory, master);
        const release = async (): Promise<void> => {
          if (held.delete(release)) await lock.release();
        };
        held.add(release);
        return { release };
      },
    });
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
  return { count: () => count, fail: refuse, heal: () => refuse(-1) };
}

describe('FolderStore on this machine', () => {
  storeContract(test, async (): Promise<StorePlace> => {
    const folder = mkdtempSync(join(tmpdir(), 'prevalent-contract-'));
    folders.push(folder);
    const files = new FailingFiles();
    const held = new Set<() => Promise<void>>();
    const fileOf = ({ master, epoch }: StreamId, name: string): string => join(folder, 'shared', master, epoch, name);
    return {
      open: (): Store => new LocalStore(folder, files, held),
      kill: (journal) => journal.close(),
      suspend: async () => {
        for (const release of held) await release();
      },
      // A socket where a file belongs cannot be opened as one.
      spoil: async (stream) => {
        const file = fileOf(stream, 'frontier.json');
        renameSync(file, `${file}.kept`);
        const server = createServer().listen(file);
        await once(server, 'listening');
        return async () => {
          await new Promise((resolve) => server.close(resolve));
          renameSync(`${file}.kept`, file);
        };
      },
      damage: async (stream) => {
        const file = fileOf(stream, '0000000000000001.ndjson');
        writeFileSync(file, readFileSync(file, 'utf8').replace('"seq":1', '"seq":7'));
      },
      remove: async (stream) => {
        rmSync(fileOf(stream, '.'), { recursive: true });
      },
      faults: files,
    };
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
      suspend: async () => {
        network.blind('machine');
      },
      spoil: async ({ master }) => {
        const disk = network.disk('machine');
        disk.fault = (operation, path) => {
          if (operation === 'read' && path.startsWith(`/shared/${master}/`))
            throw Object.assign(new Error(`EIO: ${path}`), { code: 'EIO' });
        };
        return async () => {
          disk.fault = () => undefined;
        };
      },
      damage: async ({ master, epoch }) => {
        const disk = network.disk('machine');
        const path = `/shared/${master}/${epoch}/0000000000000001.ndjson`;
        const text = new TextDecoder().decode(disk.peek(path));
        disk.put(path, new TextEncoder().encode(text.replace('"seq":1', '"seq":7')));
      },
      remove: async ({ master, epoch }) => {
        network.disk('machine').remove(`/shared/${master}/${epoch}/0000000000000001.ndjson`);
      },
      faults: fullDisk(network.disk('machine')),
    };
  });
});
