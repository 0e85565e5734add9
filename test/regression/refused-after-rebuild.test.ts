import {
  type Journal,
  type JournalRequest,
  Master,
  MemoryStore,
  Prevalent,
  type StreamId,
  Transaction,
} from '../../src/index.js';

@Prevalent('refused-after-rebuild')
class Words {
  readonly all: string[] = [];
  @Transaction() add(word: string): void {
    this.all.push(word);
  }
}

const NOON = Date.UTC(2026, 5, 1, 12);
/** More than a start or a rebuild keeps undo data of. */
const MANY = 10_500;

/** Refuses to write when told, and runs something once after a stream was read. */
class TroubledStore extends MemoryStore {
  full = false;
  interrupt: (() => void) | undefined;

  override async open(request: JournalRequest): Promise<Journal> {
    const journal = await super.open(request);
    const append = journal.append.bind(journal);
    journal.append = (lines, first) =>
      this.full ? Promise.reject(new Error('ENOSPC: no space left')) : append(lines, first);
    return journal;
  }

  override async read(stream: StreamId, after: number, upTo: number): Promise<readonly string[]> {
    const lines = await super.read(stream, after, upTo);
    const { interrupt } = this;
    if (stream.master === 'alice' && interrupt !== undefined) {
      this.interrupt = undefined;
      interrupt();
    }
    return lines;
  }
}

test('calls made during a rebuild are taken back if the disk refuses them, however many they are', async () => {
  const store = new TroubledStore();
  let now = NOON;
  const bob = await Master.open(Words, { name: 'bob', store, now: () => now });
  await bob.transact((words) => words.add('late'));
  now += 10_000;
  const alice = await Master.open(Words, {
    name: 'alice',
    store,
    now: () => now,
    undoMemory: 1,
    durability: 'none',
    snapshotEvery: 1e9,
  });
  alice.on('error', () => undefined);
  for (const word of ['a1', 'a2', 'a3']) await alice.transact((words) => words.add(word));
  await bob.sync();
  store.interrupt = () => {
    for (let i = 0; i < MANY; i++) alice.model.add(`x${i}`);
    // They reach the disk when the rebuild is done, and the disk is full then.
    store.full = true;
  };
  let most = 0;
  alice.subscribe(
    () =>
      (most = Math.max(
        most,
        alice.query(({ all }) => all.length),
      )),
  );
  await alice.sync().catch((error: unknown) => {
    expect(error).toMatchObject({ code: 'NOT_DURABLE' });
  });
  expect(store.interrupt).toBeUndefined();
  expect(most).toBeGreaterThan(MANY);
  await expect(Promise.all([alice.durable(), alice.durable()])).rejects.toMatchObject({ code: 'NOT_DURABLE' });
  expect(alice.query(({ all }) => [...all])).toEqual(['late', 'a1', 'a2', 'a3']);
  expect((await alice.status()).pending).toBe(0);
  await alice.close();
  await bob.close();
});
