/** Only what the published snapshot stands in for may be missing from an own journal; a newer seal alone allows nothing. */
import { SealedWorld, linesOf } from '../sealed-world.js';

const journal = (world: SealedWorld): string[] => world.files('a').filter((path) => path.endsWith('.ndjson'));

async function sealedTwice(): Promise<SealedWorld> {
  const world = new SealedWorld('a');
  const a = await world.open('a', { ...world.network.place('a', { segmentBytes: 600 }), sealer: true });
  for (let i = 0; i < 12; i++) await a.transact((ledger) => ledger.write(`first${i}`));
  await a.compact();
  // Too little to be worth another snapshot at a seal; an ordinary one makes the next start read none of it.
  for (let i = 0; i < 6; i++) await a.transact((ledger) => ledger.write(`second${i}`));
  await a.sync();
  expect((await a.status()).seal?.no).toBe(2);
  await a.snapshot();
  await a.close();
  return world;
}

test('what the snapshot at a seal stands in for may be gone, whatever was sealed since', async () => {
  const world = await sealedTwice();
  expect(journal(world).length).toBeGreaterThan(3);
  const a = await world.open('a');
  expect(linesOf(a)).toHaveLength(18);
  await a.close();
});

test('a file that is missing behind that snapshot stops the start, and the error names the place', async () => {
  const world = await sealedTwice();
  // The file after the hole is what tells of it.
  const [, , victim, next] = journal(world);
  world.network.disk('a').remove(`/shared/a/${victim!}`);
  await expect(world.open('a')).rejects.toMatchObject({
    code: 'JOURNAL_DAMAGED',
    place: { file: expect.stringContaining(next!) as string, line: 1, byte: 0 },
  });
});

test('a file that holds an event of the next one is damage, also among what may be gone', async () => {
  const world = await sealedTwice();
  const disk = world.network.disk('a');
  const [, kept, next] = journal(world).map((path) => `/shared/a/${path}`);
  const text = (path: string): string => new TextDecoder().decode(disk.peek(path));
  const [repeated] = text(next!).split('\n');
  disk.put(kept!, new TextEncoder().encode(`${text(kept!)}${repeated!}\n`));
  await expect(world.open('a')).rejects.toMatchObject({
    code: 'JOURNAL_DAMAGED',
    place: { file: next, line: 1, byte: 0 },
  });
});

test('an older private directory still knows it from the frontier', async () => {
  const world = new SealedWorld('a');
  const place = world.network.place('a', { segmentBytes: 600 });
  let a = await world.open('a', { ...place, sealer: true });
  await a.transact((ledger) => ledger.write('early'));
  await a.sync();
  const disk = world.network.disk('a');
  const session = disk.paths().find((path) => path.endsWith('session.json'))!;
  const old = disk.peek(session)!.slice();
  for (let i = 0; i < 12; i++) await a.transact((ledger) => ledger.write(`later${i}`));
  await a.compact();
  await a.close();
  disk.put(session, old);
  a = await world.open('a');
  expect(linesOf(a)).toHaveLength(13);
  expect((await a.status()).epoch).toBe(journal(world)[0]!.split('/')[0]);
  await a.close();
});

test('what was deleted stays deleted for every later start, although the snapshot that stood in is lost', async () => {
  const world = new SealedWorld('a', 'b');
  const place = world.network.place('a', { segmentBytes: 600 });
  let a = await world.open('a', { ...place, sealer: true });
  const b = await world.open('b');
  for (let i = 0; i < 12; i++) await a.transact((ledger) => ledger.write(`early${i}`));
  await world.meet(a, b);
  await a.compact();
  await world.meet(a, b);
  await b.compact();
  await world.meet(a, b);
  await a.close();
  const disk = world.network.disk('a');
  const lost = disk.paths().filter((path) => path.startsWith('/shared/a/') && path.endsWith('.snapshot'));
  expect(lost.length).toBeGreaterThan(0);
  for (const path of lost) disk.remove(path);
  for (let start = 0; start < 3; start++) {
    a = await world.open('a', place);
    expect(linesOf(a)).toHaveLength(12);
    await a.close();
  }
  await b.close();
});

test('a file that was deleted and comes back torn is not needed, and stops no start', async () => {
  const world = new SealedWorld('a');
  const place = world.network.place('a', { segmentBytes: 600 });
  let a = await world.open('a', { ...place, sealer: true });
  const disk = world.network.disk('a');
  for (let i = 0; i < 12; i++) await a.transact((ledger) => ledger.write(`early${i}`));
  const before = journal(world).map((path) => `/shared/a/${path}`);
  const bytes = before.map((path) => disk.peek(path)!.slice());
  await a.compact();
  await a.close();
  const [back] = before.flatMap((path, index) => (disk.peek(path) === undefined ? [index] : []));
  disk.put(before[back!]!, bytes[back!]!.subarray(0, bytes[back!]!.length - 20));
  a = await world.open('a', place);
  expect(linesOf(a)).toHaveLength(12);
  await a.transact((ledger) => ledger.write('more'));
  await a.close();
  a = await world.open('a', place);
  expect(linesOf(a)).toHaveLength(13);
  await a.close();
});
