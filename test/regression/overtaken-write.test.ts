import { Master, Prevalent, Transaction } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';

@Prevalent('overtaken-write')
class Words {
  readonly all: string[] = [];
  @Transaction() add(word: string, padding = ''): void {
    this.all.push(word + padding.slice(0, 0));
  }
}

test('a full buffer, written while an earlier batch is on its way, survives that the next batch is cut back', async () => {
  const network = new FolderNetwork(['a']);
  const disk = network.disk('a');
  const master = await Master.open(Words, network.place('a'));
  const errors: unknown[] = [];
  master.on('error', (error) => errors.push(error));
  master.model.add('on its way');
  await Promise.resolve();
  await Promise.resolve();
  master.model.add('full buffer', 'p'.repeat(8 * 1024 * 1024 + 1));
  await master.durable();
  disk.fault = (operation) => {
    if (operation === 'write') throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
  };
  master.model.add('refused');
  await expect(master.durable()).rejects.toMatchObject({ code: 'NOT_DURABLE' });
  disk.fault = () => undefined;
  expect(errors).toMatchObject([{ code: 'NOT_DURABLE' }]);
  expect(master.query(({ all }) => all)).toEqual(['on its way', 'full buffer']);
  await master.close();
  const again = await Master.open(Words, network.place('a'));
  expect(again.query(({ all }) => all)).toEqual(['on its way', 'full buffer']);
  await again.close();
});
