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

test('a directory that was renamed, and one that came in its place, are locked both', async () => {
  const [one, other] = [join(folder, 'one'), join(folder, 'other')];
  mkdirSync(one);
  const lock = await takeLock(one, 'locked');
  renameSync(one, other);
  await expect(takeLock(other, 'locked')).rejects.toMatchObject({ code: 'MASTER_LOCKED' });
  mkdirSync(one);
  await expect(takeLock(one, 'locked')).rejects.toMatchObject({ code: 'MASTER_LOCKED' });
  await lock.release();
  for (const free of [one, other]) await (await takeLock(free, 'locked')).release();
});
