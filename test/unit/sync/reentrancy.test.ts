import { Master, MemoryStore, Prevalent, Transaction } from '../../../src/index.js';

const hooks: { inGetter?: () => void; inTransaction?: () => unknown } = {};

@Prevalent('reentrancy')
class Counter {
  value = 0;
  readonly log: string[] = [];

  get doubled(): number {
    hooks.inGetter?.();
    return this.value * 2;
  }
  @Transaction() add(by: number): number {
    this.value += by;
    this.log.push(`add ${by}`);
    return this.value;
  }
  @Transaction() addTwice(by: number): number {
    this.add(by);
    return this.add(by);
  }
  @Transaction() readDoubled(): number {
    return this.doubled;
  }
  @Transaction() run(): unknown {
    this.log.push('run');
    return hooks.inTransaction?.();
  }
}

@Prevalent('reentrancy-other')
class Other {
  readonly seen: string[] = [];
  @Transaction() see(what: string): void {
    this.seen.push(what);
  }
}

afterEach(() => {
  delete hooks.inGetter;
  delete hooks.inTransaction;
});

async function transactions(master: Master<Counter>): Promise<string[]> {
  const names: string[] = [];
  for await (const { transaction } of master.events()) names.push(transaction);
  return names;
}

async function counter(name = 'a', store = new MemoryStore()): Promise<Master<Counter>> {
  return Master.open(Counter, { name, store });
}

test('a call from an event listener is a call of its own, after the one it heard of', async () => {
  const master = await counter();
  const values: number[] = [];
  master.on('event', ({ transaction }) => {
    values.push(master.model.value);
    if (transaction === 'add' && master.model.value < 3) master.model.add(1);
  });
  master.model.add(1);
  expect(master.model.value).toBe(3);
  expect(values).toEqual([1, 2, 3]);
  expect(await transactions(master)).toEqual(['add', 'add', 'add']);
  await master.close();
});

test('a call from a subscriber is a call of its own', async () => {
  const master = await counter();
  const stop = master.subscribe(() => {
    if (master.model.value < 5) master.model.add(2);
  });
  master.model.add(1);
  stop();
  expect(master.model.value).toBe(5);
  expect(master.version).toBe(3);
  await master.close();
});

test('a transaction called by a transaction, or by a getter it reads, runs inside it and is logged once', async () => {
  const master = await counter();
  expect(master.model.addTwice(2)).toBe(4);
  hooks.inGetter = () => {
    if (master.model.log.length < 3) master.model.add(10);
  };
  expect(master.model.readDoubled()).toBe(28);
  expect(await transactions(master)).toEqual(['addTwice', 'readDoubled']);
  await master.close();
});

test('calls while a sync runs are taken, ordered and published by the next one', async () => {
  const store = new MemoryStore();
  const a = await counter('a', store);
  const b = await counter('b', store);
  a.model.add(1);
  const first = a.sync();
  a.model.add(2);
  b.model.add(4);
  const second = b.sync();
  b.model.add(8);
  await Promise.all([first, second]);
  a.on('synced', () => {
    if (a.model.value < 100) a.model.add(100);
  });
  await a.sync();
  await a.sync();
  await b.sync();
  await a.sync();
  expect(a.model.value).toBe(115);
  expect(JSON.stringify(a.model)).toBe(JSON.stringify(b.model));
  await a.close();
  await b.close();
});

test('a call from an event listener during a sync finds the merged state and is ordered after it', async () => {
  const store = new MemoryStore();
  const a = await counter('a', store);
  const b = await counter('b', store);
  a.model.add(1);
  a.model.add(2);
  await a.sync();
  const values: number[] = [];
  b.on('event', ({ master }) => {
    values.push(b.model.value);
    if (master === 'a' && values.length === 1) b.model.add(10);
  });
  await b.sync();
  expect(values).toEqual([3, 13, 13]);
  expect(b.model.log).toEqual(['add 1', 'add 2', 'add 10']);
  await a.close();
  await b.close();
});

test('two masters of different models, and two of one model, live in one process', async () => {
  const counters = [await counter('a'), await counter('a')];
  const other = await Master.open(Other, { name: 'a', store: new MemoryStore() });
  counters[0]!.model.add(1);
  counters[1]!.model.add(5);
  other.model.see('this');
  counters[0]!.on('event', ({ transaction }) => {
    other.model.see(transaction);
  });
  counters[0]!.model.add(1);
  expect([counters[0]!.model.value, counters[1]!.model.value]).toEqual([2, 5]);
  expect(other.model.seen).toEqual(['this', 'add']);
  for (const master of [...counters, other]) await master.close();
});

test('a transaction may not call another master, of its own model or of another, and is undone if it does', async () => {
  const master = await counter();
  const twin = await counter();
  const other = await Master.open(Other, { name: 'a', store: new MemoryStore() });
  hooks.inTransaction = () => twin.model.add(1);
  expect(() => master.model.run()).toThrow(expect.objectContaining({ code: 'FOREIGN_TRANSACTION' }) as Error);
  hooks.inTransaction = () => other.model.see('x');
  expect(() => master.model.run()).toThrow(expect.objectContaining({ code: 'FOREIGN_TRANSACTION' }) as Error);
  expect([master.model.log, twin.model.log, other.model.seen]).toEqual([[], [], []]);
  expect(await transactions(master)).toEqual([]);
  for (const one of [master, twin, other]) await one.close();
});

test('query inside a transaction reads the guarded model: no raw object gets into the state', async () => {
  const master = await counter();
  hooks.inTransaction = () => master.query((model) => model.log === master.model.log);
  expect(master.model.run()).toBe(true);
  expect(master.query((model) => model.log)).not.toBe(master.model.log);
  await master.close();
});

test('the running transaction is known while it runs, and only then', async () => {
  const master = await counter();
  hooks.inTransaction = () => Transaction.current?.master;
  expect(master.model.run()).toBe('a');
  expect(Transaction.current).toBeUndefined();
  await master.close();
});
