/**
 * The image of a machine is put back, folder and private directory together, and it writes on: two events have one number. Before, it went on
 * in that stream for ever, where others accepted nothing any more, and a seal split them for good without a word.
 */
import type { Master } from '../../src/index.js';
import type { Ledger } from '../ledger.js';
import { linesOf, MirroredWorld } from '../mirrored-world.js';

interface Rolled {
  readonly world: MirroredWorld;
  readonly desk: Master<Ledger>;
  /** Put back to p1 and p2; it does not know that it wrote p3 and p4 before, which desk has accepted. */
  readonly phone: Master<Ledger>;
}

async function rolledBack(options: Parameters<MirroredWorld['open']>[1] = {}): Promise<Rolled> {
  const world = new MirroredWorld('desk', 'phone', 'late');
  const desk = await world.open('desk', options);
  await world.write(desk, 'd1');
  world.mirror('desk', 'phone');
  const first = await world.open('phone', options);
  await world.write(first, 'p1', 'p2');
  await first.close();
  const image = world.backup('phone');
  const further = await world.open('phone', options);
  await world.write(further, 'p3', 'p4');
  await further.close();
  world.mirror('phone', 'desk');
  await desk.sync();
  // What it has accepted it says with the next one.
  await desk.sync();
  world.restore('phone', image);
  const phone = await world.open('phone', options);
  return { world, desk, phone };
}

async function close(...masters: Master<Ledger>[]): Promise<void> {
  for (const master of masters) await master.close();
}

test('it begins a new epoch as soon as it hears of more events than it wrote', async () => {
  const { world, desk, phone } = await rolledBack();
  world.mirror('desk', 'phone');
  await phone.sync();
  expect((await phone.status()).notices.join()).toMatch(
    /desk has accepted event 4 \(\w{26}\) of phone@\w{26}, which this machine did not write/,
  );
  await world.write(phone, 'n1');
  world.mirror('phone', 'desk');
  await desk.sync();
  expect(linesOf(desk)).toEqual(['d1', 'p1', 'p2', 'p3', 'p4', 'n1']);
  await close(desk, phone);
});

test('it begins one as soon as it hears of another event under one of its numbers, once', async () => {
  const { world, desk, phone } = await rolledBack();
  await world.write(phone, 'q3', 'q4', 'q5');
  world.mirror('desk', 'phone');
  await phone.sync();
  await phone.sync();
  const epochs = Object.keys((await phone.status()).streams).filter((key) => key.startsWith('phone@'));
  expect(epochs).toHaveLength(2);
  expect((await phone.status()).notices.filter((text) => text.includes('did not write'))).toHaveLength(1);
  await world.write(phone, 'n1');
  world.mirror('phone', 'desk');
  expect((await desk.sync()).held).toMatchObject([{ master: 'phone', seq: 3, reason: 'fork' }]);
  expect(linesOf(desk)).toEqual(['d1', 'p1', 'p2', 'p3', 'p4', 'n1']);
  expect(linesOf(phone)).toEqual(['d1', 'p1', 'p2', 'q3', 'q4', 'q5', 'n1']);
  await close(desk, phone);
});

test('calls that are on their way when the stream is left are acknowledged in it, and stay', async () => {
  const { world, desk, phone } = await rolledBack();
  await world.write(phone, 'q3');
  world.mirror('desk', 'phone');
  const disk = world.network.disk('phone');
  const calls: Promise<unknown>[] = [];
  // At each thing it reads or writes: some calls are made right before the stream is left, and some right after.
  disk.fault = () => {
    const line = `w${calls.length}`;
    calls.push(Promise.resolve().then(() => phone.transact((ledger) => ledger.write(line))));
    if (calls.length === 60) disk.fault = () => undefined;
  };
  await phone.sync();
  await phone.sync();
  disk.fault = () => undefined;
  await Promise.all(calls);
  const expected = ['d1', 'p1', 'p2', 'q3', ...calls.map((_, index) => `w${index}`)];
  expect([...linesOf(phone)].sort()).toEqual([...expected].sort());
  await phone.close();
  const again = await world.open('phone');
  expect([...linesOf(again)].sort()).toEqual([...expected].sort());
  await close(desk, again);
});

test('a start that finds its journal in another version begins a new epoch', async () => {
  const { world, desk, phone } = await rolledBack();
  await world.write(phone, 'q3', 'q4', 'q5');
  await phone.close();
  world.mirror('desk', 'phone');
  const again = await world.open('phone');
  expect((await again.status()).notices.join()).toContain('did not write');
  await world.write(again, 'n1');
  world.mirror('phone', 'desk');
  await desk.sync();
  expect(linesOf(desk)).toEqual(['d1', 'p1', 'p2', 'p3', 'p4', 'n1']);
  await close(desk, again);
});

test('under a seal that names another version nothing more is accepted, no snapshot is offered, and both are said', async () => {
  const { world, desk, phone } = await rolledBack();
  await world.write(phone, 'q3', 'q4', 'q5');
  const { seal } = await desk.compact();
  expect(seal?.names).toBeDefined();
  world.mirrorAll();
  const report = await phone.sync();
  expect(report.seal?.no).toBe(1);
  const { held } = await phone.status();
  expect(held).toMatchObject([{ master: 'phone', seq: 4, reason: 'fork' }]);
  expect(held[0]?.message).toMatch(
    /seal 1, made by desk@\w{26}, names another version of phone@\w{26}: event 4 is \w{26} there, and \w{26} here/,
  );
  expect((await phone.compact()).waiting.join()).toContain('names another version');
  await phone.sync();
  expect(world.filesOf('phone', '.snapshot')).toHaveLength(1);
  // What it calls from now on counts for all.
  await world.write(phone, 'n1');
  world.mirrorAll();
  await desk.sync();
  const late = await world.open('late');
  expect(linesOf(desk)).toEqual(['d1', 'p1', 'p2', 'p3', 'p4', 'n1']);
  expect(linesOf(late)).toEqual(linesOf(desk));
  expect(linesOf(phone)).toEqual(['d1', 'p1', 'p2', 'q3', 'q4', 'q5', 'n1']);
  await phone.close();
  const again = await world.open('phone');
  expect(linesOf(again)).toEqual(['d1', 'p1', 'p2', 'q3', 'q4', 'q5', 'n1']);
  expect((await again.status()).held).toMatchObject([{ master: 'phone', reason: 'fork' }]);
  await close(desk, late, again);
});
