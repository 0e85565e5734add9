/** What else lies in a shared folder, or is shaped to look like ours, is ignored or reported: never data, never fatal. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type FileSystem, FolderStore, Master } from '../../src/index.js';
import { appendChecksum } from '../../src/event/checksum.js';
import { AT_ONCE } from '../../src/store/folder/few-at-a-time.js';
import { decodeFrontier } from '../../src/store/frontier.js';
import { nodeFileSystem } from '../../src/store/folder/node-file-system.js';
import { FolderNetwork } from '../../src/testing/index.js';
import { Ledger } from '../ledger.js';
import { FORGED, forgedId, inFolder, type NotebookFolder, wordsOf } from '../notebook-folder.js';

const ULID = forgedId(1);
const SEGMENT = '0000000000000001.ndjson';

/** Names that synchronisers, editors and operating systems leave beside a file or folder. */
const LITTER = [
  '.DS_Store',
  'desktop.ini',
  'Thumbs.db',
  '~$frontier.json',
  '.~lock.frontier.json#',
  'frontier.json~',
  '.frontier.json.swp',
  '4913',
  'frontier (conflicted copy 2026-11-26).json',
  "frontier (laptop's conflicted copy 2026-11-26).json",
  'frontier.sync-conflict-20261126-010203-ABCDEFG.json',
  'frontier-DESKTOP.json',
  'frontier 2.json',
  '.frontier.json.icloud',
  '0000000000000001 (conflicted copy 2026-11-26).ndjson',
  '0000000000000001.sync-conflict-20261126-010203-ABCDEFG.ndjson',
  '0000000000000001-DESKTOP.ndjson',
  '0000000000000001 2.ndjson',
  '0000000000000001.ndjson.tmp',
  '00000000000000001.ndjson',
  '.0000000000000002.ndjson.icloud',
  '.syncthing.0000000000000001.ndjson.tmp',
  '~syncthing~0000000000000001.ndjson.tmp',
  '0000000000000001.ndjson.part',
  '0000000000000001.ndjson.!sync',
];

const LITTER_FOLDERS = [
  '.stfolder',
  '.stversions',
  '.dropbox.cache',
  'lost+found',
  'photos',
  'Phone (conflicted copy)',
];

/** Every stream of every master, with its files, as a copy of other content under each name. */
function litter(directory: string, content: Uint8Array | string): void {
  for (const name of LITTER) writeFileSync(join(directory, name), content);
  for (const name of LITTER_FOLDERS) mkdirSync(join(directory, name), { recursive: true });
}

async function two(folder: NotebookFolder): Promise<void> {
  for (const name of ['laptop', 'phone']) {
    const master = await folder.open(name);
    await master.transact((book) => book.write(`by ${name}`));
    await master.snapshot();
    await master.close();
  }
}

test(
  'litter at every level is no data, stops nobody and stays where it is',
  inFolder(async (folder) => {
    await two(folder);
    const own = folder.stream('laptop');
    for (const name of ['laptop', 'phone']) {
      const journal = readFileSync(folder.file(name));
      const stream = folder.stream(name);
      for (const place of [folder.shared, join(folder.shared, name), stream, join(stream, 'snapshots')])
        litter(place, journal);
      cpSync(stream, join(folder.shared, `${name}.sync-conflict-20261126-010203-ABCDEFG`), { recursive: true });
      cpSync(stream, join(folder.shared, name, `${folder.epochs(name)[0] ?? ''} (1)`), { recursive: true });
    }
    const laptop = await folder.open('laptop');
    expect(wordsOf(laptop)).toEqual(['by laptop', 'by phone']);
    expect(await laptop.sync()).toMatchObject({ received: 0, held: [] });
    expect((await laptop.status()).notices).toEqual([]);
    await laptop.close();
    for (const name of LITTER) expect(existsSync(join(own, name))).toBe(true);
  }),
);

