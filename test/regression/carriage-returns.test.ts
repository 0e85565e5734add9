/** Git (autocrlf) and editors end lines with CRLF: whatever they did to the folder, everything in it is read as before. */
import 'reflect-metadata';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../command.js';
import { FolderStore } from '../../src/index.js';
import { inFolder, type NotebookFolder, wordsOf } from '../notebook-folder.js';

/** What git does to files in which it finds no zero byte. */
const withCrlf = (text: string): string => text.replace(/\r?\n/g, '\r\n');

function convert(folder: NotebookFolder, change = withCrlf): number {
  let count = 0;
  for (const name of readdirSync(folder.shared, { recursive: true, encoding: 'utf8' })) {
    const file = join(folder.shared, name);
    if (!/\.(ndjson|json)$/.test(name)) continue;
    const bytes = readFileSync(file);
    if (bytes.includes(0)) continue;
    const text = bytes.toString();
    const changed = change(text);
    writeFileSync(file, changed);
    if (changed !== text) count++;
  }
  return count;
}

test('a folder whose line endings were changed: masters open, go on, meet, seal and are newcomers', async () => {
  await inFolder(async (folder) => {
    const store = (): FolderStore => new FolderStore(folder.shared, { segmentBytes: 600 });
    for (const name of ['one', 'two']) {
      const master = await folder.open(name, { store: store() });
      for (let i = 1; i <= 5; i++) await master.transact((book) => book.write(`${name} ${i}`));
      await master.sync();
      await master.close();
    }
    expect(convert(folder)).toBe(6);
    const [one, two] = [await folder.open('one', { store: store() }), await folder.open('two', { store: store() })];
    await one.transact((book) => book.write('one 6'));
    await one.sync();
    await two.sync();
    const words = ['one 1', 'one 2', 'one 3', 'one 4', 'one 5', 'two 1', 'two 2', 'two 3', 'two 4', 'two 5', 'one 6'];
    for (const master of [one, two, await folder.open('newcomer')]) {
      expect(wordsOf(master)).toEqual(words);
      expect((await master.status()).held).toEqual([]);
    }
    expect(folder.epochs('one')).toHaveLength(1);
    await one.close();
    // Both endings in one file.
    convert(folder);
    const again = await folder.open('one', { store: store() });
    expect(wordsOf(again)).toEqual(words);
    await again.compact();
    await again.close();
  })();
});

test.each(['log', 'export', 'verify', 'status'])('prevalent %s reads it as it was', async (command) => {
  await inFolder(async (folder) => {
    const master = await folder.open('one');
    for (let i = 1; i <= 3; i++) await master.transact((book) => book.write(`${i}`));
    await master.sync();
    await master.close();
    const before = await run(command, folder.shared);
    expect(convert(folder)).toBe(2);
    expect(await run(command, folder.shared)).toEqual(before);
  })();
});

test('damage behind changed line endings is damage as before', async () => {
  await inFolder(async (folder) => {
    const master = await folder.open('one');
    for (let i = 1; i <= 3; i++) await master.transact((book) => book.write(`word ${i}`));
    await master.sync();
    await master.close();
    convert(folder, (text) => withCrlf(text).replace('word 2', 'word 9'));
    await expect(folder.open('one')).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
    const other = await folder.open('two');
    expect(wordsOf(other)).toEqual(['word 1']);
    expect((await other.status()).held).toMatchObject([{ master: 'one', seq: 2, reason: 'damaged' }]);
  })();
});
