import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countsOf, impurities } from './counts.js';
import {
  forgottenMembers,
  importCycles,
  layerViolations,
  misnamed,
  literalsOf,
  nodeViolations,
  pageViolations,
  shapeViolations,
  specifiersOf,
  undeclaredPackages,
  unusedExports,
  untidyLines,
  untoldMembers,
  type Tree,
} from './architecture-rules.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const declared = new Set<string>(
  [manifest.dependencies, manifest.peerDependencies, manifest.imports].flatMap((group) => Object.keys(group ?? {})),
);

function readSources(): Tree {
  const src = join(root, 'src');
  const tree = new Map<string, string>();
  if (!existsSync(src)) return tree;
  for (const entry of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    const path = entry.replaceAll('\\', '/');
    if (path.endsWith('.ts')) tree.set(path, readFileSync(join(src, entry), 'utf8'));
  }
  return tree;
}

/** What git tracks or would track; in an unpacked archive, every file outside the ignored folders. */
function projectFiles(): string[] {
  try {
    const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
    return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .split('\0')
      .filter((path) => path !== '' && existsSync(join(root, path)));
  } catch {
    const ignored = /(^|\/)(node_modules|dist|coverage|\.git|\.cache)(\/|$)/;
    return readdirSync(root, { recursive: true, encoding: 'utf8' })
      .map((path) => path.replaceAll('\\', '/'))
      .filter((path) => !ignored.test(path) && statSync(join(root, path)).isFile());
  }
}

const tree = (files: Record<string, string>): Tree => new Map(Object.entries(files));

describe('the sources', () => {
  const sources = readSources();

  test('depend on their own layer and lower ones only', () => expect(layerViolations(sources)).toEqual([]));
  test('have no import cycles', () => expect(importCycles(sources)).toEqual([]));
  test('use node:* only in adapters, cli/ and testing/', () => expect(nodeViolations(sources)).toEqual([]));
  test('give pages nothing that only Node has', () => expect(pageViolations(sources)).toEqual([]));
  test('export no value that nobody imports', () => {
    const users = projectFiles().filter((path) => /^(test|bench|examples)\/.*\.[mc]?[jt]s$/.test(path));
    expect(
      unusedExports(sources, new Map(users.map((path) => [path, readFileSync(join(root, path), 'utf8')]))),
    ).toEqual([]);
  });
  test('import declared packages only', () => expect(undeclaredPackages(sources, declared)).toEqual([]));
  test('are short and have telling names', () => expect(shapeViolations(sources)).toEqual([]));
});

describe('the sync core', () => {
  const counts = countsOf(readSources());

  test('has one owner of which streams end, and where', () => expect(counts.cutWriters).toHaveLength(1));
  test('has at most two callbacks that lead upwards', () =>
    expect(counts.wiringCallbacks.length).toBeLessThanOrEqual(2));
  test('has no class with more than 4 constructor parameters or collaborators', () => {
    const crowded = counts.classes.filter(
      ({ parameters, collaborators }) => parameters > 4 || collaborators.length > 4,
    );
    expect(crowded).toEqual([]);
  });
  test('reaches parts of the shell through no other part', () => {
    // What is replicated is one thing: the state, with its timeline and what runs calls on it.
    const ofReplica = new Set(['Timeline', 'Executor', 'CallFactory']);
    const reaching = counts.classes.flatMap(({ name, reached }) =>
      reached.filter((part) => !ofReplica.has(part)).map((part) => `${name} reaches ${part}`),
    );
    expect(reaching).toEqual([]);
  });
  test('has no file over 300 lines', () => {
    const long = [...readSources()].filter(
      ([path, text]) => /^(protocol|replica|sync)\//.test(path) && text.split('\n').length > 301,
    );
    expect(long.map(([path]) => path)).toEqual([]);
  });
  test('decides in functions that depend on what they are given alone', () =>
    expect(impurities(readSources())).toEqual([]));
  test('has a table of cases for each of its decisions', () => {
    const missing = [...readSources()].filter(
      ([path, text]) =>
        path.startsWith('protocol/') &&
        /^export (async )?(function|class) /m.test(text) &&
        !existsSync(join(root, 'test', 'unit', path.replace(/\.ts$/, '.test.ts'))),
    );
    expect(missing.map(([path]) => path)).toEqual([]);
  });
  test('holds no port in its decisions', () => {
    const values = [...readSources()].filter(
      ([path, text]) => path.startsWith('protocol/') && /^import \{(?! type).*store\.js'/m.test(text),
    );
    expect(values).toEqual([]);
  });
});

test('the text of a line and of its checksum stand in one file each', () => {
  const writers = (text: RegExp): string[] =>
    [...readSources()].flatMap(([path, source]) =>
      literalsOf(path, source).some((one) => text.test(one)) ? [path] : [],
    );
  expect(writers(/"(id":"|epoch":|seq":|txv":|args":|meta":)/)).toEqual(['event/line.ts']);
  expect(writers(/"crc":/)).toEqual(['event/checksum.ts']);
});

