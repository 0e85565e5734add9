/** What went wrong in the library this one descends from, with sealing and deletion going on. */
import { Prevalent, Transaction } from '../../src/index.js';
import { Master } from '../../src/index.js';
import { linesOf, SealedWorld } from '../sealed-world.js';

@Prevalent('register')
class Register {
  x = 0;
  @Transaction() set(x: number): void {
    this.x = x;
  }
}

test('x = 1 on one, x = 2 on the other: both end with the same x, sealed or not', async () => {
  const world = new SealedWorld('a', 'b');
  const open = (name: string): Promise<Master<Register>> =>
    Master.open(Register, { ...world.network.place(name), now: () => world.now++, retention: 0 });
  const [a, b] = [await open('a'), await open('b')];
  a.model.set(1);
  b.model.set(2);
  for (let round = 0; round < 3; round++)
    for (const master of [a, b]) {
      await master.sync();
      world.deliver();
    }
  expect([a.model.x, b.model.x]).toEqual([2, 2]);
  await a.compact();
  world.deliver();
  await b.sync();
  expect([a.model.x, b.model.x]).toEqual([2, 2]);
  for (const master of [a, b]) await master.close();
});

test('clone, sync, restart, sync: nothing is applied again, and the clone publishes what it has', async () => {
  const world = new SealedWorld('a');
  const a = await world.open('a');
  for (let i = 0; i < 5; i++) await a.transact((ledger) => ledger.write(`a${i}`));
  await a.compact();
  let clone = await world.join('clone');
  clone.model.write('mine');
  await world.meet(a, clone);
  await clone.snapshot();
  await clone.close();
  clone = await world.open('clone');
  await world.meet(a, clone);
  await a.compact();
  await world.meet(a, clone);
  for (const master of [a, clone]) expect(linesOf(master)).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'mine']);
  for (const master of [a, clone]) await master.close();
});

test('a poison event with three masters: rejected alike on all of them, for good once it is sealed, and no start or sync stops', async () => {
  const world = new SealedWorld('a', 'b', 'c');
  const [a, b, c] = [await world.open('a'), await world.open('b'), await world.open('c')];
  a.model.write('one');
  await world.meet(a, b, c);
  // Each is right where it is made; only one of them can be right in the merged order.
  a.model.writeAfter('one', 'a');
  b.model.writeAfter('one', 'b');
  c.model.writeAfter('one', 'c');
  await world.meet(a, b, c);
  const rejected = a.rejections().map(({ id }) => id);
  expect(rejected).toHaveLength(2);
  await a.compact();
  await world.meet(a, b, c);
  for (const master of [a, b, c]) {
    expect(linesOf(master)).toEqual(['one', 'a']);
    expect(master.rejections().map(({ id }) => id)).toEqual(rejected);
  }
  await c.close();
  const again = await world.open('c');
  again.model.write('two');
  await world.meet(a, b, again);
  for (const master of [a, b, again]) expect(linesOf(master)).toEqual(['one', 'a', 'two']);
  for (const master of [a, b, again]) await master.close();
});

test.each(['open', 'sync', 'rename', 'unlink', 'write'] as const)(
  'a crash between any two steps of sealing, rotating, saving and deleting loses and repeats nothing (at %s)',
  async (at) => {
    for (let nth = 1; ; nth++) {
      const world = new SealedWorld('a', 'b');
      const [a, b] = [await world.open('a'), await world.open('b')];
      for (let i = 0; i < 4; i++) {
        await a.transact((ledger) => ledger.write(`a${i}`));
        await world.meet(a, b);
        if (i < 3) await a.compact();
      }
      let [count, hit] = [0, false];
      world.network.disk('a').fault = (operation) => {
        if (operation !== at || ++count !== nth) return;
        hit = true;
        world.network.crash('a', () => 0.5);
        throw new Error('the power fails');
      };
      a.on('error', () => undefined);
      await Promise.race([a.compact().catch(() => undefined), turns(300)]);
      world.network.disk('a').fault = () => undefined;
      if (!hit) {
        expect(nth).toBeGreaterThan(1);
        for (const master of [a, b]) await master.close();
        return;
      }
      const again = await world.open('a');
      await world.meet(again, b);
      for (const master of [again, b]) expect(linesOf(master)).toEqual(['a0', 'a1', 'a2', 'a3']);
      for (const master of [again, b]) await master.close();
    }
  },
);

test('a newcomer that was given a stale snapshot while the others delete catches up', async () => {
  const world = new SealedWorld('a', 'b');
  const [a, b] = [await world.open('a'), await world.open('b')];
  for (let i = 0; i < 5; i++) await a.transact((ledger) => ledger.write(`a${i}`));
  await world.meet(a, b);
  await a.compact();
  world.deliver();
  // What the newcomer's synchroniser has brought so far: everything as it is now.
  const disk = world.network.disk('b');
  const stale = disk.paths().filter((path) => path.startsWith('/shared/'));
  const bytes = stale.map((path) => [path, disk.peek(path)!.slice()] as const);
  for (let round = 0; round < 3; round++) {
    await b.transact((ledger) => ledger.write(`b${round}`));
    await world.meet(a, b);
    await a.compact();
    await world.meet(a, b);
    await b.compact();
  }
  world.network.add('c');
  for (const [path, content] of bytes) world.network.disk('c').put(path, content);
  const c = await world.open('c');
  expect(linesOf(c)).toEqual(['a0', 'a1', 'a2', 'a3', 'a4']);
  c.model.write('c');
  await world.meet(a, b, c);
  expect(linesOf(c)).toEqual(linesOf(a));
  expect(linesOf(b)).toEqual(linesOf(a));
  expect([...linesOf(a)].sort()).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'b0', 'b1', 'b2', 'c']);
  for (const master of [a, b, c]) await master.close();
});

function turns(count: number): Promise<void> {
  return new Promise((resolve) => {
    const next = (left: number): void => {
      if (left === 0) resolve();
      else setImmediate(next, left - 1);
    };
    next(count);
  });
}
