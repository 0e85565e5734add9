import { Master, MemoryStore, Prevalent, Transaction } from '../../src/index.js';

@Prevalent('late-rejection')
class Names {
  readonly all: string[] = [];
  @Transaction() take(name: string): void {
    if (this.all.includes(name)) throw new Error(`${name} is taken`);
    this.all.push(name);
  }
}

test('an earlier call that a late event makes fail is emitted as reordered and as rejected', async () => {
  const store = new MemoryStore();
  let now = Date.UTC(2026, 5, 1, 12);
  const clock = { store, now: () => now };
  const early = await Master.open(Names, { name: 'early', ...clock });
  await early.transact((names) => names.take('ada'));
  now += 1000;
  const later = await Master.open(Names, { name: 'later', ...clock });
  const heard: string[] = [];
  later.on('rejected', ({ master, outcome }) => heard.push(`rejected ${master} ${outcome}`));
  later.on('reordered', ({ master, outcome }) => heard.push(`reordered ${master} ${outcome}`));
  await later.transact((names) => names.take('ada'));
  await early.sync();
  expect((await later.sync()).rejected).toBe(1);
  expect(heard).toEqual(['reordered later rejected', 'rejected later rejected']);
  await later.sync();
  expect(heard).toHaveLength(2);
  await early.close();
  await later.close();
});