test(
  "a temporary file of a synchroniser in one's own directory is not ours to remove, one of ours is",
  inFolder(async (folder) => {
    await two(folder);
    const stream = folder.stream('laptop');
    const ours = ['.frontier.json.tmp', `.${SEGMENT}.tmp`, `snapshots/.${ULID}.snapshot.tmp`];
    const theirs = ['.syncthing.frontier.json.tmp', '.dropbox.tmp', '.syncthing.notes.ndjson.tmp'];
    for (const name of [...ours, ...theirs]) writeFileSync(join(stream, name), 'x');
    const laptop = await folder.open('laptop');
    expect(theirs.filter((name) => existsSync(join(stream, name)))).toEqual(theirs);
    expect(ours.filter((name) => existsSync(join(stream, name)))).toEqual([]);
    await laptop.close();
  }),
);

test(
  'files where folders belong, folders where files belong',
  inFolder(async (folder) => {
    await two(folder);
    writeFileSync(join(folder.shared, 'tablet'), 'a file with the name of a master');
    writeFileSync(join(folder.shared, 'phone', ULID), 'a file with the name of an epoch');
    mkdirSync(join(folder.shared, 'desk', ULID, 'frontier.json'), { recursive: true });
    mkdirSync(join(folder.shared, 'desk', ULID, SEGMENT));
    writeFileSync(join(folder.shared, 'desk', ULID, 'snapshots'), 'a file where the snapshots belong');
    mkdirSync(join(folder.stream('phone'), '0000000000000002.ndjson'));
    rmSync(join(folder.stream('laptop'), 'snapshots'), { recursive: true });
    writeFileSync(join(folder.stream('laptop'), 'snapshots'), 'a file');
    const laptop = await folder.open('laptop');
    expect(wordsOf(laptop)).toEqual(['by laptop', 'by phone']);
    expect(await laptop.sync()).toMatchObject({ held: [] });
    await laptop.close();
  }),
);

