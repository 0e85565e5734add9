import 'reflect-metadata';
import { Master, MemoryStore, Prevalent, Transaction } from 'prevalent';

let shallow = true;

@Prevalent('stopped-replica')
class Model {
  readonly words: string[] = [];
  @Transaction() add(word: string): void {
    const endless = (): number => endless() + 1;
    this.words.push(word);
    if (!shallow && word === 'deep') endless();
  }
}

afterEach(() => {
  shallow = true;
});

test('a master whose replay ran out of stack takes no calls on a state that is none, and a restart finds everything', async () => {
  const store = new MemoryStore();
  const one = await Master.open(Model, { name: 'one', store, now: () => 1_700_000_000_100 });
  const two = await Master.open(Model, { name: 'two', store, now: () => 1_700_000_000_000 });
  for (const word of ['a', 'deep', 'c']) await one.transact((model) => model.add(word));
  await two.transact((model) => model.add('late'));
  await two.sync();
  shallow = false;
  await expect(one.sync()).rejects.toMatchObject({ code: 'REPLICA_FAILED' });
  shallow = true;
  expect(() => one.model.add('on nothing')).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^(REPLICA_FAILED|READ_ONLY_MASTER)$/) }),
  );
  // Nothing is applied a second time either.
  await expect(one.sync()).rejects.toMatchObject({ code: 'REPLICA_FAILED' });
  await one.close();
  await two.close();
  const again = await Master.open(Model, { name: 'one', store });
  expect(again.query(({ words }) => [...words])).toEqual(['late', 'a', 'deep', 'c']);
  await again.close();
});

test('a start that runs out of stack says so with its code', async () => {
  const store = new MemoryStore();
  const one = await Master.open(Model, { name: 'one', store });
  for (const word of ['a', 'deep']) await one.transact((model) => model.add(word));
  await one.close();
  shallow = false;
  await expect(Master.open(Model, { name: 'one', store })).rejects.toMatchObject({ code: 'REPLICA_FAILED' });
  shallow = true;
  const again = await Master.open(Model, { name: 'one', store });
  expect(again.query(({ words }) => [...words])).toEqual(['a', 'deep']);
  await again.close();
});
