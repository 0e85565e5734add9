/** Failures that sealing, cutting and deleting could bring, each kept as a case. */
import type { Master, MergedEvent } from '../../src/index.js';
import type { Ledger } from '../ledger.js';
import { HOUR, idsOf, linesOf, SealedWorld } from '../sealed-world.js';

/** Two masters; `b` has made a call and slept past patience, and `a` has sealed without it. */
async function late(): Promise<{ world: SealedWorld; a: Master<Ledger>; b: Master<Ledger>; id: string }> {
  const world = new SealedWorld('a', 'b');
  const a = await world.open('a');
  const b = await world.open('b');
  await world.meet(a, b);
  const id = await b.transact((ledger) => ledger.write('late'));
  // Published, but it does not arrive.
  await b.sync();
  world.now += 2 * HOUR;
  a.model.write('early');
  await a.compact();
  world.deliver();
  return { world, a, b, id };
}

const eventsOf = async (master: Master<Ledger>): Promise<MergedEvent[]> => {
  const events: MergedEvent[] = [];
  const after = (await master.status()).undo.base;
  for await (const event of master.events({ after })) events.push(event);
  return events;
};

async function close(...masters: Master<Ledger>[]): Promise<void> {
  for (const master of masters) await master.close();
}

test('a dead event does not come back through the V of a later seal', async () => {
  const { world, a, b } = await late();
  const dead = `b@${(await b.status()).epoch}`;
  await world.meet(a, b);
  for (let round = 0; round < 4; round++) {
    world.now += HOUR / 2;
    a.model.write(`more ${round}`);
    await world.meet(a, b);
    const { seal } = await a.compact();
    await world.meet(a, b);
    expect(seal?.no).toBeGreaterThan(round + 1);
    expect(seal?.V[dead]).toBeUndefined();
  }
  for (const master of [a, b]) expect(linesOf(master).filter((line) => line === 'late')).toEqual(['late']);
  expect(linesOf(a)).toEqual(linesOf(b));
  const c = await world.join('c');
  expect(linesOf(c)).toEqual(linesOf(a));
  await close(a, b, c);
});

test('a re-issue makes the same uuid at the same time, and is not issued again when its first copy is sealed and deleted', async () => {
  const { world, a, b, id } = await late();
  const [, before] = idsOf(b).find(([line]) => line === 'late')!;
  expect(before.startsWith(id)).toBe(true);
  await world.meet(a, b);
  for (const master of [a, b]) expect(idsOf(master).find(([line]) => line === 'late')).toEqual(['late', before]);
  const { epoch } = await b.status();
  for (let round = 0; round < 3; round++) {
    b.model.write(`b ${round}`);
    world.now += HOUR / 2;
    await world.meet(a, b);
    await a.compact();
    await world.meet(a, b);
    await b.compact();
  }
  // Its first copy is gone: only the header of the stream that took it over is left of that file.
  const first = world.network.disk('b').peek(`/shared/b/${epoch}/0000000000000001.ndjson`)!;
  expect(new TextDecoder().decode(first)).not.toContain('late');
  await b.close();
  const again = await world.open('b');
  await world.meet(a, again);
  expect((await again.status()).epoch).toBe(epoch);
  expect(linesOf(again).filter((line) => line === 'late')).toEqual(['late']);
  expect(linesOf(a)).toEqual(linesOf(again));
  await close(a, again);
});

test('events tell where a call that was issued again came from', async () => {
  const { world, a, b } = await late();
  const [first] = await eventsOf(b);
  const heard: MergedEvent[] = [];
  a.on('event', (event) => heard.push(event));
  await world.meet(a, b);
  const again = heard.find(({ args }) => args[0] === 'late');
  expect(again).toMatchObject({ master: 'b', origin: first!.id, time: first!.time, outcome: 'applied' });
  expect(again!.id > first!.id).toBe(true);
  await close(a, b);
});

test.each(['open', 'write', 'sync', 'rename'] as const)(
  'a crash between adopting a seal and issuing calls again loses none and doubles none (at %s)',
  async (at) => {
    const { world, a, b } = await late();
    const disk = world.network.disk('b');
    const { epoch } = await b.status();
    let hit = false;
    disk.fault = (operation, path) => {
      if (operation !== at || path.includes(epoch) || !path.includes('/shared/b/') || !path.includes('.ndjson')) return;
      hit = true;
      world.network.crash('b', () => 0.5);
      throw new Error('the power fails');
    };
    await Promise.race([b.sync().catch(() => undefined), turns(2000)]);
    expect(hit).toBe(true);
    const adopted = new TextDecoder().decode(disk.peek(`/shared/b/${epoch}/frontier.json`));
    expect(adopted).toContain('"seal":{"no":1');
    const again = await world.open('b');
    await world.meet(a, again);
    expect(linesOf(a)).toEqual(['early', 'late']);
    expect(linesOf(again)).toEqual(['early', 'late']);
    await close(a, again);
  },
);

test('the dead tail of a cut stream is deleted in the end, on the machine that wrote it and on all others', async () => {
  const { world, a, b } = await late();
  const { epoch } = await b.status();
  await world.meet(a, b);
  world.now += HOUR / 2;
  a.model.write('more');
  await world.meet(a, b);
  await a.compact();
  await world.meet(a, b);
  await b.compact();
  world.deliver();
  expect(world.files('b').filter((path) => path.startsWith(epoch))).toEqual([]);
  expect(
    world.network
      .disk('a')
      .paths()
      .filter((path) => path.includes(epoch)),
  ).toEqual([]);
  await world.meet(a, b);
  expect(linesOf(a)).toEqual(linesOf(b));
  await close(a, b);
});

