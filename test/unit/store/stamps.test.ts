/** Frontiers are read again only when their files have changed, where looking cannot hang. */
import { jest } from '@jest/globals';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type FileStamp, type FileSystem, isSameFile } from '../../../src/store/folder/file-system.js';
import { nodeFileSystem } from '../../../src/store/folder/node-file-system.js';
import { StreamCatalog } from '../../../src/store/folder/stream-catalog.js';
import { Troubles } from '../../../src/store/folder/troubles.js';
import { SimulatedDisk } from '../../../src/testing/index.js';

const EPOCH = '01HF7YAT00FQ2VRP41VVTGRSXB';
const fileOf = (master: string): string => `/shared/${master}/${EPOCH}/frontier.json`;
const encoder = new TextEncoder();

/** Masters in a folder, and what a catalog reads of them. */
class Shared {
  readonly disk = new SimulatedDisk();
  readonly reads: string[] = [];
  readonly stamps = new Map<string, FileStamp>();
  readonly files: FileSystem = {
    ...this.disk.session(),
    read: async (path, from, length) => {
      this.reads.push(path);
      return this.disk.read(path, from, length);
    },
    stampNow: (path) => this.stamps.get(path),
  };
  readonly catalog = new StreamCatalog(this.files, '/shared', crc32, new Troubles());
  #changes = 0;

  write(master: string, text: string, isSettled = true): void {
    const path = fileOf(master);
    this.disk.put(path, encoder.encode(text));
    const stamp = { device: 1, number: 1, size: text.length, modified: 1, changed: ++this.#changes };
    if (isSettled) this.stamps.set(path, stamp);
    else this.stamps.delete(path);
  }

  /** What is found, and what was read for it. */
  async look(): Promise<{ frontiers: (string | undefined)[]; reads: string[] }> {
    this.reads.length = 0;
    const found = await this.catalog.streams(new Set(), true);
    return { frontiers: found.map(({ frontier }) => frontier), reads: this.reads };
  }
}

test('what has not changed is not read again; what has, once', async () => {
  const shared = new Shared();
  shared.write('a', 'first');
  shared.write('b', 'other');
  expect((await shared.look()).frontiers).toEqual(['first', 'other']);
  expect(await shared.look()).toEqual({ frontiers: ['first', 'other'], reads: [] });
  shared.write('a', 'later');
  expect(await shared.look()).toEqual({ frontiers: ['later', 'other'], reads: [fileOf('a')] });
  expect(await shared.look()).toEqual({ frontiers: ['later', 'other'], reads: [] });
});

test('what was changed so short ago that a later change could look the same is read each time', async () => {
  const shared = new Shared();
  shared.write('a', 'first', false);
  expect((await shared.look()).frontiers).toEqual(['first']);
  shared.write('a', 'later', false);
  expect(await shared.look()).toEqual({ frontiers: ['later'], reads: [fileOf('a')] });
  expect((await shared.look()).reads).toEqual([fileOf('a')]);
});

test('a file that is gone is looked for, and one that comes back is read', async () => {
  const shared = new Shared();
  shared.write('a', 'first');
  await shared.look();
  shared.disk.remove(fileOf('a'));
  shared.stamps.delete(fileOf('a'));
  shared.disk.put(`/shared/a/${EPOCH}/0000000000000001.ndjson`, encoder.encode('x'));
  expect((await shared.look()).frontiers).toEqual([undefined]);
  shared.write('a', 'again');
  expect((await shared.look()).frontiers).toEqual(['again']);
});

test('a file that cannot be looked at is read, which says why', async () => {
  const shared = new Shared();
  shared.files.stampNow = () => {
    throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
  };
  shared.write('a', 'first');
  await shared.look();
  expect(await shared.look()).toEqual({ frontiers: ['first'], reads: [fileOf('a')] });
});

describe('a look at a file of this machine', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'prevalent-stamps-'))));
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(directory, { recursive: true });
  });

  const later = async (): Promise<void> => {
    // From then on it is known what kind of disk it is.
    await nodeFileSystem.readdir(directory);
    const { now } = Date;
    jest.spyOn(Date, 'now').mockImplementation(() => now() + 10_000);
  };

  test('tells nothing of what was changed just now, of what is not there, and of a link', async () => {
    const file = join(directory, 'one');
    writeFileSync(file, 'a');
    symlinkSync(file, join(directory, 'link'));
    expect(nodeFileSystem.stampNow?.(file)).toBeUndefined();
    await later();
    expect(nodeFileSystem.stampNow?.(file)).toMatchObject({ size: 1 });
    for (const name of ['link', 'none', 'one/below']) {
      let stamp: unknown;
      try {
        stamp = nodeFileSystem.stampNow?.(join(directory, name));
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOTDIR' });
      }
      expect(stamp).toBeUndefined();
    }
  });

  test('is the same until the file is changed, replaced, or written over with as much', async () => {
    const [file, other] = [join(directory, 'one'), join(directory, 'other')];
    writeFileSync(file, 'a');
    writeFileSync(other, 'a');
    await later();
    const look = (path: string): FileStamp => nodeFileSystem.stampNow?.(path) as FileStamp;
    const first = look(file);
    expect(isSameFile(first, look(file))).toBe(true);
    expect(isSameFile(first, look(other))).toBe(false);
    // A system notes times in steps of some ms.
    const { changed } = first;
    for (let tries = 0; look(file).changed === changed && tries < 1e5; tries++) writeFileSync(file, 'b');
    expect(isSameFile(first, look(file))).toBe(false);
  });
});
