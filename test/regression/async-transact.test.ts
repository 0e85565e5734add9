import { Master, MemoryStore, Prevalent, Transaction } from '../../src/index.js';

@Prevalent('async-transact')
class Words {
  readonly all: string[] = [];
  @Transaction() add(word: string): void {
    this.all.push(word);
  }
}

test('transact() refuses an asynchronous function, for whose later calls it cannot wait', async () => {
  const master = await Master.open(Words, { name: 'a', store: new MemoryStore(), durability: 'none' });
  const running: Promise<void>[] = [];
  const refused = master.transact((words) => {
    const work = (async () => {
      words.add('before');
      await Promise.resolve();
      words.add('after');
    })();
    running.push(work);
    return work;
  });
  await expect(refused).rejects.toMatchObject({ code: 'ASYNC_TRANSACTION' });
  await Promise.all(running);
  expect(master.query(({ all }) => all)).toEqual(['before', 'after']);
  await master.close();
});

test('anything with a then counts as asynchronous', async () => {
  const master = await Master.open(Words, { name: 'a', store: new MemoryStore() });
  const thenable = { then: (done: (value: string) => void): void => done('done') };
  await expect(master.transact(() => thenable)).rejects.toMatchObject({ code: 'ASYNC_TRANSACTION' });
  await master.close();
});

test('the rejection of a refused asynchronous function is not left unhandled', async () => {
  const master = await Master.open(Words, { name: 'a', store: new MemoryStore() });
  const unhandled: unknown[] = [];
  const listen = (error: unknown): void => {
    unhandled.push(error);
  };
  process.on('unhandledRejection', listen);
  const attempt = master.transact(async () => {
    await Promise.resolve();
    throw new Error('inner');
  });
  await expect(attempt).rejects.toMatchObject({ code: 'ASYNC_TRANSACTION' });
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', listen);
  expect(unhandled).toEqual([]);
  await master.close();
});
