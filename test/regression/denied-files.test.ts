/** A file that this user may not read or write: the message says whose it is, and who asked. */
import { chmodSync, chownSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { inFolder, type NotebookFolder, wordsOf } from '../notebook-folder.js';

const NOBODY = 65_534;

/** Runs work as a user without privileges, whom everything in the folder belongs to but what `closed` names. */
async function unprivileged(
  folder: NotebookFolder,
  closed: string,
  work: () => Promise<void>,
  rights: 'none' | 'read' = 'none',
): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) {
    for (const path of ['', ...(readdirSync(folder.path, { recursive: true }) as string[])])
      chownSync(join(folder.path, path), NOBODY, NOBODY);
    chownSync(closed, 0, 0);
  }
  const { mode } = lstatSync(closed);
  const own = isRoot ? 0o700 : 0o000;
  chmodSync(closed, rights === 'read' ? own | 0o555 : own);
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(closed, mode & 0o777);
  }
}

const SAID =
  /belongs to user \d+, group \d+, mode \d{3}; this process is user \d+, group \d+: change its owner or mode/;

test.each<[string, (folder: NotebookFolder) => string]>([
  ['journal', (folder) => folder.file('one')],
  ['folder', (folder) => folder.stream('one')],
])('of the own %s, at the start', async (_what, closedOf) => {
  await inFolder(async (folder) => {
    const master = await folder.open('one');
    await master.transact((book) => book.write('a'));
    await master.close();
    const closed = closedOf(folder);
    await unprivileged(folder, closed, async () => {
      const opening = folder.open('one');
      await expect(opening).rejects.toThrow(SAID);
      await expect(opening).rejects.toThrow(`${closed} belongs to user`);
    });
    expect(wordsOf(await folder.open('one'))).toEqual(['a']);
  })();
});

test(
  'of the shared folder, where nothing may be written',
  inFolder(async (folder) => {
    await (await folder.open('one')).close();
    await unprivileged(
      folder,
      folder.shared,
      async () => {
        const opening = folder.open('two');
        await expect(opening).rejects.toThrow(expect.objectContaining({ code: 'STORE_UNREACHABLE' }));
        await expect(opening).rejects.toThrow(SAID);
        await expect(opening).rejects.toThrow(`${folder.shared} belongs to user`);
      },
      'read',
    );
  }),
);

test(
  "of another master's journal, where it holds the stream",
  inFolder(async (folder) => {
    const other = await folder.open('two');
    await other.transact((book) => book.write('a'));
    await other.close();
    await (await folder.open('one')).close();
    const more = await folder.open('two');
    await more.transact((book) => book.write('b'));
    await more.close();
    await unprivileged(folder, folder.file('two'), async () => {
      const one = await folder.open('one');
      const { held } = await one.sync();
      expect(held).toEqual([
        expect.objectContaining({ master: 'two', reason: 'unreadable', message: expect.stringMatching(SAID) }),
      ]);
      await one.close();
    });
  }),
);
