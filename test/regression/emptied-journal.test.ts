/** A file of the own journal that lost its content is damage, whatever it holds instead: nothing, zeros, tabs. */
import { Master, Prevalent, Transaction } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';

@Prevalent('emptied-journal')
class Notes {
  readonly all: string[] = [];
  @Transaction() write(text: string): void {
    this.all.push(text);
  }
}

const FILLED: readonly (readonly [string, (size: number) => Uint8Array])[] = [
  ['no bytes', () => new Uint8Array()],
  ['zeros', (size) => new Uint8Array(size)],
  ['space made ahead', (size) => new Uint8Array(size).fill(9)],
];

/** Calls of one master, in files of a few lines each. Gives the paths of the journal. */
async function written(network: FolderNetwork, isPublished: boolean): Promise<string[]> {
  const master = await Master.open(Notes, network.place('a', { segmentBytes: 400 }));
  for (let i = 1; i <= 5; i++) await master.transact((notes) => notes.write(`note ${i}`));
  if (isPublished) await master.sync();
  network.crash('a');
  return network
    .disk('a')
    .paths()
    .filter((path) => path.endsWith('.ndjson'));
}

describe.each(FILLED)('%s', (_what, filled) => {
  test.each([
    ['published', true],
    ['not published', false],
  ])('in place of the first file, whose calls were %s', async (_how, isPublished) => {
    const network = new FolderNetwork(['a']);
    const [first = '', ...later] = await written(network, isPublished);
    expect(later.length).toBeGreaterThan(0);
    const disk = network.disk('a');
    for (const path of later) disk.remove(path);
    const bytes = disk.peek(first)!.slice();
    disk.put(first, filled(bytes.length));
    const before = disk.paths();
    const opening = Master.open(Notes, network.place('a'));
    await expect(opening).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED', place: { file: first, line: 1, byte: 0 } });
    await expect(opening).rejects.toThrow(/Nothing was dropped\. Restore the file/);
    expect(disk.paths()).toEqual(before);
  });
});

test.each(FILLED.slice(0, 2))('%s in place of the newest file, of which the frontier tells', async (_what, filled) => {
  const network = new FolderNetwork(['a']);
  const paths = await written(network, true);
  const disk = network.disk('a');
  // A file that was begun and not written to holds nothing that could be lost.
  for (const path of paths) if (disk.peek(path)!.length === 0) disk.remove(path);
  const newest = paths.filter((path) => disk.peek(path) !== undefined).at(-1)!;
  const bytes = disk.peek(newest)!.slice();
  disk.put(newest, filled(bytes.length));
  await expect(Master.open(Notes, network.place('a'))).rejects.toMatchObject({
    code: 'JOURNAL_DAMAGED',
    place: { file: newest },
  });
  disk.put(newest, bytes);
  const again = await Master.open(Notes, network.place('a'));
  expect(again.query((notes) => notes.all)).toHaveLength(5);
  await again.close();
});
