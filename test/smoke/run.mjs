/**
 * Packs the library, installs the tarball into an empty project and uses it there as a stranger would.
 * Needs the npm registry. Prints one line per check and, last, `N passed, N failed`.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  Checks,
  homeIn,
  node as nodeIn,
  npm as npmIn,
  pack,
  Project,
  root,
  run as runIn,
  versioned,
} from './project.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'prevalent-smoke-'));
const project = join(work, 'project');
const files = new Project(project);
const checks = new Checks();
const check = (name, body) => checks.check(name, body);
const write = (name, content) => files.write(name, content);
const run = (command, args, options) => runIn(command, args, { cwd: project, ...options });
const node = (args, options) => nodeIn(args, { cwd: project, ...options });
const npm = (args, options) => npmIn(args, { cwd: project, ...options });
const tsc = (args, typescript = 'typescript') => node([join('node_modules', typescript, 'bin', 'tsc'), ...args]);

/** An empty folder that is also the home of what runs in it. */
let homes = 0;
function home() {
  const folder = join(project, `home-${++homes}`);
  mkdirSync(folder);
  return { cwd: folder, env: homeIn(folder) };
}

function quickStart() {
  const readme = readFileSync(join(root, 'README.md'), 'utf8').replaceAll('\r\n', '\n');
  const block = /^```ts\n(.*?)^```$/ms.exec(readme);
  if (block === null) throw new Error('README.md has no ```ts block');
  return block[1];
}

/** What the quick start prints, as its comments promise: the same list on both masters, then one line for each event. */
function checkPrinted(printed) {
  const [lists, ...events] = printed.trim().split('\n');
  // Sorted: calls of two masters within one millisecond may come in either order.
  const calls = events.map((line) => line.split(' ')[1]).sort();
  if (lists !== "[ 'Call Ada' ] [ 'Call Ada' ]" || calls.join() !== 'add,add,complete')
    throw new Error(`the quick start printed:\n${printed}`);
}

function checkMet(printed) {
  if (printed.trim() !== 'milk,bread = milk,bread = milk,bread') throw new Error(`two masters printed:\n${printed}`);
}

function writeProject() {
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2022', 'ESNext.Disposable'],
    module: 'NodeNext',
    types: ['node'],
    strict: true,
    // The published declarations must be sound by themselves.
    skipLibCheck: false,
    rootDir: '.',
  };
  const legacy = { ...compilerOptions, experimentalDecorators: true, emitDecoratorMetadata: true };
  write('package.json', { name: 'smoke', private: true, type: 'module' });
  write('tsconfig.json', {
    compilerOptions: { ...legacy, outDir: 'out/legacy' },
    include: ['quick-start.ts', 'testing.ts', 'browser.ts'],
  });
  write('tsconfig.standard.json', {
    compilerOptions: { ...compilerOptions, outDir: 'out/standard' },
    include: ['quick-start.ts', 'standard.ts'],
  });
  const { types: _, ...inPage } = legacy;
  const page = {
    lib: ['ES2022', 'DOM', 'ESNext.Disposable'],
    types: [],
    module: 'ESNext',
    moduleResolution: 'bundler',
    noEmit: true,
  };
  write('tsconfig.browser.json', {
    compilerOptions: { ...inPage, ...page, customConditions: ['browser'] },
    include: ['browser.ts', 'no-folder.ts'],
  });
  write(
    'no-folder.ts',
    "// @ts-expect-error -- a page has no folders\nimport { FolderStore } from 'prevalent';\nexport { FolderStore };\n",
  );
  write('quick-start.ts', `${quickStart()}\nexport {};\n`);
  write(
    'testing.ts',
    `import * as testing from 'prevalent/testing';\nif (Object.keys(testing).length === 0) throw new Error('empty');\n` +
      `import { PostgresStore, type PostgresStoreOptions } from 'prevalent/postgres';\n` +
      `const options: PostgresStoreOptions = { connectionString: 'postgres://db.example/app' };\n` +
      `if (new PostgresStore(options).location === '') throw new Error('nowhere');\n`,
  );
  copyFileSync(join(here, 'standard.ts'), join(project, 'standard.ts'));
  copyFileSync(join(here, 'browser.ts'), join(project, 'browser.ts'));
  // What names its classes by `@Type`.
  for (const file of ['meet.ts', 'typed.ts']) copyFileSync(join(here, '..', 'toolchains', file), join(project, file));
  write(
    'typed-main.ts',
    "import { meet } from './meet.js';\nimport { TypedList } from './typed.js';\n\nconsole.log(await meet(TypedList));\n",
  );
  write(
    'quick-start.test.ts',
    `test('the quick start', async () => {
      const printed = [];
      console.log = (...values) => void printed.push(values);
      await import('./quick-start.ts');
      expect(printed[0]).toEqual([['Call Ada'], ['Call Ada']]);
      expect(printed).toHaveLength(4);
    });\n`,
  );
  write(
    'jest.config.js',
    `export default {
      testEnvironment: 'node',
      testMatch: ['<rootDir>/*.test.ts'],
      extensionsToTreatAsEsm: ['.ts'],
      transform: {
        '^.+\\\\.ts$': ['@swc/jest', {
          module: { type: 'es6' },
          jsc: {
            target: 'es2022',
            parser: { syntax: 'typescript', decorators: true },
            transform: { legacyDecorator: true, decoratorMetadata: true },
          },
        }],
      },
    };\n`,
  );
}