test('a newcomer never applies a dead event together with its re-issue', async () => {
  const { world, a, b } = await late();
  const { epoch: old } = await b.status();
  const stale = new Map(
    world.network
      .disk('b')
      .paths()
      .filter((path) => path.includes(old))
      .map((path) => [path, world.network.disk('b').peek(path)!.slice()]),
  );
  await world.meet(a, b);
  const { epoch } = await b.status();
  // What reaches it first: the dead stream as it was, and the new one without its frontier.
  world.network.add('c');
  const disk = world.network.disk('c');
  for (const [path, bytes] of stale) disk.put(path, bytes);
  disk.put(
    `/shared/b/${epoch}/0000000000000001.ndjson`,
    world.network.disk('b').peek(`/shared/b/${epoch}/0000000000000001.ndjson`)!,
  );
  const c = await world.open('c');
  expect(linesOf(c)).toEqual(['late']);
  // Then the new stream's frontier, which brings the seal; the dead event goes in the same step.
  disk.put(`/shared/b/${epoch}/frontier.json`, world.network.disk('b').peek(`/shared/b/${epoch}/frontier.json`)!);
  await c.sync();
  expect(linesOf(c).filter((line) => line === 'late')).toEqual(['late']);
  world.deliver();
  await world.meet(a, b, c);
  for (const master of [a, b, c]) expect(linesOf(master)).toEqual(['early', 'late']);
  await close(a, b, c);
});

test('two lone founders that both sealed: an error on both sides, everything kept, and a way out', async () => {
  const world = new SealedWorld('a', 'b');
  const [a, b] = [await world.open('a'), await world.open('b')];
  a.model.write('a');
  b.model.write('b');
  await a.compact();
  await b.compact();
  const files = world.files('a');
  world.deliver();
  for (const master of [a, b]) await expect(master.sync()).rejects.toMatchObject({ code: 'SEPARATE_HISTORIES' });
  await expect(a.compact()).rejects.toMatchObject({ code: 'SEPARATE_HISTORIES' });
  await expect(b.compact({ takeOver: true })).rejects.toMatchObject({ code: 'SEPARATE_HISTORIES' });
  expect(world.files('a')).toEqual(files);
  expect([linesOf(a), linesOf(b)]).toEqual([['a'], ['b']]);
  await close(a, b);
  // The way out: the other side's folder is moved away, and its master starts under a new name.
  for (const name of ['a', 'b'])
    for (const path of world.network.disk(name).paths())
      if (path.startsWith('/shared/b/')) world.network.disk(name).remove(path);
  const again = await world.open('a');
  const c = await world.join('c');
  c.model.write('b');
  await world.meet(again, c);
  expect(linesOf(again)).toEqual(['a', 'b']);
  expect(linesOf(c)).toEqual(['a', 'b']);
  await close(again, c);
});

test('a sealer that is restored from a backup does not seal: its later seals may be known to others', async () => {
  const world = new SealedWorld('a', 'b');
  const [a, b] = [await world.open('a'), await world.open('b')];
  a.model.write('one');
  await world.meet(a, b);
  expect((await a.compact()).seal?.no).toBe(1);
  world.deliver();
  await b.sync();
  const backup = world.network
    .disk('a')
    .paths()
    .filter((path) => path.startsWith('/shared/'))
    .map((path) => [path, world.network.disk('a').peek(path)!.slice()] as const);
  world.deliver();
  a.model.write('two');
  await world.meet(a, b);
  await a.compact();
  world.deliver();
  await b.sync();
  const { seal } = await b.status();
  expect(seal?.no).toBeGreaterThan(1);
  await a.close();
  for (const path of world.network.disk('a').paths())
    if (!path.startsWith('/local/')) world.network.disk('a').remove(path);
  for (const [path, bytes] of backup) world.network.disk('a').put(path, bytes);
  const again = await world.open('a', { sealer: true });
  expect((await again.status()).notices.join()).toMatch(/opened as the sealer, but a@\w+ makes the seals/);
  again.model.write('three');
  await again.compact();
  expect((await again.status()).seal?.no).toBe(seal?.no);
  world.deliver();
  await world.meet(again, b);
  expect((await again.compact({ takeOver: true })).seal?.no).toBeGreaterThan(seal!.no);
  await world.meet(again, b);
  // What the backup lacks and the others hold comes back with a snapshot of theirs.
  expect(linesOf(again)).not.toContain('two');
  expect((await again.status()).held).toMatchObject([{ master: 'a', reason: 'gap' }]);
  await b.compact();
  await world.meet(again, b);
  expect(linesOf(again)).toEqual(linesOf(b));
  expect(new Set(linesOf(b))).toEqual(new Set(['one', 'two', 'three']));
  await close(again, b);
});

test('a master that is alone, or has not seen the others yet, deletes nothing that no snapshot stands in for', async () => {
  const world = new SealedWorld('a', 'b');
  const a = await world.open('a', { sealer: true });
  for (let i = 0; i < 20; i++) {
    await a.transact((ledger) => ledger.write(`a${i}`));
    await a.sync();
  }
  world.deliver();
  const b = await world.open('b');
  expect(linesOf(b)).toEqual(linesOf(a));
  await close(a, b);
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
