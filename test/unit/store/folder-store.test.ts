import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type FileSystem, FolderStore, Master, type OpenFile, Prevalent } from 'prevalent';
import { nodeFileSystem } from '../../../src/store/folder/node-file-system.js';
import { inFolder, Notebook, type NotebookFolder, wordsOf } from '../../notebook-folder.js';

const FIRST = '0000000000000001.ndjson';

async function written(folder: NotebookFolder, name: string, ...words: string[]): Promise<void> {
  const master = await folder.open(name);
  for (const word of words) await master.transact((book) => book.write(word));
  await master.close();
}

test(
  'one directory per master and epoch, with segments, a frontier and snapshots',
  inFolder(async (folder) => {
    const master = await folder.open('one');
    await master.transact((book) => book.write('a'));
    await master.snapshot();
    await master.close();
    const [epoch = ''] = folder.epochs('one');
    expect(readdirSync(folder.shared)).toEqual(['one']);
    expect(readdirSync(join(folder.shared, 'one', epoch)).sort()).toEqual([FIRST, 'frontier.json', 'snapshots']);
    const snapshots = readdirSync(join(folder.shared, 'one', epoch, 'snapshots'));
    expect(snapshots).toEqual([`${folder.lines('one').at(-1)!.id as string}.snapshot`]);
    expect(existsSync(folder.local('one'))).toBe(true);
    expect(readdirSync(folder.local('one'))).toEqual(['session.json']);
  }),
);

