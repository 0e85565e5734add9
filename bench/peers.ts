/** The databases that the durability benchmark compares with, installed on first use: they are no dependencies of the project. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

/** The part of `better-sqlite3` that is used. */
export interface SqliteDatabase {
  pragma(text: string): unknown;
  exec(text: string): unknown;
  prepare(text: string): { run(...values: unknown[]): unknown; iterate(): Iterable<Record<string, unknown>> };
  transaction<T extends unknown[]>(work: (...args: T) => void): (...args: T) => void;
  close(): void;
}

/** The part of `classic-level` that is used. */
export interface LevelDatabase {
  open(): Promise<void>;
  put(key: string, value: string, options: { sync: boolean }): Promise<void>;
  iterator(): AsyncIterable<[string, string]>;
  close(): Promise<void>;
}

export interface Peers {
  readonly sqlite: new (path: string) => SqliteDatabase;
  readonly level: new (path: string) => LevelDatabase;
}

/** Loads the peers; the first time they are built, which takes a compiler and about a minute. `undefined` if that fails. */
export function loadPeers(): Peers | undefined {
  const home = resolve('bench', 'peers');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  try {
    execFileSync(npm, ['install', '--prefix', home, '--no-audit', '--no-fund'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const load = createRequire(resolve(home, 'package.json'));
    const sqlite = load('better-sqlite3') as Peers['sqlite'];
    // Opened once here: a binary of another Node version fails only then.
    new sqlite(':memory:').close();
    return { sqlite, level: (load('classic-level') as { ClassicLevel: Peers['level'] }).ClassicLevel };
  } catch (error) {
    console.log(`\nThe databases to compare with could not be built and are left out: ${(error as Error).message}`);
    return undefined;
  }
}
