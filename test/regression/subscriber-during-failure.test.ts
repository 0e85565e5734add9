import { Master, Prevalent, Transaction } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';

@Prevalent('subscriber-during-failure')
class Words {
  readonly all: string[] = [];
  @Transaction() add(word: string): void {
    this.all.push(word);
  }
}

test('a subscriber that hears that refused calls were undone cannot call: the master is read-only by then', async () => {
  const network = new FolderNetwork(['a']);
  const disk = network.disk('a');
  const master = await Master.open(Words, network.place('a'));
  const outcomes: unknown[] = [];
  const errors: unknown[] = [];
  master.on('error', (error) => errors.push(error));
  master.model.add('x');
  master.subscribe(() => {
    if (master.query(({ all }) => all.length) > 0) return;
    try {
      master.model.add('ghost');
      outcomes.push('taken');
    } catch (error) {
      outcomes.push(error);
    }
  });
  disk.fault = (operation, path) => {
    if (operation === 'write' && path.endsWith('.ndjson'))
      throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
  };
  await expect(master.durable()).rejects.toMatchObject({ code: 'NOT_DURABLE' });
  disk.fault = () => undefined;
  expect(outcomes).toMatchObject([{ code: 'READ_ONLY_MASTER' }]);
  expect(errors).toMatchObject([{ code: 'NOT_DURABLE' }]);
  expect(master.query(({ all }) => all)).toEqual([]);
  expect((await master.status()).pending).toBe(0);
  await master.close();
  const again = await Master.open(Words, network.place('a'));
  expect(again.query(({ all }) => all)).toEqual([]);
  await again.close();
});