function finish() {
  rmSync(work, { recursive: true, force: true, maxRetries: 3 });
  checks.finish();
}

let tarball = '';

const built = check('npm pack builds a tarball', () => {
  const packed = pack(work);
  ({ tarball } = packed);
  const { names } = packed;
  const pages = ['README.md', 'CHANGELOG.md', 'docs/README.md', 'docs/recipes/testing.md'];
  for (const name of ['LICENSE', ...pages, 'dist/index.js', 'dist/index.d.ts', 'dist/cli/main.js']) {
    if (!names.includes(name)) throw new Error(`${name} is not in the tarball`);
  }
  const strays = names.filter((name) => /^(test|bench|node_modules|\.)/.test(name));
  if (strays.length > 0) throw new Error(`in the tarball: ${strays.join(', ')}`);
});

if (!built) finish();

const bin = (...path) => join(root, 'node_modules', ...path);
check('publint', () => node([bin('publint', 'src', 'cli.js'), 'run', tarball, '--strict'], { cwd: root }));
check('attw', () => {
  // Jest takes it by `require`, whole.
  const exceptions = ['--exclude-entrypoints', 'jest-preset'];
  node([bin('@arethetypeswrong', 'cli', 'dist', 'index.js'), tarball, '--profile', 'esm-only', ...exceptions], {
    cwd: root,
  });
});

const installed = check('npm install into an empty project', () => {
  writeProject();
  const packages = versioned('typescript', 'tsx', 'jest', '@swc/core', '@swc/jest', 'esbuild', 'vite');
  const others = ['typescript-5.9@npm:typescript@~5.9.0', 'typescript-7@npm:typescript@^7.0.0'];
  npm(['install', '--no-audit', '--no-fund', tarball, ...packages, ...versioned('@types/node'), ...others]);
});

