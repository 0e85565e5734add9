/**
 * Others can write to the shared folder, and put a link where a master is about to write: it leads to a file or a directory that is
 * nobody's business here. Nothing is ever written through one.
 */
import 'reflect-metadata';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FolderStore } from 'prevalent';
import { backup } from '../../src/cli/backup.js';
import { repair } from '../../src/cli/repair.js';
import type { FileSystem } from '../../src/store/folder/file-system.js';
import { nodeFileSystem } from '../../src/store/folder/node-file-system.js';
import { inFolder, type NotebookFolder, wordsOf } from '../notebook-folder.js';

const PRECIOUS = 'years of work\n'.repeat(1_000);

/** A file that is not the folder's, and a directory with the same file under every name in it that a master uses. */
function precious(folder: NotebookFolder): { file: string; directory: string; untouched: () => void } {
  const [file, directory] = [join(folder.path, 'precious.txt'), join(folder.path, 'private')];
  mkdirSync(directory);
  writeFileSync(file, PRECIOUS);
  return {
    file,
    directory,
    untouched: () => {
      expect(readFileSync(file, 'utf8')).toBe(PRECIOUS);
      expect(readdirSync(directory)).toEqual([]);
    },
  };
}

/** Puts a link to a file at each path that is about to be made, right before; notes what was made. */
function planting(target: string, planted: string[]): FileSystem {
  const plant = (path: string): void => {
    // Where a link lay already it is in the way again.
    if (planted.includes(path) || existsSync(path)) return;
    planted.push(path);
    rmSync(path, { force: true });
    symlinkSync(target, path);
  };
  return {
    ...nodeFileSystem,
    open: (file, create) => {
      if (create) plant(file);
      return nodeFileSystem.open(file, create);
    },
    openNow: (file, create) => {
      if (create) plant(file);
      return nodeFileSystem.openNow(file, create);
    },
    rename: (from, to) => {
      plant(to);
      return nodeFileSystem.rename(from, to);
    },
  };
}

/** Again when a link was in the way, as whoever runs a master would. */
async function stubborn<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === 10) throw error;
    }
  }
}

/** The kind of file that a path is of. */
const kindOf = (path: string): string =>
  basename(path)
    .replace(/^\.(.*)\.tmp$/, '$1, not whole yet')
    .replace(/[0-9A-HJKMNP-TV-Z]{26}|\d{16}/g, '<name>')
    .replace(/\.\d+\./, '.<byte>.');

test(
  'a link to a file, put in the place of any file right before it is made, keeps no master from its work and leads nowhere',
  inFolder(async (folder) => {
    let time = Date.UTC(2026, 0, 1);
    const { file, untouched } = precious(folder);
    const planted: string[] = [];
    const store = (): FolderStore =>
      new FolderStore(folder.shared, { fileSystem: planting(file, planted), segmentBytes: 400 });
    const options = { now: () => time, retention: 1_000, patience: 10_000 };
    const open = () => stubborn(() => folder.open('one', { store: store(), ...options }));
    const one = await open();
    const sealer = await folder.open('sealer', options);
    const said: string[] = [];
    const say = async (): Promise<void> => {
      said.push(`word ${said.length}`);
      await one.transact((book) => book.write(said.at(-1)!));
    };
    for (let count = 0; count < 6; count++) await say();
    await stubborn(() => one.sync());
    await stubborn(() => one.snapshot());
    time += 20_000;
    // It is sealed what this one has published; the rest comes too late and is issued again in another stream.
    await say();
    await sealer.sync();
    await sealer.compact();
    await stubborn(() => one.sync());
    time += 20_000;
    await say();
    for (const master of [one, sealer, one]) await stubborn(() => master.sync());
    await sealer.compact();
    await stubborn(() => one.compact());
    await one.close();
    // A crash tears the end.
    const isLink = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    const segments = readdirSync(folder.stream('one')).filter((name) => name.endsWith('.ndjson'));
    const torn = segments
      .filter((name) => !isLink(folder.file('one', name)))
      .sort()
      .at(-1)!;
    writeFileSync(folder.file('one', torn), '{"v":1,"id":"', { flag: 'a' });
    const again = await open();
    await sealer.sync();
    expect(wordsOf(again).sort()).toEqual(said);
    expect(wordsOf(sealer).sort()).toEqual(said);
    await again.close();
    // Where the private directory does not stay, more is left in the folder.
    rmSync(folder.local('one'), { recursive: true });
    await (await open()).close();
    untouched();
    // A segment that cannot be begun is begun later: the one before it grows meanwhile. All else is there in spite of the links.
    expect(new Set(planted.filter(isLink).map(kindOf))).toEqual(new Set(['<name>.ndjson']));
    expect([...new Set(planted.map(kindOf))].sort()).toEqual([
      '<name>-<name>.bundle',
      '<name>-<name>.bundle, not whole yet',
      '<name>.ndjson',
      '<name>.ndjson, not whole yet',
      '<name>.ndjson.<byte>.torn',
      '<name>.ndjson.<byte>.torn, not whole yet',
      '<name>.snapshot',
      '<name>.snapshot, not whole yet',
      'frontier.json',
      'frontier.json, not whole yet',
      'memory.json',
      'memory.json, not whole yet',
      'session.json',
      'session.json, not whole yet',
      'writer',
      'writer, not whole yet',
    ]);
  }),
);

