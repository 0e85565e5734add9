import { Master, Prevalent, Transaction } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';

@Prevalent('seen-after-crash')
class Words {
  readonly all: string[] = [];
  @Transaction() add(word: string): void {
    this.all.push(word);
  }
}

test('a call that was not durable when the frontier was written is not missed after a crash', async () => {
  const network = new FolderNetwork(['a']);
  const disk = network.disk('a');
  const master = await Master.open(Words, { ...network.place('a'), durability: 'none' });
  master.model.add('durable');
  // The second call is made when the first one is on disk and the frontier is about to be written.
  disk.fault = (operation, path) => {
    if (operation !== 'sync' || !path.endsWith('.ndjson')) return;
    disk.fault = () => undefined;
    master.model.add('lost with the power');
  };
  await master.sync();
  expect((await master.status()).pending).toBe(1);
  network.crash('a');
  const again = await Master.open(Words, network.place('a'));
  expect(again.query(({ all }) => all)).toEqual(['durable']);
  expect((await again.status()).notices).toEqual([]);
  await again.close();
});
