import { Master, Prevalent, Transaction } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';

@Prevalent('failing-snapshot')
class Words {
  readonly all: string[] = [];
  @Transaction() add(word: string): void {
    this.all.push(word);
  }
}

async function networkWith(events: number): Promise<FolderNetwork> {
  const network = new FolderNetwork(['a']);
  const master = await Master.open(Words, network.place('a'));
  for (let i = 0; i < events; i++) master.model.add('x');
  await master.close();
  return network;
}

test('a snapshot that cannot be written at the start or at the end is told, and stops neither', async () => {
  const network = await networkWith(20);
  network.disk('a').fault = (operation, path) => {
    if (operation === 'write' && path.includes('/snapshots/'))
      throw Object.assign(new Error('ENOSPC: disk full'), { code: 'ENOSPC' });
  };
  const master = await Master.open(Words, { ...network.place('a'), snapshotEvery: 10 });
  expect(master.query(({ all }) => all.length)).toBe(20);
  expect((await master.status()).notices.join()).toMatch(/No snapshot could be taken: .*ENOSPC/);
  master.on('error', () => undefined);
  await master.transact((words) => words.add('still takes calls'));
  await expect(master.snapshot()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE', cause: { code: 'ENOSPC' } });
  await master.close();
  const again = await Master.open(Words, network.place('a'));
  expect(again.query(({ all }) => all.length)).toBe(21);
  await again.close();
});

test('what an unfinished snapshot leaves behind is removed at the next start', async () => {
  const network = await networkWith(1);
  const disk = network.disk('a');
  const temporaries = (): string[] => disk.paths().filter((path) => path.endsWith('.tmp'));
  disk.fault = (operation, path) => {
    if (operation === 'rename' && path.endsWith('.snapshot')) throw Object.assign(new Error('EIO'), { code: 'EIO' });
    // The power fails before it is cleaned up.
    if (operation === 'unlink') throw Object.assign(new Error('EIO'), { code: 'EIO' });
  };
  const master = await Master.open(Words, network.place('a'));
  await expect(master.snapshot()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE', cause: { code: 'EIO' } });
  disk.fault = () => undefined;
  await master.close();
  expect(temporaries()).toHaveLength(1);
  const again = await Master.open(Words, network.place('a'));
  expect(temporaries()).toEqual([]);
  await again.close();
});

test('one that cannot be written is tried again after snapshotEvery events, not at every call', async () => {
  const network = new FolderNetwork(['a']);
  let attempts = 0;
  network.disk('a').fault = (operation, path) => {
    if (operation !== 'write' || !path.includes('/snapshots/')) return;
    attempts++;
    throw new Error('ENOSPC: no space left');
  };
  const errors: unknown[] = [];
  const master = await Master.open(Words, { ...network.place('a'), snapshotEvery: 10 });
  master.on('error', (error) => errors.push(error));
  for (let i = 0; i < 30; i++) {
    await master.transact((words) => words.add('x'));
    for (let turn = 0; turn < 200; turn++) await Promise.resolve();
  }
  expect([attempts, errors.length]).toEqual([3, 3]);
});
