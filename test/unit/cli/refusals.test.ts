/** What the command refuses: folders, masters and private directories that are not the ones meant. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Master, type MasterOptions } from '../../../src/index.js';
import { program } from '../../../src/cli/main.js';
import { run } from '../../command.js';
import { Notes } from './notes.js';

let home: string;
let shared: string;
let state: string | undefined;
const opened: Master<Notes>[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'prevalent-cli-'));
  shared = join(home, 'shared');
  // Where private directories are by default.
  state = process.env.XDG_STATE_HOME;
  process.env.XDG_STATE_HOME = join(home, 'state');
});
afterEach(async () => {
  for (const master of opened.splice(0)) await master.close();
  rmSync(home, { recursive: true, force: true });
  if (state === undefined) delete process.env.XDG_STATE_HOME;
  else process.env.XDG_STATE_HOME = state;
});

async function open(name: string, options: Partial<MasterOptions> = {}): Promise<Master<Notes>> {
  const master = await Master.open(Notes, { name, store: shared, ...options });
  opened.push(master);
  return master;
}

describe('a folder without masters', () => {
  test.each(['status', 'log', 'export', 'verify', 'backup', 'repair'])('%s says so', async (name) => {
    const master = await open('laptop');
    await master.transact((notes) => notes.write('one'));
    await master.close();
    const rest = { backup: [join(home, 'backup')], repair: ['laptop'] }[name] ?? [];
    const empty = join(home, 'empty');
    mkdirSync(empty);
    for (const folder of [empty, join(shared, 'laptop')])
      await expect(run(name, folder, ...rest)).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        message: expect.stringMatching(/no master's folder in there; give the shared folder itself/),
      });
    expect(existsSync(join(home, 'backup'))).toBe(false);
  });
});

test('log of a master that is not there says which ones are', async () => {
  for (const name of ['laptop', 'phone']) await (await open(name)).close();
  await expect(run('log', shared, '--master', 'nobody')).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringMatching(/no master "nobody".*laptop, phone$/),
  });
});

describe('repair', () => {
  test('refuses a private directory that is not the one of the running master', async () => {
    const master = await open('laptop', { local: join(home, 'private') });
    await master.transact((notes) => notes.write('one'));
    await expect(run('repair', shared, 'laptop', '--cut')).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('--local'),
    });
    // Another one's, although it is there.
    const other = await open('phone', { local: join(home, 'other') });
    await other.close();
    await expect(run('repair', shared, 'laptop', '--cut', '--local', join(home, 'other'))).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
    await expect(run('repair', shared, 'laptop', '--cut', '--local', join(home, 'private'))).rejects.toMatchObject({
      code: 'MASTER_LOCKED',
    });
    expect(existsSync(join(home, 'state'))).toBe(false);
  });

  test('goes by a lost private directory when the master was opened with a new one', async () => {
    const master = await open('laptop', { local: join(home, 'lost') });
    for (const text of ['one', 'two']) await master.transact((notes) => notes.write(text));
    await master.close();
    rmSync(join(home, 'lost'), { recursive: true });
    const journal = (readdirSync(shared, { recursive: true }) as string[]).find((path) => path.endsWith('.ndjson'))!;
    const text = readFileSync(join(shared, journal), 'utf8');
    writeFileSync(join(shared, journal), text.replace('"two"', '"too"'));
    await expect(run('repair', shared, 'laptop')).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await (await open('laptop')).close();
    const { lines, code } = await run('repair', shared, 'laptop', '--cut');
    expect([code, lines.join('\n')]).toEqual([0, expect.stringMatching(/Cut 0{15}1\.ndjson at byte/)]);
    // What was cut was published: it is told, and nothing is damaged any more.
    const again = await run('repair', shared, 'laptop');
    expect([again.code, again.lines.join('\n')]).toEqual([
      0,
      expect.stringMatching(
        /^event 2 of laptop@\w{26} is published and not there.*disown cut it off.*\.rejected of \S+\.\nNothing is damaged\.$/i,
      ),
    ]);
  });

  test('makes no private directory for a name that nobody has', async () => {
    await (await open('laptop')).close();
    const before = readdirSync(join(home, 'state', 'prevalent'));
    await expect(run('repair', shared, 'nobody')).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await expect(run('repair', shared, 'nobody', '--local', join(home, 'nobody'))).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
    expect(readdirSync(join(home, 'state', 'prevalent'))).toEqual(before);
    expect(existsSync(join(home, 'nobody'))).toBe(false);
  });

  test('takes the default private directory, even if the header is what is damaged', async () => {
    const master = await open('laptop');
    await master.transact((notes) => notes.write('one'));
    await master.close();
    expect((await run('repair', shared, 'laptop')).lines).toEqual(['Nothing is damaged.']);
    const journal = (readdirSync(shared, { recursive: true }) as string[]).find((path) => path.endsWith('.ndjson'))!;
    const bytes = readFileSync(join(shared, journal));
    bytes[40]! ^= 1;
    writeFileSync(join(shared, journal), bytes);
    expect((await run('repair', shared, 'laptop')).lines.join('\n')).toContain('Would cut');
  });
});

test('verify counts the good events of a damaged journal', async () => {
  const master = await open('laptop');
  for (let i = 1; i <= 9; i++) await master.transact((notes) => notes.write(`note ${i}`));
  await master.close();
  const journal = (readdirSync(shared, { recursive: true }) as string[]).find((path) => path.endsWith('.ndjson'))!;
  const text = readFileSync(join(shared, journal), 'utf8');
  writeFileSync(join(shared, journal), text.replace('note 9', 'note 8'));
  const { lines, code } = await run('verify', shared);
  expect([code, lines[0]]).toEqual([2, expect.stringMatching(/^laptop@\w{26}: NOT GOOD, 8 events, /)]);
  // The others tell of it as well.
  expect(await run('status', shared)).toMatchObject({
    code: 2,
    lines: [expect.stringContaining('event 9 is damaged')],
  });
  expect((await run('log', shared)).code).toBe(2);
  await expect(run('export', shared)).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
});

test('--version tells the version of the package', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const lines: string[] = [];
  const asked = program((line) => lines.push(line))
    .exitOverride()
    .configureOutput({ writeOut: (text) => lines.push(text.trimEnd()) })
    .parseAsync(['node', 'prevalent', '--version']);
  await expect(asked).rejects.toMatchObject({ code: 'commander.version', exitCode: 0 });
  expect(lines).toEqual([version]);
});
