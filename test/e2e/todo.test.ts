/** The example as people run it: real processes, one shared folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Compiled, compile } from './compiled.js';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** As `npm run todo` does it. */
const TSX = ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href];
const EXAMPLE = join(root, 'examples', 'todo');
/** Only ends what hangs: no machine is too slow. */
const PATIENCE_MS = 600_000;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** One run of the example, in a home of its own. */
class Run {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #onOutput = new Set<() => void>();
  #out = '';
  #err = '';

  constructor(home: string, args: readonly string[]) {
    this.#child = spawn(process.execPath, args, {
      cwd: home,
      env: {
        PATH: process.env['PATH'],
        SystemRoot: process.env['SystemRoot'],
        TSX_TSCONFIG_PATH: join(root, 'examples', 'tsconfig.json'),
        ...Object.fromEntries(
          ['HOME', 'USERPROFILE', 'LOCALAPPDATA', 'XDG_STATE_HOME', 'TMPDIR', 'TMP', 'TEMP'].map((key) => [key, home]),
        ),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text;
      for (const look of this.#onOutput) look();
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#err += text));
    const patience = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS);
    this.ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (code) => {
        clearTimeout(patience);
        resolve({ code, out: this.#out, err: this.#err });
      });
    });
  }

  /** Resolves once `text` was printed; rejects if the run ends before that. */
  async prints(text: string): Promise<void> {
    const printed = new Promise<boolean>((resolve) => {
      const look = (): void => {
        if (this.#out.includes(text)) resolve(true);
      };
      this.#onOutput.add(look);
      look();
    });
    if (await Promise.race([printed, this.ended.then(({ out }) => out.includes(text))])) return;
    throw new Error(`it ended without printing ${JSON.stringify(text)}:\n${this.#out}${this.#err}`);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }
}

let home = '';
let folder = '';
const running: Run[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'prevalent-todo-test-'));
  folder = join(home, 'shared');
});

afterEach(async () => {
  for (const run of running) run.signal('SIGKILL');
  await Promise.all(running.splice(0).map((run) => run.ended));
  rmSync(home, { recursive: true, force: true, maxRetries: 3 });
});

let compiled: Compiled;
beforeAll(() => {
  const sources = readdirSync(EXAMPLE).filter((name) => name.endsWith('.ts'));
  compiled = compile(sources.map((name) => join('examples', 'todo', name)));
});
afterAll(() => compiled.remove());

function run(...args: string[]): Run {
  const one = new Run(home, args);
  running.push(one);
  return one;
}

/** Compiled before, or each command would compile everything again. */
const start = (...args: string[]): Run => run(compiled.path('examples/todo/cli.ts'), ...args);

const on = (name: string, ...args: string[]): Run => start('--name', name, '--folder', folder, ...args);

/** Output of a command that must succeed without complaints. */
async function output(name: string, ...args: string[]): Promise<string> {
  const ended = await on(name, ...args).ended;
  expect(ended).toMatchObject({ code: 0, err: '' });
  return ended.out;
}

/** What a command that must fail says. */
async function complaint(run: Run): Promise<string> {
  const { code, err } = await run.ended;
  expect(code).toBe(1);
  expect(err).not.toMatch(/^\s+at /m);
  return err;
}

const withoutIds = (list: string): string => list.replaceAll(/\] [\da-f]+ +/g, '] ');
const idIn = (list: string, title: string): string => new RegExp(`\\] ([\\da-f]+) +${title}$`, 'm').exec(list)![1]!;