describe('the lock', () => {
  test(
    'refuses a second opener in this process, also through other spellings of the path',
    inFolder(async (folder) => {
      const master = await folder.open('one');
      const local = folder.local('one');
      symlinkSync(local, join(folder.path, 'link'));
      for (const path of [local, `${local}/`, `${local}/../one`, join(folder.path, 'link')]) {
        await expect(folder.open('one', { local: path })).rejects.toMatchObject({ code: 'MASTER_LOCKED' });
      }
      await master.close();
      const again = await folder.open('one');
      await again.close();
    }),
  );

  test(
    'is free again when opening failed',
    inFolder(async (folder) => {
      await written(folder, 'one', 'a');
      const bytes = readFileSync(folder.file('one'));
      writeFileSync(folder.file('one'), Buffer.concat([Buffer.from('x'), bytes]));
      await expect(folder.open('one')).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
      writeFileSync(folder.file('one'), bytes);
      expect(wordsOf(await folder.open('one'))).toEqual(['a']);
    }),
  );

  test(
    'another process holds it, and kill -9 releases it',
    inFolder(async (folder) => {
      mkdirSync(folder.local('one'), { recursive: true });
      const child = spawn(
        process.execPath,
        [
          '--import',
          'tsx',
          '--input-type=module',
          '-e',
          `
        import { takeLock } from './src/store/folder/lock.ts';
        await takeLock(process.argv[1], 'one');
        process.stdout.write('held');
        setInterval(() => {}, 1000);`,
          folder.local('one'),
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      try {
        await once(child.stdout, 'data');
        await expect(folder.open('one')).rejects.toMatchObject({ code: 'MASTER_LOCKED' });
      } finally {
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }
      const master = await folder.open('one');
      expect(master.model.count()).toBe(0);
    }),
  );
});

describe('the session', () => {
  test(
    'the same machine continues its epoch',
    inFolder(async (folder) => {
      await written(folder, 'one', 'a');
      await written(folder, 'one', 'b');
      const master = await folder.open('one');
      expect(folder.epochs('one')).toHaveLength(1);
      expect((await master.status()).notices).toEqual([]);
      expect(wordsOf(master)).toEqual(['a', 'b']);
    }),
  );

  test(
    'a lost private directory costs a new epoch and nothing else',
    inFolder(async (folder) => {
      await written(folder, 'one', 'a', 'b');
      rmSync(folder.local('one'), { recursive: true });
      const master = await folder.open('one');
      expect((await master.status()).notices.join()).toContain('new epoch');
      expect(wordsOf(master)).toEqual(['a', 'b']);
      await master.transact((book) => book.write('c'));
      await master.close();
      expect(folder.epochs('one')).toHaveLength(2);
      expect(folder.lines('one').map(({ reason, seq }) => reason ?? seq)).toEqual(['restored', 1]);
      const other = await folder.open('two');
      expect(wordsOf(other)).toEqual(['a', 'b', 'c']);
    }),
  );

  test(
    'what the lost machine made durable but did not publish is published',
    inFolder(async (folder) => {
      const master = await folder.open('one');
      await master.transact((book) => book.write('a'));
      await master.sync();
      await master.transact((book) => book.write('b'));
      // As a crash leaves it: durable, never published.
      cpSync(folder.shared, join(folder.path, 'crashed'), { recursive: true });
      await master.close();
      const crashed = await folder.open('one', {
        store: join(folder.path, 'crashed'),
        local: join(folder.path, 'other'),
      });
      expect(wordsOf(crashed)).toEqual(['a', 'b']);
      const other = await folder.open('two', { store: join(folder.path, 'crashed') });
      expect(wordsOf(other)).toEqual(['a', 'b']);
    }),
  );

  test(
    'a copied folder under another private directory begins a new epoch',
    inFolder(async (folder) => {
      await written(folder, 'one', 'a');
      const clone = await folder.open('one', { local: folder.local('clone') });
      await clone.transact((book) => book.write('clone'));
      await clone.close();
      const original = await folder.open('one');
      await original.transact((book) => book.write('original'));
      await original.sync();
      expect(wordsOf(original)).toEqual(['a', 'clone', 'original']);
      expect(folder.epochs('one')).toHaveLength(3);
    }),
  );

  test(
    'a restored older copy begins a new epoch with a notice, and repeats no number',
    inFolder(async (folder) => {
      await written(folder, 'one', 'a');
      cpSync(folder.shared, join(folder.path, 'backup'), { recursive: true });
      const other = await folder.open('two');
      await written(folder, 'one', 'b');
      await other.sync();
      expect(wordsOf(other)).toEqual(['a', 'b']);
      rmSync(join(folder.shared, 'one'), { recursive: true });
      cpSync(join(folder.path, 'backup', 'one'), join(folder.shared, 'one'), { recursive: true });
      const restored = await folder.open('one');
      expect((await restored.status()).notices.join()).toMatch(/older than what it had published/);
      await restored.transact((book) => book.write('c'));
      await restored.sync();
      await other.sync();
      expect(wordsOf(other)).toEqual(['a', 'b', 'c']);
      expect((await other.status()).held).toMatchObject([{ master: 'one', seq: 2, reason: 'backwards' }]);
    }),
  );

  test(
    'events in a restored copy that were durable but not published there are not dropped',
    inFolder(async (folder) => {
      const master = await folder.open('one');
      await master.transact((book) => book.write('a'));
      await master.sync();
      await master.transact((book) => book.write('b'));
      cpSync(folder.shared, join(folder.path, 'backup'), { recursive: true });
      await master.transact((book) => book.write('c'));
      await master.close();
      rmSync(folder.shared, { recursive: true });
      renameSync(join(folder.path, 'backup'), folder.shared);
      const restored = await folder.open('one');
      expect(wordsOf(restored)).toEqual(['a', 'b']);
      expect(folder.epochs('one')).toHaveLength(2);
    }),
  );

  test(
    'a torn journal of the other machine does not stop a start under its name',
    inFolder(async (folder) => {
      await written(folder, 'one', 'a', 'b');
      const file = folder.file('one');
      const whole = readFileSync(file);
      truncateSync(file, whole.length - 10);
      const master = await folder.open('one', { local: folder.local('elsewhere') });
      expect(wordsOf(master)).toEqual(['a']);
      expect((await master.status()).held).toMatchObject([{ reason: 'gap', seq: 2 }]);
      writeFileSync(file, whole);
      await master.sync();
      expect(wordsOf(master)).toEqual(['a', 'b']);
    }),
  );

  test.each(['', '{', 'null', '5', '{"session":5}', '[]'])('a session file with %j is no session', (text) =>
    inFolder(async (folder) => {
      await written(folder, 'one', 'a');
      writeFileSync(join(folder.local('one'), 'session.json'), text);
      const master = await folder.open('one');
      expect(wordsOf(master)).toEqual(['a']);
      expect(folder.epochs('one')).toHaveLength(2);
    })(),
  );
});

describe('a torn tail', () => {
  test(
    'beyond what was published it is cut, kept aside and reported',
    inFolder(async (folder) => {
      await written(folder, 'one', 'a', 'b');
      const whole = readFileSync(folder.file('one'));
      appendFileSync(folder.file('one'), '{"v":1,"id":"01HF');
      const master = await folder.open('one');
      expect(wordsOf(master)).toEqual(['a', 'b']);
      expect((await master.status()).notices.join()).toContain('unfinished');
      await master.transact((book) => book.write('c'));
      await master.close();
      const aside = readdirSync(folder.stream('one')).filter((name) => name.endsWith('.torn'));
      expect(aside).toEqual([`${FIRST}.${whole.length}.torn`]);
      expect(readFileSync(join(folder.stream('one'), aside[0]!), 'utf8')).toBe('{"v":1,"id":"01HF');
      expect(folder.lines('one').map(({ seq }) => seq)).toEqual([undefined, 1, 2, 3]);
      expect(wordsOf(await folder.open('one'))).toEqual(['a', 'b', 'c']);
    }),
  );

  test(
    'every length of the unpublished tail recovers, and every acknowledged call with it',
    inFolder(async (folder) => {
      const master = await folder.open('one');
      await master.transact((book) => book.write('a'));
      await master.sync();
      const kept = statSync(folder.file('one')).size;
      await master.transact((book) => book.write('b'));
      const padded = readFileSync(folder.file('one'));
      const bytes = padded.subarray(0, padded.lastIndexOf('\n') + 1);
      const image = join(folder.path, 'image');
      for (const name of ['shared', 'local']) cpSync(join(folder.path, name), join(image, name), { recursive: true });
      await master.close();
      const file = join(image, folder.file('one').slice(folder.path.length));
      for (let size = kept; size <= bytes.length; size += 7) {
        writeFileSync(file, bytes.subarray(0, size));
        const again = await folder.open('one', { store: join(image, 'shared'), local: join(image, 'local', 'one') });
        expect(wordsOf(again)).toEqual(['a']);
        await again.close();
      }
      writeFileSync(file, bytes);
      const again = await folder.open('one', { store: join(image, 'shared'), local: join(image, 'local', 'one') });
      expect(wordsOf(again)).toEqual(['a', 'b']);
    }),
  );

  test(
    'damage at or below what was published names file, line and byte, and drops nothing',
    inFolder(async (folder) => {
      await written(folder, 'one', 'a', 'b', 'c');
      const whole = readFileSync(folder.file('one'));
      const lines = whole.toString().split('\n');
      const second = lines[0]!.length + lines[1]!.length + 2;
      const damaged = Buffer.from(whole);
      damaged[second + 5]! ^= 1;
      writeFileSync(folder.file('one'), damaged);
      const opening = folder.open('one');
      await expect(opening).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
      await expect(opening).rejects.toThrow(`${folder.file('one')}, line 3 (byte ${second})`);
      expect(readFileSync(folder.file('one'))).toEqual(damaged);
      // Cut below the published head.
      writeFileSync(folder.file('one'), whole.subarray(0, second + 5));
      await expect(folder.open('one')).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
      writeFileSync(folder.file('one'), whole);
      expect(wordsOf(await folder.open('one'))).toEqual(['a', 'b', 'c']);
    }),
  );

  test(
    'a journal that was emptied is not continued as if nothing had been',
    inFolder(async (folder) => {
      await written(folder, 'one', 'a');
      const whole = readFileSync(folder.file('one'));
      writeFileSync(folder.file('one'), '');
      const opening = folder.open('one');
      await expect(opening).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
      await expect(opening).rejects.toThrow(`${folder.file('one')}, line 1 (byte 0): the file is empty`);
      expect(folder.epochs('one')).toHaveLength(1);
      writeFileSync(folder.file('one'), whole);
      expect(wordsOf(await folder.open('one'))).toEqual(['a']);
    }),
  );
});

test(
  'what is no exact name of ours is no data',
  inFolder(async (folder) => {
    await written(folder, 'one', 'a');
    const stream = folder.stream('one');
    const segment = readFileSync(folder.file('one'));
    const line = segment.toString().split('\n')[1]!;
    for (const name of [
      '0000000000000001 (conflicted copy 2024-01-01).ndjson',
      '0000000000000001.sync-conflict-20240101-120000-ABCDEFG.ndjson',
      '0000000000000002.ndjson.tmp',
      '.0000000000000002.ndjson.tmp',
      '.syncthing.0000000000000002.ndjson.tmp',
      '00000000000000002.ndjson',
      '000000000000002.ndjson',
      '0000000000000002.ndjson~',
      '0000000000000002.NDJSON',
      'x0000000000000002.ndjson',
    ])
      writeFileSync(join(stream, name), `${line}\n`);
    writeFileSync(join(stream, 'frontier (conflicted copy).json'), '{}');
    mkdirSync(join(stream, '0000000000000002.ndjson'));
    mkdirSync(join(stream, 'snapshots', '7ZZZZZZZZZZZZZZZZZZZZZZZZZ.snapshot'), { recursive: true });
    symlinkSync(folder.file('one'), join(stream, '0000000000000003.ndjson'));
    for (const name of ['.DS_Store', 'readme.txt', 'desktop.ini', 'thumbs'])
      writeFileSync(join(folder.shared, name), 'stray');
    for (const name of ['.stfolder', '.git', 'One', 'one (copy)', 'one~', 'a b', '-one'])
      cpSync(join(folder.shared, 'one'), join(folder.shared, name), { recursive: true });
    symlinkSync(join(folder.shared, 'one'), join(folder.shared, 'linked'));
    mkdirSync(join(folder.shared, 'empty'));
    mkdirSync(join(folder.shared, 'empty-epoch', '01HF7YAT00FQ2VRP41VVTGRSXB'), { recursive: true });
    // A folder where a frontier belongs.
    mkdirSync(join(folder.shared, 'odd', '01HF7YAT00FQ2VRP41VVTGRSXB', 'frontier.json'), { recursive: true });
    // A name that is the beginning of another, and one that goes on.
    await written(folder, 'on', 'b');
    await written(folder, 'one-more', 'c');
    const master = await folder.open('one');
    await master.sync();
    expect(wordsOf(master)).toEqual(['a', 'b', 'c']);
    expect(
      Object.keys((await master.status()).streams)
        .map((key) => key.split('@')[0])
        .sort(),
    ).toEqual(['on', 'one', 'one-more']);
    await master.transact((book) => book.write('d'));
    await master.close();
    expect(wordsOf(await folder.open('one'))).toEqual(['a', 'b', 'c', 'd']);
  }),
);

test(
  'a copy of a master’s folder under another good name is held, not applied twice',
  inFolder(async (folder) => {
    await written(folder, 'one', 'a');
    cpSync(join(folder.shared, 'one'), join(folder.shared, 'one-copy'), { recursive: true });
    const master = await folder.open('two');
    expect(wordsOf(master)).toEqual(['a']);
    expect((await master.status()).held).toMatchObject([{ master: 'one-copy', seq: 1, reason: 'damaged' }]);
  }),
);

test(
  'temporary files that a crash left are removed from the own stream only',
  inFolder(async (folder) => {
    await written(folder, 'one', 'a');
    await written(folder, 'two', 'b');
    for (const name of ['one', 'two']) writeFileSync(join(folder.stream(name), '.frontier.json.tmp'), 'half');
    await (await folder.open('one')).close();
    expect(readdirSync(folder.stream('one'))).not.toContain('.frontier.json.tmp');
    expect(readdirSync(folder.stream('two'))).toContain('.frontier.json.tmp');
  }),
);

test(
  'a crash before the header was renamed into place leaves a folder that is passed over',
  inFolder(async (folder) => {
    const directory = join(folder.shared, 'one', '01HF7YAT00FQ2VRP41VVTGRSXB');
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, '.0000000000000001.ndjson.tmp'), '{"v":1');
    await written(folder, 'one', 'a');
    expect(wordsOf(await folder.open('one'))).toEqual(['a']);
    expect(folder.epochs('one')).toHaveLength(2);
  }),
);

