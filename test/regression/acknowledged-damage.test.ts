import { Master, Prevalent, Transaction } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';

@Prevalent('acknowledged-damage')
class Notes {
  readonly all: string[] = [];
  @Transaction() write(text: string): void {
    this.all.push(text);
  }
}

/** Five calls, each on disk, none published; then the power fails. Gives the path of the journal. */
async function fiveDurableCalls(network: FolderNetwork): Promise<string> {
  const master = await Master.open(Notes, network.place('a'));
  for (let i = 1; i <= 5; i++) await master.transact((notes) => notes.write(`note ${i}`));
  network.crash('a');
  return network
    .disk('a')
    .paths()
    .find((path) => path.endsWith('.ndjson'))!;
}

test('a flipped bit in an acknowledged call that was not published is damage, not a torn tail', async () => {
  const network = new FolderNetwork(['a']);
  const disk = network.disk('a');
  const path = await fiveDurableCalls(network);
  const good = disk.peek(path)!.slice();
  const text = new TextDecoder().decode(good);
  for (const line of [1, 2, 3, 4]) {
    const bytes = good.slice();
    const at = text.indexOf(`note ${line}`);
    bytes[at]! ^= 1;
    disk.put(path, bytes);
    const opening = Master.open(Notes, network.place('a'));
    await expect(opening).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
    await expect(opening).rejects.toThrow(new RegExp(`${path}, line ${line + 1} \\(byte \\d+\\)`));
    expect(disk.peek(path)).toEqual(bytes);
  }
  disk.put(path, good);
  const again = await Master.open(Notes, network.place('a'));
  expect(again.query((notes) => notes.all)).toHaveLength(5);
  await again.close();
});

test.each([
  ['zeros', 0],
  ['space made ahead', 9],
])('a tail whose pages came out of order is torn: %s, then lines nobody was told of', async (_what, hole) => {
  const network = new FolderNetwork(['a']);
  const disk = network.disk('a');
  const path = await fiveDurableCalls(network);
  const bytes = disk.peek(path)!.slice();
  const text = new TextDecoder().decode(bytes);
  // Up to the end of a sector, in which the beginning of the next line goes as well.
  const end = Math.ceil(text.indexOf('note 3') / 512) * 512;
  expect(end).toBeLessThan(text.indexOf('note 5'));
  bytes.fill(hole, text.indexOf('note 3'), end);
  disk.put(path, bytes);
  const again = await Master.open(Notes, network.place('a'));
  expect(again.query((notes) => notes.all)).toEqual(['note 1', 'note 2']);
  expect((await again.status()).notices.join()).toMatch(/unfinished bytes/);
  expect(disk.paths().some((one) => one.endsWith('.torn'))).toBe(true);
  await again.close();
});

test('a byte that was flipped into a tab or a zero is damage, not a hole', async () => {
  const network = new FolderNetwork(['a']);
  const disk = network.disk('a');
  const path = await fiveDurableCalls(network);
  for (const flipped of [0, 9]) {
    const bytes = disk.peek(path)!.slice();
    bytes[new TextDecoder().decode(bytes).indexOf('note 3')] = flipped;
    const other = new FolderNetwork(['a']);
    for (const one of disk.paths()) other.disk('a').put(one, one === path ? bytes : disk.peek(one)!);
    await expect(Master.open(Notes, other.place('a'))).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
  }
});

test('an older copy of the others is reported when the master opens again', async () => {
  const network = new FolderNetwork(['a', 'b']);
  const b = await Master.open(Notes, network.place('b'));
  await b.transact((notes) => notes.write('from b'));
  await b.close();
  network.deliverAll();
  const a = await Master.open(Notes, network.place('a'));
  await a.transact((notes) => notes.write('from a'));
  await a.close();
  const disk = network.disk('a');
  for (const path of disk.paths()) if (path.startsWith('/shared/b/')) disk.remove(path);
  const again = await Master.open(Notes, network.place('a'));
  expect((await again.status()).notices.join()).toMatch(/once contained 1 event of b@/);
  network.deliverAll();
  await again.sync();
  expect(again.query((notes) => notes.all)).toEqual(['from b', 'from a']);
  await again.close();
});
