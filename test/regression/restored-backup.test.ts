import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Master, Prevalent, Transaction } from 'prevalent';

/**
 * What docs/operations.md says of restoring a backup that is older than the newest seal, with nothing newer left anywhere but in the
 * private directories: with these, the masters wait; without, they go on from the backup.
 */

@Prevalent('restored-backup')
class Notes {
  readonly texts: string[] = [];
  @Transaction() add(text: string): void {
    this.texts.push(text);
  }
}

const DAY = 86_400_000;

describe('a backup from before the newest seal', () => {
  let folder: string;
  let time: number;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'prevalent-restored-'));
    time = Date.UTC(2026, 0, 1);
  });
  afterEach(() => rm(folder, { recursive: true }));

  const open = (name: string): Promise<Master<Notes>> =>
    Master.open(Notes, {
      name,
      store: join(folder, 'shared'),
      local: join(folder, 'private', name),
      // Calls of two masters in one millisecond would come in the order of their random parts.
      now: () => time++,
      retention: DAY,
    });

  async function openBoth(): Promise<[Master<Notes>, Master<Notes>]> {
    return [await open('a'), await open('b')];
  }

  async function meet(...masters: Master<Notes>[]): Promise<void> {
    for (let round = 0; round < 3; round++) for (const master of masters) await master.sync();
  }

  async function compactAll(sealer: Master<Notes>, other: Master<Notes>): Promise<void> {
    time += 2 * DAY;
    await meet(sealer, other);
    await sealer.compact();
    await meet(sealer, other);
  }

  async function loseAllButTheBackup(): Promise<void> {
    const [a, b] = await openBoth();
    a.model.add('first');
    b.model.add('second');
    await compactAll(a, b);
    a.model.add('in the backup');
    await meet(a, b);
    await cp(join(folder, 'shared'), join(folder, 'backup'), { recursive: true });
    a.model.add('lost');
    b.model.add('lost as well');
    await compactAll(a, b);
    await a.close();
    await b.close();
    await rm(join(folder, 'shared'), { recursive: true });
    await cp(join(folder, 'backup'), join(folder, 'shared'), { recursive: true });
  }

  test('makes masters wait that remember the seal', async () => {
    await loseAllButTheBackup();
    const [a, b] = await openBoth();
    await meet(a, b);
    expect((await b.status()).held.map(({ reason }) => reason)).toContain('gap');
    await a.close();
    await b.close();
  });

  test('is what masters go on from whose private directories were deleted', async () => {
    await loseAllButTheBackup();
    await rm(join(folder, 'private'), { recursive: true });
    const [a, b] = await openBoth();
    await meet(a, b);
    for (const master of [a, b]) expect([...master.model.texts]).toEqual(['first', 'second', 'in the backup']);
    a.model.add('new');
    time += 2 * DAY;
    await meet(a, b);
    const before = (await a.status()).seal?.no ?? 0;
    await a.compact({ takeOver: true });
    await meet(a, b);
    expect((await b.status()).seal?.no).toBeGreaterThan(before);
    expect((await b.status()).held).toEqual([]);
    expect([...b.model.texts]).toEqual(['first', 'second', 'in the backup', 'new']);
    await a.close();
    await b.close();
  });
});