test(
  'a folder of another model is refused',
  inFolder(async (folder) => {
    @Prevalent('not-a-notebook')
    class Other {}
    await written(folder, 'one', 'a');
    await expect(
      Master.open(Other, { name: 'two', store: folder.shared, local: folder.local('two') }),
    ).rejects.toMatchObject({ code: 'MODEL_MISMATCH' });
  }),
);

describe('segments', () => {
  const small = (folder: NotebookFolder, segmentBytes = 1_000): { store: FolderStore } => ({
    store: new FolderStore(folder.shared, { segmentBytes }),
  });
  const segmentsIn = (folder: NotebookFolder): string[] =>
    readdirSync(folder.stream('one'))
      .filter((name) => name.endsWith('.ndjson'))
      .sort();

  test.each(['group', 'always', 'none'] as const)('rotate by size, with durability %s', (durability) =>
    inFolder(async (folder) => {
      const expected: string[] = [];
      const reader = await folder.open('reader', small(folder));
      for (let round = 0; round < 3; round++) {
        const master = await folder.open('one', { ...small(folder), durability });
        expect(wordsOf(master)).toEqual(expected);
        for (let i = 0; i < 12; i++) {
          expected.push(`${round}-${i}`);
          await master.transact((book) => book.write(`${round}-${i}`));
          // A rotation of `always` happens between turns.
          await new Promise((resolve) => setImmediate(resolve));
          if (i % 5 === 0) {
            await master.sync();
            await reader.sync();
            expect(wordsOf(reader)).toEqual(expected);
          }
        }
        await master.close();
      }
      expect(segmentsIn(folder).length).toBeGreaterThan(4);
      expect(
        folder
          .lines('one')
          .slice(1)
          .map(({ seq }) => seq),
      ).toEqual(expected.map((_, i) => i + 1));
      await reader.sync();
      expect(wordsOf(reader)).toEqual(expected);
      expect(wordsOf(await folder.open('newcomer'))).toEqual(expected);
    })(),
  );

  test(
    'a full buffer written while the next segment is being made stays in order',
    inFolder(async (folder) => {
      let release: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (release = resolve));
      const rotation = { begun: false };
      const slow: FileSystem = {
        ...nodeFileSystem,
        async open(file, create): Promise<OpenFile> {
          if (create && file.endsWith('.ndjson')) {
            rotation.begun = true;
            await gate;
          }
          return nodeFileSystem.open(file, create);
        },
      };
      const master = await folder.open('one', {
        store: new FolderStore(folder.shared, { fileSystem: slow, segmentBytes: 500 }),
      });
      for (let i = 0; !rotation.begun; i++) {
        master.model.write(`first-${i}`);
        await new Promise((resolve) => setImmediate(resolve));
      }
      master.model.write('x'.repeat(9 * 1024 * 1024));
      release();
      for (let i = 0; i < 10; i++) await master.transact((book) => book.write(`then-${i}`));
      const words = wordsOf(master);
      await master.close();
      expect(
        folder
          .lines('one')
          .slice(1)
          .map(({ args }) => (args as string[])[0]),
      ).toEqual(words);
      expect(wordsOf(await folder.open('one'))).toEqual(words);
      expect(wordsOf(await folder.open('two'))).toEqual(words);
    }),
  );

  test(
    'an empty segment that a crash left, rightly or wrongly numbered, stops nobody',
    inFolder(async (folder) => {
      await written(folder, 'one', 'a', 'b');
      writeFileSync(folder.file('one', '0000000000000003.ndjson'), '');
      await written(folder, 'one', 'c');
      expect(segmentsIn(folder)).toEqual([FIRST, '0000000000000003.ndjson']);
      expect(wordsOf(await folder.open('reader'))).toEqual(['a', 'b', 'c']);
      writeFileSync(folder.file('one', '0000000000000002.ndjson'), '');
      writeFileSync(folder.file('one', '0000000000000009.ndjson'), '');
      await written(folder, 'one', 'd');
      expect(segmentsIn(folder)).toEqual([FIRST, '0000000000000003.ndjson']);
      expect(wordsOf(await folder.open('later'))).toEqual(['a', 'b', 'c', 'd']);
    }),
  );

  test(
    'a missing segment: an error in one’s own journal, a gap in another’s',
    inFolder(async (folder) => {
      const master = await folder.open('one', small(folder, 1));
      for (const word of ['a', 'b', 'c']) await master.transact((book) => book.write(word));
      await master.close();
      // The last one may still be going on where the one before it was being closed.
      expect(segmentsIn(folder).length).toBeGreaterThanOrEqual(3);
      const middle = folder.file('one', '0000000000000002.ndjson');
      renameSync(middle, `${middle}.away`);
      await expect(folder.open('one')).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
      const other = await folder.open('two');
      expect(wordsOf(other)).toEqual(['a']);
      expect((await other.status()).held).toMatchObject([{ master: 'one', seq: 2, reason: 'gap' }]);
      renameSync(`${middle}.away`, middle);
      await other.sync();
      expect(wordsOf(other)).toEqual(['a', 'b', 'c']);
    }),
  );

  test(
    'files of another master may arrive byte by byte',
    inFolder(async (folder) => {
      await written(folder, 'one', 'a', 'b', 'c');
      const whole = readFileSync(folder.file('one'));
      writeFileSync(folder.file('one'), '');
      const other = await folder.open('two');
      for (let size = 0; size <= whole.length; size += 31) {
        writeFileSync(folder.file('one'), whole.subarray(0, size));
        await other.sync();
        expect(wordsOf(other)).toEqual(['a', 'b', 'c'].slice(0, other.model.count()));
      }
      writeFileSync(folder.file('one'), whole);
      await other.sync();
      expect(wordsOf(other)).toEqual(['a', 'b', 'c']);
      expect((await other.status()).held).toEqual([]);
    }),
  );

  test(
    'damage in another’s journal holds that stream until the file is right again',
    inFolder(async (folder) => {
      await written(folder, 'one', 'a', 'b');
      const whole = readFileSync(folder.file('one'));
      const damaged = Buffer.from(whole);
      damaged[whole.length - 40]! ^= 1;
      writeFileSync(folder.file('one'), damaged);
      await written(folder, 'three', 'c');
      const other = await folder.open('two');
      expect(wordsOf(other)).toEqual(['a', 'c']);
      const report = await other.sync();
      expect(report.held).toMatchObject([{ master: 'one', seq: 2, reason: 'damaged' }]);
      writeFileSync(folder.file('one'), whole);
      await other.sync();
      expect(wordsOf(other)).toEqual(['a', 'b', 'c']);
    }),
  );

  test('a bad size is refused', () => {
    for (const segmentBytes of [0, -1, NaN])
      expect(() => new FolderStore('folder', { segmentBytes })).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION' }),
      );
    expect(() => new FolderStore('')).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  });
});

