/** Sealing, cutting, re-issuing and deleting, on simulated machines whose folders a test delivers by hand. */
import type { Reissued } from '../../../src/index.js';
import { HOUR, linesOf as lines, SealedWorld as World } from '../../sealed-world.js';

test('a seal is made, adopted and repeated; journals shrink; a newcomer starts from the snapshot', async () => {
  const world = new World('a', 'b');
  const a = await world.open('a');
  const b = await world.open('b');
  for (let i = 0; i < 10; i++) {
    a.model.write(`a${i}`);
    b.model.write(`b${i}`);
    await world.meet(a, b);
  }
  const { seal } = await a.compact();
  expect(seal).toMatchObject({ no: 1, by: `a@${(await a.status()).epoch}` });
  await world.meet(a, b);
  expect((await b.status()).seal).toEqual(seal);
  a.model.write('later');
  await world.meet(a, b);
  expect((await a.compact()).seal?.no).toBe(2);
  expect((await a.status()).files.journal).toBeLessThan(600);
  await b.sync();
  world.deliver();
  await b.compact();
  await world.meet(a, b);
  expect(lines(a)).toEqual(lines(b));
  const c = await world.join('c');
  expect(lines(c)).toEqual(lines(a));
  c.model.write('new');
  await world.meet(a, b, c);
  expect(lines(a)).toEqual(lines(c));
  expect(lines(b)).toEqual(lines(c));
  expect(lines(a)).toContain('new');
  for (const one of [a, b, c]) await one.close();
});

test('a master asleep longer than patience issues its late calls again, once', async () => {
  const world = new World('a', 'b');
  const a = await world.open('a');
  const b = await world.open('b');
  await world.meet(a, b);
  await b.transact((journal) => journal.write('late'));
  const made: Reissued[] = [];
  b.on('reissued', (one) => made.push(one));
  world.now += 2 * HOUR;
  a.model.write('early bird');
  await a.compact();
  expect((await a.status()).seal?.no).toBe(1);
  await world.meet(a, b);
  expect(made.length).toBe(1);
  expect(lines(a)).toEqual(['early bird', 'late']);
  expect(lines(b)).toEqual(['early bird', 'late']);
  const { epoch, cut } = await b.status();
  expect(Object.keys(cut)).toEqual([expect.stringMatching(/^b@/)]);
  expect(Object.keys(cut)).not.toContain(`b@${epoch}`);
  await b.close();
  const again = await world.open('b');
  expect(lines(again)).toEqual(['early bird', 'late']);
  world.now += 2 * HOUR;
  await world.meet(a, again);
  await a.compact();
  await world.meet(a, again);
  await again.compact();
  await world.meet(a, again);
  expect(lines(a)).toEqual(['early bird', 'late']);
  expect(lines(again)).toEqual(['early bird', 'late']);
  // The dead stream is gone in the end.
  expect(world.files('b').filter((path) => !path.startsWith(epoch))).toEqual([]);
  for (const one of [a, again]) await one.close();
});

test('two lone founders that both sealed get an error on both sides, and nothing is lost', async () => {
  const world = new World('a', 'b');
  const a = await world.open('a');
  const b = await world.open('b');
  a.model.write('a');
  b.model.write('b');
  await a.compact();
  await b.compact();
  world.deliver();
  await expect(a.sync()).rejects.toMatchObject({ code: 'SEPARATE_HISTORIES' });
  await expect(b.sync()).rejects.toMatchObject({ code: 'SEPARATE_HISTORIES' });
  expect(lines(a)).toEqual(['a']);
  expect(lines(b)).toEqual(['b']);
  a.model.write('on');
  await a.durable();
  for (const one of [a, b]) await one.close();
  const again = await world.open('a');
  expect(lines(again)).toEqual(['a', 'on']);
  await again.close();
});
