/** One name is held by one of whatever runs on this machine: real processes, of every kind that Node makes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Master } from '../../src/index.js';
import { takeLock } from '../../src/store/folder/lock.js';
import { type Compiled, compile } from './compiled.js';
import { CrashLog } from './crash-model.js';

const SOURCES = ['test/e2e/lock-child.ts', 'test/e2e/crash-model.ts'];
let compiled: Compiled;
let copy: Compiled;
let folder: string;
beforeAll(() => {
  compiled = compile(SOURCES);
  copy = compile(SOURCES);
});
afterAll(() => {
  compiled.remove();
  copy.remove();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'prevalent-lock-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const open = (): Promise<Master<CrashLog>> =>
  Master.open(CrashLog, { name: 'locked', store: join(folder, 'shared'), local: join(folder, 'local') });

/** What each of these got that tried to open one master, one after the other, while those before still ran. */
async function attempts(ways: string): Promise<string[]> {
  const paths = [join(folder, 'shared'), join(folder, 'local'), copy.path('x.ts').slice(0, -5)];
  const child = spawn(process.execPath, [compiled.path('test/e2e/lock-child.ts'), ways, ...paths], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const heard: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    heard.push(line);
    if (heard.length === ways.split(',').length) child.stdin.end();
  }
  await ended;
  return heard;
}

test.each([
  'cluster,cluster',
  'here,cluster',
  'cluster,here',
  'thread,thread',
  'here,thread',
  'thread,here',
  'child,child',
  'here,child',
  'child,cluster',
  'cluster,thread',
  'here,here',
  'here,elsewhere',
  'elsewhere,here',
  'elsewhere,cluster',
])('of %s only the first one opens a master, and loses nothing', async (ways) => {
  const [first, second] = ways.split(',');
  expect(await attempts(ways)).toEqual([`${first} opened`, `${second} MASTER_LOCKED`]);
  // Whoever held it has ended, and with it the lock.
  const master = await open();
  expect(master.query(({ left }) => [...left])).toEqual(Array.from({ length: 20 }, (_, count) => `0-${count}`));
  await master.close();
});

// Socket files are what systems other than Linux and Windows have; they work here as well.
describe.each<NodeJS.Platform>(process.platform === 'win32' ? ['win32'] : [process.platform, 'darwin'])('%s', (on) => {
  const LONG = 'a directory whose path is longer than a socket may have '.repeat(3).trim();

  test.each(['one', LONG])('a directory that was renamed, and one in its place, are locked both: %s', async (name) => {
    const [one, other] = [join(folder, name), join(folder, `${name} renamed`)];
    mkdirSync(one);
    const lock = await takeLock(one, 'locked', on);
    await expect(takeLock(one, 'locked', on)).rejects.toMatchObject({ code: 'MASTER_LOCKED' });
    renameSync(one, other);
    await expect(takeLock(other, 'locked', on)).rejects.toMatchObject({ code: 'MASTER_LOCKED' });
    mkdirSync(one);
    await expect(takeLock(one, 'locked', on)).rejects.toMatchObject({ code: 'MASTER_LOCKED' });
    await lock.release();
    for (const free of [one, other]) await (await takeLock(free, 'locked', on)).release();
  });

  test('long paths that differ at their ends are two locks', async () => {
    const locks = await Promise.all(
      ['left', 'right'].map(async (end) => {
        const directory = join(folder, `${LONG} ${end}`);
        mkdirSync(directory);
        return takeLock(directory, 'locked', on);
      }),
    );
    for (const lock of locks) await lock.release();
  });

  test('the temporary directory of a program does not matter', async () => {
    const before = process.env.TMPDIR;
    const lock = await takeLock(folder, 'locked', on);
    try {
      process.env.TMPDIR = join(folder, 'elsewhere');
      mkdirSync(process.env.TMPDIR);
      await expect(takeLock(folder, 'locked', on)).rejects.toMatchObject({ code: 'MASTER_LOCKED' });
    } finally {
      if (before === undefined) Reflect.deleteProperty(process.env, 'TMPDIR');
      else process.env.TMPDIR = before;
      await lock.release();
    }
  });
});