describe('snapshots', () => {
  test.each<[string, (bytes: Buffer) => Buffer | string]>([
    ['of 0 bytes', () => ''],
    ['cut in the middle', (bytes) => bytes.subarray(0, bytes.length >> 1)],
    ['without its end', (bytes) => bytes.toString().split('\n').slice(0, -2).join('\n') + '\n'],
    ['with a flipped bit', (bytes) => Buffer.from(bytes.map((byte, i) => (i === bytes.length - 60 ? byte ^ 1 : byte)))],
    ['with a line too many', (bytes) => bytes.toString() + 'more\n'],
    ['that is no text', () => Buffer.from([0, 255, 10, 254])],
  ])('one %s is skipped with a notice, and the journal replays', (_what, damage) =>
    inFolder(async (folder) => {
      const master = await folder.open('one');
      await master.transact((book) => book.write('a'));
      await master.snapshot();
      await master.transact((book) => book.write('b'));
      await master.close();
      const directory = join(folder.stream('one'), 'snapshots');
      const [name = ''] = readdirSync(directory);
      writeFileSync(join(directory, name), damage(readFileSync(join(directory, name))));
      const again = await folder.open('one');
      expect(wordsOf(again)).toEqual(['a', 'b']);
      expect((await again.status()).notices.join()).toMatch(/snapshot/i);
    })(),
  );

  test(
    'a good one spares the replay; files beside it are none',
    inFolder(async (folder) => {
      const master = await folder.open('one');
      for (const word of ['a', 'b', 'c']) await master.transact((book) => book.write(word));
      await master.snapshot();
      await master.transact((book) => book.write('d'));
      await master.close();
      const directory = join(folder.stream('one'), 'snapshots');
      const [name = ''] = readdirSync(directory);
      writeFileSync(join(directory, `.${name}.tmp`), 'half');
      writeFileSync(join(directory, name.replace('.snapshot', ' (conflicted copy).snapshot')), '');
      const replayed: number[] = [];
      const again = await folder.open('one', { onProgress: (done) => replayed.push(done) });
      expect(wordsOf(again)).toEqual(['a', 'b', 'c', 'd']);
      expect(replayed.at(-1)).toBe(1);
      expect(again.query((book) => [...book.notes.values()].every((note) => note.id.length === 36))).toBe(true);
    }),
  );

  test(
    'written in the background after so many own calls',
    inFolder(async (folder) => {
      const master = await folder.open('one', { snapshotEvery: 5 });
      for (let i = 0; i < 12; i++) await master.transact((book) => book.write(`${i}`));
      await master.close();
      expect(readdirSync(join(folder.stream('one'), 'snapshots')).length).toBeGreaterThan(0);
    }),
  );
});

test(
  'the folder may be given as a relative path',
  inFolder(async (folder) => {
    const store = new FolderStore('some-folder');
    expect(store.location).toBe(join(process.cwd(), 'some-folder'));
    expect(existsSync(store.location)).toBe(false);
    const master = await Master.open(Notebook, {
      name: 'one',
      store: new FolderStore(folder.shared),
      local: folder.local('one'),
    });
    await master.close();
  }),
);