test('every file of src/ is in a table of docs/architecture/', () => {
  const pages = new Map<string, string>();
  const page = (layer: string): string => {
    const path = join(root, 'docs', 'architecture', `${layer}.md`);
    if (!pages.has(layer)) pages.set(layer, existsSync(path) ? readFileSync(path, 'utf8') : '');
    return pages.get(layer) ?? '';
  };
  const missing = [...readSources().keys()].filter((path) => {
    const [layer, ...names] = path.split('/');
    const isNamed = (text: string, name: string): boolean => text.includes(`\`${name}\``);
    if (layer === undefined || names.length === 0) return !isNamed(page('README'), path);
    const rows = page(layer)
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    return !rows.some((row) => isNamed(row, names.join('/')));
  });
  expect(missing).toEqual([]);
});

test('every member of the port of a store is documented, in the contract suite, and optional only by a capability', () =>
  expect(forgottenMembers(readSources())).toEqual([]));

test('every member of the port of a store, and of what it exchanges, has a row on the page about writing one', () => {
  const page = readFileSync(join(root, 'docs', 'writing-stores.md'), 'utf8');
  expect(untoldMembers(readSources(), page)).toEqual([]);
});

test('exported names use the words of the glossary, each for one idea', () => {
  const page = readFileSync(join(root, 'docs', 'concepts.md'), 'utf8');
  const rows = page
    .slice(page.indexOf('| word | what it names | not |'))
    .split('\n')
    .slice(2)
    .filter((row) => row.startsWith('| '));
  expect(rows.length).toBeGreaterThan(15);
  const avoided = new Set(
    rows
      .flatMap((row) => row.split('|')[3]!.split(','))
      .map((word) => word.trim())
      .filter(Boolean),
  );
  expect(misnamed(readSources(), avoided)).toEqual([]);
});

test('decisions are numbered from 1, without gaps', () => {
  const records = readdirSync(join(root, 'docs', 'decisions')).filter((name) => name !== 'README.md');
  const numbers = records.map((name) => Number(name.slice(0, 4))).sort((a, b) => a - b);
  expect(numbers).toEqual(records.map((_, index) => index + 1));
});

test('project files name no machine and no registry', () => {
  const untidy: string[] = [];
  for (const path of projectFiles()) {
    const bytes = readFileSync(join(root, path));
    if (!bytes.includes(0)) untidy.push(...untidyLines(path, bytes.toString('utf8')));
  }
  expect(untidy).toEqual([]);
});