if (installed) {
  check('quick start: TypeScript 6, legacy decorators', () => {
    tsc(['-p', 'tsconfig.json']);
    checkPrinted(node([join(project, 'out', 'legacy', 'quick-start.js')], home()));
  });
  check('quick start: tsx', () => {
    const cli = join(project, 'node_modules', 'tsx', 'dist', 'cli.mjs');
    checkPrinted(node([cli, '--tsconfig', join(project, 'tsconfig.json'), join(project, 'quick-start.ts')], home()));
  });
  check('quick start: Jest and @swc/jest', () => {
    const { cwd, env } = home();
    const jest = join(project, 'node_modules', 'jest', 'bin', 'jest.js');
    const config = join(project, 'jest.config.js');
    node(['--experimental-vm-modules', jest, '--ci', '--config', config, '--rootDir', project], { cwd, env });
  });
  check('quick start: TypeScript 6, standard decorators', () => {
    tsc(['-p', 'tsconfig.standard.json']);
    checkPrinted(node([join(project, 'out', 'standard', 'quick-start.js')], home()));
    node([join(project, 'out', 'standard', 'standard.js')], home());
  });
  for (const version of ['5.9', '7']) {
    check(`types: TypeScript ${version}`, () => {
      tsc(['-p', 'tsconfig.json', '--noEmit'], `typescript-${version}`);
      tsc(['-p', 'tsconfig.standard.json', '--noEmit'], `typescript-${version}`);
    });
  }
  check('types of a page', () => tsc(['-p', 'tsconfig.browser.json']));
  // The same class as a page would have it. What is bundled for a browser runs anywhere, so also here.
  const runsAlone = (file) => {
    const bundle = readFileSync(file, 'utf8');
    const module = /(?:from|import)\s*\(?\s*["'](?:node:[^"']*)["']/.exec(bundle);
    if (module !== null) throw new Error(`the bundle needs ${module[0]}`);
    const printed = node([file], home());
    if (!printed.includes('milk,bread INVALID_OPTION')) throw new Error(`the bundle printed:\n${printed}`);
  };
  check('bundled for a browser: esbuild', () => {
    const esbuild = join(project, 'node_modules', 'esbuild', 'bin', 'esbuild');
    const out = join(project, 'out', 'esbuild.mjs');
    run(esbuild, ['browser.ts', '--bundle', '--format=esm', '--minify', '--keep-names', `--outfile=${out}`]);
    runsAlone(out);
  });
  check('bundled for a browser: Vite', () => {
    const out = join(project, 'out', 'vite');
    write(
      'vite.config.mjs',
      `export default { logLevel: 'error', build: { outDir: 'out/vite', target: 'es2022', rollupOptions: {
        input: 'browser.ts', output: { entryFileNames: 'browser.mjs' }, preserveEntrySignatures: 'strict' } } };\n`,
    );
    node([join(project, 'node_modules', 'vite', 'bin', 'vite.js'), 'build']);
    runsAlone(join(out, 'browser.mjs'));
  });
  /** What a program prints that is bundled for a server, with all its packages, by each of two bundlers. */
  const bundledFor = (name) => {
    const server = {
      logLevel: 'error',
      ssr: { noExternal: true },
      build: { ssr: `${name}.ts`, outDir: 'out/server', target: 'es2022' },
    };
    write('vite.server.mjs', `export default ${JSON.stringify(server)};\n`);
    node([join(project, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', '-c', 'vite.server.mjs']);
    const esbuild = join(project, 'node_modules', 'esbuild', 'bin', 'esbuild');
    const out = join(project, 'out', 'server.mjs');
    run(esbuild, [`${name}.ts`, '--bundle', '--platform=node', '--format=esm', '--keep-names', `--outfile=${out}`]);
    return [join(project, 'out', 'server', `${name}.js`), out].map((file) => node([file], home()));
  };
  check('quick start bundled for a server: Vite, esbuild', () => {
    for (const printed of bundledFor('quick-start')) checkPrinted(printed);
  });
  check('import prevalent/testing', () => {
    node([
      '--input-type=module',
      '-e',
      "if (Object.keys(await import('prevalent/testing')).length === 0) process.exit(1)",
    ]);
  });
  check('import prevalent/postgres, and hear what to install', () => {
    const program =
      "const { PostgresStore } = await import('prevalent/postgres');" +
      "const store = new PostgresStore({ connectionString: 'postgres://127.0.0.1:1/none' });" +
      'await store.streams().catch((error) => console.log(error.code, error.message))';
    const printed = node(['--input-type=module', '-e', program]);
    if (!/^INVALID_OPTION .*npm install pg/.test(printed)) throw new Error(`it printed:\n${printed}`);
  });
  check('import prevalent/nats, and hear what to install', () => {
    const program = "await import('prevalent/nats').catch((error) => console.log(error.code, error.message))";
    const printed = node(['--input-type=module', '-e', program]);
    if (!/^ERR_MODULE_NOT_FOUND .*'@nats-io\/[a-z-]+'/.test(printed)) throw new Error(`it printed:\n${printed}`);
  });
  check('npx prevalent --help', () => {
    const printed = npm(['exec', '--no', '--', 'prevalent', '--help'], { env: home().env });
    if (!/usage/i.test(printed)) throw new Error(`no usage in:\n${printed}`);
  });

  check('@Type without reflect-metadata: TypeScript 6', () => {
    // In its own place: bundlers take the options of the tsconfig.json that names the file.
    const config = JSON.parse(readFileSync(join(project, 'tsconfig.json'), 'utf8'));
    config.compilerOptions.outDir = 'out/typed';
    write('tsconfig.json', { ...config, include: ['meet.ts', 'typed.ts', 'typed-main.ts'] });
    tsc(['-p', 'tsconfig.json']);
    checkMet(node([join(project, 'out', 'typed', 'typed-main.js')], home()));
  });
  // Both take another build of class-transformer than Node does, or the same: what `@Type` says is found in either.
  check('@Type bundled for a server: Vite, esbuild', () => {
    for (const printed of bundledFor('typed-main')) checkMet(printed);
  });
  check('@Type under standard decorators names the line of tsconfig.json', () => {
    const cli = join(project, 'node_modules', 'tsx', 'dist', 'cli.mjs');
    const args = [cli, '--tsconfig', join(project, 'tsconfig.standard.json'), join(project, 'typed-main.ts')];
    const said = checks.failureOf(() => node(args, home()));
    if (!/@Type on the field todos .*"experimentalDecorators": true/.test(said)) throw new Error(`it said:\n${said}`);
  });
}

finish();
