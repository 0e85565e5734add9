/** Limits of what is read of others: each can be set, is checked, and holds only the stream that exceeds it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { FolderStore, type FolderStoreOptions } from '../../../src/index.js';
import { inFolder, type NotebookFolder, wordsOf } from '../../notebook-folder.js';

const LONG = 'x'.repeat(10_000);
const SMALL = 4096;

async function written(folder: NotebookFolder, text: string): Promise<void> {
  const other = await folder.open('other');
  await other.transact((book) => book.write('short'));
  await other.transact((book) => book.write(text));
  await other.sync();
}

const limited = (folder: NotebookFolder, limits: FolderStoreOptions['limits']) =>
  folder.open('one', { store: new FolderStore(folder.shared, limits === undefined ? {} : { limits }) });

test(
  'a longer line holds its stream',
  inFolder(async (folder) => {
    await written(folder, LONG);
    const one = await limited(folder, { line: SMALL });
    expect(wordsOf(one)).toEqual(['short']);
    expect((await one.status()).held).toMatchObject([{ master: 'other', seq: 2, reason: 'damaged' }]);
    // Its own are read whatever it is.
    await one.transact((book) => book.write(LONG));
    await one.close();
    const again = await limited(folder, { line: SMALL });
    expect(wordsOf(again)).toEqual(['short', LONG]);
  }),
);

test(
  'a longer header is none',
  inFolder(async (folder) => {
    await written(folder, 'second');
    const file = folder.file('other');
    const [header = '', ...lines] = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, [header.replace('{', `{${' '.repeat(2 * SMALL)}`), ...lines].join('\n'));
    const one = await limited(folder, { header: SMALL });
    expect(wordsOf(one)).toEqual([]);
    expect((await one.status()).held).toMatchObject([{ master: 'other' }]);
  }),
);

test(
  'a longer frontier is not heard',
  inFolder(async (folder) => {
    await written(folder, 'second');
    const file = folder.file('other', 'frontier.json');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text + ' '.repeat(2 * SMALL));
    const one = await limited(folder, { frontier: SMALL });
    expect(wordsOf(one)).toEqual([]);
    await one.close();
    const usual = await limited(folder, undefined);
    expect(wordsOf(usual)).toEqual(['short', 'second']);
  }),
);

test(
  'a longer snapshot is passed over',
  inFolder(async (folder) => {
    const store = (): FolderStore => new FolderStore(folder.shared, { limits: { snapshot: SMALL } });
    const other = await folder.open('other');
    await other.transact((book) => book.write(LONG));
    await other.snapshot();
    const [stream] = await store().streams();
    const [snapshot] = await store().snapshots(stream!.stream);
    const read = async (from: FolderStore): Promise<number> => {
      let bytes = 0;
      for await (const piece of from.readSnapshot(stream!.stream, snapshot!)) bytes += piece.length;
      return bytes;
    };
    await expect(read(store())).rejects.toMatchObject({
      code: 'SNAPSHOT_DAMAGED',
      message: /no snapshot of others may have more than 4096/,
    });
    expect(await read(new FolderStore(folder.shared))).toBeGreaterThan(SMALL);
  }),
);

test.each<[unknown, RegExp]>([
  [{ lines: SMALL }, /limits\.lines is no option; known are line, header, frontier, snapshot/],
  [{ toString: SMALL }, /limits\.toString is no option/],
  [{ line: SMALL - 1 }, /limits\.line: it is not a number of bytes from 4096 to 67108864/],
  [{ header: '4096' }, /limits\.header/],
  [{ frontier: 2 ** 40 }, /limits\.frontier/],
  [{ snapshot: NaN }, /limits\.snapshot/],
  [null, /limits: it is no object/],
  [5, /limits: it is no object/],
])('limits %j are refused', (limits, message) => {
  expect(() => new FolderStore('folder', { limits } as object)).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(message) }),
  );
});

test('those that are left out are the highest', () => {
  expect(() => new FolderStore('folder', { limits: {} })).not.toThrow();
  expect(() => new FolderStore('folder', { limits: { snapshot: Infinity } })).not.toThrow();
});
