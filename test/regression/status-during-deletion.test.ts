import { Master } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';
import { Ledger } from '../ledger.js';

test('status() while a snapshot or a journal file is being deleted counts what is left', async () => {
  const network = new FolderNetwork(['a']);
  const disk = network.disk('a');
  const master = await Master.open(Ledger, network.place('a'));
  await master.transact((ledger) => ledger.write('x'));
  await master.snapshot();
  const snapshot = disk.paths().find((path) => path.endsWith('.snapshot'))!;
  const { files } = await master.status();
  expect(files.snapshots).toBeGreaterThan(0);
  disk.fault = (operation, path) => {
    if (operation !== 'readdir' || !path.endsWith('/snapshots')) return;
    // After the listing, before its files are looked at.
    queueMicrotask(() => {
      disk.remove(snapshot);
    });
  };
  expect((await master.status()).files).toEqual({ ...files, snapshots: 0 });
  await master.close();
});
