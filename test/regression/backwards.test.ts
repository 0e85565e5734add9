/** A peer whose journal went back: what was accepted of it stays, and it is told that there is nothing behind it any more. */
import type { Hold, Master } from '../../src/index.js';
import type { Ledger } from '../ledger.js';
import { HOUR, linesOf as lines, MirroredWorld as World } from '../mirrored-world.js';

/** desk has accepted p1 to p4; the phone's whole machine, private directory included, is back at p1, p2. */
async function restored(): Promise<{ world: World; desk: Master<Ledger>; held: Hold[] }> {
  const world = new World('desk', 'phone');
  const phone = await world.open('phone');
  await world.write(phone, 'p1', 'p2');
  await phone.close();
  const files = world.backup('phone');
  const again = await world.open('phone');
  await world.write(again, 'p3', 'p4');
  await again.close();
  world.mirror('phone', 'desk');
  const desk = await world.open('desk');
  const held: Hold[] = [];
  desk.on('held', (hold) => held.push(hold));
  await world.write(desk, 'd1');
  expect(lines(desk)).toEqual(['p1', 'p2', 'p3', 'p4', 'd1']);
  world.restore('phone', files);
  return { world, desk, held };
}

test('a journal that is shorter than what was accepted is told once, with what is missing; nothing is taken back', async () => {
  const { world, desk, held } = await restored();
  const ids: string[] = [];
  for await (const { id, master } of desk.events()) if (master === 'phone') ids.push(id);
  world.mirror('phone', 'desk');
  const report = await desk.sync();
  expect(report.held).toMatchObject([{ master: 'phone', seq: 3, reason: 'backwards' }]);
  expect(report.held[0]?.message).toContain(`events 3 to 4 (${ids[2]!} to ${ids[3]!})`);
  await desk.sync();
  expect(held).toEqual(report.held);
  expect(lines(desk)).toEqual(['p1', 'p2', 'p3', 'p4', 'd1']);
  await world.write(desk, 'd2');
  expect((await desk.status()).held).toEqual(report.held);
  await desk.close();
});

test('another event under the same number, and what follows it, is not accepted', async () => {
  const { world, desk } = await restored();
  const phone = await world.open('phone');
  for (const further of [['q3'], ['q4'], ['q5', 'q6']]) {
    await world.write(phone, ...further);
    world.mirror('phone', 'desk');
    expect((await desk.sync()).held).toMatchObject([{ master: 'phone', seq: 3, reason: 'fork' }]);
    expect(lines(desk)).toEqual(['p1', 'p2', 'p3', 'p4', 'd1']);
  }
  for (const one of [desk, phone]) await one.close();
});

test('it ends when the files are back', async () => {
  const { world, desk } = await restored();
  const whole = world.backup('desk');
  world.mirror('phone', 'desk');
  expect((await desk.sync()).held).toHaveLength(1);
  const disk = world.network.disk('desk');
  for (const [path, bytes] of whole) if (path.startsWith('/shared/phone/')) disk.put(path, bytes);
  expect((await desk.sync()).held).toEqual([]);
  await desk.close();
});

test('a machine that knows what it had published begins a new stream, and others go on with that', async () => {
  const { world, desk } = await restored();
  const disk = world.network.disk('phone');
  const session = world.backup('phone').get('/local/session.json')!;
  const known = JSON.parse(new TextDecoder().decode(session)) as { head: { seq: number } };
  disk.put(
    '/local/session.json',
    new TextEncoder().encode(JSON.stringify({ ...known, head: { ...known.head, seq: 4 } })),
  );
  const phone = await world.open('phone');
  expect((await phone.status()).notices.join()).toContain('restored backup');
  await world.write(phone, 'r1');
  world.mirror('phone', 'desk');
  expect((await desk.sync()).held).toMatchObject([{ master: 'phone', seq: 3, reason: 'backwards' }]);
  expect(lines(desk)).toEqual(['p1', 'p2', 'p3', 'p4', 'd1', 'r1']);
  for (const one of [desk, phone]) await one.close();
});

test('an older frontier that arrives late says nothing while the journal is whole', async () => {
  const world = new World('desk', 'phone');
  const phone = await world.open('phone');
  await world.write(phone, 'p1', 'p2');
  const old = [...world.backup('phone')].find(([path]) => path.endsWith('frontier.json'))!;
  await world.write(phone, 'p3');
  world.mirror('phone', 'desk');
  const desk = await world.open('desk');
  expect(lines(desk)).toEqual(['p1', 'p2', 'p3']);
  world.network.disk('desk').put(...old);
  expect((await desk.sync()).held).toEqual([]);
  await world.write(phone, 'p4');
  world.mirror('phone', 'desk');
  expect((await desk.sync()).held).toEqual([]);
  expect(lines(desk)).toEqual(['p1', 'p2', 'p3', 'p4']);
  for (const one of [desk, phone]) await one.close();
});

test('events that a seal names may be deleted by their owner, and come back from no backup', async () => {
  const { world, desk } = await restored();
  world.now += HOUR;
  await desk.compact();
  expect(Object.values((await desk.status()).seal?.V ?? {})).toContain(4);
  world.mirror('phone', 'desk');
  expect((await desk.sync()).held).toEqual([]);
  expect(lines(desk)).toEqual(['p1', 'p2', 'p3', 'p4', 'd1']);
  await desk.close();
});

test('nothing is read of a stream that is where it was', async () => {
  const world = new World('desk', 'phone');
  const phone = await world.open('phone');
  await world.write(phone, 'p1', 'p2');
  world.mirror('phone', 'desk');
  const desk = await world.open('desk');
  await desk.sync();
  const read: string[] = [];
  world.network.disk('desk').fault = (operation, path) => {
    if (operation === 'read') read.push(path);
  };
  await desk.sync();
  expect(read.filter((path) => !path.endsWith('frontier.json'))).toEqual([]);
  for (const one of [desk, phone]) await one.close();
});
