import { Master, Prevalent } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';

@Prevalent('synced-directories')
class Nothing {}

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
