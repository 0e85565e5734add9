/**
 * What vanished from the files of its master, and others had accepted: they publish a copy of it at once, so that newcomers and the restored
 * machine get those events with their ids, order and author. Before, whoever had not accepted it lacked it for good.
 */
import type { Master, MergedEvent } from '../../src/index.js';
import type { Ledger } from '../ledger.js';
import { type Files, linesOf, MirroredWorld } from '../mirrored-world.js';

interface Vanished {
  readonly world: MirroredWorld;
  readonly desk: Master<Ledger>;
  /** What laptop's disk held before its folder was deleted everywhere; laptop is closed. */
  readonly lost: Files;
}

async function vanished(): Promise<Vanished> {
  const world = new MirroredWorld('desk', 'laptop', 'phone', 'late');
  const laptop = await world.open('laptop');
  await world.write(laptop, 'l1', 'l2', 'l3');
  await laptop.close();
  world.mirrorAll();
  const desk = await world.open('desk');
  await world.write(desk, 'd1');
  const lost = world.backup('laptop');
  world.vanish('laptop');
  await desk.sync();
  world.mirrorAll();
  return { world, desk, lost };
}

async function eventsOf(master: Master<Ledger>): Promise<MergedEvent[]> {
  const events: MergedEvent[] = [];
  for await (const event of master.events()) events.push(event);
  return events;
}

async function close(...masters: Master<Ledger>[]): Promise<void> {
  for (const master of masters) await master.close();
}

const copiesOf = (world: MirroredWorld, name: string): string[] =>
  world.filesOf(name, '.ndjson').filter((path) => path.includes('/copies/'));

const ALL = ['l1', 'l2', 'l3', 'd1'];

test('a newcomer gets them with their ids, order and author, and publishes a copy of its own', async () => {
  const { world, desk } = await vanished();
  const late = await world.open('late');
  expect(linesOf(late)).toEqual(ALL);
  expect(await eventsOf(late)).toEqual(await eventsOf(desk));
  expect((await eventsOf(late)).map(({ master, seq }) => `${master} ${seq}`).slice(0, 3)).toEqual([
    'laptop 1',
    'laptop 2',
    'laptop 3',
  ]);
  await late.sync();
  expect((await late.status()).held).toMatchObject([{ master: 'laptop', reason: 'vanished' }]);
  expect(copiesOf(world, 'late')).toHaveLength(1);
  await close(desk, late);
});

test('a copy holds the very lines that their master wrote', async () => {
  const { world, desk, lost } = await vanished();
  const [path = ''] = copiesOf(world, 'desk');
  const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes).replaceAll('\0', '');
  const [journal] = [...lost].filter(([name]) => name.startsWith('/shared/laptop/') && name.endsWith('.ndjson'));
  expect(text(world.network.disk('desk').peek(path))).toBe(text(journal?.[1]).split('\n').slice(1).join('\n'));
  await close(desk);
});

test('the restored machine gets what its backup lacked, and goes on', async () => {
  const world = new MirroredWorld('desk', 'laptop');
  const laptop = await world.open('laptop');
  await world.write(laptop, 'l1');
  await laptop.close();
  const backup = world.backup('laptop');
  const further = await world.open('laptop');
  await world.write(further, 'l2', 'l3');
  await further.close();
  world.mirror('laptop', 'desk');
  const desk = await world.open('desk');
  world.restore('laptop', backup, '/shared/laptop/');
  world.mirror('laptop', 'desk');
  await desk.sync();
  world.mirror('desk', 'laptop');
  const restored = await world.open('laptop');
  expect(linesOf(restored)).toEqual(['l1', 'l2', 'l3']);
  await world.write(restored, 'l4');
  world.mirrorAll();
  await desk.sync();
  expect(linesOf(desk)).toEqual(['l1', 'l2', 'l3', 'l4']);
  await close(desk, restored);
});

test('nothing is there twice when the lost files come back, and the copies go', async () => {
  const { world, desk, lost } = await vanished();
  const late = await world.open('late');
  await late.sync();
  world.restore('laptop', lost, '/shared/laptop/');
  world.mirrorAll();
  for (const master of [desk, late]) {
    expect((await master.sync()).held).toEqual([]);
    expect(linesOf(master)).toEqual(ALL);
  }
  expect([...copiesOf(world, 'desk'), ...copiesOf(world, 'late')]).toEqual([]);
  const laptop = await world.open('laptop');
  await world.write(laptop, 'l4');
  world.mirrorAll();
  for (const master of [desk, late]) {
    await master.sync();
    expect(linesOf(master)).toEqual([...ALL, 'l4']);
  }
  await close(desk, late, laptop);
});

test('a copy grows: whoever had more of the stream passes it on', async () => {
  const world = new MirroredWorld('desk', 'laptop', 'phone');
  const laptop = await world.open('laptop');
  await world.write(laptop, 'l1', 'l2');
  world.mirror('laptop', 'desk');
  const desk = await world.open('desk');
  await world.write(laptop, 'l3', 'l4');
  await laptop.close();
  world.mirror('laptop', 'phone');
  const phone = await world.open('phone');
  world.vanish('laptop');
  await desk.sync();
  world.mirror('desk', 'phone');
  await phone.sync();
  world.mirror('phone', 'desk');
  await desk.sync();
  expect(linesOf(desk)).toEqual(['l1', 'l2', 'l3', 'l4']);
  expect(copiesOf(world, 'desk')).toHaveLength(2);
  await close(desk, phone);
});

test('a master that is closed has published its copy before, and a start goes on with it', async () => {
  const { world, desk } = await vanished();
  await desk.close();
  const again = await world.open('desk');
  await world.write(again, 'd2');
  expect(copiesOf(world, 'desk')).toHaveLength(1);
  world.mirrorAll();
  const late = await world.open('late');
  expect(linesOf(late)).toEqual([...ALL, 'd2']);
  await close(again, late);
});

test('what a seal names and a snapshot stands in for needs no copy', async () => {
  const { world, desk } = await vanished();
  await desk.compact();
  await desk.sync();
  world.mirrorAll();
  expect(copiesOf(world, 'desk')).toEqual([]);
  const late = await world.open('late');
  expect(linesOf(late)).toEqual(ALL);
  await close(desk, late);
});

test('whoever begins with a copy of the folder has all of it', async () => {
  const { world, desk } = await vanished();
  const image = world.backup('desk');
  await desk.close();
  world.network.disk('phone').remove('/shared');
  world.restore(
    'phone',
    new Map([...image].filter(([path]) => path.startsWith('/shared/') && !path.endsWith('.snapshot'))),
    '/',
  );
  const phone = await world.open('phone');
  expect(linesOf(phone)).toEqual(ALL);
  await phone.close();
});
