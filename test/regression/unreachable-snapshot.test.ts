/** Not reaching the server is another thing than a snapshot that is gone: whoever takes it for that builds a state without what was deleted. */
import { Master, Prevalent, Transaction } from '../../src/index.js';
import { type Fate, RemoteMemoryServer, RemoteMemoryStore } from '../../src/testing/index.js';

@Prevalent('ledger')
class Ledger {
  readonly lines: string[] = [];
  @Transaction() write(line: string): void {
    this.lines.push(line);
  }
}

const soon = (): Promise<void> => Promise.resolve();

class World {
  readonly server = new RemoteMemoryServer();
  now = Date.UTC(2026, 0, 1);
  /** What becomes of calls that read a snapshot. */
  fate: Fate = 'answered';

  open(name: string, undoMemory = 1e6): Promise<Master<Ledger>> {
    const fate = (call: string): Fate => (call === 'readSnapshot' ? this.fate : 'answered');
    const store = new RemoteMemoryStore(this.server, { travel: soon, pause: soon, fate });
    const now = (): number => this.now++;
    return Master.open(Ledger, { name, store, now, undoMemory, retention: 0, patience: 1, snapshotEvery: 1e9 });
  }
}

/** The first master has sealed one event and deleted what it could. */
async function sealed(world: World): Promise<Master<Ledger>> {
  const first = await world.open('first');
  for (const line of ['a', 'b', 'c']) await first.transact((ledger) => ledger.write(line));
  world.now += 1_000;
  expect((await first.compact()).freed).toBeGreaterThan(0);
  return first;
}

test.each(['lost', 'unanswered'] as const)(
  'a newcomer whose call for the snapshot is %s does not begin without it',
  async (fate) => {
    const world = new World();
    const first = await sealed(world);
    world.fate = fate;
    await expect(world.open('second')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    world.fate = 'answered';
    const second = await world.open('second');
    expect(second.query(({ lines }) => lines)).toEqual(['a', 'b', 'c']);
    await second.close();
    await first.close();
  },
);

test('a merge that cannot reach the snapshot it needs says so, changes nothing, and succeeds later', async () => {
  const world = new World();
  const second = await world.open('second', 1);
  const first = await sealed(world);
  await second.transact((ledger) => ledger.write('of the second'));
  const before = second.query(({ lines }) => [...lines]);
  world.fate = 'lost';
  await expect(second.sync()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  expect(second.query(({ lines }) => lines)).toEqual(before);
  world.fate = 'answered';
  await second.sync();
  await first.sync();
  await second.sync();
  expect(second.query(({ lines }) => lines)).toEqual(first.query(({ lines }) => [...lines]));
  expect(second.query(({ lines }) => [...lines].sort())).toEqual(['a', 'b', 'c', 'of the second']);
  await second.close();
  await first.close();
});