describe('what is no ordinary file', () => {
  test(
    'a FIFO under one of our names is not waited for',
    inFolder(async (folder) => {
      await two(folder);
      const directory = join(folder.shared, 'pipe', ULID);
      mkdirSync(directory, { recursive: true });
      for (const name of ['frontier.json', SEGMENT]) execFileSync('mkfifo', [join(directory, name)]);
      const laptop = await folder.open('laptop');
      expect(wordsOf(laptop)).toEqual(['by laptop', 'by phone']);
      expect(await laptop.sync()).toMatchObject({ held: [] });
      await laptop.close();
    }),
  );

  test(
    'symbolic links of others are not followed, one to the whole folder is',
    inFolder(async (folder) => {
      await two(folder);
      symlinkSync(join(folder.shared, 'phone'), join(folder.shared, 'mirror'));
      const phone = folder.stream('phone');
      const linked = join(folder.shared, 'linked', ULID);
      mkdirSync(linked, { recursive: true });
      for (const name of ['frontier.json', SEGMENT]) symlinkSync(join(phone, name), join(linked, name));
      symlinkSync('/dev/zero', join(folder.shared, 'linked', 'zero'));
      symlinkSync(join(folder.shared, 'loop'), join(folder.shared, 'loop'));
      symlinkSync(folder.shared, join(folder.path, 'link'));
      const laptop = await folder.open('laptop', { store: join(folder.path, 'link') });
      expect(wordsOf(laptop)).toEqual(['by laptop', 'by phone']);
      expect(Object.keys((await laptop.status()).streams)).toHaveLength(2);
      expect(await laptop.sync()).toMatchObject({ held: [] });
      expect((await laptop.status()).notices).toEqual([]);
      await laptop.close();
    }),
  );

  test(
    "one's own directory must be one: others would not look behind a symbolic link",
    inFolder(async (folder) => {
      await two(folder);
      const elsewhere = join(folder.path, 'elsewhere');
      renameSync(join(folder.shared, 'laptop'), elsewhere);
      symlinkSync(elsewhere, join(folder.shared, 'laptop'));
      await expect(folder.open('laptop')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
      await expect(folder.open('laptop')).rejects.toThrow(/symbolic link.*laptop|laptop.*symbolic link/);
      rmSync(join(folder.shared, 'laptop'));
      renameSync(elsewhere, join(folder.shared, 'laptop'));
      expect(wordsOf(await folder.open('laptop'))).toEqual(['by laptop', 'by phone']);
    }),
  );
});

describe('names that differ only in case', () => {
  test(
    'beside a master: ignored, and said at the start',
    inFolder(async (folder) => {
      await two(folder);
      cpSync(join(folder.shared, 'phone'), join(folder.shared, 'PHONE'), { recursive: true });
      const laptop = await folder.open('laptop');
      expect(wordsOf(laptop)).toEqual(['by laptop', 'by phone']);
      expect((await laptop.status()).notices).toEqual([expect.stringMatching(/PHONE.*lower-case/)]);
      await laptop.close();
    }),
  );

  test(
    "on a disk that ignores case, one's own folder gets its right name back",
    inFolder(async (folder) => {
      await two(folder);
      renameSync(join(folder.shared, 'laptop'), join(folder.shared, 'Laptop'));
      const store = new FolderStore(folder.shared, { fileSystem: ignoringCase(folder.shared) });
      const laptop = await folder.open('laptop', { store });
      expect(wordsOf(laptop)).toEqual(['by laptop', 'by phone']);
      expect(readdirSync(folder.shared).sort()).toEqual(['laptop', 'phone']);
      expect((await laptop.status()).notices).toEqual([expect.stringContaining('Laptop')]);
      await laptop.close();
    }),
  );
});

/** This machine's file system, in which the names of masters are found whatever their case. */
function ignoringCase(root: string): FileSystem {
  const real = (path: string): string => {
    const [name = '', ...rest] = path.slice(root.length + 1).split('/');
    const found = readdirSync(root).find((one) => one.toLowerCase() === name.toLowerCase());
    return path.startsWith(`${root}/`) && found !== undefined ? [root, found, ...rest].join('/') : path;
  };
  return {
    ...nodeFileSystem,
    readdir: (directory) => nodeFileSystem.readdir(real(directory)),
    read: (file, from, length) => nodeFileSystem.read(real(file), from, length),
    size: (file) => nodeFileSystem.size(real(file)),
    kind: (path) => nodeFileSystem.kind(real(path)),
    open: (file, create) => nodeFileSystem.open(real(file), create),
    mkdir: (directory) => nodeFileSystem.mkdir(real(directory)),
    rename: (from, to) => nodeFileSystem.rename(real(from), from.includes('.tmp') ? real(to) : to),
    syncDirectory: (directory) => nodeFileSystem.syncDirectory(real(directory)),
  };
}

describe('what may not be read', () => {
  const refuse = (code: string): Error => Object.assign(new Error(`${code}: refused`), { code });

  const CODES = [
    'EACCES',
    'EPERM',
    'EBUSY',
    'EDEADLK',
    'EIO',
    'ESTALE',
    'ETIMEDOUT',
    'ENOTCONN',
    'EREMOTEIO',
    'UNKNOWN',
  ];

  test.each(CODES)('%s below one master holds that master alone, with the code', async (code) => {
    for (const what of ['', '/frontier.json', '.ndjson']) {
      const network = new FolderNetwork(['a', 'b', 'c']);
      const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => Master.open(Ledger, network.place(name))));
      const meet = async (): Promise<void> => {
        for (const master of [a, b, c]) await master!.sync();
        network.deliverAll();
      };
      b!.model.write('b1');
      c!.model.write('c1');
      await meet();
      await a!.sync();
      const disk = network.disk('a');
      disk.fault = (operation, path) => {
        if (/^read/.test(operation) && path.startsWith('/shared/b') && path.endsWith(what)) throw refuse(code);
      };
      b!.model.write('b2');
      c!.model.write('c2');
      await meet();
      const { held } = await a!.sync();
      expect([what, ...held.map(({ master, reason }) => `${master} ${reason}`)]).toEqual([what, 'b unreadable']);
      expect(held[0]!.message).toMatch(new RegExp(`/shared/b.*${code}`));
      expect(a!.query(({ lines }) => [...lines].filter((line) => line.startsWith('c')))).toEqual(['c1', 'c2']);
      await a!.close();
      const again = await Master.open(Ledger, network.place('a'));
      expect(again.query(({ lines }) => lines.length)).toBeGreaterThanOrEqual(2);
      disk.fault = () => undefined;
      expect((await again.sync()).held).toEqual([]);
      expect(again.query(({ lines }) => [...lines].sort())).toEqual(['b1', 'b2', 'c1', 'c2']);
      for (const one of [again, b!, c!]) await one.close();
    }
  });
});

