/** A store that is away: what waits for it ends when the master is closed, and what could not be undone is undone later. */
import { Master, Prevalent, Transaction } from '../../src/index.js';
import { type Fate, RemoteMemoryServer, RemoteMemoryStore } from '../../src/testing/index.js';

@Prevalent('ledger')
class Ledger {
  readonly lines: string[] = [];
  @Transaction() write(line: string): void {
    this.lines.push(line);
  }
}

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class World {
  readonly server = new RemoteMemoryServer();
  now = Date.UTC(2026, 0, 1);

  async open(fate: (call: string) => Fate): Promise<Master<Ledger>> {
    const store = new RemoteMemoryStore(this.server, { travel: soon, pause: soon, fate });
    const options = { name: 'first', store, now: () => this.now++, retention: 10, patience: 1_000 };
    const master = await Master.open(Ledger, options);
    // Each caller hears of it as well.
    master.on('error', () => undefined);
    return master;
  }
}

test('compacting is refused while a call cannot be stored, and closing ends', async () => {
  const world = new World();
  let [isArmed, isAway] = [false, false];
  let late: Promise<unknown> | undefined;
  const master = await world.open((call) => {
    // A call comes between what a compaction publishes and its snapshot.
    if (isArmed && call === 'header') {
      [isArmed, isAway] = [false, true];
      late = master.transact((ledger) => ledger.write('late')).catch((error: unknown) => error);
    }
    return isAway && call === 'append' ? 'lost' : 'answered';
  });
  await master.transact((ledger) => ledger.write('stored'));
  world.now += 100_000;
  await master.sync();
  world.now += 100_000;
  isArmed = true;
  await expect(master.compact()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  await expect(master.close()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  expect(await late).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
});

test('a snapshot is refused while a call cannot be stored', async () => {
  let isAway = false;
  const master = await new World().open((call) => (isAway && call === 'append' ? 'lost' : 'answered'));
  isAway = true;
  const call = master.transact((ledger) => ledger.write('waits'));
  await expect(master.snapshot()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  isAway = false;
  await call;
  await master.snapshot();
  await master.close();
});

test.each(['lost', 'unanswered'] as const)('a refused call is undone though undoing was %s at first', async (fate) => {
  const fates: Fate[] = [];
  const master = await new World().open((call) =>
    call === 'append' || call === 'cutBack' ? (fates.shift() ?? 'answered') : 'answered',
  );
  fates.push('refused', fate, fate);
  await expect(master.transact((ledger) => ledger.write('refused'))).rejects.toMatchObject({ code: 'NOT_DURABLE' });
  expect(fates).toEqual([]);
  expect(master.query(({ lines }) => lines)).toEqual([]);
  await master.close().catch(() => undefined);
});

test('what could not be undone before the end has an unknown outcome', async () => {
  let [isAway, tries] = [false, 0];
  const master = await new World().open((call) => {
    if (call === 'cutBack') tries++;
    return !isAway ? 'answered' : call === 'append' ? 'refused' : call === 'cutBack' ? 'lost' : 'answered';
  });
  isAway = true;
  const outcome = master.transact((ledger) => ledger.write('refused')).catch((error: unknown) => error);
  while (tries < 3) await soon();
  await expect(master.close()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  expect(await outcome).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
});
