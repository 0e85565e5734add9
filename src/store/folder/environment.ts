import { runInThisContext } from 'node:vm';

type Environment = Record<string, string | undefined>;

/** What a test sees may be a copy of the environment (Jest): only that of the process itself moves its clocks. */
export function processEnvironments(): readonly Environment[] {
  const { env } = runInThisContext('process') as { env: Environment };
  return env === process.env ? [env] : [env, process.env];
}