describe('the to-do example', () => {
  test('plays a demo that ends with two identical masters', async () => {
    const { code, out, err } = await run(...TSX, join(EXAMPLE, 'cli.ts')).ended;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('Laptop and phone are identical');
    expect(out).toMatch(
      /phone +renamed "Call Ada" to "Call Ada about the boat"\n +REJECTED: no to-do [\da-f]{4}; it was removed/,
    );
    expect(out).toContain('npm run todo -- --name laptop');
  });

  test('keeps two processes in step', async () => {
    expect(await output('laptop', 'add', 'Buy milk')).toMatch(/^Added [\da-f]+: "Buy milk". 1 to do, 0 done.$/m);
    await output('phone', 'add', 'Bake bread');
    await output('laptop', 'add', 'Call Ada');
    const list = await output('phone', 'list');
    expect(withoutIds(list)).toBe(' 1. [ ] Buy milk\n 2. [ ] Bake bread\n 3. [ ] Call Ada\n3 to do, 0 done\n');
    expect(await output('laptop', 'list')).toBe(list);

    await output('phone', 'done', '1');
    await output('laptop', 'rename', idIn(list, 'Bake bread'), 'Bake rye bread');
    await output('phone', 'remove', idIn(list, 'Call Ada'));
    const changed = await output('laptop', 'list');
    expect(withoutIds(changed)).toBe(' 1. [x] Buy milk\n 2. [ ] Bake rye bread\n1 to do, 1 done\n');
    expect(await output('phone', 'list')).toBe(changed);

    const log = await output('laptop', 'log');
    expect(await output('phone', 'log')).toBe(log);
    expect([...log.matchAll(/^ {2}[\d:]+ +(.*)$/gm)].map(([, deed]) => deed!.replace(/ +/, ' '))).toEqual([
      'laptop added "Buy milk"',
      'phone added "Bake bread"',
      'laptop added "Call Ada"',
      'phone completed "Buy milk"',
      'laptop renamed "Bake bread" to "Bake rye bread"',
      'phone removed "Call Ada"',
    ]);
    const report = await output('phone', 'sync');
    expect(report).toMatch(/^ +laptop +3 events$/m);
    expect(report).toMatch(/^ +phone +3 events$/m);
    expect(report).toContain('1 to do, 1 done');
  });

  test('settles a conflict between two copies of the folder', async () => {
    await output('laptop', 'add', 'Call Ada');
    const [here, there] = [folder, join(home, 'copy')];
    cpSync(here, there, { recursive: true });
    await output('laptop', 'remove', '1');
    folder = there;
    expect(await output('phone', 'rename', '1', 'Call Ada later')).toContain('1 to do');
    // What a file synchroniser does: each copy gets the other's directory.
    cpSync(join(there, 'phone'), join(here, 'phone'), { recursive: true });
    cpSync(join(here, 'laptop'), join(there, 'laptop'), { recursive: true });

    const log = await output('phone', 'log');
    expect(log).toMatch(
      /phone +renamed "Call Ada" to "Call Ada later"\n +REJECTED: no to-do [\da-f]{4}; it was removed/,
    );
    expect(await output('phone', 'sync')).toContain('1 call rejected');
    expect(await output('phone', 'list')).toContain('(empty)');
    folder = here;
    expect(await output('laptop', 'log')).toBe(log);
    expect(await output('laptop', 'list')).toContain('(empty)');
  });

  test('says what is wrong, without a stack trace', async () => {
    await output('laptop', 'add', 'Buy milk');
    expect(await complaint(on('laptop', 'done', 'none'))).toContain('no to-do "none"');
    expect(await complaint(on('laptop', 'add', '  '))).toContain('a to-do needs a title');
    expect(await complaint(on('Laptop', 'list'))).toContain('"Laptop" cannot name a master');
    expect(await complaint(start('list'))).toContain('--name laptop');
    expect(await complaint(start('lst'))).toContain('no command "lst"');
    folder = join(home, 'shraed');
    for (const command of [['list'], ['done', '1'], ['log'], ['sync'], ['watch']])
      expect(await complaint(on('laptop', ...command))).toContain(`there is no list in ${folder}`);
    folder = join(home, 'nowhere', 'shared');
    expect(await complaint(on('laptop', 'add', 'Tea'))).toContain(`there is no list in ${folder}`);
    folder = join(home, 'shared');
    expect(await output('laptop', 'list')).toContain('1 to do, 0 done');
  });

  test('takes titles as people type them, and begins a list where asked to', async () => {
    expect(await output('laptop', 'add', 'Buy', 'milk', 'and', 'tea')).toContain(': "Buy milk and tea".');
    expect(await output('laptop', 'add', '-5 degrees')).toContain(': "-5 degrees".');
    expect(await output('laptop', 'add', '-5', 'degrees', '--or', 'less')).toContain(': "-5 degrees --or less".');
    expect(await output('laptop', 'rename', '1', 'Buy', '--', 'oat', 'milk')).toMatch(/: "Buy (-- )?oat milk"/);
    expect(withoutIds(await output('phone', 'list'))).toMatch(/^ 1\. \[ \] Buy .*\n 2\. \[ \] -5 degrees\n/);
    // Nothing of a terminal where there is none.
    await output('laptop', 'done', '1');
    expect(await output('laptop', 'list')).not.toContain('\u001b');
    expect((await start('--version').ended).out).toMatch(/^\d+\.\d+\.\d+/);
    folder = join(home, 'new');
    expect(await output('laptop', '--begin', 'list')).toContain('(empty)');
  });

  test('watches what another process does', async () => {
    const watching = on('desk', '--begin', 'watch');
    await watching.prints('Ctrl-C ends');
    expect(await complaint(on('desk', 'list'))).toContain('"desk" is open in another process');
    await output('phone', 'add', 'Buy milk');
    await watching.prints('phone   added "Buy milk"');
    await watching.prints('1 to do, 0 done');
    // Elsewhere than on Windows a signal is a request, and the master closes in good order.
    watching.signal('SIGINT');
    const { code, out, err } = await watching.ended;
    if (process.platform === 'win32') return;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/Stopped\.\n$/);
    expect(await output('desk', 'list')).toContain('Buy milk');
  });
});
