/** Private directories of folders that are gone: found, told by `status`, removed by a command; never those of a folder that is there. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Master } from '../../../src/index.js';
import { run } from '../../command.js';
import { Notes } from './notes.js';

let home: string;
let state: string | undefined;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'prevalent-private-'));
  state = process.env['XDG_STATE_HOME'];
  process.env['XDG_STATE_HOME'] = join(home, 'state');
});
afterEach(() => {
  if (state === undefined) delete process.env['XDG_STATE_HOME'];
  else process.env['XDG_STATE_HOME'] = state;
  rmSync(home, { recursive: true, force: true });
});

const open = (folder: string, name: string): Promise<Master<Notes>> =>
  Master.open(Notes, { name, store: join(home, folder) });
const directories = (): string[] => readdirSync(join(home, 'state', 'prevalent')).sort();

test('what belongs to a folder that is gone is listed, told by status, and removed if asked to', async () => {
  for (const [folder, name] of [
    ['gone', 'laptop'],
    ['gone', 'phone'],
    ['there', 'laptop'],
  ] as const)
    await (await open(folder, name)).close();
  expect((await run('status', join(home, 'there'))).lines).toHaveLength(1);
  rmSync(join(home, 'gone'), { recursive: true });
  // Made by a version that did not write whose it is, and somebody's own.
  mkdirSync(join(home, 'state', 'prevalent', '0123456789abcdef-old'));
  mkdirSync(join(home, 'state', 'prevalent', 'other'));
  const status = await run('status', join(home, 'there'));
  expect(status.lines.at(-1)).toBe(
    '2 private directories of this user belong to folders that are gone; `prevalent private` lists them.',
  );

  const told = await run('private');
  expect(told.lines.join('\n')).toMatch(/-laptop: "laptop" of \S+gone, which is gone$/m);
  expect(told.lines.join('\n')).toMatch(/-laptop: "laptop" of \S+there$/m);
  expect(told.lines.join('\n')).toMatch(/-old: it does not say whose it is/);
  expect(told.lines.at(-1)).toMatch(/Nothing was changed\. --remove removes the 2 .*mount it first/);
  expect(directories()).toHaveLength(5);

  const removed = await run('private', '--remove');
  expect(removed.lines.filter((line) => line.startsWith('Removed '))).toHaveLength(2);
  expect(directories().map((name) => name.replace(/^[\da-f]{16}-/, ''))).toEqual(['old', 'laptop', 'other']);
  expect((await run('status', join(home, 'there'))).lines).toHaveLength(1);
  expect((await run('private')).lines.at(-1)).not.toMatch(/--remove/);
});

test('one whose master is open is kept', async () => {
  const master = await open('shared', 'laptop');
  rmSync(join(home, 'shared'), { recursive: true });
  expect((await run('private', '--remove')).lines.at(-1)).toMatch(/was kept: its master is open\.$/);
  expect(directories()).toHaveLength(1);
  await master.close().catch(() => undefined);
});

test('without any it says so', async () => {
  expect((await run('private')).lines).toEqual([
    `There is no private directory in ${join(home, 'state', 'prevalent')}.`,
  ]);
});

test.each([
  ['where its parent is a file', 'blocked/local'],
  ['where nobody may write', 'closed/local'],
])('one that cannot be made is named, with the option: %s', async (_, local) => {
  writeFileSync(join(home, 'blocked'), '');
  mkdirSync(join(home, 'closed'));
  chmodSync(join(home, 'closed'), 0o500);
  const isRoot = process.getuid?.() === 0;
  // Nothing is closed to root.
  const opened = Master.open(Notes, { name: 'laptop', store: join(home, 'shared'), local: join(home, local) });
  if (isRoot && local.startsWith('closed')) await (await opened).close();
  else
    await expect(opened).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(
        /^The private directory \S+local of this master cannot be made or written \(.*not part of the shared folder.*option `local` of Master\.open/,
      ),
    });
  expect(existsSync(join(home, 'blocked', 'local'))).toBe(false);
});