/** Puts a link to a directory in the place of one of a running master's. */
function swap(path: string, target: string): () => void {
  const aside = `${path}-aside`;
  const wasThere = existsSync(path);
  if (wasThere) renameSync(path, aside);
  symlinkSync(target, path);
  return () => {
    rmSync(path);
    if (wasThere) renameSync(aside, path);
  };
}

test.each(['.', '..', 'snapshots'])(
  'a link in the place of the directory %s of a stream: nothing is written, renamed or removed behind it, and all goes on without it',
  (name) =>
    inFolder(async (folder) => {
      let time = Date.UTC(2026, 0, 1);
      const { directory, untouched } = precious(folder);
      const store = (): FolderStore => new FolderStore(folder.shared, { segmentBytes: 400 });
      const options = { store: store(), now: () => time, retention: 1_000, patience: 10_000 };
      const one = await folder.open('one', options);
      for (let count = 0; count < 6; count++) await one.transact((book) => book.write(`before ${count}`));
      await one.sync();
      time += 20_000;
      const path = join(folder.stream('one'), name);
      // A directory in which each of its files is there, so that what is removed or replaced there shows.
      const copy = join(directory, 'copy');
      mkdirSync(copy);
      const names = existsSync(path) ? readdirSync(path) : [`${(await one.status()).epoch}.snapshot`];
      const all = [...names, ...names.map((file) => `.${file}.tmp`), 'frontier.json', '.frontier.json.tmp'];
      for (const file of all) writeFileSync(join(copy, file), PRECIOUS);
      const back = swap(path, copy);
      const refused: unknown[] = [];
      const attempt = (work: () => Promise<unknown>): Promise<unknown> =>
        work().catch((error: unknown) => refused.push((error as { code?: unknown }).code));
      // These wait until the way to the journal is there again.
      const waiting = one.transact((book) => book.write('meanwhile'));
      await attempt(() => one.sync());
      const saving = attempt(() => one.snapshot());
      await attempt(() => one.compact());
      expect(new Set(refused)).toEqual(new Set(['STORE_UNREACHABLE']));
      for (const file of new Set(all)) expect(readFileSync(join(copy, file), 'utf8')).toBe(PRECIOUS);
      expect(readdirSync(copy).sort()).toEqual([...new Set(all)].sort());
      back();
      rmSync(copy, { recursive: true });
      await waiting;
      await saving;
      await one.transact((book) => book.write('after'));
      await one.sync();
      await one.snapshot();
      const expected = [...Array.from({ length: 6 }, (_, count) => `before ${count}`), 'meanwhile', 'after'];
      await one.close();
      const again = await folder.open('one', options);
      expect(wordsOf(again)).toEqual(expected);
      untouched();
    })(),
);

test(
  'backup and repair write through no link either',
  inFolder(async (folder) => {
    const { directory, untouched } = precious(folder);
    const one = await folder.open('one');
    for (const word of ['a', 'b', 'c']) await one.transact((book) => book.write(word));
    await one.snapshot();
    await one.close();
    const snapshots = join(folder.stream('one'), 'snapshots');
    const [snapshot = ''] = readdirSync(snapshots);
    const back = swap(snapshots, directory);
    writeFileSync(join(directory, snapshot), 'damaged');
    const options = { local: folder.local('one'), cut: true } as const;
    await expect(repair(folder.shared, 'one', options, () => undefined)).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
    });
    expect(readdirSync(directory)).toEqual([snapshot]);
    rmSync(join(directory, snapshot));
    back();
    const target = join(folder.path, 'backup');
    symlinkSync(directory, target);
    await expect(backup(folder.shared, target, () => undefined)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(dirname(target)).toBe(folder.path);
    untouched();
  }),
);
