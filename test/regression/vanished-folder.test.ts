import { Master, Prevalent, Transaction } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';

@Prevalent('vanished-folder')
class Notes {
  readonly all: string[] = [];
  @Transaction() write(text: string): void {
    this.all.push(text);
  }
}

test('a folder that vanished is reported when the master opens again', async () => {
  const network = new FolderNetwork(['a']);
  const disk = network.disk('a');
  const first = await Master.open(Notes, network.place('a'));
  await first.transact((notes) => notes.write('published'));
  await first.close();
  for (const path of disk.paths()) if (path.startsWith('/shared/')) disk.remove(path);
  await expect(Master.open(Notes, network.place('a'))).rejects.toMatchObject({ code: 'STORE_EMPTY' });
  const again = await Master.open(Notes, { ...network.place('a'), begin: true });
  expect((await again.status()).notices.join()).toMatch(/is gone from \/shared, although it had published 1 event;/);
  await again.close();
});

test('a store that cannot be reached has a code and a remedy, and the next sync goes on', async () => {
  const network = new FolderNetwork(['a']);
  const disk = network.disk('a');
  const master = await Master.open(Notes, network.place('a'));
  disk.fault = (operation) => {
    if (operation === 'readdir') throw Object.assign(new Error('EIO: the drive is gone'), { code: 'EIO' });
  };
  await expect(master.sync()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  disk.fault = () => undefined;
  await master.transact((notes) => notes.write('later'));
  expect((await master.sync()).published).toBe(1);
  await master.close();
});

test('a root that is gone is no folder where nobody has written: STORE_UNREACHABLE, and the next sync goes on', async () => {
  const network = new FolderNetwork(['a']);
  const disk = network.disk('a');
  const master = await Master.open(Notes, network.place('a'));
  disk.fault = (operation, path) => {
    if (operation === 'readdir' && path.startsWith('/shared'))
      throw Object.assign(new Error(`ENOENT: no such file or directory, '${path}'`), { code: 'ENOENT' });
  };
  await expect(master.sync()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  disk.fault = () => undefined;
  expect(await master.sync()).toMatchObject({ received: 0, held: [] });
  await master.close();
});

test('listeners of an event see the version that includes it, for own calls and for merges', async () => {
  const network = new FolderNetwork(['a', 'b']);
  const a = await Master.open(Notes, network.place('a'));
  const b = await Master.open(Notes, network.place('b'));
  const seen: [number, number][] = [];
  let told = 0;
  a.subscribe(() => told++);
  a.on('event', () => seen.push([a.version, told]));
  a.model.write('own');
  await b.transact((notes) => notes.write('other'));
  await b.sync();
  network.deliverAll();
  await a.sync();
  expect(seen).toEqual([
    [1, 1],
    [2, 2],
  ]);
  await a.close();
  await b.close();
});
