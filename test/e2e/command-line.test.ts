/** The command as people run it: a process of its own, and a model in TypeScript through a loader. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Master } from '../../src/index.js';
import { Notes } from '../unit/cli/notes.js';
import { type Compiled, compile } from './compiled.js';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
let compiled: Compiled;
let main = '';

beforeAll(() => {
  compiled = compile([]);
  main = compiled.path('src/cli/main.ts');
});
afterAll(() => compiled.remove());

function prevalent(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const command = [main, ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { cwd: root }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

test('verify --model file#Class, exit codes, and errors without a stack', async () => {
  const home = mkdtempSync(join(tmpdir(), 'prevalent-command-'));
  try {
    const store = join(home, 'shared');
    const master = await Master.open(Notes, { name: 'laptop', store, local: join(home, 'local') });
    for (const text of ['one', 'two', 'three']) await master.transact((notes) => notes.write(text));
    await master.snapshot();
    await master.close();
    const good = await prevalent('verify', store, '--model', 'test/unit/cli/notes.ts#Notes');
    expect(good).toMatchObject({ code: 0, err: '' });
    expect(good.out).toMatch(/Replayed 3 events[^]*Everything is as it should be\.\n$/);
    const journal = (readdirSync(store, { recursive: true }) as string[]).find((path) => path.endsWith('.ndjson'))!;
    const bytes = readFileSync(join(store, journal));
    bytes[bytes.length - 30]! ^= 1;
    writeFileSync(join(store, journal), bytes);
    const bad = await prevalent('verify', store);
    expect(bad).toMatchObject({ code: 2, err: '' });
    expect(bad.out).toMatch(/0{15}1\.ndjson, line 4 \(byte \d+\)/);
    expect(await prevalent('export', store)).toMatchObject({ code: 2, err: expect.stringMatching(/is damaged/) });
    expect(await prevalent('log', join(store, 'laptop'))).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/no master's folder in there; give the shared folder itself\n$/),
    });
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(await prevalent('--version')).toMatchObject({ code: 0, out: `${version}\n` });
    const wrong = await prevalent('verify', join(home, 'nowhere'));
    expect(wrong).toMatchObject({ code: 1, out: '' });
    expect(wrong.err).toMatch(/^\S+nowhere is no folder;[^\n]*\n$/);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});

test('whoever stops reading a listing ends it, without an error', async () => {
  const home = mkdtempSync(join(tmpdir(), 'prevalent-command-'));
  try {
    const store = join(home, 'shared');
    const master = await Master.open(Notes, { name: 'laptop', store, local: join(home, 'local') });
    // More than a pipe holds.
    for (let i = 0; i < 3_000; i++) master.model.write(`note ${i}`);
    await master.close();
    const command = [main, 'log', store];
    const child = spawn(process.execPath, command, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    child.stdout.once('data', () => child.stdout.destroy());
    const [code] = (await once(child, 'close')) as [number];
    expect([code, errors]).toEqual([0, '']);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});

test('a model in TypeScript is loaded without a loader given, if tsx is there; if not, that is said', async () => {
  const home = mkdtempSync(join(tmpdir(), 'prevalent-command-'));
  try {
    const store = join(home, 'shared');
    const master = await Master.open(Notes, { name: 'laptop', store, local: join(home, 'local') });
    for (const text of ['one', 'two']) await master.transact((notes) => notes.write(text));
    await master.close();
    const run = (model: string, cwd: string): Promise<{ out: string; err: string }> =>
      new Promise((resolve) => {
        const command = [main, 'verify', store, '--model', model];
        execFile(process.execPath, command, { cwd }, (_, out, err) => resolve({ out, err }));
      });
    const good = await run('test/unit/cli/notes.ts#Notes', root);
    expect(good).toEqual({
      out: expect.stringMatching(/Replayed 2 events[^]*Everything is as it should be\.\n$/),
      err: '',
    });
    writeFileSync(join(home, 'model.ts'), 'enum Kind { One }\nexport class Model { kind: Kind = Kind.One }\n');
    const without = await run('./model.ts#Model', home);
    expect(without).toEqual({
      out: '',
      err: expect.stringMatching(/through tsx, which is not installed: npm install/),
    });
    expect((await run('./none.ts#Model', home)).err).toMatch(/the module cannot be loaded/);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
