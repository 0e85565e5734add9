import { Master, MemoryStore, Prevalent, type StreamId, Transaction } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';

@Prevalent('rebuild')
class Words {
  readonly all: string[] = [];
  @Transaction() add(word: string): void {
    this.all.push(word);
  }
}

const NOON = Date.UTC(2026, 5, 1, 12);

const wordsOf = (master: Master<Words>): string[] => master.query(({ all }) => [...all]);

/** Runs something once, after it has read a stream of that master and before the reader gets the lines. */
class InterruptedStore extends MemoryStore {
  interrupt: { readonly master: string; readonly run: () => Promise<void> } | undefined;

  override async read(stream: StreamId, after: number, upTo: number): Promise<readonly string[]> {
    const lines = await super.read(stream, after, upTo);
    const { interrupt } = this;
    if (interrupt?.master === stream.master) {
      this.interrupt = undefined;
      await interrupt.run();
    }
    return lines;
  }
}

test('calls made while a rebuild reads the store are all kept, also those that are durable before it ends', async () => {
  const store = new InterruptedStore();
  let now = NOON;
  const bob = await Master.open(Words, { name: 'bob', store, now: () => now });
  await bob.transact((words) => words.add('late'));
  now += 10_000;
  const alice = await Master.open(Words, { name: 'alice', store, now: () => now, undoMemory: 1 });
  for (const word of ['a1', 'a2', 'a3']) await alice.transact((words) => words.add(word));
  await bob.sync();
  store.interrupt = {
    master: 'alice',
    run: async () => {
      for (const word of ['x1', 'x2', 'x3', 'x4']) {
        await alice.transact((words) => words.add(word));
        now++;
      }
      alice.model.add('x5');
    },
  };
  expect((await alice.sync()).received).toBe(1);
  const all = ['late', 'a1', 'a2', 'a3', 'x1', 'x2', 'x3', 'x4', 'x5'];
  expect(store.interrupt).toBeUndefined();
  expect(wordsOf(alice)).toEqual(all);
  await alice.sync();
  await bob.sync();
  expect(wordsOf(bob)).toEqual(all);
  expect(wordsOf(alice)).toEqual(all);
  await alice.close();
  await bob.close();
});

test('a hole in the middle of what a rebuild reads is JOURNAL_DAMAGED and changes nothing', async () => {
  const network = new FolderNetwork(['a', 'b', 'c']);
  let now = NOON;
  const clock = { now: () => now };
  const c = await Master.open(Words, { ...network.place('c'), ...clock });
  await c.transact((words) => words.add('late'));
  now += 1000;
  const b = await Master.open(Words, { ...network.place('b'), ...clock });
  for (let i = 1; i <= 6; i++) {
    b.model.add(`b${i}`);
    now++;
  }
  await b.sync();
  network.deliverAll();
  const a = await Master.open(Words, { ...network.place('a'), ...clock, undoMemory: 300 });
  const before = ['b1', 'b2', 'b3', 'b4', 'b5', 'b6'];
  expect(wordsOf(a)).toEqual(before);

  const disk = network.disk('a');
  const path = disk.paths().find((one) => one.startsWith('/shared/b/') && one.endsWith('.ndjson'))!;
  const whole = disk.peek(path)!;
  const damaged = whole.slice();
  damaged[new TextDecoder().decode(whole).indexOf('"b2"') + 1]! ^= 1;
  disk.put(path, damaged);
  await c.sync();
  for (const one of network.pending('c', 'a')) network.deliver('c', 'a', one);
  for (let attempt = 0; attempt < 2; attempt++) {
    await expect(a.sync()).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
    expect(wordsOf(a)).toEqual(before);
    expect((await a.status()).readOnly).toBeUndefined();
  }

  disk.put(path, whole);
  expect((await a.sync()).received).toBe(1);
  expect(wordsOf(a)).toEqual(['late', ...before]);
  for (const master of [a, b, c]) await master.close();
});
