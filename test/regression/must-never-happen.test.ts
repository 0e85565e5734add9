/**
 * The list "what must never happen" of the design: each point was seen in a system of this kind. Points about deletion come with
 * sealing.
 */
import 'reflect-metadata';
import { cpSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { type FileSystem, FolderStore, Master, MemoryStore, type OpenFile, Prevalent, Transaction } from 'prevalent';
import { nodeFileSystem } from '../../src/store/folder/node-file-system.js';
import { FORGED, inFolder, type Notebook, type NotebookFolder, wordsOf } from '../notebook-folder.js';

@Prevalent('must-never-happen')
class Shelf {
  readonly map = new Map<string, number>();
  readonly set = new Set<string>();
  readonly fields: Record<string, number> = {};
  @Transaction() put(key: string, value: number): void {
    this.map.set(key, value);
    this.set.add(key);
    this.fields[key] = value;
  }
  @Transaction() take(key: string): void {
    if (!this.map.delete(key)) throw new Error(`no ${key}`);
    this.set.delete(key);
    delete this.fields[key];
  }
  @Transaction() empty(): void {
    this.map.clear();
    this.set.clear();
  }
}

const stateOf = (master: Master<Shelf>): unknown =>
  master.query(({ map, set, fields }) => [[...map], [...set], Object.entries(fields)]);

test('1. masters that hold the same events never differ in state or in iteration order', async () => {
  const command = fc.oneof(
    fc.record({ by: fc.nat(2), put: fc.constantFrom('a', 'b', 'c', 'd', '1', '0'), value: fc.nat(9) }),
    fc.record({ by: fc.nat(2), take: fc.constantFrom('a', 'b', 'c', 'd', '1', '0') }),
    fc.record({ by: fc.nat(2), empty: fc.constant(true) }),
    fc.record({ by: fc.nat(2), sync: fc.constant(true) }),
    fc.record({ pause: fc.integer({ min: 1, max: 50 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 40 }), async (commands) => {
      const store = new MemoryStore();
      let now = 1_700_000_000_000;
      const masters: Master<Shelf>[] = [];
      // Their clocks differ, so that events arrive late.
      for (const [i, name] of ['one', 'two', 'three'].entries())
        masters.push(await Master.open(Shelf, { name, store, now: () => now + i * 7, undoMemory: i === 2 ? 1 : 1e6 }));
      for (const one of commands) {
        now++;
        if ('pause' in one) {
          now += one.pause;
          continue;
        }
        const master = masters[one.by]!;
        if ('put' in one) master.model.put(one.put, one.value);
        else if ('empty' in one) master.model.empty();
        else if ('sync' in one) await master.sync();
        else if (master.model.map.has(one.take)) master.model.take(one.take);
      }
      for (let round = 0; round < 2; round++) for (const master of masters) await master.sync();
      const newcomer = await Master.open(Shelf, { name: 'newcomer', store });
      const expected = stateOf(newcomer);
      for (const master of masters) {
        expect(stateOf(master)).toEqual(expected);
        expect(master.rejections().map(({ id }) => id)).toEqual(newcomer.rejections().map(({ id }) => id));
        await master.close();
      }
      await newcomer.close();
    }),
    { seed: 11, numRuns: 150 },
  );
});

test(
  '3. a master whose folder and private directory were cloned neither repeats nor hides anything',
  inFolder(async (folder) => {
    const one = await folder.open('one');
    await one.transact((book) => book.write('a'));
    await one.snapshot();
    await one.close();
    // Two machines go on from one image, each with its own copy of everything, and meet again.
    for (const machine of ['left', 'right']) {
      cpSync(folder.shared, join(folder.path, machine, 'shared'), { recursive: true });
      const clone = await folder.open('one', {
        store: join(folder.path, machine, 'shared'),
        local: join(folder.path, machine, 'local'),
      });
      expect(wordsOf(clone)).toEqual(['a']);
      await clone.transact((book) => book.write(machine));
      await clone.close();
    }
    for (const machine of ['left', 'right'])
      cpSync(join(folder.path, machine, 'shared'), folder.shared, { recursive: true });
    const reader = await folder.open('reader');
    expect(wordsOf(reader)).toEqual(['a', 'left', 'right']);
    expect((await reader.status()).held).toEqual([]);
  }),
);

/** Copies the shared and the private directories at every step of the disk: what a power failure would leave. */
function crashing(folder: NotebookFolder): { fs: FileSystem; images: string[] } {
  const images: string[] = [];
  const shot = (): void => {
    const image = join(folder.path, 'crashes', String(images.length));
    for (const name of ['shared', 'local']) cpSync(join(folder.path, name), join(image, name), { recursive: true });
    images.push(image);
  };
  const after =
    <A extends unknown[], R>(step: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      const result = await step(...args);
      shot();
      return result;
    };
  const fs: FileSystem = {
    ...nodeFileSystem,
    rename: after(nodeFileSystem.rename),
    unlink: after(nodeFileSystem.unlink),
    mkdir: nodeFileSystem.mkdir,
    open: async (file, create): Promise<OpenFile> => {
      const real = await nodeFileSystem.open(file, create);
      return {
        write: after((bytes, offset) => real.write(bytes, offset)),
        writeNow: (bytes, offset) => {
          real.writeNow(bytes, offset);
          shot();
        },
        sync: () => real.sync(),
        syncNow: () => {
          real.syncNow();
        },
        truncate: after((size) => real.truncate(size)),
        truncateNow: (size) => {
          real.truncateNow(size);
          shot();
        },
        readNow: (from, length) => real.readNow(from, length),
        isAtNow: (path) => real.isAtNow(path),
        close: () => real.close(),
      };
    },
  };
  return { fs, images };
}

test(
  '4. a crash between any two steps of write, rotate, snapshot and publish loses or repeats nothing',
  inFolder(async (folder) => {
    const { fs, images } = crashing(folder);
    // So that the first image has both directories.
    await (await folder.open('one')).close();
    const acknowledged: number[] = [];
    const master = await folder.open('one', {
      store: new FolderStore(folder.shared, { fileSystem: fs, segmentBytes: 700 }),
    });
    const words: string[] = [];
    for (let i = 0; i < 8; i++) {
      words.push(`w${i}`);
      await master.transact((book) => book.write(`w${i}`));
      acknowledged[images.length] = i + 1;
      if (i % 2 === 1) await master.sync();
      if (i % 3 === 2) await master.snapshot();
    }
    await master.close();
    expect(images.length).toBeGreaterThan(20);
    let promised = 0;
    for (const [index, image] of images.entries()) {
      promised = acknowledged[index] ?? promised;
      const again = await folder.open('one', { store: join(image, 'shared'), local: join(image, 'local', 'one') });
      const found = wordsOf(again);
      expect(found).toEqual(words.slice(0, found.length));
      expect(found.length).toBeGreaterThanOrEqual(promised);
      await again.transact((book) => book.write('after'));
      await again.close();
      const other = await folder.open('other', { store: join(image, 'shared'), local: join(image, 'local', 'other') });
      expect(wordsOf(other)).toEqual([...found, 'after']);
      await other.close();
    }
  }),
);

test(
  '5. a snapshot is never written in place, and one of 0 bytes never stops a start',
  inFolder(async (folder) => {
    const opened: string[] = [];
    const fs: FileSystem = {
      ...nodeFileSystem,
      open: (file, create) => {
        opened.push(file);
        return nodeFileSystem.open(file, create);
      },
    };
    const master = await folder.open('one', { store: new FolderStore(folder.shared, { fileSystem: fs }) });
    for (const word of ['a', 'b']) {
      await master.transact((book) => book.write(word));
      await master.snapshot();
      await master.snapshot();
    }
    await master.close();
    const directory = join(folder.stream('one'), 'snapshots');
    expect(opened.filter((file) => file.endsWith('.snapshot'))).toEqual([]);
    expect(readdirSync(directory)).toHaveLength(2);
    for (const name of readdirSync(directory)) writeFileSync(join(directory, name), '');
    expect(wordsOf(await folder.open('one'))).toEqual(['a', 'b']);
  }),
);

test('6. a poison event stops neither a start nor a sync, and leaves nothing half applied', async () => {
  @Prevalent('poison')
  class Pool {
    readonly list: number[] = [];
    limit = 5;
    @Transaction() add(by: number): void {
      this.list.push(by, by);
      if (this.list.length > this.limit) throw new Error('full');
    }
    @Transaction() shrink(by: number): void {
      this.list.push(0);
      // Below nought JavaScript itself throws, the same on every machine.
      this.list.length = this.list.length - 1 - by;
    }
    @Transaction() lower(limit: number): void {
      this.limit = limit;
    }
  }
  const store = new MemoryStore();
  const one = await Master.open(Pool, { name: 'one', store, now: () => 1_700_000_000_100 });
  const two = await Master.open(Pool, { name: 'two', store, now: () => 1_700_000_000_000 });
  one.model.add(1);
  one.model.shrink(2);
  one.model.add(2);
  one.model.add(3);
  await one.sync();
  // Earlier than all that: now nothing fits, and there is nothing to shrink.
  two.model.lower(1);
  await two.sync();
  expect(await one.sync()).toMatchObject({ received: 1, rejected: 4 });
  const three = await Master.open(Pool, { name: 'three', store });
  for (const master of [one, two, three]) {
    await master.sync();
    expect(master.query(({ list }) => [...list])).toEqual([]);
    expect(master.rejections().map(({ transaction }) => transaction)).toEqual(['add', 'shrink', 'add', 'add']);
  }
  one.model.lower(9);
  one.model.add(7);
  await one.snapshot();
  for (const master of [one, two, three]) await master.close();
  const again = await Master.open(Pool, { name: 'one', store });
  expect(again.query(({ list }) => [...list])).toEqual([7, 7]);
  expect(again.rejections()).toHaveLength(4);
  await again.close();
});

test(
  '8. a stray name is never data',
  inFolder(async (folder) => {
    const one = await folder.open('one');
    await one.transact((book) => book.write('a'));
    await one.close();
    const bytes = readFileSync(folder.file('one'));
    folder.forge({ ...FORGED, master: 'good' }, [{ args: ['g'] }]);
    renameSync(join(folder.shared, 'good'), join(folder.shared, 'good (conflicted copy)'));
    writeFileSync(folder.file('one', '0000000000000002 (conflicted copy).ndjson'), bytes);
    writeFileSync(folder.file('one', '0000000000000002.sync-conflict-20240101-000000-AAAAAAA.ndjson'), bytes);
    writeFileSync(join(folder.shared, '01HF7YAT00FQ2VRP41VVTGRSXB'), 'a file with the name of an epoch');
    const two = await folder.open('two');
    expect(wordsOf(two)).toEqual(['a']);
    expect((await two.status()).held).toEqual([]);
  }),
);

test('9. ids of masters never collide, with clocks that stand still and after seeing each other', async () => {
  const store = new MemoryStore();
  const now = (): number => 1_700_000_000_000;
  const masters = await Promise.all(['one', 'two', 'three'].map((name) => Master.open(Shelf, { name, store, now })));
  for (let round = 0; round < 5; round++) {
    for (const master of masters) for (let i = 0; i < 20; i++) master.model.put(`k${i}`, round);
    for (const master of masters) await master.sync();
  }
  const ids = new Set<string>();
  for await (const { id } of masters[0]!.events()) ids.add(id);
  for (const master of masters) await master.sync();
  const all: string[] = [];
  for await (const { id } of masters[2]!.events()) all.push(id);
  expect(all).toHaveLength(300);
  expect(new Set(all).size).toBe(300);
  expect([...all].sort()).toEqual(all);
  for (const master of masters) await master.close();
});

describe('10. an fsync’s failure is never ignored', () => {
  function failing(folder: NotebookFolder): { store: FolderStore; fail: { sync: boolean; truncate: boolean } } {
    const fail = { sync: false, truncate: false };
    const refuse = (): never => {
      throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
    };
    const fileSystem: FileSystem = {
      ...nodeFileSystem,
      open: async (file, create): Promise<OpenFile> => {
        const real = await nodeFileSystem.open(file, create);
        return {
          write: (bytes, offset) => real.write(bytes, offset),
          writeNow: (bytes, offset) => {
            real.writeNow(bytes, offset);
          },
          sync: async () => (fail.sync ? refuse() : real.sync()),
          syncNow: () => {
            if (fail.sync) refuse();
            real.syncNow();
          },
          truncate: async (size) => (fail.truncate ? refuse() : real.truncate(size)),
          truncateNow: (size) => {
            if (fail.truncate) refuse();
            real.truncateNow(size);
          },
          readNow: (from, length) => real.readNow(from, length),
          isAtNow: (path) => real.isAtNow(path),
          close: () => real.close(),
        };
      },
    };
    return { store: new FolderStore(folder.shared, { fileSystem }), fail };
  }

  test(
    'calls are undone, promises reject, the master is read-only, reopening finds what was acknowledged',
    inFolder(async (folder) => {
      const { store, fail } = failing(folder);
      const master = await folder.open('one', { store });
      const errors: unknown[] = [];
      master.on('error', (error) => errors.push((error as { code?: string }).code));
      await master.transact((book) => book.write('kept'));
      fail.sync = true;
      const lost = master.transact((book) => book.write('lost'));
      const alsoLost = master.transact((book) => book.write('lost, too'));
      expect(wordsOf(master)).toEqual(['kept', 'lost', 'lost, too']);
      await expect(lost).rejects.toMatchObject({ code: 'NOT_DURABLE' });
      await expect(alsoLost).rejects.toMatchObject({ code: 'NOT_DURABLE' });
      await expect(master.durable()).rejects.toMatchObject({ code: 'NOT_DURABLE' });
      expect(wordsOf(master)).toEqual(['kept']);
      expect(errors).toEqual(['NOT_DURABLE']);
      fail.sync = false;
      // Nothing is retried silently.
      expect(() => master.model.write('more')).toThrow(expect.objectContaining({ code: 'READ_ONLY_MASTER' }));
      expect((await master.status()).readOnly).toContain('EIO');
      expect((await master.status()).pending).toBe(0);
      await master.close();
      const again = await folder.open('one');
      expect(wordsOf(again)).toEqual(['kept']);
      await again.transact((book) => book.write('next'));
      await again.close();
      expect(folder.lines('one').map(({ seq }) => seq)).toEqual([undefined, 1, 2]);
    }),
  );

  test(
    'calls that lie between others’ late events are taken out alone',
    inFolder(async (folder) => {
      const { store, fail } = failing(folder);
      let now = 1_700_000_000_000;
      const master = await folder.open('one', { store, now: () => now, durability: 'none' });
      master.on('error', () => undefined);
      await master.transact((book) => book.write('1'));
      fail.sync = true;
      now += 10;
      master.model.write('lost');
      const other = await folder.open('two', { now: () => now + 10 });
      await other.transact((book) => book.write('2'));
      await other.sync();
      await expect(master.sync()).rejects.toMatchObject({ code: 'NOT_DURABLE' });
      fail.sync = false;
      // Reading goes on.
      await master.sync();
      expect(wordsOf(master)).toEqual(['1', '2']);
    }),
  );

  test(
    'if the disk does not even take back, the outcome is unknown until the next start',
    inFolder(async (folder) => {
      const { store, fail } = failing(folder);
      const master = await folder.open('one', { store });
      master.on('error', () => undefined);
      await master.transact((book) => book.write('kept'));
      fail.sync = fail.truncate = true;
      await expect(master.transact((book) => book.write('unknown'))).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
      expect(wordsOf(master)).toEqual(['kept']);
      fail.sync = fail.truncate = false;
      await master.close();
      const again = await folder.open('one');
      expect(wordsOf(again)).toEqual(['kept', 'unknown']);
      expect(folder.lines('one').map(({ seq }) => seq)).toEqual([undefined, 1, 2]);
    }),
  );

  test(
    'with durability always the call itself throws and is undone',
    inFolder(async (folder) => {
      const { store, fail } = failing(folder);
      const master = await folder.open('one', { store, durability: 'always' });
      master.on('error', () => undefined);
      master.model.write('kept');
      fail.sync = true;
      expect(() => master.model.write('refused')).toThrow(expect.objectContaining({ code: 'NOT_DURABLE' }));
      expect(wordsOf(master)).toEqual(['kept']);
      expect(() => master.model.write('more')).toThrow(expect.objectContaining({ code: 'READ_ONLY_MASTER' }));
      fail.sync = false;
      await master.close();
      expect(wordsOf(await folder.open('one'))).toEqual(['kept']);
    }),
  );

  test(
    'nothing is published before it is durable',
    inFolder(async (folder) => {
      const { store, fail } = failing(folder);
      const master: Master<Notebook> = await folder.open('one', { store });
      master.on('error', () => undefined);
      await master.transact((book) => book.write('a'));
      await master.sync();
      fail.sync = true;
      master.model.write('b');
      await expect(master.sync()).rejects.toMatchObject({ code: 'NOT_DURABLE' });
      const frontier = JSON.parse(readFileSync(join(folder.stream('one'), 'frontier.json'), 'utf8')) as {
        head: { seq: number };
      };
      expect(frontier.head.seq).toBe(1);
      fail.sync = false;
      expect(wordsOf(await folder.open('two'))).toEqual(['a']);
    }),
  );
});

test('11. no reference into the model leads around the log', async () => {
  const store = new MemoryStore();
  @Prevalent('references')
  class Holder {
    held: { list: number[] } | undefined;
    @Transaction() hold(given: { list: number[] }): { list: number[] } {
      this.held = given;
      given.list.push(0);
      return given;
    }
  }
  const master = await Master.open(Holder, { name: 'one', store });
  const given = { list: [1] };
  const returned = master.model.hold(given);
  expect(given).toEqual({ list: [1] });
  given.list.push(2);
  expect(() => (returned.list as number[]).push(3)).toThrow(
    expect.objectContaining({ code: 'WRITE_OUTSIDE_TRANSACTION' }),
  );
  expect(() => (master.model.held!.list as number[]).push(4)).toThrow(
    expect.objectContaining({ code: 'WRITE_OUTSIDE_TRANSACTION' }),
  );
  const past = await master.at(new Date(8.64e12));
  past.held!.list.push(5);
  expect(master.query(({ held }) => held)).toEqual({ list: [1, 0] });
  await master.close();
  const again = await Master.open(Holder, { name: 'one', store });
  expect(again.query(({ held }) => held)).toEqual({ list: [1, 0] });
  await again.close();
});

test(
  '12. nothing but a transaction is reachable from a journal line',
  inFolder(async (folder) => {
    for (const [index, tx] of ['constructor', '__proto__', 'count', 'words', 'hasOwnProperty', 'valueOf'].entries())
      folder.forge({ ...FORGED, master: `forger-${index}` }, [{ tx, args: ['x'] }]);
    const master = await folder.open('one');
    const { held } = await master.sync();
    expect(held.map(({ reason }) => reason)).toEqual(Array(6).fill('unknown-transaction'));
    expect(wordsOf(master)).toEqual([]);
  }),
);
