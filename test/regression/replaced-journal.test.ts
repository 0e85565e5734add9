/** Files of a running master that somebody replaces, removes, moves or cuts: git, a file synchroniser, an editor, a person. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { FolderStore, type Master, type MasterOptions } from '../../src/index.js';
import { verify } from '../../src/cli/verify.js';
import { type Notebook, NotebookFolder, wordsOf } from '../notebook-folder.js';

let folder: NotebookFolder;
beforeEach(() => {
  folder = new NotebookFolder();
});
afterEach(() => folder.end());

const open = (name: string, options: Partial<MasterOptions> = {}): Promise<Master<Notebook>> =>
  folder.open(name, options);
const openSmall = (name: string): Promise<Master<Notebook>> =>
  folder.open(name, { store: new FolderStore(folder.shared, { segmentBytes: 400 }) });
const beside = (name: string): string => join(folder.path, name);
const directory = (): string => folder.stream('laptop');
const segments = (): string[] =>
  readdirSync(directory())
    .filter((name) => /^\d{16}\.ndjson$/.test(name))
    .map((name) => join(directory(), name));
const newest = (): string => segments().at(-1)!;

/** What is done to the newest file. @param older its content some calls ago */
const WAYS: Record<string, (file: string, older: Buffer) => void> = {
  'an equal copy is renamed over it': (file) => {
    copyFileSync(file, `${file}.copy`);
    renameSync(`${file}.copy`, file);
  },
  'an older copy is renamed over it': (file, older) => {
    writeFileSync(`${file}.copy`, older);
    renameSync(`${file}.copy`, file);
  },
  'a copy with changed content is renamed over it': (file) => {
    writeFileSync(`${file}.copy`, readFileSync(file, 'utf8').replaceAll('first', 'other'));
    renameSync(`${file}.copy`, file);
  },
  'it is removed': unlinkSync,
  'it is removed, and made anew with an older content': (file, older) => {
    unlinkSync(file);
    writeFileSync(file, older);
  },
  'it is removed, and made anew empty': (file) => {
    unlinkSync(file);
    writeFileSync(file, '');
  },
  'it is cut to nothing in place': (file) => {
    truncateSync(file, 0);
  },
  'an older content is written in place': (file, older) => {
    writeFileSync(file, older);
  },
  'a copy of the same size is written in place': (file, older) => {
    // With the space ahead of its lines: as long as the newer one.
    const padded = Buffer.alloc(statSync(file).size, 9);
    older.copy(padded);
    writeFileSync(file, padded);
  },
  'sed -i': (file) => {
    execFileSync('sed', ['-i', 's/nothing like this/x/', file]);
  },
  'sed -i that changes it': (file) => {
    execFileSync('sed', ['-i', 's/first/other/', file]);
  },
  'cp of an older copy': (file, older) => {
    writeFileSync(beside('older'), older);
    execFileSync('cp', [beside('older'), file]);
  },
  'mv of an older copy': (file, older) => {
    writeFileSync(beside('older'), older);
    execFileSync('mv', [beside('older'), file]);
  },
  'mv away': (file) => {
    execFileSync('mv', [file, `${file}.old`]);
  },
  'git checkout of an older version': (file, older) => {
    const git = (...args: string[]): string =>
      execFileSync('git', [`--git-dir=${beside('repository')}`, `--work-tree=${folder.shared}`, ...args], {
        cwd: folder.shared,
        encoding: 'utf8',
      }).trim();
    writeFileSync(beside('older'), older);
    git('init', '--quiet');
    const object = git('hash-object', '-w', beside('older'));
    git('update-index', '--add', '--cacheinfo', `100644,${object},${relative(folder.shared, file)}`);
    git('checkout-index', '--force', relative(folder.shared, file));
  },
  'it is cut within a line': (file) => {
    truncateSync(file, readFileSync(file, 'utf8').lastIndexOf('crc'));
  },
  'a directory stands in its place': (file) => {
    renameSync(file, `${file}.old`);
    mkdirSync(file);
  },
  'a link stands in its place': (file) => {
    renameSync(file, beside('elsewhere'));
    symlinkSync(beside('elsewhere'), file);
  },
  'its directory is moved away': (file) => {
    renameSync(join(file, '..'), beside(`moved-${readdirSync(folder.path).length}`));
  },
  'its directory is removed': (file) => {
    rmSync(join(file, '..'), { recursive: true });
  },
  'its directory is moved away and back': (file) => {
    const away = beside('away');
    renameSync(join(file, '..'), away);
    renameSync(away, join(file, '..'));
  },
  'the folder of its master is moved away': () => {
    renameSync(join(folder.shared, 'laptop'), beside(`moved-${readdirSync(folder.path).length}`));
  },
};

const PUT_BACK = /was (replaced|removed|cut or overwritten) by another program.*Its calls up to event 4 were put back/;

const MODES = ['group', 'always', 'none'] as const;
const CASES = Object.keys(WAYS).flatMap((way) =>
  MODES.flatMap((mode) => [true, false].map((isPublished) => [way, mode, isPublished] as const)),
);