test(
  'the files of very many masters are read a few at a time',
  inFolder(async (folder) => {
    const masters = 3 * AT_ONCE;
    for (let index = 0; index < masters; index++) {
      const epoch = `01HF7YAT00${String(index).padStart(16, '0')}`;
      folder.forge({ master: `m${index}`, epoch }, [{ id: forgedId(index), args: [`m${index}`] }]);
    }
    let [open, most] = [0, 0];
    const counting = async <T>(work: Promise<T>): Promise<T> => {
      most = Math.max(most, ++open);
      return work.finally(() => open--);
    };
    const fileSystem: FileSystem = {
      ...nodeFileSystem,
      read: (file, from, length) => counting(nodeFileSystem.read(file, from, length)),
      readdir: (directory) => counting(nodeFileSystem.readdir(directory)),
    };
    const me = await folder.open('me', { store: new FolderStore(folder.shared, { fileSystem }) });
    expect(wordsOf(me)).toHaveLength(masters);
    expect((await me.sync()).held).toEqual([]);
    expect(most).toBeLessThanOrEqual(AT_ONCE);
  }),
);

/** A frontier file with any members; the checksum is right. */
function frontier(members: Record<string, unknown>): string {
  return frontierText(JSON.stringify({ ...GOOD, ...members }));
}

function frontierText(json: string): string {
  return appendChecksum(json.slice(0, -1), crc32) + '\n';
}

const STREAM = `phone@${ULID}`;
const SEAL = { no: 1, by: STREAM, H: ULID, V: { [STREAM]: 1 }, chain: [] };
const GOOD = {
  v: 1,
  clock: ULID,
  head: { seq: 1, id: ULID },
  seal: null,
  snapshot: null,
  session: 's',
  modelHash: 'fa2736cb',
  seen: {},
};

