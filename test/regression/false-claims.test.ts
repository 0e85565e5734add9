/** What a file of the folder says about a master, be it in its own folder, is not believed against what that machine knows by itself. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { decodeFrontier, encodeFrontier, type Frontier } from '../../src/store/frontier.js';
import { FORGED, forgedId, inFolder, type NotebookFolder, wordsOf } from '../notebook-folder.js';

const FUTURE = `7ZZZZZZZZZ${'0'.repeat(16)}`;

function change(directory: string, change: (frontier: Frontier) => Partial<Frontier>): void {
  const file = join(directory, 'frontier.json');
  const frontier = decodeFrontier(readFileSync(file, 'utf8'), crc32) as Frontier;
  writeFileSync(file, encodeFrontier({ ...frontier, ...change(frontier) }, crc32));
}

async function begun(folder: NotebookFolder): Promise<void> {
  const master = await folder.open('one');
  await master.transact((book) => book.write('first'));
  await master.close();
}

describe('the own frontier has a promise from the future', () => {
  test(
    'at the start',
    inFolder(async (folder) => {
      await begun(folder);
      change(folder.stream('one'), () => ({ clock: FUTURE }));
      const master = await folder.open('one');
      await master.transact((book) => book.write('second'));
      await master.sync();
      expect((await master.status()).notices).toEqual([]);
      await master.close();
      expect(folder.epochs('one')).toHaveLength(1);
      expect(wordsOf(await folder.open('two'))).toEqual(['first', 'second']);
    }),
  );

  test(
    'while the master runs',
    inFolder(async (folder) => {
      await begun(folder);
      const master = await folder.open('one');
      change(folder.stream('one'), ({ head }) => ({ clock: FUTURE, head: head && { ...head, id: FUTURE } }));
      await master.sync();
      await master.transact((book) => book.write('second'));
      await master.sync();
      expect(wordsOf(await folder.open('two'))).toEqual(['first', 'second']);
    }),
  );
});

test(
  'a stranger that claims to have accepted more than there is makes nobody begin a new epoch',
  inFolder(async (folder) => {
    await begun(folder);
    folder.forge(FORGED, [{ id: forgedId(0) }]);
    const key = `one@${folder.epochs('one')[0]}`;
    const claims = (): void => {
      change(join(folder.shared, FORGED.master, FORGED.epoch), () => ({ seen: { [key]: 99 } }));
    };
    claims();
    const master = await folder.open('one');
    expect((await master.status()).notices).toEqual([]);
    await master.transact((book) => book.write('second'));
    await master.close();
    expect(folder.epochs('one')).toHaveLength(1);
  }),
);

test(
  'what a master says whose events this one has counts: the folder and what the machine remembers may both have gone back',
  inFolder(async (folder) => {
    const other = await folder.open('two');
    await other.transact((book) => book.write('of another'));
    await other.close();
    await begun(folder);
    const key = `one@${folder.epochs('one')[0]}`;
    change(folder.stream('two'), () => ({ seen: { [key]: 99 } }));
    const master = await folder.open('one');
    expect((await master.status()).notices.join()).toMatch(/older than what it had published/);
    await master.close();
    expect(folder.epochs('one')).toHaveLength(2);
  }),
);
