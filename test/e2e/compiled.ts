/** Sources compiled once, for tests that start many processes: each would else compile them again. */
import { type Options, transformSync } from '@swc/core';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const OPTIONS: Options = {
  swcrc: false,
  module: { type: 'es6' },
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
    keepClassNames: true,
  },
};

export interface Compiled {
  /** Path of what a source file became. */
  path(source: string): string;
  /** Compiles one more program, which may import the library by its name; its path. Under `--enable-source-maps` stacks name its own lines. */
  add(name: string, text: string): string;
  remove(): void;
}

/** Compiles src/ and the given files into a directory of their own inside the project, where its packages are found. */
export function compile(sources: readonly string[]): Compiled {
  mkdirSync(join(root, '.cache'), { recursive: true });
  const target = mkdtempSync(join(root, '.cache', 'compiled-'));
  const library = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  const path = (source: string): string => join(target, source.replace(/\.ts$/, '.js'));
  const write = (source: string, text: string, maps: boolean): void => {
    mkdirSync(dirname(path(source)), { recursive: true });
    writeFileSync(
      path(source),
      transformSync(text, { ...OPTIONS, filename: source, sourceMaps: maps && 'inline' }).code,
    );
  };
  for (const source of [...library, ...sources]) write(source, readFileSync(join(root, source), 'utf8'), false);
  // So that what imports `prevalent` gets this.
  const manifest = readFileSync(join(root, 'package.json'), 'utf8').replaceAll('"./dist/', '"./src/');
  writeFileSync(join(target, 'package.json'), manifest);
  return {
    path,
    add: (name, text) => {
      write(name, text, true);
      return path(name);
    },
    remove: () => {
      rmSync(target, { recursive: true, force: true });
    },
  };
}
