import { type FileSystem, FolderStore, type Lock, Master, MasterLockedError, Prevalent } from '../../src/index.js';
import { SimulatedDisk } from '../../src/testing/index.js';

@Prevalent('failing-close')
class Nothing {}

test('the lock is released although the journal could not be closed', async () => {
  const disk = new SimulatedDisk();
  const locks = new Set<string>();
  let closes = true;
  const session = disk.session();
  const fileSystem: FileSystem = {
    ...session,
    open: async (file, create) => {
      const held = await session.open(file, create);
      const close = (): Promise<void> =>
        closes || !file.endsWith('.ndjson') ? held.close() : Promise.reject(new Error('EIO: not closed'));
      return { ...held, close };
    },
  };
  const lock = (directory: string, master: string): Promise<Lock> => {
    if (locks.has(directory)) return Promise.reject(new MasterLockedError(`${master} is open`));
    locks.add(directory);
    return Promise.resolve({ release: () => Promise.resolve(void locks.delete(directory)) });
  };
  const open = (): Promise<Master<Nothing>> =>
    Master.open(Nothing, { name: 'a', store: new FolderStore('/shared', { fileSystem, lock }), local: '/local' });
  const first = await open();
  closes = false;
  await expect(first.close()).rejects.toThrow('EIO: not closed');
  closes = true;
  const again = await open();
  await again.close();
});
