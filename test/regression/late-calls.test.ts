/** What could go wrong when a seal was made without calls of a master: nothing of them may be lost, doubled, or deleted too early. */
import type { Master, MasterOptions } from '../../src/index.js';
import type { Ledger } from '../ledger.js';
import { linesOf, PATIENCE, SealedWorld } from '../sealed-world.js';

const busy = (): Error => Object.assign(new Error('EBUSY'), { code: 'EBUSY' });
const small = (world: SealedWorld): Partial<MasterOptions> => world.network.place('b', { segmentBytes: 600 });

/** Seals on `a` past everything it knows, and brings what it wrote to `b`. */
async function sealWithout(world: SealedWorld, a: Master<Ledger>): Promise<void> {
  world.now += 2 * PATIENCE;
  await a.transact((ledger) => ledger.write('a1'));
  await a.compact();
  for (const path of world.network.pending('a', 'b')) world.network.deliver('a', 'b', path);
}

async function settle(world: SealedWorld, ...masters: Master<Ledger>[]): Promise<void> {
  for (let round = 0; round < 4; round++) await world.meet(...masters);
}

/** `b` has written b0, which all know, and twelve late calls in several files, of which its own snapshot is its base. */
async function manyLate(): Promise<{ world: SealedWorld; a: Master<Ledger>; b: Master<Ledger>; files: string[] }> {
  const world = new SealedWorld('a', 'b');
  const a = await world.open('a');
  const b = await world.open('b', small(world));
  await b.transact((ledger) => ledger.write('b0'));
  await world.meet(a, b);
  for (let i = 1; i <= 12; i++) await b.transact((ledger) => ledger.write(`late${i}`));
  await b.snapshot();
  await b.close();
  const files = world.files('b').filter((path) => path.endsWith('.ndjson'));
  return { world, a, b: await world.open('b', small(world)), files };
}

const lateOf = (master: Master<Ledger>): string[] => linesOf(master).filter((line) => line.startsWith('late'));