test.each(CASES)('%s: durability %s, published before: %s', async (way, durability, isPublished) => {
  const meddle = WAYS[way]!;
  const laptop = await open('laptop', { durability });
  const said: string[] = [];
  const say = async (line: string): Promise<void> => {
    await laptop.transact((book) => book.write(line));
    said.push(line);
  };
  await say('first 1');
  const older = readFileSync(newest());
  await say('first 2');
  await say('first 3');
  if (isPublished) await laptop.sync();
  meddle(newest(), older);
  await say('second 1');
  const isThere = readFileSync(newest(), 'utf8').trimEnd().split('\n').length;
  expect(isThere).toBe(1 + said.length);
  await say('second 2');
  meddle(newest(), older);
  await Promise.all(['third 1', 'third 2', 'third 3'].map(say));
  // Between the last call and the end nobody writes.
  meddle(newest(), older);
  const { notices } = await laptop.status();
  expect(notices.join()).toMatch(way === 'its directory is moved away and back' ? /^$/ : PUT_BACK);
  await laptop.close();
  const again = await open('laptop');
  expect(wordsOf(again)).toEqual(said);
  expect((await again.status()).notices).toEqual([]);
  await again.transact((book) => book.write('last'));
  await again.close();
  const phone = await open('phone');
  expect(wordsOf(phone)).toEqual([...said, 'last']);
  expect((await phone.status()).held).toEqual([]);
  await phone.close();
  const problems: string[] = [];
  expect([await verify(folder.shared, {}, (line) => problems.push(line)), problems]).toEqual([0, problems]);
});

test('what stood in the place of the file is kept aside, unless it is a part of what was there', async () => {
  const laptop = await open('laptop');
  await laptop.transact((book) => book.write('first'));
  const file = newest();
  const older = readFileSync(file);
  await laptop.transact((book) => book.write('second'));
  for (const strange of ['mine', 'yours']) {
    unlinkSync(file);
    writeFileSync(file, strange);
    await laptop.transact((book) => book.write(strange));
  }
  unlinkSync(file);
  writeFileSync(file, older);
  await laptop.transact((book) => book.write('third'));
  const kept = readdirSync(directory()).filter((name) => name.endsWith('.replaced'));
  expect(kept.map((name) => readFileSync(join(directory(), name), 'utf8')).sort()).toEqual(['mine', 'yours']);
  const { notices } = await laptop.status();
  expect(notices).toHaveLength(3);
  expect(notices[1]).toContain(`kept as ${file}.2.replaced`);
  await laptop.close();
});

test('a sync finds out, and publishes nothing that is not in its place', async () => {
  const laptop = await open('laptop');
  await laptop.transact((book) => book.write('first'));
  unlinkSync(newest());
  expect((await laptop.sync()).published).toBe(1);
  expect(readFileSync(newest(), 'utf8')).toContain('first');
  unlinkSync(newest());
  // Nothing is new, and still it is looked at.
  await laptop.sync();
  expect(readFileSync(newest(), 'utf8')).toContain('first');
  await laptop.close();
});

test.each([true, false])(
  'older files that went with their directory are in a snapshot; when they come back all is as before (published: %s)',
  async (isPublished) => {
    const laptop = await openSmall('laptop');
    const said: string[] = [];
    for (let count = 1; count <= 9; count++) {
      await laptop.transact((book) => book.write(`line ${count}`));
      said.push(`line ${count}`);
    }
    expect(segments().length).toBeGreaterThan(2);
    if (isPublished) await laptop.sync();
    const [place, moved] = [directory(), beside('moved')];
    renameSync(place, moved);
    await laptop.transact((book) => book.write('after'));
    said.push('after');
    expect((await laptop.status()).notices.join()).toMatch(
      /not in the folder any more; a snapshot of this master holds/,
    );
    await laptop.snapshot();
    await laptop.close();
    const again = await openSmall('laptop');
    expect(wordsOf(again)).toEqual(said);
    await again.transact((book) => book.write('last'));
    said.push('last');
    await again.close();
    for (const name of readdirSync(moved))
      if (!existsSync(join(place, name))) renameSync(join(moved, name), join(place, name));
    copyFileSync(join(moved, '0000000000000001.ndjson'), join(place, '0000000000000001.ndjson'));
    const phone = await open('phone');
    expect(wordsOf(phone)).toEqual(said);
    await phone.close();
  },
);

test('a file that was cut further back than memory reaches goes on behind a snapshot', async () => {
  const laptop = await open('laptop', { undoMemory: 1, snapshotEvery: 1e9 });
  const said: string[] = [];
  for (let count = 1; count <= 3_000; count++) {
    laptop.model.write(`line ${count}`);
    said.push(`line ${count}`);
  }
  await laptop.durable();
  truncateSync(newest(), 0);
  await laptop.transact((book) => book.write('after'));
  said.push('after');
  await laptop.snapshot();
  await laptop.close();
  const again = await open('laptop');
  expect(wordsOf(again)).toEqual(said);
  await again.close();
});

test.each(['group', 'none'] as const)(
  'while the shared folder is gone, or another one stands there, nothing is acknowledged, and nothing is lost when it is back (%s)',
  async (durability) => {
    const laptop = await open('laptop', { durability });
    await laptop.transact((book) => book.write('first'));
    renameSync(folder.shared, beside('unmounted'));
    const waiting = laptop.transact((book) => book.write('second'));
    await expect(laptop.sync()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    mkdirSync(folder.shared);
    await expect(laptop.sync()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect(readdirSync(folder.shared)).toEqual([]);
    rmSync(folder.shared, { recursive: true });
    renameSync(beside('unmounted'), folder.shared);
    await waiting;
    await laptop.close();
    const again = await open('laptop');
    expect(wordsOf(again)).toEqual(['first', 'second']);
    await again.close();
  },
);

test('a call that must be durable when it returns is refused while the shared folder is gone', async () => {
  const laptop = await open('laptop', { durability: 'always' });
  laptop.on('error', () => undefined);
  laptop.model.write('first');
  renameSync(folder.shared, beside('unmounted'));
  expect(() => {
    laptop.model.write('second');
  }).toThrow(expect.objectContaining({ code: 'NOT_DURABLE' }));
  expect(wordsOf(laptop)).toEqual(['first']);
  renameSync(beside('unmounted'), folder.shared);
  await laptop.close();
  const again = await open('laptop');
  expect(wordsOf(again)).toEqual(['first']);
  await again.close();
});
