/** Sources compiled once, for tests that start many processes: each would else compile them again. */
import { transformSync } from '@swc/core';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface Compiled {
  /** Path of what a source file became. */
  path(source: string): string;
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
  for (const source of [...library, ...sources]) {
    const { code } = transformSync(readFileSync(join(root, source), 'utf8'), {
      filename: source,
      swcrc: false,
      module: { type: 'es6' },
      jsc: {
        target: 'es2022',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
        keepClassNames: true,
      },
    });
    mkdirSync(dirname(path(source)), { recursive: true });
    writeFileSync(path(source), code);
  }
  return {
    path,
    remove: () => {
      rmSync(target, { recursive: true, force: true });
    },
  };
}