test('an own file that cannot be read for a moment loses nothing', async () => {
  const { world, a, b, files } = await manyLate();
  const victim = `/shared/b/${files[2]!}`;
  await sealWithout(world, a);
  let times = 0;
  world.network.disk('b').fault = (operation, path) => {
    if (operation === 'read' && path === victim && times++ < 2) throw busy();
  };
  await expect(b.sync()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  world.network.disk('b').fault = () => undefined;
  await settle(world, a, b);
  await b.close();
  const again = await world.open('b', small(world));
  await world.meet(a, again);
  for (const master of [a, again]) expect(lateOf(master)).toHaveLength(12);
  for (const master of [a, again]) await master.close();
});

test('damage in an own cut stream is an error that names the place, and nothing of it is deleted', async () => {
  const { world, a, b, files } = await manyLate();
  await b.close();
  const victim = `/shared/b/${files[Math.floor(files.length / 2)]!}`;
  const bytes = world.network.disk('b').peek(victim)!.slice();
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = bytes[middle]! ^ 1;
  world.network.disk('b').put(victim, bytes);
  await sealWithout(world, a);
  await expect(world.open('b', small(world))).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
  expect(world.network.disk('b').peek(victim)).toEqual(bytes);
  await a.close();
});

test('a cut stream of which only a part was issued again is not deleted', async () => {
  const world = new SealedWorld('a', 'b', 'r');
  const { network } = world;
  const a = await world.open('a');
  let b = await world.open('b');
  const r = await world.open('r');
  await b.transact((ledger) => ledger.write('b0'));
  await world.meet(a, b, r);
  for (let i = 1; i <= 3; i++) await b.transact((ledger) => ledger.write(`late${i}`));
  await b.sync();
  const disk = network.disk('b');
  const old = disk.paths().filter((path) => path.startsWith('/shared/b/'));
  const backup = old.map((path) => [path, disk.peek(path)!.slice()] as const);
  for (let i = 4; i <= 6; i++) await b.transact((ledger) => ledger.write(`late${i}`));
  await b.close();
  for (const path of network.pending('b', 'r')) network.deliver('b', 'r', path);
  await r.sync();
  for (const path of network.pending('r', 'b')) network.deliver('r', 'b', path);
  for (const [path, bytes] of backup) disk.put(path, bytes);
  b = await world.open('b');
  await sealWithout(world, a);
  await b.sync();
  await b.compact();
  expect(disk.peek(old.find((path) => path.endsWith('.ndjson'))!)).toBeDefined();
  for (const master of [a, b, r]) await master.close();
});

/** A seal has been made without one call of `b`, whose stream was begun in this run. */
async function oneLate(): Promise<{ world: SealedWorld; a: Master<Ledger>; b: Master<Ledger> }> {
  const world = new SealedWorld('a', 'b');
  const a = await world.open('a');
  const b = await world.open('b');
  await b.transact((ledger) => ledger.write('b0'));
  await world.meet(a, b);
  await b.transact((ledger) => ledger.write('late'));
  await sealWithout(world, a);
  return { world, a, b };
}

test('an own file that is refused once does not leave the master writing into a stream that has ended', async () => {
  const { world, a, b } = await oneLate();
  let times = 0;
  world.network.disk('b').fault = (operation, path) => {
    const isOwn = path.startsWith('/shared/b/') && path.endsWith('.ndjson');
    if (operation === 'read' && isOwn && times++ < 1) throw busy();
  };
  await b.sync().catch(() => undefined);
  world.network.disk('b').fault = () => undefined;
  await b.transact((ledger) => ledger.write('after'));
  await settle(world, a, b);
  for (const master of [a, b]) expect(linesOf(master)).toEqual(['b0', 'a1', 'late', 'after']);
  for (const master of [a, b]) await master.close();
});

test('a master that is read-only begins no new stream and deletes nothing', async () => {
  const { world, a, b } = await oneLate();
  let fails = true;
  world.network.disk('b').fault = (operation, path) => {
    if (operation !== 'sync' || !fails || !path.endsWith('.ndjson')) return;
    fails = false;
    throw Object.assign(new Error('EIO'), { code: 'EIO' });
  };
  b.on('error', () => undefined);
  await expect(b.transact((ledger) => ledger.write('refused'))).rejects.toMatchObject({ code: 'NOT_DURABLE' });
  const { epoch } = await b.status();
  const files = world.files('b');
  await b.sync();
  expect((await b.compact()).waiting.join()).toMatch(/store refused/);
  expect((await b.status()).epoch).toBe(epoch);
  expect(world.files('b')).toEqual(files);
  await b.close();
  const again = await world.open('b');
  await settle(world, a, again);
  for (const master of [a, again]) expect(linesOf(master)).toEqual(['b0', 'a1', 'late']);
  for (const master of [a, again]) await master.close();
});

test('calls made while own late calls are read are issued again, however little can be undone', async () => {
  const world = new SealedWorld('a', 'b');
  const a = await world.open('a');
  const b = await world.open('b', { durability: 'always', undoMemory: 2000 });
  await b.transact((ledger) => ledger.write('b0'));
  await world.meet(a, b);
  await b.transact((ledger) => ledger.write('late'));
  await sealWithout(world, a);
  const expected = ['late'];
  let armed = true;
  world.network.disk('b').fault = (operation, path) => {
    if (operation !== 'read' || !armed || !/^\/shared\/b\/.*\.ndjson$/.test(path)) return;
    armed = false;
    for (let i = 0; i < 30; i++) expected.push(...[`w${i}`].filter((line) => b.model.write(line) !== ''));
  };
  await b.sync();
  expect(armed).toBe(false);
  await settle(world, a, b);
  await b.close();
  const again = await world.open('b');
  await world.meet(a, again);
  for (const master of [a, again]) expect(expected.filter((line) => !linesOf(master).includes(line))).toEqual([]);
  for (const master of [a, again]) await master.close();
});

test('an empty file left over from a rotation does not make deletion take what the seal does not name', async () => {
  const world = new SealedWorld('a');
  const disk = world.network.disk('a');
  const options = { ...world.network.place('a', { segmentBytes: 1500 }), retention: PATIENCE };
  const a = await world.open('a', { ...options, durability: 'always' });
  for (let i = 1; i <= 3; i++) a.model.write(`e${i}`);
  world.now += 2 * PATIENCE;
  let armed = true;
  disk.fault = (operation, path) => {
    if (!path.endsWith('0000000000000004.ndjson')) return;
    if (operation === 'open' && armed) {
      armed = false;
      a.model.write('e4');
    }
    if (operation === 'unlink') throw busy();
  };
  await a.compact();
  disk.fault = () => undefined;
  for (let i = 5; i <= 12; i++) a.model.write(`e${i}`);
  await a.compact();
  await a.close();
  const again = await world.open('a', { ...options, ...world.network.place('a', { segmentBytes: 1500 }) });
  expect(linesOf(again)).toHaveLength(12);
  await again.close();
});

test('an open that fails after late calls were issued again releases the lock', async () => {
  const { world, a, b } = await oneLate();
  await b.close();
  let begun = false;
  world.network.disk('b').fault = (operation, path) => {
    if (operation === 'rename' && path.includes('.ndjson')) begun = true;
    if (!begun || operation !== 'open' || !path.includes('frontier.json')) return;
    begun = false;
    throw busy();
  };
  await expect(world.open('b')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  world.network.disk('b').fault = () => undefined;
  // The same store, whose lock it is.
  const again = await world.open('b');
  expect(lateOf(again)).toEqual(['late']);
  for (const master of [a, again]) await master.close();
});

test('what was merged is told although sealing and deleting fail', async () => {
  const world = new SealedWorld('a', 'b');
  const place = world.network.place('a', { segmentBytes: 2000 });
  const a = await world.open('a', { ...place, sealer: true, durability: 'always' });
  const b = await world.open('b');
  await world.meet(a, b);
  const [told, errors]: [string[], unknown[]] = [[], []];
  a.on('event', (event) => {
    if (event.master === 'b') told.push(event.id);
  });
  a.on('error', (error) => errors.push(error));
  for (let i = 0; i < 100; i++) a.model.write(`a${i}`);
  world.network.disk('a').fault = (operation, path) => {
    if (operation === 'open' && path.includes('.snapshot'))
      throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
  };
  await b.transact((ledger) => ledger.write('b1'));
  await b.sync();
  world.deliver();
  const { version } = a;
  for (let i = 0; i < 4; i++) await a.sync();
  expect(linesOf(a)).toContain('b1');
  expect(told).toHaveLength(1);
  expect(a.version).toBeGreaterThan(version);
  expect(errors.length).toBeGreaterThan(0);
  await expect(a.compact()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  world.network.disk('a').fault = () => undefined;
  for (const master of [a, b]) await master.close();
});

test('a reader whose base contains dead events of a stream that is deleted by now goes on', async () => {
  const world = new SealedWorld('a', 'b', 'r');
  const { network } = world;
  const a = await world.open('a');
  const b = await world.open('b');
  let r = await world.open('r');
  await b.transact((ledger) => ledger.write('b0'));
  await world.meet(a, b, r);
  for (const line of ['late1', 'late2', 'late3']) await b.transact((ledger) => ledger.write(line));
  await b.sync();
  for (const path of network.pending('b', 'r')) network.deliver('b', 'r', path);
  await r.sync();
  expect(linesOf(r)).toContain('late3');
  await r.snapshot();
  await r.close();
  r = await world.open('r');
  await sealWithout(world, a);
  await b.sync();
  await b.transact((ledger) => ledger.write('b9'));
  await b.compact();
  for (const path of network.pending('b', 'a')) network.deliver('b', 'a', path);
  await a.sync();
  await a.compact();
  for (const path of network.pending('a', 'b')) network.deliver('a', 'b', path);
  await b.sync();
  await b.compact();
  world.deliver();
  await settle(world, a, b, r);
  expect(linesOf(r)).toEqual(linesOf(a));
  for (const master of [a, b, r]) await master.close();
});

test('a lost frontier does not take the snapshot away that stands in for deleted events', async () => {
  const world = new SealedWorld('a', 'b');
  const options = (): Partial<MasterOptions> => ({
    ...world.network.place('a', { segmentBytes: 2000 }),
    durability: 'always',
  });
  let a = await world.open('a', options());
  for (let i = 0; i < 100; i++) a.model.write(`a${i}`);
  expect((await a.compact()).freed).toBeGreaterThan(0);
  await a.close();
  world.network.disk('a').remove(`/shared/a/${world.files('a').find((path) => path.endsWith('frontier.json'))!}`);
  a = await world.open('a', options());
  await a.sync();
  world.deliver();
  const b = await world.open('b');
  await b.sync();
  expect((await b.status()).held).toEqual([]);
  expect(linesOf(b)).toHaveLength(100);
  for (const master of [a, b]) await master.close();
});
