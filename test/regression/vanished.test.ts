/**
 * Files of others that vanish, or go back, while a master runs that has accepted their events: it keeps them for good, and says so. Before, a
 * vanished stream was not noticed, and what was in memory only was gone after the next restart, everywhere.
 */
import type { Hold, Master } from '../../src/index.js';
import type { Ledger } from '../ledger.js';
import { type Files, linesOf, MirroredWorld } from '../mirrored-world.js';

const DAY = 86_400_000;

/** desk has accepted what laptop called before its folder was deleted everywhere; laptop is closed. */
async function vanished(options: Parameters<MirroredWorld['open']>[1] = {}): Promise<{
  world: MirroredWorld;
  desk: Master<Ledger>;
  held: Hold[];
  /** What laptop's disk held. */
  lost: Files;
}> {
  const world = new MirroredWorld('desk', 'laptop', 'phone');
  const laptop = await world.open('laptop');
  await world.write(laptop, 'l1', 'l2');
  await laptop.close();
  world.mirrorAll();
  const desk = await world.open('desk', options);
  const held: Hold[] = [];
  desk.on('held', (hold) => held.push(hold));
  await world.write(desk, 'd1');
  const lost = world.backup('laptop');
  world.vanish('laptop');
  return { world, desk, held, lost };
}

test('a stream that vanished is held and told once, and saved in a snapshot at once', async () => {
  const { world, desk, held } = await vanished();
  expect(world.filesOf('desk', '.snapshot')).toEqual([]);
  const report = await desk.sync();
  expect(report.held).toMatchObject([{ master: 'laptop', seq: 1, reason: 'vanished' }]);
  expect(report.held[0]?.message).toMatch(/events 1 to 2 \(\w{26} to \w{26}\), accepted here before/);
  expect(world.filesOf('desk', '.snapshot')).toHaveLength(1);
  await desk.sync();
  expect(held).toEqual(report.held);
  const { held: standing, notices } = await desk.status();
  expect(standing).toEqual(report.held);
  expect(notices.filter((notice) => notice === report.held[0]?.message)).toHaveLength(1);
  expect(world.filesOf('desk', '.snapshot')).toHaveLength(1);
  await desk.close();
});

test('the same, where its folders stay and its files are gone', async () => {
  const { world, desk } = await vanished();
  const disk = world.network.disk('desk');
  await disk.mkdir(
    `/shared/laptop/${Object.keys((await desk.status()).streams)
      .join()
      .replace(/.*laptop@/, '')
      .slice(0, 26)}`,
  );
  expect((await desk.sync()).held).toMatchObject([{ master: 'laptop', seq: 1, reason: 'vanished' }]);
  await desk.close();
});

test('a start uses that snapshot, and says so', async () => {
  const { world, desk } = await vanished();
  await desk.sync();
  await desk.close();
  const again = await world.open('desk');
  expect(linesOf(again)).toEqual(['l1', 'l2', 'd1']);
  const { held, notices } = await again.status();
  expect(held).toMatchObject([{ master: 'laptop', reason: 'vanished' }]);
  expect(notices.join()).toContain('This start used the snapshot');
  await world.write(again, 'd2');
  expect(linesOf(again)).toEqual(['l1', 'l2', 'd1', 'd2']);
  await again.close();
});

test('a late event makes that snapshot useless: another one is taken', async () => {
  const { world, desk } = await vanished();
  const phone = await world.open('phone', { now: () => Date.UTC(2025, 0, 1) });
  await desk.sync();
  await world.write(phone, 'early');
  world.mirror('phone', 'desk');
  await desk.sync();
  const whole = linesOf(desk);
  expect(whole).toHaveLength(4);
  await desk.close();
  const again = await world.open('desk');
  expect(linesOf(again)).toEqual(whole);
  for (const one of [again, phone]) await one.close();
});

test('another seal makes that snapshot doubtful: another one is taken', async () => {
  const { world, desk } = await vanished({ retention: DAY, patience: DAY });
  await desk.sync();
  const phone = await world.open('phone', { now: () => world.now++ - 2 * DAY, maxClockDrift: 3 * DAY });
  await world.write(phone, 'old');
  world.mirror('phone', 'desk');
  world.now += DAY / 2;
  await desk.sync();
  expect((await desk.compact()).seal?.no).toBe(1);
  await desk.sync();
  await desk.close();
  const again = await world.open('desk', { retention: DAY, patience: DAY });
  expect([...linesOf(again)].sort()).toEqual(['d1', 'l1', 'l2', 'old']);
  for (const one of [again, phone]) await one.close();
});

test('after a start from a snapshot what a rolled-back machine wrote instead is still not accepted', async () => {
  const world = new MirroredWorld('desk', 'phone');
  const phone = await world.open('phone');
  await world.write(phone, 'p1', 'p2');
  await phone.close();
  const image = world.backup('phone');
  const further = await world.open('phone');
  await world.write(further, 'p3', 'p4');
  await further.close();
  world.mirror('phone', 'desk');
  const desk = await world.open('desk');
  await world.write(desk, 'd1');
  world.restore('phone', image);
  const back = await world.open('phone');
  await world.write(back, 'q3', 'q4', 'q5');
  world.mirror('phone', 'desk');
  expect((await desk.sync()).held).toMatchObject([{ master: 'phone', seq: 3, reason: 'fork' }]);
  await desk.close();
  const again = await world.open('desk');
  expect(linesOf(again)).toEqual(['p1', 'p2', 'p3', 'p4', 'd1']);
  expect((await again.status()).held).toMatchObject([{ master: 'phone', reason: 'fork' }]);
  for (const one of [again, back]) await one.close();
});

test('the lost files come back: nothing is there twice, and the hold ends', async () => {
  const { world, desk, lost } = await vanished();
  await desk.sync();
  world.restore('laptop', lost);
  world.mirror('laptop', 'desk');
  expect((await desk.sync()).held).toEqual([]);
  expect(linesOf(desk)).toEqual(['l1', 'l2', 'd1']);
  const laptop = await world.open('laptop');
  await world.write(laptop, 'l3');
  world.mirror('laptop', 'desk');
  await desk.sync();
  expect(linesOf(desk)).toEqual(['l1', 'l2', 'd1', 'l3']);
  for (const one of [desk, laptop]) await one.close();
});

test('compact() says until when nothing can be sealed', async () => {
  const { world, desk } = await vanished({ retention: DAY });
  const { waiting, seal } = await desk.compact();
  expect(seal).toBeUndefined();
  expect(waiting.join()).toMatch(/younger than retention .* stay open until 2026-01-02T/);
  world.now += 2 * DAY;
  await desk.sync();
  expect(await desk.compact()).toMatchObject({ seal: { no: 1 }, waiting: [] });
  expect((await desk.sync()).held).toEqual([]);
  await desk.close();
});
