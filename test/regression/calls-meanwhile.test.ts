/**
 * Calls that are made while a master starts or syncs, at every operation of its disk: those that returned are there once and in their order,
 * here, elsewhere and after another start; the others were refused by code.
 */
import { Master, type MasterOptions, Prevalent, Transaction } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';
import { HOUR } from '../sealed-world.js';

/** The guarded model of whoever ran a transaction last: nothing else leads to the model of a master that is not open yet. */
let leaked: Diary | undefined;
function leak(diary: Diary): void {
  leaked = diary;
}

@Prevalent('diary')
class Diary {
  readonly lines: string[] = [];
  @Transaction() write(line: string): void {
    leak(this);
    this.lines.push(line);
  }
}

class World {
  readonly network = new FolderNetwork(['a', 'b']);
  now = Date.UTC(2026, 0, 1);
  readonly returned: string[] = [];
  readonly refused: string[] = [];

  open(name: string, options: Partial<MasterOptions> = {}): Promise<Master<Diary>> {
    const common = { now: () => this.now++, retention: 0, patience: HOUR, snapshotEvery: 1e9 };
    return Master.open(Diary, { ...this.network.place(name), ...common, ...options });
  }

  /** Calls `model` at every operation on the disk of `b` while `work` runs. */
  async calling<T>(model: () => Pick<Diary, 'write'> | undefined, work: () => Promise<T>): Promise<T> {
    const disk = this.network.disk('b');
    let isCalling = false;
    disk.fault = () => {
      // An operation that a call makes itself is none of those that are interrupted.
      if (isCalling) return;
      isCalling = true;
      try {
        const line = `meanwhile ${this.returned.length}`;
        model()?.write(line);
        if (model() !== undefined) this.returned.push(line);
      } catch (error) {
        this.refused.push(String((error as { code?: unknown }).code));
      } finally {
        isCalling = false;
      }
    };
    try {
      return await work();
    } finally {
      disk.fault = () => undefined;
    }
  }

  async meet(...masters: Master<Diary>[]): Promise<void> {
    for (let round = 0; round < 4; round++)
      for (const master of masters) {
        await master.sync();
        this.network.deliverAll();
      }
  }

  /** What `a` and `b` end in: after they met, and after `b` was opened again. */
  async ends(a: Master<Diary>, b: Master<Diary>): Promise<string[][]> {
    await this.meet(a, b);
    const [here, there] = [b, a].map(linesOf);
    await b.close();
    const again = await this.open('b');
    const later = linesOf(again);
    await again.close();
    await a.close();
    return [here!, there!, later];
  }
}

const linesOf = (master: Master<Diary>): string[] => master.query(({ lines }) => [...lines]);
const meanwhile = (lines: readonly string[]): string[] => lines.filter((line) => line.startsWith('meanwhile'));

/** `b` has written b0, which both know, and late calls; then `a` seals without these. */
async function sealedWithout(world: World, b: Master<Diary>): Promise<Master<Diary>> {
  const a = await world.open('a');
  await b.transact((diary) => diary.write('b0'));
  await world.meet(a, b);
  for (let i = 1; i <= 5; i++) await b.transact((diary) => diary.write(`late ${i}`));
  world.now += 2 * HOUR;
  await a.transact((diary) => diary.write('a1'));
  await a.compact();
  for (const path of world.network.pending('a', 'b')) world.network.deliver('a', 'b', path);
  return a;
}

describe('during a sync', () => {
  const cases: readonly (readonly [what: string, Partial<MasterOptions>, sealed: boolean])[] = [
    ['that puts events of others before them', {}, false],
    ['that builds the state anew', { undoMemory: 1 }, false],
    ['that finds own calls late for a seal', {}, true],
    ['that finds own calls late, and builds the state anew', { undoMemory: 1 }, true],
    ['of a master that waits for the disk at each call', { durability: 'always' }, false],
    ['that finds own calls late, at a master that waits for the disk', { durability: 'always' }, true],
  ];

  test.each(cases)('%s', async (_what, options, isSealed) => {
    const world = new World();
    const b = await world.open('b', options);
    let a: Master<Diary>;
    if (isSealed) a = await sealedWithout(world, b);
    else {
      a = await world.open('a');
      for (let i = 0; i < 20; i++) {
        await a.transact((diary) => diary.write(`a${i}`));
        await b.transact((diary) => diary.write(`b${i}`));
      }
      await a.sync();
      world.network.deliverAll();
    }
    const report = await world.calling(
      () => b.model,
      () => b.sync(),
    );
    expect(isSealed ? report.seal?.no : report.received).toBeGreaterThan(0);
    expect(world.returned.length).toBeGreaterThan(5);
    // Nothing can be durable before it returns while the stream that follows a cut one is being begun.
    const isRefusing = isSealed && options.durability === 'always';
    expect(new Set(world.refused)).toEqual(new Set(isRefusing ? ['STORE_BEHIND'] : []));
    const [here, there, later] = await world.ends(a, b);
    expect(meanwhile(here!)).toEqual(world.returned);
    expect(new Set(here).size).toBe(here!.length);
    expect([there, later]).toEqual([here, here]);
    for (let i = 1; i <= 5 && isSealed; i++) expect(here).toContain(`late ${i}`);
  });
});

describe('during a start', () => {
  test.each([
    ['of a master', false],
    ['that finds own calls late for a seal', true],
  ])('%s', async (_what, isSealed) => {
    const world = new World();
    let b = await world.open('b');
    const a = isSealed ? await sealedWithout(world, b) : await world.open('a');
    if (!isSealed) for (let i = 0; i < 5; i++) await b.transact((diary) => diary.write(`b${i}`));
    await b.close();
    b = await world.calling(
      // Not the guard of the other one, which is open.
      () => (leaked === a.model ? undefined : leaked),
      () => world.open('b'),
    );
    expect(new Set(world.refused)).toEqual(new Set(['MASTER_CLOSED']));
    // Those that were made when the state was there and the stream open, and only the rest of the start was not over.
    expect(world.returned.length).toBeGreaterThan(0);
    expect(meanwhile(linesOf(b))).toEqual(world.returned);
    const [here, there, later] = await world.ends(a, b);
    expect(meanwhile(here!)).toEqual(world.returned);
    expect([there, later]).toEqual([here, here]);
    expect(here).toHaveLength(world.returned.length + (isSealed ? 7 : 5));
  });
});
