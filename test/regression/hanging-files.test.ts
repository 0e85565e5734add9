/** A file of another master that never comes: an evicted cloud file, a drive behind a connection that is lost. */
import { type FileSystem, FolderStore } from 'prevalent';
import { impatient, Lanes } from '../../src/store/folder/others-files.js';
import { nodeFileSystem } from '../../src/store/folder/node-file-system.js';
import { inFolder, type NotebookFolder, wordsOf } from '../notebook-folder.js';

type Operation = 'readdir' | 'read' | 'size';

/** This machine's file system, in which some operations hang until `release` is called. */
class HangingDisk {
  hangs: (operation: Operation, path: string) => boolean = () => false;
  #released: (() => void)[] = [];
  began = 0;

  readonly files: FileSystem = {
    ...nodeFileSystem,
    readdir: async (directory) => {
      await this.#wait('readdir', directory);
      return nodeFileSystem.readdir(directory);
    },
    read: async (file, from, length) => {
      await this.#wait('read', file);
      return nodeFileSystem.read(file, from, length);
    },
    size: async (file) => {
      await this.#wait('size', file);
      return nodeFileSystem.size(file);
    },
  };

  async #wait(operation: Operation, path: string): Promise<void> {
    if (!this.hangs(operation, path)) return;
    this.began++;
    await new Promise<void>((resolve) => this.#released.push(resolve));
  }

  release(): void {
    this.hangs = () => false;
    for (const go of this.#released) go();
    this.#released = [];
  }
}

async function written(folder: NotebookFolder, ...names: string[]): Promise<void> {
  for (const name of names) {
    const master = await folder.open(name);
    await master.transact((book) => book.write(`from ${name}`));
    await master.close();
  }
}

const storeOf = (folder: NotebookFolder, { files: fileSystem }: HangingDisk, timeLimit = 1_500): FolderStore =>
  new FolderStore(folder.shared, { fileSystem, timeLimit });

test.each<[string, (operation: Operation, path: string) => boolean]>([
  ['the frontier', (_, path) => path.endsWith('frontier.json')],
  ['the journal', (operation, path) => operation === 'read' && path.endsWith('.ndjson')],
  ['the size of the journal', (operation) => operation === 'size'],
  ['the folder', (operation, path) => operation === 'readdir' && path.endsWith('/bad')],
  ['everything', () => true],
])('%s of one master hangs: it is held, and the others go on', async (_what, hangs) => {
  await inFolder(async (folder) => {
    await written(folder, 'bad', 'good');
    const disk = new HangingDisk();
    disk.hangs = (operation, path) => path.includes('/bad') && hangs(operation, path);
    // A start waits no longer than a sync.
    const me = await folder.open('me', { store: storeOf(folder, disk) });
    expect(wordsOf(me)).toEqual(['from good']);
    await written(folder, 'better');
    for (let i = 0; i < 3; i++) await me.sync();
    expect(wordsOf(me)).toEqual(['from good', 'from better']);
    const { held } = await me.status();
    if (held.length > 0)
      expect(held).toEqual([
        expect.objectContaining({
          master: 'bad',
          reason: 'unreadable',
          message: expect.stringMatching(/\/bad.* \(ETIMEDOUT\)/),
        }),
      ]);
    // Whatever hangs is asked for once.
    expect(disk.began).toBeLessThan(4);
    await me.transact((book) => book.write('from me'));
    disk.release();
    await me.sync();
    await me.sync();
    expect(wordsOf(me).sort()).toEqual(['from bad', 'from better', 'from good', 'from me']);
    expect((await me.status()).held).toEqual([]);
    await me.close();
  })();
});

test(
  'more masters hang than threads read: own calls stay durable, and syncing ends',
  inFolder(async (folder) => {
    const bad = ['bad1', 'bad2', 'bad3', 'bad4', 'bad5', 'bad6'];
    await written(folder, ...bad);
    const disk = new HangingDisk();
    const me = await folder.open('me', { store: storeOf(folder, disk) });
    expect(wordsOf(me)).toHaveLength(6);
    disk.hangs = (_, path) => path.includes('/bad');
    await me.sync();
    expect(disk.began).toBeLessThanOrEqual(3);
    await me.transact((book) => book.write('own'));
    await me.sync();
    await me.close();
    expect(disk.began).toBeLessThanOrEqual(3);
    disk.release();
    expect(wordsOf(await folder.open('me'))).toContain('own');
  }),
);

test(
  'closing does not wait for what hangs',
  inFolder(async (folder) => {
    await written(folder, 'bad');
    const disk = new HangingDisk();
    const me = await folder.open('me', { store: storeOf(folder, disk, 2 ** 30) });
    await me.transact((book) => book.write('own'));
    disk.hangs = (_, path) => path.includes('/bad');
    const syncing = me.sync().catch((error: unknown) => error);
    await me.close();
    expect(await syncing).toMatchObject({ code: 'MASTER_CLOSED' });
    disk.release();
    expect(wordsOf(await folder.open('me'))).toEqual(['from bad', 'own']);
  }),
);

test(
  'a shared folder whose listing hangs cannot be reached',
  inFolder(async (folder) => {
    const disk = new HangingDisk();
    const me = await folder.open('me', { store: storeOf(folder, disk) });
    disk.hangs = (_, path) => path === folder.shared;
    await expect(me.sync()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    await me.transact((book) => book.write('own'));
    disk.release();
    await me.sync();
    await me.close();
  }),
);

test.each([[0], [-1], [NaN], ['30'], [2 ** 31]])('%p is no time limit', (timeLimit) => {
  expect(() => new FolderStore('/tmp/never', { timeLimit: timeLimit as number })).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining('timeLimit') }),
  );
});

test('one thread is left for the own journal, and what waited for its turn gets it', async () => {
  let [running, most] = [0, 0];
  const go: (() => void)[] = [];
  const slow: FileSystem = {
    ...nodeFileSystem,
    size: async () => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => go.push(resolve));
      return running--;
    },
  };
  const fs = impatient(slow, { root: '/shared', mine: new Set(['me']), limit: 60_000 }, new Lanes(4));
  const others = Array.from({ length: 7 }, (_, i) => fs.size(`/shared/m${i}/file`));
  const mine = fs.size('/shared/me/file');
  expect(go).toHaveLength(4);
  while (go.length > 0) {
    go.shift()!();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  await Promise.all([...others, mine]);
  expect(most).toBe(4);
});
