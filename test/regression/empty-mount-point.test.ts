/** A drive that is not mounted when a master starts: the folder is empty, and nothing may be begun in it unasked. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inFolder, type NotebookFolder, wordsOf } from '../notebook-folder.js';

const mountPointOf = (folder: NotebookFolder): { readonly pull: () => void; readonly plug: () => void } => ({
  pull: () => renameSync(folder.shared, join(folder.path, 'drive')),
  plug: () => {
    rmSync(folder.shared, { recursive: true, force: true });
    renameSync(join(folder.path, 'drive'), folder.shared);
  },
});

describe.each([
  ['the mount point is empty', true],
  ['there is no mount point', false],
])('%s', (_what, isThere) => {
  test(
    'a master that has published refuses to open, changes nothing, and goes on when the drive is back',
    inFolder(async (folder) => {
      const { pull, plug } = mountPointOf(folder);
      const other = await folder.open('two');
      await other.transact((book) => book.write('from two'));
      await other.close();
      const master = await folder.open('one');
      await master.transact((book) => book.write('a'));
      await master.close();
      pull();
      if (isThere) mkdirSync(folder.shared);
      const opening = folder.open('one');
      await expect(opening).rejects.toMatchObject({ code: 'STORE_EMPTY' });
      await expect(opening).rejects.toThrow(
        /shared lacks the journal of "one": .* 1 event there \(in one\/\w{26}\), .* those of two .*no journal of anybody.*begin: true/,
      );
      expect(isThere ? readdirSync(folder.shared) : existsSync(folder.shared)).toEqual(isThere ? [] : false);
      plug();
      const again = await folder.open('one');
      expect([wordsOf(again), (await again.status()).notices, folder.epochs('one').length]).toEqual([
        ['from two', 'a'],
        [],
        1,
      ]);
    }),
  );

  test(
    'so does one that never called: it knows whose events its state was built from',
    inFolder(async (folder) => {
      const { pull, plug } = mountPointOf(folder);
      const other = await folder.open('two');
      await other.transact((book) => book.write('from two'));
      await other.close();
      await (await folder.open('reader')).close();
      pull();
      if (isThere) mkdirSync(folder.shared);
      await expect(folder.open('reader')).rejects.toMatchObject({
        code: 'STORE_EMPTY',
        message: expect.stringContaining('those of two'),
      });
      plug();
      expect(wordsOf(await folder.open('reader'))).toEqual(['from two']);
    }),
  );
});

test(
  'another folder, in which only others have written, is told as such',
  inFolder(async (folder) => {
    await (await folder.open('one')).close();
    rmSync(folder.stream('one'), { recursive: true });
    const other = await folder.open('two');
    await other.transact((book) => book.write('from two'));
    await other.close();
    await expect(folder.open('one')).rejects.toMatchObject({
      code: 'STORE_EMPTY',
      message: expect.stringContaining('only journals of two'),
    });
  }),
);

test(
  'who says so begins again, with what is there',
  inFolder(async (folder) => {
    const master = await folder.open('one');
    await master.transact((book) => book.write('a'));
    await master.close();
    rmSync(folder.shared, { recursive: true });
    const again = await folder.open('one', { begin: true });
    expect(wordsOf(again)).toEqual([]);
    expect((await again.status()).notices.join()).toMatch(/is gone from .* new epoch/);
    await again.transact((book) => book.write('b'));
    await again.close();
    // Once is enough, and it says nothing where nothing is missing.
    expect(wordsOf(await folder.open('one'))).toEqual(['b']);
    const first = await folder.open('other', { begin: true });
    expect((await first.status()).notices).toEqual([]);
  }),
);

test(
  'a first start, a new private directory, and a stream whose files alone are gone are no empty store',
  inFolder(async (folder) => {
    const master = await folder.open('one');
    await master.transact((book) => book.write('a'));
    await master.close();
    rmSync(folder.local('one'), { recursive: true });
    rmSync(folder.shared, { recursive: true });
    const again = await folder.open('one');
    expect((await again.status()).notices).toEqual([]);
    await again.transact((book) => book.write('b'));
    await again.close();
    rmSync(folder.file('one'));
    const third = await folder.open('one');
    expect((await third.status()).notices.join()).toMatch(/is gone from/);
  }),
);
