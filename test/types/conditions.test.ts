/** Which declarations a program gets: a page those of what runs there, every other program those of Node. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The source of the declarations that a name leads to. */
function sourceOf(name: string, conditions: string[], moduleResolution: ts.ModuleResolutionKind): string | undefined {
  const options = {
    module: moduleResolution === ts.ModuleResolutionKind.Bundler ? ts.ModuleKind.ESNext : ts.ModuleKind.NodeNext,
    moduleResolution,
    customConditions: conditions,
    rootDir: join(root, 'src'),
    outDir: join(root, 'dist'),
    configFilePath: join(root, 'tsconfig.build.json'),
  };
  const mode = ts.ModuleKind.ESNext;
  const { resolvedModule } = ts.resolveModuleName(
    name,
    join(root, 'src', 'program.ts'),
    options,
    ts.sys,
    undefined,
    undefined,
    mode,
  );
  return resolvedModule?.resolvedFileName.replaceAll('\\', '/').slice(root.length + 1);
}

/** What a source exports, by name. */
function exportsOf(source: string): string[] {
  const path = join(root, source);
  const program = ts.createProgram([path], { ...compilerOptions(), noEmit: true });
  const checker = program.getTypeChecker();
  const symbol = checker.getSymbolAtLocation(program.getSourceFile(path)!);
  return symbol === undefined ? [] : checker.getExportsOfModule(symbol).map(({ name }) => name);
}

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.build.json'), (file) => ts.sys.readFile(file)) as {
    config: { extends: string };
  };
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options;
}

describe.each([
  ['bundler', ts.ModuleResolutionKind.Bundler],
  ['nodenext', ts.ModuleResolutionKind.NodeNext],
] as const)('with moduleResolution %s', (_, resolution) => {
  test.each([
    ['prevalent', [], 'src/index.ts'],
    ['prevalent/testing', [], 'src/testing/index.ts'],
    ['prevalent/nats', [], 'src/store/nats/index.ts'],
    ['prevalent/postgres', [], 'src/store/postgres/index.ts'],
    ['prevalent', ['browser'], 'src/core.ts'],
    ['prevalent/testing', ['browser'], 'src/testing/core.ts'],
  ])('%s with the conditions %j', (name, conditions, source) => {
    expect(sourceOf(name, conditions, resolution)).toBe(source);
  });
});

test('the declarations of a page name what is there, and nothing of folders', () => {
  const [page, node] = ['src/core.ts', 'src/index.ts'].map(exportsOf) as [string[], string[]];
  expect(page).toEqual(expect.arrayContaining(['Master', 'MemoryStore', 'Prevalent', 'Transaction']));
  expect(page.filter((name) => /folder/i.test(name))).toEqual([]);
  expect(node).toEqual(expect.arrayContaining([...page, 'FolderStore']));
});
