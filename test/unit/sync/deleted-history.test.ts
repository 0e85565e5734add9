import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Master, type MergedEvent, Prevalent, Transaction } from 'prevalent';
import type { Ledger } from '../../ledger.js';
import { SealedWorld } from '../../sealed-world.js';

@Prevalent('deleted-history')
class Notes {
  readonly texts: string[] = [];
  @Transaction() add(text: string): void {
    this.texts.push(text);
  }
}

const DAY = 86_400_000;

async function textsOf(events: AsyncIterable<MergedEvent>): Promise<unknown[]> {
  const texts: unknown[] = [];
  for await (const { args } of events) texts.push(args[0]);
  return texts;
}

test('after deletion, what came after the seal can be listed, and nothing from before it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'prevalent-deleted-'));
  let time = Date.UTC(2026, 0, 1);
  const master = await Master.open(Notes, {
    name: 'a',
    store: join(folder, 'shared'),
    local: join(folder, 'local'),
    now: () => time,
    retention: DAY,
  });
  let freed = 0;
  for (let day = 0; day < 4; day++) {
    master.model.add(`day ${day}`);
    time += 2 * DAY;
    freed += (await master.compact()).freed;
  }
  expect(freed).toBeGreaterThan(0);
  master.model.add('today');
  await expect(textsOf(master.events())).rejects.toMatchObject({ code: 'HISTORY_DELETED' });
  await expect(master.at(new Date(Date.UTC(2025, 0, 1)))).rejects.toMatchObject({ code: 'HISTORY_DELETED' });
  const seal = (await master.status()).seal;
  expect(await textsOf(master.events({ after: seal?.H ?? '' }))).toEqual(['today']);
  await master.close();
  await rm(folder, { recursive: true });
});

/** Seals and deletes what it can; gives the bytes freed. */
async function deleted(master: Master<Ledger>): Promise<number> {
  let { freed } = await master.compact();
  master.model.write('later');
  await master.sync();
  freed += (await master.compact()).freed;
  return freed;
}

describe('a master that has not heard yet of the seal under which others deleted', () => {
  test.each([
    ['no seal was ever made before', false],
    ['an earlier seal is in force', true],
  ])('says so, and what to do, if %s', async (_what, isSealedBefore) => {
    const world = new SealedWorld('a', 'b');
    const a = await world.open('a');
    // So that nothing is read from memory alone.
    const b = await world.open('b', { undoMemory: 1 });
    const write = async (): Promise<void> => {
      for (let i = 0; i < 5; i++) {
        a.model.write(`a${i}`);
        b.model.write(`b${i}`);
        await world.meet(a, b);
      }
    };
    await write();
    if (isSealedBefore) await a.compact();
    await world.meet(a, b);
    await write();
    // Now a hears that it may seal more, and b does not hear of that.
    b.model.write('more');
    await b.sync();
    world.deliver();
    const before = (await b.status()).seal?.no;
    expect(await deleted(a)).toBeGreaterThan(0);
    world.deliver();
    const { seal } = await a.status();
    expect((await b.status()).seal?.no).toBe(before);
    expect(seal?.no).toBeGreaterThan(before ?? 0);
    const told = {
      code: 'HISTORY_DELETED',
      message: expect.stringMatching(
        new RegExp(`up to ${seal?.H} \\(2026-.*deleted under seal ${seal?.no}, made by a@.*sync\\(\\)`),
      ),
    };
    await expect(textsOf(b.events())).rejects.toMatchObject(told);
    await expect(b.at(new Date(Date.UTC(2026, 0, 1)))).rejects.toMatchObject(told);
    // What the message says helps.
    await b.sync();
    expect(await textsOf(b.events({ after: seal?.H ?? '' }))).not.toHaveLength(0);
    await expect(textsOf(b.events())).rejects.toMatchObject({ code: 'HISTORY_DELETED' });
    await a.close();
    await b.close();
  });

  test('looks again by itself if they delete while it reads', async () => {
    const world = new SealedWorld('a', 'b');
    const a = await world.open('a');
    const b = await world.open('b', { undoMemory: 1 });
    for (let i = 0; i < 5; i++) {
      a.model.write(`a${i}`);
      b.model.write(`b${i}`);
      await world.meet(a, b);
    }
    const listing = b.events()[Symbol.asyncIterator]();
    const disk = world.network.disk('b');
    const older = new Map(disk.paths().map((path) => [path, disk.peek(path)!]));
    expect(await deleted(a)).toBeGreaterThan(0);
    world.deliver();
    const newer = new Map(disk.paths().map((path) => [path, disk.peek(path)!]));
    // The frontier that it reads first is the one from before.
    const frontier = [...newer.keys()].find((path) => /^\/shared\/a\/.*frontier\.json$/.test(path))!;
    disk.put(frontier, older.get(frontier)!);
    let reads = 0;
    disk.fault = (operation, path) => {
      if (operation === 'read' && path === frontier && ++reads === 2) disk.put(frontier, newer.get(frontier)!);
    };
    await expect(listing.next()).rejects.toMatchObject({ code: 'HISTORY_DELETED' });
    disk.fault = () => undefined;
    await a.close();
    await b.close();
  });
});
