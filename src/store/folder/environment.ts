import { types } from 'node:util';
import { runInThisContext } from 'node:vm';

type Environment = Record<string, string | undefined>;

/** What a test sees may be a copy of the environment (Jest): only that of the process itself moves its clocks. */
export function processEnvironments(): readonly Environment[] {
  const { env } = runInThisContext('process') as { env: Environment };
  return env === process.env ? [env] : [env, process.env];
}

/** Tells a Proxy from an ordinary object, which the language itself does not. */
export const { isProxy } = types;

/** The JavaScript engine of the process and its version, such as `v8 12.4`; `undefined` if it does not tell. */
export function processEngine(): string | undefined {
  const { v8, bun } = process.versions;
  // Bun names a V8 as well, and runs another engine.
  return bun === undefined ? `v8 ${v8.split('.', 2).join('.')}` : undefined;
}
