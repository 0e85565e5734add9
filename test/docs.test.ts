import { fork, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { program as commandLine } from '../src/cli/main.js';
import {
  anchorsOf,
  blocksOf,
  firstUnprinted,
  programsOf,
  promisedOutput,
  relativeLinks,
  REACHED,
  type Program,
} from './docs-samples.js';
import { compile } from './e2e/compiled.js';
import { sentencesOf, unplain } from './plain-sentences.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(root, '.cache', `samples-${process.pid}`);
/** Only ends what hangs: no machine is too slow. */
const PATIENCE_MS = 600_000;
const AT_ONCE = 2;

function pages(): string[] {
  const docs = join(root, 'docs');
  const found = existsSync(docs) ? readdirSync(docs, { recursive: true, encoding: 'utf8' }) : [];
  const names = [
    'README.md',
    ...found
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`)
      .sort(),
  ];
  return names.map((name) => name.replaceAll('\\', '/')).filter((name) => existsSync(join(root, name)));
}

const readPage = (page: string): string => readFileSync(join(root, page), 'utf8');

interface Outcome {
  readonly failed: boolean;
  readonly code?: unknown;
  readonly text?: string;
}

/** Writes the programs and a tsconfig like a user's; gives the path of each. */
function write(folder: string, programs: readonly Program[]): string[] {
  mkdirSync(folder, { recursive: true });
  const up = relative(folder, root).replaceAll('\\', '/');
  const options = {
    target: 'ES2022',
    lib: ['ES2022', 'ESNext.Disposable'],
    module: 'NodeNext',
    types: ['node', 'jest'],
    typeRoots: [`${up}/node_modules/@types`],
    strict: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    skipLibCheck: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    paths: {
      prevalent: [`${up}/src/index.ts`],
      'prevalent/testing': [`${up}/src/testing/index.ts`],
      'prevalent/nats': [`${up}/src/store/nats/index.ts`],
      'prevalent/postgres': [`${up}/src/store/postgres/index.ts`],
    },
  };
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: options, include: ['*.ts', `${up}/src`] }),
  );
  return programs.map((program, index) => {
    const path = join(folder, `sample-${index}.ts`);
    writeFileSync(path, program.source);
    return path;
  });
}

/** Type errors of the samples, as `page:line: message`. */
function typeErrors(folder: string, programs: readonly Program[], paths: readonly string[]): string[] {
  const config = ts.getParsedCommandLineOfConfigFile(join(folder, 'tsconfig.json'), undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
      throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
    },
  })!;
  const checked = ts.createProgram({ rootNames: paths, options: config.options });
  const errors = checked
    .getOptionsDiagnostics()
    .map((found) => ts.flattenDiagnosticMessageText(found.messageText, '\n'));
  paths.forEach((path, index) => {
    const file = checked.getSourceFile(path)!;
    for (const found of [...checked.getSyntacticDiagnostics(file), ...checked.getSemanticDiagnostics(file)]) {
      const line = file.getLineAndCharacterOfPosition(found.start ?? 0).line;
      errors.push(
        `${programs[index]!.origins[line] ?? programs[index]!.title}: ` +
          ts.flattenDiagnosticMessageText(found.messageText, '\n'),
      );
    }
  });
  return [...new Set(errors)];
}

/** Runs one sample in a process of its own, in an empty folder that is also its home. */
function run(path: string): Promise<Outcome & { printed: string }> {
  const home = mkdtempSync(join(tmpdir(), 'prevalent-sample-'));
  const child = fork(join(root, 'test', 'docs-runner.mjs'), [path], {
    cwd: home,
    execArgv: ['--enable-source-maps'],
    env: {
      PATH: process.env['PATH'],
      SystemRoot: process.env['SystemRoot'],
      ...Object.fromEntries(
        ['HOME', 'USERPROFILE', 'LOCALAPPDATA', 'XDG_STATE_HOME', 'XDG_DATA_HOME', 'TMPDIR', 'TMP', 'TEMP'].map(
          (name) => [name, home],
        ),
      ),
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let printed = '';
  let outcome: Outcome | undefined;
  let late = false;
  child.stdout!.on('data', (data: Buffer) => (printed += data.toString()));
  child.stderr!.on('data', (data: Buffer) => (printed += data.toString()));
  child.on('message', (message) => (outcome = message as Outcome));
  const patience = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, PATIENCE_MS);
  return new Promise((resolve) => {
    child.on('close', (status) => {
      clearTimeout(patience);
      rmSync(home, { recursive: true, force: true, maxRetries: 3 });
      if (late) outcome = { failed: true, text: 'it did not end: close its master, stop its timers' };
      else if (outcome === undefined || (!outcome.failed && status !== 0)) {
        outcome = { failed: true, text: `it ended with status ${String(status)}\n${printed}` };
      }
      resolve({ ...outcome, printed });
    });
  });
}

/** Runs samples that are test files under Jest, set up as for our own tests; what it printed if one of them failed. */
function runJest(paths: readonly string[]): Promise<string | undefined> {
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const matches = paths.flatMap((path) => ['--testMatch', path.replaceAll('\\', '/')]);
  const { JEST_WORKER_ID: _, ...env } = process.env;
  const child = spawn(
    process.execPath,
    ['--experimental-vm-modules', jest, '--config', join(root, 'jest.config.js'), '--ci', '--runInBand', ...matches],
    { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let printed = '';
  child.stdout.on('data', (data: Buffer) => (printed += data.toString()));
  child.stderr.on('data', (data: Buffer) => (printed += data.toString()));
  return new Promise((resolve) => child.on('close', (status) => resolve(status === 0 ? undefined : printed)));
}

/** What is wrong with how a program ended; undefined if nothing is. */
function complaint(program: Program, path: string, ended: Outcome & { printed: string }): string | undefined {
  const at = new RegExp(`${basename(path, '.js')}\\.ts:(\\d+)`);
  const line = Number(at.exec(ended.text ?? '')?.[1] ?? 0);
  const where = program.origins[line - 1] ?? program.title;
  if (program.fails === undefined) {
    if (ended.failed) return `${where}: ${ended.text ?? ''}`;
    const missing = firstUnprinted(promisedOutput(program.source), ended.printed);
    return missing === undefined ? undefined : `${program.title}: should print "${missing}"\n${ended.printed}`;
  }
  if (!ended.failed) return `${program.title}: should fail with ${program.fails}, but ran to its end`;
  if (!ended.printed.includes(REACHED)) return `${where}: failed before the block that should: ${ended.text ?? ''}`;
  if (ended.code === program.fails) return undefined;
  return `${where}: should fail with ${program.fails}, not ${String(ended.code)}: ${ended.text ?? ''}`;
}

/** All complaints, in the order of the programs. */
async function runAll(programs: readonly Program[]): Promise<Map<string, string>> {
  const complaints = new Map<string, string>();
  const compiled = compile([]);
  const queue = programs.flatMap((program, index) =>
    program.run === 'alone' ? [{ program, path: compiled.add(`samples/sample-${index}.ts`, program.source) }] : [],
  );
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const found = complaint(next.program, next.path, await run(next.path));
      if (found !== undefined) complaints.set(next.program.title, found);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } finally {
    compiled.remove();
  }
  return complaints;
}

afterAll(() => rmSync(cache, { recursive: true, force: true }));

describe('the documentation', () => {
  const programs = programsOf(pages().flatMap((page) => blocksOf(page, readPage(page))));
  const folder = join(cache, 'docs');
  const paths = write(folder, programs);

  test('has links that lead somewhere, also in the package', () => {
    const shipped = /^(dist|src|docs|examples)\/|^(README|CHANGELOG)\.md$|^LICENSE$|^package\.json$/;
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] };
    expect(manifest.files).toEqual(['dist', 'src', 'docs', 'examples', 'CHANGELOG.md']);
    const broken = pages().flatMap((page) =>
      relativeLinks(readPage(page)).flatMap(({ target, anchor, line }) => {
        const path = target === '' ? page : join(dirname(page), target).replaceAll('\\', '/');
        const problem = !existsSync(join(root, path))
          ? 'does not exist'
          : !shipped.test(path)
            ? 'is not in the package'
            : anchor !== '' && path.endsWith('.md') && !anchorsOf(readPage(path)).has(anchor)
              ? `has no heading for #${anchor}`
              : undefined;
        return problem === undefined ? [] : [`${page}:${line}: ${path} ${problem}`];
      }),
    );
    expect(broken).toEqual([]);
  });

  test('has short sentences, in the words of its glossary', () =>
    expect([...pages(), 'CHANGELOG.md'].flatMap((page) => unplain(page, readPage(page)))).toEqual([]));

  test('explains each error code once', () => {
    const codes = [...readFileSync(join(root, 'src/errors.ts'), 'utf8').matchAll(/ code = '([A-Z_]+)';/g)];
    const rows = readPage('docs/troubleshooting.md').matchAll(/^\| `([A-Z_]+)` \| [^|]{10,} \| [^|]{6,} \|$/gm);
    const sorted = (matches: Iterable<RegExpMatchArray>): string[] => [...matches].map(([, code]) => code!).sort();
    expect(codes.length).toBeGreaterThan(30);
    expect(sorted(rows)).toEqual(sorted(codes));
  });

  test('has a page in the index for each page of docs/ and docs/recipes/', () => {
    const listed = relativeLinks(readPage('docs/README.md')).map(({ target }) => `docs/${target}`);
    const missing = pages().filter((page) => /^docs\/(recipes\/)?[^/]+\.md$/.test(page) && !listed.includes(page));
    expect(missing).toEqual(['docs/README.md']);
  });

  test('names commands and options of `prevalent` that there are', () => {
    const commands = new Map(
      commandLine(() => undefined).commands.map((command) => [command.name(), command.options.map(({ long }) => long)]),
    );
    const unknown = pages().flatMap((page) =>
      [...readPage(page).matchAll(/npx prevalent ([a-z]+)([^`\n|#]*)/g)].flatMap(([, name, rest]) => {
        const options = commands.get(name!);
        if (options === undefined) return [`${page}: prevalent ${name}`];
        const used = rest!.match(/--[a-z]+/g) ?? [];
        return used.filter((option) => !options.includes(option)).map((option) => `${page}: ${name} ${option}`);
      }),
    );
    expect(unknown).toEqual([]);
  });

  test('has samples that type-check', () => expect(typeErrors(folder, programs, paths)).toEqual([]));

  describe('has a sample that runs:', () => {
    const running = programs.filter((program) => program.run === 'alone');
    let complaints = new Map<string, string>();
    beforeAll(async () => {
      complaints = await runAll(programs);
    });

    test(`all ${running.length} were started`, () => expect(complaints.size).toBeLessThanOrEqual(running.length));
    for (const { title } of running) {
      test(title, () => {
        const found = complaints.get(title);
        if (found !== undefined) throw new Error(found);
      });
    }
    test('those that are test files, under Jest', async () => {
      const tests = paths.filter((_, index) => programs[index]!.run === 'jest');
      expect(tests.length).toBeGreaterThan(1);
      expect(await runJest(tests)).toBeUndefined();
    });
  });
});

describe('this check', () => {
  const page = [
    'Text with [a link](./a.md#part), [another](https://example.com/b), ![an image](img/c.png) and `[code](d.md)`.',
    '```ts',
    'const one: number = 1;',
    '```',
    '<!-- sample: continue -->',
    '',
    '```ts',
    'console.log(one);',
    '```',
    '<!-- sample: continue, fails E_WANTED -->',
    '```ts',
    "throw Object.assign(new Error('wanted'), { code: 'E_WANTED' });",
    '```',
    '<!-- sample: types-only -->',
    '  ```ts',
    '  declare const never: never; throw never;',
    '  ```',
    '<!-- sample: jest -->',
    '```ts',
    "test('x', () => expect(1).toBe(1));",
    '```',
    '```sh',
    'npm install [x](y.md)',
    '```',
    '[d]: ../d.md "title"',
  ].join('\n');
  const fault = (...lines: string[]): (() => unknown) => {
    return () => programsOf(blocksOf('p.md', lines.join('\n')));
  };

  test('finds blocks, joins them and remembers their lines', () => {
    const programs = programsOf(blocksOf('p.md', page));
    expect(programs.map(({ title, fails, run: runs }) => [title, fails, runs])).toEqual([
      ['p.md:12', 'E_WANTED', 'alone'],
      ['p.md:3', undefined, 'alone'],
      ['p.md:16', undefined, undefined],
      ['p.md:20', undefined, 'jest'],
    ]);
    expect(programs[1]!.source.split('\n').slice(0, 2)).toEqual(['const one: number = 1;', 'console.log(one);']);
    expect(programs[1]!.origins.slice(0, 2)).toEqual(['p.md:3', 'p.md:8']);
    expect(programs[2]!.source).toMatch(/^declare/);
  });

  test('finds relative links outside code', () => {
    expect(relativeLinks(page)).toEqual([
      { target: './a.md', anchor: 'part', line: 1 },
      { target: 'img/c.png', anchor: '', line: 1 },
      { target: '../d.md', anchor: '', line: 25 },
    ]);
  });

  test('knows the anchors of headings', () => {
    const text = [
      '# A `code` & [link](x.md)',
      '```',
      '# no heading',
      '```',
      '## Again',
      '## Again',
      "## It's 5 o'clock",
    ];
    const anchors = ['a-code--link', 'again', 'again-1', 'its-5-oclock'];
    expect([...anchorsOf(text.join('\n'))]).toEqual(anchors);
  });

  test('finds long sentences and coined words, outside of code', () => {
    const long = Array.from({ length: 40 }, (_, index) => `word${index}`).join(' ');
    const text = [
      'One. It stands in for it:',
      'two (a b).',
      '',
      '```sh',
      'let go of',
      '```',
      `| ${long} | told by |`,
      `- ${long}.`,
    ];
    const page = text.join('\n');
    expect(sentencesOf(page).map(({ line }) => line)).toEqual([1, 1, 7, 7, 8]);
    expect(unplain('p.md', page).map((problem) => problem.slice(0, 30))).toEqual([
      'p.md:1: write replaces, is in:',
      'p.md:7: write reported: told b',
      'p.md:8: 40 words: - word0 word',
    ]);
  });

  test('accepts no other way out', () => {
    expect(fault('<!-- sample: skip -->', '```ts', '```')).toThrow('p.md:2: unknown sample comment "skip"');
    expect(fault('```typescript', '```')).toThrow('p.md:1: write ```ts');
    expect(fault('<!-- sample: continue -->', '```ts', '```')).toThrow('p.md:3: nothing on this page to continue');
    expect(fault('<!-- sample: types-only -->', 'text')).toThrow('p.md:2: a sample comment must stand');
    expect(fault('<!-- sample: types-only -->', '```sh', '```')).toThrow('p.md:2: a sample comment before');
    expect(fault('```ts', 'x')).toThrow('p.md:1: the code block is never closed');
  });

  test('reports type errors at their line', () => {
    const programs = programsOf(blocksOf('p.md', '\n```ts\n\nconst n: number = "x";\nexport { n };\n```\n'));
    const folder = join(cache, 'types');
    expect(typeErrors(folder, programs, write(folder, programs))).toEqual([
      `p.md:4: Type 'string' is not assignable to type 'number'.`,
    ]);
  });

  test('runs samples and reports failures at their line', async () => {
    const wanted = (code: string): string => `throw Object.assign(new Error('thrown'), { code: '${code}' });`;
    const blocks = [
      ['```ts', 'enum Kind { A }', `if (process.cwd() !== process.env['HOME']) throw new Error('cwd');`],
      ['```ts', '', `throw new Error('unwanted');`],
      ['<!-- sample: fails E_WANTED -->', '```ts', wanted('E_WANTED')],
      ['<!-- sample: fails E_WANTED -->', '```ts', wanted('E_OTHER')],
      ['<!-- sample: fails E_WANTED -->', '```ts', 'let x;'],
      ['```ts', `void Promise.reject(new Error('unhandled'));`],
      ['```ts', `process.exit(3);`],
      ['```ts', `for (const word of ['a b', 'c']) console.log(word); // a …, then c; a remark`],
      ['```ts', `console.log('c', [1]); // c [ 2 ]`],
    ];
    const text = blocks.map((lines) => [...lines, '```', ''].join('\n')).join('\n');
    const programs = programsOf(blocksOf('p.md', text));
    const complaints = await runAll(programs);
    expect([...complaints.values()].map((found) => found.split('\n')[0]).sort()).toEqual([
      'p.md:18: should fail with E_WANTED, not E_OTHER: Error: thrown',
      'p.md:23: should fail with E_WANTED, but ran to its end',
      'p.md:27: Error: unhandled',
      'p.md:31: it ended with status 3',
      'p.md:39: should print "c [ 2 ]"',
      'p.md:8: Error: unwanted',
    ]);
  });
});