describe('hostile frontiers are not heard', () => {
  test('the samples differ from good ones in one thing', () => {
    expect(decodeFrontier(frontier({}), crc32)).toBeDefined();
    expect(decodeFrontier(frontier({ seal: SEAL }), crc32)).toBeDefined();
    expect(decodeFrontier(frontier({ snapshot: { no: 1, position: ULID, events: 0 } }), crc32)).toBeDefined();
    expect(decodeFrontier(frontier({ fingerprint: { no: 1, hash: '0a1b2c3d' } }), crc32)).toBeDefined();
    expect(decodeFrontier(frontier({ next: ULID, seen: { [STREAM]: 3 } }), crc32)).toBeDefined();
  });

  test.each<[string, Record<string, unknown>]>([
    ['a path as position of a snapshot', { snapshot: { no: 1, position: '../../../../etc/passwd', events: 1 } }],
    ['a path that begins as a position', { snapshot: { no: 1, position: `${ULID}/../../x`, events: 1 } }],
    ['a snapshot that stands in for less than nothing', { snapshot: { no: 1, position: ULID, events: -1 } }],
    ['a head of negative number', { head: { seq: -1, id: ULID } }],
    ['a head of fractional number', { head: { seq: 1.5, id: ULID } }],
    ['a head beyond exact integers', { head: { seq: 2 ** 60, id: ULID } }],
    ['a head without an id', { head: { seq: 1 } }],
    ['a head that is a list', { head: [1, ULID] }],
    ['a head that is false', { head: false }],
    ['negative counts in a seal', { seal: { ...SEAL, V: { [STREAM]: -1 } } }],
    ['counts in a seal of what is no stream', { seal: { ...SEAL, V: { '../../x': 1 } } }],
    ['counts in a seal as a list', { seal: { ...SEAL, V: [1] } }],
    ['a seal by nobody', { seal: { ...SEAL, by: '../phone' } }],
    ['a chain of wrong length', { seal: { ...SEAL, no: 3, chain: ['a'] } }],
    ['a chain of long texts', { seal: { ...SEAL, no: 2, chain: ['a'.repeat(1000)] } }],
    ['a chain of objects', { seal: { ...SEAL, no: 2, chain: [{}] } }],
    ['an odd next epoch', { next: '../x' }],
    ['a stranger among the seen', { seen: { constructor: 1 } }],
    ['a session that is an object', { session: {} }],
    ['a fingerprint that is none', { fingerprint: { no: 1, hash: 'a'.repeat(1000) } }],
  ])('%s', (_what, members) => {
    expect(decodeFrontier(frontier(members), crc32)).toBeUndefined();
  });

  test('__proto__ among the counts', () => {
    for (const counts of [`{"__proto__":1}`, `{"__proto__":{"x":1}}`, `{"${STREAM}":1,"__proto__":7}`]) {
      const seal = JSON.stringify({ ...GOOD, seal: SEAL }).replace(/"V":\{[^}]*\}/, `"V":${counts}`);
      expect(decodeFrontier(frontierText(seal), crc32)).toBeUndefined();
      const seen = JSON.stringify(GOOD).replace('"seen":{}', `"seen":${counts}`);
      expect(decodeFrontier(frontierText(seen), crc32)).toBeUndefined();
    }
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  test(
    'one of many megabytes is not read',
    inFolder(async (folder) => {
      await two(folder);
      folder.forge(FORGED, [{}]);
      const chain = Array.from({ length: 2_000_000 }, () => '1xhbwwvgmmvxw');
      const huge = frontier({ seal: { ...SEAL, no: chain.length + 1, chain } });
      writeFileSync(join(folder.shared, FORGED.master, FORGED.epoch, 'frontier.json'), huge);
      const read: number[] = [];
      const fileSystem: FileSystem = {
        ...nodeFileSystem,
        read: async (file, from, length) => {
          const bytes = await nodeFileSystem.read(file, from, length);
          read.push(bytes.length);
          return bytes;
        },
      };
      const laptop = await folder.open('laptop', { store: new FolderStore(folder.shared, { fileSystem }) });
      expect(await laptop.sync()).toMatchObject({ held: [], seal: undefined });
      expect(Math.max(...read)).toBeLessThan(17 * 1024 * 1024);
      await laptop.close();
    }),
  );
});

test(
  'no name that others wrote leads out of the folder',
  inFolder(async (folder) => {
    await two(folder);
    mkdirSync(join(folder.path, 'outside', ULID, 'snapshots'), { recursive: true });
    writeFileSync(join(folder.path, 'outside', ULID, SEGMENT), 'secret\n');
    writeFileSync(join(folder.path, 'outside', ULID, 'snapshots', `${ULID}.snapshot`), 'secret\n');
    const store = new FolderStore(folder.shared);
    for (const stream of [
      { master: '../outside', epoch: ULID },
      { master: 'phone', epoch: `../../outside/${ULID}` },
    ]) {
      expect(await store.read(stream, 0, 9)).toEqual([]);
      expect(await store.header(stream)).toBeUndefined();
      expect(await store.snapshots(stream)).toEqual([]);
      await expect(bytesOf(store.readSnapshot(stream, { position: ULID }))).rejects.toThrow();
    }
    const phone = { master: 'phone', epoch: folder.epochs('phone')[0] ?? '' };
    const outside = { position: `../../../../outside/${ULID}/snapshots/${ULID}` };
    await expect(bytesOf(store.readSnapshot(phone, outside))).rejects.toThrow();
  }),
);

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of chunks) bytes += chunk.length;
  return bytes;
}

test(
  "a copy of a master's folder under another name is reported as what it is",
  inFolder(async (folder) => {
    await two(folder);
    cpSync(join(folder.shared, 'phone'), join(folder.shared, 'phone-desktop'), { recursive: true });
    const laptop = await folder.open('laptop');
    expect(wordsOf(laptop)).toEqual(['by laptop', 'by phone']);
    expect((await laptop.sync()).held).toMatchObject([{ master: 'phone-desktop' }]);
    expect((await laptop.sync()).held[0]?.message).toMatch(/copy of the folder of phone/);
    await laptop.close();
  }),
);
