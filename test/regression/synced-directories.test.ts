import { FolderStore, Master, Prevalent, Transaction } from '../../src/index.js';
import { FolderNetwork, SimulatedDisk } from '../../src/testing/index.js';

@Prevalent('synced-directories')
class Nothing {}

@Prevalent('synced-directories-list')
class List {
  readonly words: string[] = [];
  @Transaction() add(word: string): void {
    this.words.push(word);
  }
}

test('when a stream begins, every directory on the way to it is synced, up to the one that holds the shared folder', async () => {
  const network = new FolderNetwork(['a']);
  const disk = network.disk('a');
  const synced = new Set<string>();
  disk.fault = (operation, path) => {
    if (operation === 'sync') synced.add(path);
  };
  const master = await Master.open(Nothing, network.place('a'));
  const { epoch } = await master.status();
  expect([...synced]).toEqual(expect.arrayContaining([`/shared/a/${epoch}`, '/shared/a', '/shared', '/']));
  await master.close();
});

test('a root that cannot be synced fails the start', async () => {
  const network = new FolderNetwork(['a']);
  const disk = network.disk('a');
  disk.fault = (operation, path) => {
    if (operation === 'sync' && path === '/shared') throw new Error('EIO: the root is not synced');
  };
  await expect(Master.open(Nothing, network.place('a'))).rejects.toThrow('EIO: the root is not synced');
  const synced = new Set<string>();
  disk.fault = (operation, path) => {
    if (operation === 'sync') synced.add(path);
  };
  const master = await Master.open(Nothing, network.place('a'));
  await master.close();
  expect([...synced]).toContain('/shared');
});

test('a folder above that may be passed but not read does not fail the start', async () => {
  const network = new FolderNetwork(['a']);
  network.disk('a').fault = (operation, path) => {
    if (operation === 'sync' && path === '/')
      throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
  };
  const master = await Master.open(Nothing, network.place('a'));
  await master.close();
});

test.each([
  ['/shared', '/local'],
  ['/new/shared', '/new/local'],
  ['/new/newer/newest/shared', '/newer/newest/local/a'],
])('a power cut after the first start in %s takes nothing that was acknowledged', async (root, local) => {
  const disk = new SimulatedDisk();
  const open = (): Promise<Master<List>> => {
    const store = new FolderStore(root, {
      fileSystem: disk.session(),
      lock: async () => ({ release: async () => undefined }),
    });
    return Master.open(List, { name: 'a', store, local });
  };
  const first = await open();
  await first.transact((list) => list.add('acknowledged'));
  // Names that were not synced are gone.
  disk.crash(
    () => 1,
    () => false,
  );
  const again = await open();
  expect(again.query(({ words }) => [...words])).toEqual(['acknowledged']);
  // It is still the same machine, by what it knows privately.
  expect((await again.status()).notices).toEqual([]);
  await again.close();
});

test('nor does one when an earlier start had only made the folders', async () => {
  const disk = new SimulatedDisk();
  await disk.mkdir('/new/shared/a');
  const store = new FolderStore('/new/shared', {
    fileSystem: disk.session(),
    lock: async () => ({ release: async () => undefined }),
  });
  const master = await Master.open(List, { name: 'a', store, local: '/local' });
  await master.transact((list) => list.add('acknowledged'));
  disk.crash(
    () => 1,
    () => false,
  );
  expect(disk.paths().filter((path) => path.startsWith('/new/shared/a/'))).not.toEqual([]);
});
