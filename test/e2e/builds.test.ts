/** Whatever compiled a model: masters of all builds on one folder end in one state, classes and order included. */
import { transformSync } from '@swc/core';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { compile, type Compiled } from './compiled.js';

const here = dirname(fileURLToPath(import.meta.url));
const tsx = join(here, '../../node_modules/tsx/dist/cli.mjs');
const source = readFileSync(join(here, 'builds-child.ts'), 'utf8');
const legacy = { experimentalDecorators: true, emitDecoratorMetadata: true };

const typescript = (options: ts.CompilerOptions): string =>
  ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, ...options },
  }).outputText;

const swc = (): string =>
  transformSync(source, {
    filename: 'child.ts',
    swcrc: false,
    module: { type: 'es6' },
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
  }).code;

/** Of each build: the text it is run from, and whether that tells the classes of parameters. */
const builds: Record<string, { text: string; metadata: boolean }> = {
  tsx: { text: source, metadata: false },
  tsc: { text: typescript(legacy), metadata: true },
  swc: { text: swc(), metadata: true },
  standard: { text: typescript({}), metadata: false },
};

let compiled: Compiled;
let folder: string;

beforeAll(() => {
  compiled = compile([]);
  folder = mkdtempSync(join(tmpdir(), 'prevalent-builds-'));
});

afterAll(() => {
  compiled.remove();
  rmSync(folder, { recursive: true, force: true });
});

function run(build: string, what: string): string {
  const file = compiled.path(`builds/${build}/child.${build === 'tsx' ? 'ts' : 'js'}`);
  const path = build === 'tsx' ? file.replace(/\.js$/, '.ts') : file;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, builds[build]?.text ?? '');
  const config = join(dirname(path), 'tsconfig.json');
  writeFileSync(config, JSON.stringify({ compilerOptions: { target: 'ES2022', ...legacy }, include: ['child.ts'] }));
  const program = build === 'tsx' ? [tsx, '--tsconfig', config, path] : [path];
  return execFileSync(process.execPath, [...program, build, folder, what], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
}

test.each(Object.entries(builds))(
  '%s emits metadata or does not, as its users know it',
  (_build, { text, metadata }) => {
    expect(text.includes('design:paramtypes')).toBe(metadata);
  },
);

test('tsx, tsc and swc with emitted metadata, and standard decorators: one folder, one state', () => {
  for (const build of Object.keys(builds)) run(build, 'call');
  const states = Object.keys(builds).map((build) => run(build, 'merge'));
  const [first = ''] = states;
  expect(states).toEqual(states.map(() => first));
  const entries = JSON.parse(first) as [string, string, [string, [string, string]]][];
  expect(entries).toHaveLength(20);
  const classesOf = (field: string): unknown[] =>
    entries.filter(([, , [, held]]) => held[1] === field).map(([, , [by, held]]) => [by, held[0]]);
  expect(classesOf('title,done,tags')).toEqual(Object.keys(builds).map((by) => [by, 'Object']));
  expect(classesOf('title,tags,done')).toEqual(Object.keys(builds).map((by) => [by, 'Todo']));
  expect(classesOf('currency,cents,made')).toEqual(
    Object.keys(builds).flatMap((by) => [by, by].map((one) => [one, 'Price'])),
  );
});
