/**
 * Each toolchain: what is installed beside the library, what is written, and what runs a program in which two masters meet. `is` says what
 * a person should know, as docs/toolchains.md prints it.
 */

import { webServer } from './servers.mjs';

const SWC = {
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
};
const MAIN =
  "import { meet } from './meet.js';\nimport { TodoList } from './program.js';\n\nvoid meet(TodoList).then(console.log);\n";
const TS_MAIN = MAIN.replaceAll('.js', '.ts');
const PLAIN = TS_MAIN.replace('program.ts', 'plain.ts');
const JEST = (config) => `module.exports = ${JSON.stringify({ testEnvironment: 'node', ...config })};\n`;
const TEST = (extension, globals = '') =>
  `${globals}import { meet } from './meet${extension}';
import { TodoList } from './program${extension}';

test('masters meet', async () => {
  expect(await meet(TodoList)).toBe('milk,bread = milk,bread = milk,bread');
});
`;

const compilerOptions = {
  target: 'ES2022',
  lib: ['ES2022', 'ESNext.Disposable', 'DOM'],
  module: 'NodeNext',
  strict: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  types: ['node'],
  skipLibCheck: true,
  outDir: 'out',
  rootDir: '.',
};
const TSCONFIG = { compilerOptions, include: ['*.ts'] };
const NODE = '@types/node@20';
const COMMON = ['reflect-metadata', 'class-transformer', NODE];
const WITH_TSC = [...COMMON, 'typescript@~6.0'];

const compiled = (name, version, type) => ({
  name,
  is: type === 'commonjs' ? '`"module": "NodeNext"` in a CommonJS package; Node loads ES modules by `require`' : '',
  packages: [...COMMON, `typescript@${version}`],
  type,
  files: { 'tsconfig.json': TSCONFIG, 'main.ts': MAIN },
  run: (project) => {
    project.bin('typescript', 'bin/tsc', '-p', 'tsconfig.json');
    return project.node('out/main.js');
  },
});

const bundled = (format, minified) => ({
  name: `esbuild, bundled ${format === 'esm' ? 'ESM' : 'CommonJS'}${minified ? ', minified' : ''}`,
  is: minified ? 'classes have to be named: `classes: { todo: Todo }`; else `UNSTABLE_NAME` says so' : '',
  packages: [...COMMON, 'esbuild'],
  files: { 'tsconfig.json': TSCONFIG, 'main.ts': TS_MAIN },
  run: (project) => {
    const out = `out.${format === 'esm' ? 'mjs' : 'cjs'}`;
    const options = ['--bundle', '--platform=node', `--format=${format}`, `--outfile=${out}`, '--log-level=warning'];
    project.esbuild('main.ts', ...options, ...(minified ? ['--minify'] : []));
    return project.node(out);
  },
});

const viteSsr = (noExternal) => ({
  name: `Vite 8, for a server, ${noExternal ? 'all bundled (`ssr.noExternal`)' : 'packages external'}`,
  is: '',
  packages: [...COMMON, 'vite@8'],
  files: {
    'tsconfig.json': TSCONFIG,
    'main.ts': TS_MAIN,
    'vite.config.mjs': `export default { logLevel: 'error', ssr: { noExternal: ${noExternal ? 'true' : '[]'} } };\n`,
  },
  run: (project) => {
    project.bin('vite', 'bin/vite.js', 'build', '--ssr', 'main.ts', '--outDir', 'out');
    return project.node('out/main.js');
  },
});

const jest = (name, is, files, flags) => ({
  name,
  is,
  packages: [...COMMON, '@swc/jest', '@swc/core', 'jest@30'],
  type: flags.length > 0 ? 'module' : 'commonjs',
  files,
  run: (project) => {
    project.node(...flags, 'node_modules/jest/bin/jest.js', '--ci');
    return undefined;
  },
});

const STANDARD = { ...compilerOptions, experimentalDecorators: false, emitDecoratorMetadata: false };
const NAMED = MAIN.replace('program.js', 'named.js');

const standard = (name, version) => ({
  name: `${name}, standard decorators`,
  is: 'classes are named by `classes`',
  packages: [NODE, `typescript@${version}`],
  files: { 'tsconfig.json': { compilerOptions: STANDARD, files: ['main.ts'] }, 'main.ts': NAMED },
  run: (project) => {
    project.bin('typescript', 'bin/tsc', '-p', 'tsconfig.json');
    return project.node('out/main.js');
  },
});

/** What a page bundles has no folder, and runs anywhere. */
const PAGE = `import { Master, MemoryStore } from 'prevalent';
import { TodoList } from './named.ts';

const store = new MemoryStore();
const a = await Master.open(TodoList, { name: 'a', store });
await a.transact((list) => list.add('milk'));
await a.snapshot();
await a.close();
const again = await Master.open(TodoList, { name: 'a', store });
if (again.query((list) => list.titles()) === 'milk') console.log('milk,bread = milk,bread = milk,bread');
await again.close();
`;

const script = (name, is, tool, files, run) => ({
  name,
  is,
  packages: tool.length === 0 ? [NODE] : [...COMMON, ...tool],
  files,
  run,
});

