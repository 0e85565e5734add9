import { Master, Prevalent, Transaction } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';

@Prevalent('read-only')
class Words {
  readonly all: string[] = [];
  @Transaction() add(word: string): void {
    this.all.push(word);
  }
}

const NOON = Date.UTC(2026, 5, 1, 12);

test.each([
  ['', 1e6],
  [', also when that takes a rebuild', 1],
])('a master whose disk refuses calls still receives those of others%s', async (_how, undoMemory) => {
  const network = new FolderNetwork(['a', 'b']);
  const disk = network.disk('a');
  let now = NOON;
  const clock = { now: () => now };
  const b = await Master.open(Words, { ...network.place('b'), ...clock });
  await b.transact((words) => words.add('late'));
  now += 1000;
  const a = await Master.open(Words, { ...network.place('a'), ...clock, undoMemory });
  const errors: unknown[] = [];
  a.on('error', (error) => errors.push(error));
  for (const word of ['1', '2', '3']) await a.transact((words) => words.add(word));
  disk.fault = (operation, path) => {
    if (operation === 'write' && path.endsWith('.ndjson'))
      throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
  };
  a.model.add('refused');
  await expect(a.durable()).rejects.toMatchObject({ code: 'NOT_DURABLE' });
  await b.sync();
  network.deliverAll();
  expect((await a.sync()).received).toBe(1);
  expect(a.query(({ all }) => all)).toEqual(['late', '1', '2', '3']);
  expect(errors).toMatchObject([{ code: 'NOT_DURABLE' }]);
  await a.close();
  disk.fault = () => undefined;
  const again = await Master.open(Words, { ...network.place('a'), ...clock });
  expect(again.query(({ all }) => all)).toEqual(['late', '1', '2', '3']);
  await again.close();
  await b.close();
});
