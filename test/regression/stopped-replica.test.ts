import 'reflect-metadata';
import { Master, MemoryStore, Prevalent, Transaction } from 'prevalent';

let shallow = true;

/** What runs out of something of this process, and what models make of it. */
const EXHAUSTING: Record<string, () => unknown> = {
  recursion: () => {
    const endless = (): number => endless() + 1;
    return endless();
  },
  'too many arguments': () => Math.max(...new Array<number>(2_000_000)),
  'recursion, told as the cause of another error': () => {
    try {
      return EXHAUSTING.recursion!();
    } catch (cause) {
      throw new Error('the tree is too deep', { cause });
    }
  },
  'a buffer for which there is no memory': () => new ArrayBuffer(1_000),
};

@Prevalent('stopped-replica')
class Model {
  readonly words: string[] = [];
  @Transaction() add(word: string): void {
    this.words.push(word);
    if (!shallow) EXHAUSTING[word]?.();
  }
}

afterEach(() => {
  shallow = true;
});

test('a master whose replay ran out of stack takes no calls on a state that is none, and a restart finds everything', async () => {
  const store = new MemoryStore();
  const one = await Master.open(Model, { name: 'one', store, now: () => 1_700_000_000_100 });
  const two = await Master.open(Model, { name: 'two', store, now: () => 1_700_000_000_000 });
  for (const word of ['a', 'recursion', 'c']) await one.transact((model) => model.add(word));
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
  expect(again.query(({ words }) => [...words])).toEqual(['late', 'a', 'recursion', 'c']);
  await again.close();
});

test('a start that runs out of stack says so with its code', async () => {
  const store = new MemoryStore();
  const one = await Master.open(Model, { name: 'one', store });
  for (const word of ['a', 'recursion']) await one.transact((model) => model.add(word));
  await one.close();
  shallow = false;
  await expect(Master.open(Model, { name: 'one', store })).rejects.toMatchObject({ code: 'REPLICA_FAILED' });
  shallow = true;
  const again = await Master.open(Model, { name: 'one', store });
  expect(again.query(({ words }) => [...words])).toEqual(['a', 'recursion']);
  await again.close();
});

describe('a late event makes a call run out of', () => {
  const Native = globalThis.ArrayBuffer;

  beforeEach(() => {
    // As on a machine without memory.
    globalThis.ArrayBuffer = new Proxy(Native, {
      construct: (target, args: [number]) => {
        if (!shallow) throw new RangeError('Array buffer allocation failed');
        return new target(...args);
      },
    });
  });
  afterEach(() => {
    globalThis.ArrayBuffer = Native;
  });

  test.each(Object.keys(EXHAUSTING))('%s: the master stops, and names the event', async (word) => {
    const store = new MemoryStore();
    const one = await Master.open(Model, { name: 'one', store, now: () => 1_700_000_000_100 });
    const two = await Master.open(Model, { name: 'two', store, now: () => 1_700_000_000_000 });
    await one.transact((model) => model.add(word));
    await two.transact((model) => model.add('late'));
    await two.sync();
    shallow = false;
    await expect(one.sync()).rejects.toMatchObject({
      code: 'REPLICA_FAILED',
      message: expect.stringMatching(/^Replaying event \w{26} \(add\) ran out of stack or memory/),
    });
    shallow = true;
    await one.close();
    await two.close();
    const again = await Master.open(Model, { name: 'one', store });
    expect(again.query(({ words }) => [...words])).toEqual(['late', word]);
    expect(again.rejections()).toEqual([]);
    await again.close();
  });

  test.each(Object.keys(EXHAUSTING))('%s, live: it is undone, and its caller hears of it', async (word) => {
    const one = await Master.open(Model, { name: 'one', store: new MemoryStore() });
    shallow = false;
    expect(() => one.model.add(word)).toThrow(/stack size|allocation failed|too deep/);
    expect(one.query(({ words }) => [...words])).toEqual([]);
    shallow = true;
    one.model.add(word);
    await one.close();
  });
});