export const CASES = [
  compiled('tsc 5.9', '~5.9.0', 'module'),
  compiled('tsc 6', '~6.0.0', 'module'),
  compiled('tsc 7', '^7.0.0', 'module'),
  compiled('tsc 6, CommonJS', '~6.0.0', 'commonjs'),
  standard('tsc 5.9', '~5.9.0'),
  standard('tsc 6', '~6.0.0'),
  standard('tsc 7', '^7.0.0'),
  script('tsx', '', ['tsx'], { 'tsconfig.json': TSCONFIG, 'main.ts': TS_MAIN }, (project) =>
    project.bin('tsx', 'dist/cli.mjs', 'main.ts'),
  ),
  script(
    "Node's type stripping (22.18 and later)",
    'no decorators: `definePrevalent` (program `plain.ts`)',
    [],
    { 'main.ts': PLAIN },
    (project) => project.newestNode('main.ts'),
  ),
  script(
    'swc',
    '',
    ['@swc/cli', '@swc/core'],
    { '.swcrc': { ...SWC, module: { type: 'es6' } }, 'main.ts': MAIN },
    (project) => {
      project.bin('@swc/cli', 'bin/swc.js', 'main.ts', 'meet.ts', 'program.ts', '-d', 'out');
      return project.node('out/main.js');
    },
  ),
  bundled('esm', false),
  bundled('esm', true),
  bundled('cjs', false),
  bundled('cjs', true),
  viteSsr(false),
  viteSsr(true),
  {
    name: 'Vite 8, for a browser',
    is: '`experimentalDecorators`, since Vite leaves standard decorators as they are; classes have to be named',
    packages: [NODE, 'vite@8'],
    files: {
      'tsconfig.json': TSCONFIG,
      'main.ts': PAGE,
      'vite.config.mjs': `export default { logLevel: 'error', build: { outDir: 'out', target: 'es2022', rollupOptions: { input: 'main.ts', output: { entryFileNames: 'main.mjs' } } } };\n`,
    },
    run: (project) => {
      project.bin('vite', 'bin/vite.js', 'build');
      return project.node('out/main.mjs');
    },
  },
  {
    name: 'Vitest 4',
    is: '',
    packages: [...COMMON, 'vitest@4'],
    files: {
      'tsconfig.json': TSCONFIG,
      'main.test.ts': TEST('.ts', "import { expect, test } from 'vitest';\n"),
    },
    run: (project) => {
      project.bin('vitest', 'vitest.mjs', 'run');
      return undefined;
    },
  },
  jest(
    'Jest 30, ES modules',
    '`node --experimental-vm-modules`',
    {
      'jest.config.cjs': JEST({
        extensionsToTreatAsEsm: ['.ts'],
        transform: { '^.+\\.ts$': ['@swc/jest', { ...SWC, module: { type: 'es6' } }] },
      }),
      'main.test.ts': TEST('.ts'),
    },
    ['--experimental-vm-modules'],
  ),
  jest(
    'Jest 30, CommonJS',
    "`preset: 'prevalent'`, with `@swc/jest`",
    { 'jest.config.js': JEST({ preset: 'prevalent' }), 'main.test.ts': TEST('') },
    [],
  ),
  script('Bun', '', ['bun'], { 'tsconfig.json': TSCONFIG, 'main.ts': TS_MAIN }, (project) =>
    project.program('bun/bin/bun.exe', 'main.ts'),
  ),
  script(
    'Deno',
    '`experimentalDecorators` in `deno.json`, or `definePrevalent`',
    ['deno'],
    {
      'deno.json': {
        nodeModulesDir: 'manual',
        compilerOptions: { experimentalDecorators: true, emitDecoratorMetadata: true },
      },
      'main.ts': TS_MAIN,
    },
    (project) => project.program('deno/deno', 'run', '-A', 'main.ts'),
  ),
  {
    name: 'NestJS 11',
    is: 'the master is a provider, closed by `onApplicationShutdown`',
    packages: [...WITH_TSC, '@nestjs/common@11', '@nestjs/platform-express@11', 'rxjs', '@nestjs/core@11'],
    type: 'commonjs',
    copies: { nest: 'nest' },
    files: { 'tsconfig.json': { ...TSCONFIG, include: ['nest/main.ts'] } },
    run: (project) => {
      project.bin('typescript', 'bin/tsc', '-p', 'tsconfig.json');
      return project.node('out/nest/main.js');
    },
  },
  {
    name: 'Next.js 16, a page and a route',
    is: "the master stands on `globalThis`, since pages and routes load the model each for themselves; name classes, and do not ask `instanceof` of another module's objects; an edit of the model reaches an open master when the server starts again",
    packages: [...WITH_TSC, 'react', 'react-dom', '@types/react', 'next@16'],
    type: 'none',
    copies: { next: '.' },
    files: {},
    run: (project) => project.node('drive.mjs'),
  },
  webServer('Express 5', 'express'),
  webServer('Fastify 5', 'fastify'),
];
