/** A machine whose clock was wrong, and what an operator does about it. */
import { type Master, type MasterOptions } from '../../src/index.js';
import type { Ledger } from '../ledger.js';
import { HOUR, linesOf as lines, SealedWorld } from '../sealed-world.js';

const MINUTE = 60_000;
const YEAR = 365 * 24 * HOUR;

/** A world in which each machine's clock may be off. */
class World extends SealedWorld {
  readonly off = new Map<string, number>();

  override open(name: string, options: Partial<MasterOptions> = {}): Promise<Master<Ledger>> {
    return super.open(name, { now: () => this.now++ + (this.off.get(name) ?? 0), ...options });
  }
}

const behind = (master: Master<Ledger>, line: string): void => {
  expect(() => {
    master.model.write(line);
  }).toThrow(expect.objectContaining({ code: 'CLOCK_BEHIND' }));
};

test('a clock set back by more than maxClockDrift refuses calls, holds the others, and goes on when it is right', async () => {
  const world = new World('a', 'b');
  const a = await world.open('a');
  const b = await world.open('b');
  await world.meet(a, b);
  a.model.write('a1');
  world.off.set('a', -4 * MINUTE);
  a.model.write('a2');
  world.off.set('a', -6 * MINUTE);
  behind(a, 'refused');
  b.model.write('b1');
  await world.meet(a, b);
  // To this machine what the others do now is from the future.
  expect((await a.sync()).held).toMatchObject([{ master: 'b', reason: 'clock-ahead' }]);
  expect(lines(a)).toEqual(['a1', 'a2']);
  behind(a, 'refused');
  world.off.delete('a');
  a.model.write('a3');
  await world.meet(a, b);
  for (const master of [a, b]) expect(lines(master)).toEqual(['a1', 'a2', 'b1', 'a3']);
  for (const one of [a, b]) await one.close();
});

test('a start whose clock is behind the newest event says so', async () => {
  const world = new World('a');
  const a = await world.open('a');
  await a.transact((ledger) => ledger.write('a1'));
  expect((await a.status()).notices).toEqual([]);
  await a.close();
  world.off.set('a', -6 * MINUTE);
  const again = await world.open('a');
  expect((await again.status()).notices.join()).toMatch(/is behind the newest event .* \(CLOCK_BEHIND\)/);
  behind(again, 'refused');
  world.off.delete('a');
  again.model.write('a2');
  await again.close();
});

test('a stream from the future is held until its time has come, and others go on', async () => {
  const world = new World('a', 'b', 'c');
  const [a, b, c] = [await world.open('a'), await world.open('b'), await world.open('c')];
  world.off.set('a', YEAR);
  a.model.write('from the future');
  await world.meet(a, b, c);
  b.model.write('b1');
  await world.meet(a, b, c);
  c.model.write('c1');
  await world.meet(a, b, c);
  expect(lines(b)).toEqual(['b1', 'c1']);
  expect(lines(c)).toEqual(['b1', 'c1']);
  expect((await b.sync()).held).toMatchObject([{ master: 'a', seq: 1, reason: 'clock-ahead' }]);
  world.now += YEAR - 4 * MINUTE;
  await world.meet(a, b, c);
  expect((await b.sync()).held).toEqual([]);
  for (const master of [a, b, c]) expect(lines(master)).toEqual(['b1', 'c1', 'from the future']);
  b.model.write('b2');
  for (const one of [a, b, c]) await one.close();
});

/** `a` ran a year ahead, called and sealed; its clock is right again. */
async function sealedAhead(): Promise<{ world: World; a: Master<Ledger>; b: Master<Ledger> }> {
  const world = new World('a', 'b');
  const a = await world.open('a');
  const b = await world.open('b');
  a.model.write('a1');
  b.model.write('b1');
  await world.meet(a, b);
  await a.compact();
  await world.meet(a, b);
  expect((await b.status()).seal?.no).toBe(1);
  world.off.set('a', YEAR);
  a.model.write('a2 from the future');
  await a.compact();
  expect((await a.status()).seal?.no).toBe(2);
  world.off.delete('a');
  await world.meet(a, b);
  return { world, a, b };
}

test('a seal from the future cuts nobody; it is adopted when its time has come', async () => {
  const { world, a, b } = await sealedAhead();
  behind(a, 'refused');
  expect((await b.status()).seal?.no).toBe(1);
  b.model.write('b2');
  await world.meet(a, b);
  expect(lines(b)).toEqual(['a1', 'b1', 'b2']);
  expect((await b.status()).cut).toEqual({});
  world.now += YEAR;
  await world.meet(a, b);
  expect((await b.status()).seal?.no).toBeGreaterThanOrEqual(2);
  // What b called meanwhile came too late for that seal; it is there again, once, at the end.
  for (const master of [a, b]) expect(lines(master)).toEqual(['a1', 'b1', 'a2 from the future', 'b2']);
  for (const one of [a, b]) await one.close();
});

test('repair: the same machine goes on at once under a new name; what it called in the future comes in its time', async () => {
  const { world, a, b } = await sealedAhead();
  await a.close();
  // The old folder's snapshot lies in the future as well; another master's stands in for what was deleted there.
  await b.compact();
  world.network.add('a-again');
  world.deliver();
  const again = await world.open('a-again');
  again.model.write('today');
  await world.meet(again, b);
  for (const master of [again, b]) expect(lines(master)).toEqual(['a1', 'b1', 'today']);
  world.now += YEAR;
  await world.meet(again, b);
  for (const master of [again, b])
    expect([...lines(master)].sort()).toEqual(['a1', 'a2 from the future', 'b1', 'today']);
  for (const one of [again, b]) await one.close();
});

test('repair: a folder that holds a seal from the future is moved away before another master takes over', async () => {
  const { world, a, b } = await sealedAhead();
  await a.close();
  for (const name of world.network.names()) {
    const disk = world.network.disk(name);
    for (const path of disk.paths()) if (path.startsWith('/shared/a/')) disk.remove(path);
  }
  await b.sync();
  b.model.write('b2');
  world.now += 2 * HOUR;
  const { seal } = await b.compact({ takeOver: true });
  expect(seal).toMatchObject({ no: 2 });
  world.now += YEAR;
  const c = await world.join('c');
  await world.meet(b, c);
  for (const master of [b, c]) expect(lines(master)).toEqual(['a1', 'b1', 'b2']);
  for (const one of [b, c]) await one.close();
});

test('without that, nobody seals apart from a seal that is known, and nothing is lost', async () => {
  const { world, a, b } = await sealedAhead();
  b.model.write('b2');
  world.now += 2 * HOUR;
  const { seal, waiting } = await b.compact({ takeOver: true });
  expect(seal).toMatchObject({ no: 1 });
  expect(waiting.join()).toMatch(/seal 2 is known, but lies in the future/);
  world.now += YEAR;
  await world.meet(a, b);
  for (const master of [a, b]) expect(lines(master)).toEqual(['a1', 'b1', 'a2 from the future', 'b2']);
  for (const one of [a, b]) await one.close();
});
