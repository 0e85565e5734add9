import { jest } from '@jest/globals';
import { Master, MemoryStore, Prevalent, type StreamListing, Transaction } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';

@Prevalent('closing')
class Words {
  readonly all: string[] = [];
  @Transaction() add(word: string): void {
    this.all.push(word);
  }
}

/** A store whose listing waits until it is let go. */
class WaitingStore extends MemoryStore {
  hold: Promise<void> | undefined;

  override async streams(): Promise<readonly StreamListing[]> {
    await this.hold;
    return super.streams();
  }
}

test('an automatic sync that closing cuts short is no error, and closing waits for the sync before it', async () => {
  jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick'] });
  try {
    const store = new WaitingStore();
    const master = await Master.open(Words, { name: 'a', store, autoSync: { everyMs: 1000 } });
    const errors: unknown[] = [];
    master.on('error', (error) => errors.push(error));
    let letGo = (): void => undefined;
    store.hold = new Promise((resolve) => (letGo = resolve));
    const running = master.sync();
    jest.advanceTimersByTime(2000);
    const closed = master.close();
    letGo();
    await closed;
    expect(await running).toMatchObject({ received: 0 });
    for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    expect(errors).toEqual([]);
  } finally {
    jest.useRealTimers();
  }
});

test('a master that was read-only is closed after close(): MASTER_CLOSED, not READ_ONLY_MASTER', async () => {
  const network = new FolderNetwork(['a']);
  const disk = network.disk('a');
  const master = await Master.open(Words, network.place('a'));
  master.on('error', () => undefined);
  disk.fault = (operation, path) => {
    if (operation === 'write' && path.endsWith('.ndjson'))
      throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
  };
  master.model.add('refused');
  await expect(master.durable()).rejects.toMatchObject({ code: 'NOT_DURABLE' });
  disk.fault = () => undefined;
  const call = expect.objectContaining;
  expect(() => {
    master.model.add('x');
  }).toThrow(call({ code: 'READ_ONLY_MASTER' }));
  await master.close();
  expect(() => {
    master.model.add('x');
  }).toThrow(call({ code: 'MASTER_CLOSED' }));
  expect(() => master.query(({ all }) => all.length)).toThrow(call({ code: 'MASTER_CLOSED' }));
  await expect(master.sync()).rejects.toMatchObject({ code: 'MASTER_CLOSED' });
});