describe('the rules find', () => {
  test('imports in all their forms', () => {
    const text = `
      import 'a';
      import type { B } from 'b';
      import { type C } from 'c';
      export * from 'd';
      export type { E } from 'e';
      const f = await import('f');
      type G = import('g').G;
      import h = require('h');
      const i = require('i');
      process.getBuiltinModule('j');
      // import 'comment';
      const text = "import 'string'";
      const template = \`import 'template' \${await import('k')}\`;
    `;
    expect(specifiersOf('x.ts', text)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k']);
  });

  test('an import of a higher layer', () => {
    const files = { 'event/id.ts': `import type { Seal } from '../sync/seal.js';`, 'sync/seal.ts': '' };
    expect(layerViolations(tree(files))).toEqual(['event/id.ts: imports sync/seal.ts, a layer above it']);
  });

  test('nothing wrong with an import of the same or a lower layer', () => {
    const files = {
      'index.ts': `export * from './master.js';`,
      'master.ts': `import './sync/engine.js'; import './errors.js';`,
      'sync/engine.ts': `import { plan } from './merge/plan.js';`,
      'sync/merge/plan.ts': `import '../../errors.js';`,
      'errors.ts': '',
      'cli/main.ts': `import '../index.js'; import '../testing/index.js';`,
      'testing/index.ts': `import '../event/id.js';`,
      'event/id.ts': '',
    };
    expect(layerViolations(tree(files))).toEqual([]);
    expect(importCycles(tree(files))).toEqual([]);
  });

  test('an import of cli/ or testing/', () => {
    const files = { 'index.ts': `export * from './testing/index.js';`, 'testing/index.ts': '' };
    expect(layerViolations(tree(files))).toEqual(['index.ts: nothing may import testing/index.ts']);
  });

  test('a file outside the layers, a missing file, an escape from src/', () => {
    const files = { 'stray/a.ts': '', 'errors.ts': `import './gone.js'; import '../package.json';` };
    expect(layerViolations(tree(files))).toEqual([
      'stray/a.ts: belongs to no layer',
      'errors.ts: imports ./gone.js, which is no file of src/',
      'errors.ts: imports ../package.json, which is no file of src/',
    ]);
  });

  test('a cycle, also of types and of three files', () => {
    const pair = { 'model/a.ts': `import type { B } from './b.js';`, 'model/b.ts': `export * from './a.js';` };
    expect(importCycles(tree(pair))).toEqual(['model/a.ts → model/b.ts → model/a.ts']);
    const ring = {
      'model/a.ts': `import './b.js';`,
      'model/b.ts': `import './c.js';`,
      'model/c.ts': `import('./a.js')`,
    };
    expect(importCycles(tree(ring))).toEqual(['model/a.ts → model/b.ts → model/c.ts → model/a.ts']);
  });

  test('node:* where it may not be', () => {
    const files = {
      'timeline/disk.ts': `import 'node:fs';`,
      'store/port.ts': `import type { Stats } from 'fs';`,
      'state/executor.ts': `import 'fs/promises';`,
      'store/folder/store.ts': `import 'node:fs';`,
      'cli/main.ts': `import 'node:process';`,
    };
    expect(nodeViolations(tree(files))).toEqual([
      'timeline/disk.ts: may not import node:fs',
      'store/port.ts: may not import fs',
      'state/executor.ts: may not import fs/promises',
    ]);
  });

  test('what a page has not, wherever it is reached from core.ts', () => {
    const files = {
      'core.ts': `export * from './event/a.js';`,
      'event/a.ts': `import { b } from './b.js'; const { Buffer: bytes } = globalThis; const at = { process: 1 }.process;`,
      'event/b.ts': `import 'node:fs'; export const b = Buffer.from(''); setImmediate(() => process.exit());`,
      'cli/main.ts': `import 'node:fs'; process.exit();`,
    };
    expect(pageViolations(tree(files))).toEqual([
      'event/b.ts: imports node:fs, which a page has not',
      'event/b.ts: uses Buffer, which a page has not',
      'event/b.ts: uses setImmediate, which a page has not',
      'event/b.ts: uses process, which a page has not',
    ]);
  });

  test('a package that is not declared', () => {
    const text = `import 'superjson'; import 'lodash/map'; import '@scope/name/deep'; import '#known'; import '#unknown';`;
    expect(undeclaredPackages(tree({ 'errors.ts': text }), new Set(['superjson', '#known']))).toEqual([
      'errors.ts: imports lodash, which package.json does not declare',
      'errors.ts: imports @scope/name, which package.json does not declare',
      'errors.ts: imports #unknown, which package.json does not declare',
    ]);
  });

  test('what makes a decision more than a function of what it is given', () => {
    const text = `/**
 * The rule.
 *
 * Invariant: it is so.
 */

let count = 0;
export const now = () => Date.now() + Math.random() + Math.min(1, new Date(2).getTime());
export async function later() { await now(); }
export function refuse() { throw new Error(); }
`;
    expect(impurities(tree({ 'protocol/a.ts': text }))).toEqual([
      'protocol/a.ts:9: awaits',
      'protocol/a.ts:10: throws',
      'protocol/a.ts:8: uses Date',
      'protocol/a.ts:8: uses Math',
      'protocol/a.ts:7: keeps a variable',
    ]);
    const opens = (rule: string): string[] => impurities(tree({ 'protocol/a.ts': `import a from 'a';\n\n${rule}` }));
    expect(opens('/**\n * The rule.\n *\n * Invariants: it is so.\n */\n\nexport const a = 1;')).toEqual([]);
    for (const rule of [
      '',
      '/** Of this alone. */\nexport const a = 1;',
      '/**\n * The rule.\n */\n\nexport const a = 1;',
    ])
      expect(opens(rule)).toEqual(['protocol/a.ts: does not open with its rule and its invariants']);
  });

  test('crowded classes, second writers of the cut and callbacks upwards', () => {
    const counts = countsOf(
      tree({
        'sync/engine.ts': 'export class Engine { #cut = 1; set() { this.#cut = 2; } constructor(a, b, c, d, e) {} }',
        'sync/other.ts': 'export class Other { readonly engine: Engine; #store: Store; end() { this.#cut = 3; } }',
        'sync/third.ts':
          'export class Third { #other: Other; run() { this.#other.engine.set(); watch({ changed: () => this.run() }); } }',
        'sync/assemble.ts':
          'function assemble(journal) { const own = new Own({ refused: () => engine.stop(), down: () => journal.x });' +
          'const engine = new Engine({ down: () => own.x }); journal.keep?.({ putBack: () => engine.x }); }',
      }),
    );
    expect(counts.cutWriters).toHaveLength(2);
    expect(counts.classes).toMatchObject([
      { name: 'Engine', parameters: 5 },
      { name: 'Other', collaborators: ['Engine', 'Store'], reached: [] },
      { name: 'Third', collaborators: ['Other'], reached: ['Engine'] },
    ]);
    expect(counts.wiringCallbacks).toEqual(['refused', 'putBack']);
    expect(counts.listeners).toEqual(['sync/third.ts: changed']);
  });

  test('names that the glossary avoids, and names that cannot be searched', () => {
    const text = 'export class EventContext {} export function settleAll(): void {} for (const one of []) one;';
    expect(misnamed(tree({ 'sync/a.ts': text }), new Set(['context', 'settle']))).toEqual([
      'sync/a.ts: EventContext',
      'sync/a.ts: settleAll',
      'sync/a.ts: one',
    ]);
    const astray = `export class Line { checksum = 1; sealLine() {} settle(): void {} }`;
    expect(misnamed(tree({ 'event/a.ts': astray }), new Set())).toEqual([
      'event/a.ts: sealLine (seal)',
      'event/a.ts: settle (settle)',
    ]);
    expect(misnamed(tree({ 'sync/a.ts': astray }), new Set())).toEqual(['sync/a.ts: checksum (checksum)']);
  });

  test('members of the port that are not documented, not checked, or optional', () => {
    const port = `export interface Store {\n  /** Where. */\n  readonly location: string;\n  open(): void;\n  /** May be. */\n  trouble?(): void;\n}`;
    const suite = `const { location } = store; store.open();`;
    expect(forgottenMembers(tree({ 'store/store.ts': port, 'testing/contract/a.ts': suite }))).toEqual([
      'Store.open: not documented',
      'Store.trouble: not in the contract suite',
      'Store.trouble: optional',
    ]);
  });

  test('members of the port that the page on writing stores leaves out', () => {
    const port = 'export interface Store { readonly location: string; open(): void; }';
    const page = '`open` is told in prose only\n| `location`, `other` | Where. |';
    expect(untoldMembers(tree({ 'store/store.ts': port, 'store/opening.ts': '' }), page)).toEqual(['Store.open']);
  });

  test('a value that nobody imports', () => {
    const files = {
      'core.ts': "export * from './errors.js';\nexport { type A, b as c } from './state/a.js';",
      'errors.ts': 'export class OpenError {}',
      'state/a.ts':
        'export function b() {}\nexport const d = 1;\nexport class E {}\nexport const { f } = g;\nexport type H = 1;',
    };
    const users = { 'test/a.ts': "import {\n  d,\n} from '../src/state/a.js';" };
    expect(unusedExports(tree(files), tree(users))).toEqual(['state/a.ts: E']);
  });

  test('long files, vague names and hand-written declarations', () => {
    const files = {
      'errors.ts': 'x;\n'.repeat(350),
      'master.ts': 'x;\n'.repeat(351),
      'state/utils.ts': '',
      'common/a.ts': '',
      'model/a.d.ts': '',
    };
    expect(shapeViolations(tree(files)).map((problem) => problem.split(':')[0])).toEqual([
      'master.ts',
      'state/utils.ts',
      'common/a.ts',
      'model/a.d.ts',
    ]);
  });

  test('machine paths, registry hosts and conflict markers', () => {
    const slash = '/';
    const lines = [
      `see ${slash}work${slash}main`,
      `cd "${slash}root${slash}x"`,
      `see docs${slash}work${slash}flow.md`,
      `registry.get(name)`,
      ['https:', '', 'registry.example.com', 'a'].join(slash),
      ['registry', 'npmjs', 'org'].join('.'),
      '<'.repeat(7) + ' HEAD',
    ];
    expect(untidyLines('a.md', lines.join('\n'))).toEqual([
      'a.md:1: contains a path of one machine',
      'a.md:2: contains a path of one machine',
      'a.md:5: contains a registry host',
      'a.md:6: contains a registry host',
      'a.md:7: a merge conflict marker',
    ]);
  });
});
