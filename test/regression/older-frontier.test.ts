/** A frontier of one's own that was put back to an older copy names a snapshot that others can no longer start from. */
import { linesOf, SealedWorld } from '../sealed-world.js';

test('a newer snapshot at a seal is offered instead, and newcomers start from that', async () => {
  const world = new SealedWorld('a');
  const place = world.network.place('a', { segmentBytes: 600 });
  const disk = world.network.disk('a');
  let a = await world.open('a', { ...place, sealer: true });
  for (let i = 0; i < 12; i++) await a.transact((ledger) => ledger.write(`early ${i}`));
  await a.compact();
  const path = disk.paths().find((one) => one.endsWith('/frontier.json'))!;
  const older = disk.peek(path)!.slice();
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 12; i++) await a.transact((ledger) => ledger.write(`later ${round}-${i}`));
    await a.compact();
  }
  await a.close();
  disk.put(path, older);
  a = await world.open('a', world.network.place('a', { segmentBytes: 600 }));
  await a.sync();
  const b = await world.join('b');
  await b.sync();
  expect(linesOf(b)).toHaveLength(48);
  expect(linesOf(b)).toEqual(linesOf(a));
  for (const master of [a, b]) await master.close();
});
