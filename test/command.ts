/** The `prevalent` command in this process. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { program } from '../src/cli/main.js';

// What lies in the state directory of whoever runs the tests is nobody's business.
process.env['XDG_STATE_HOME'] ??= join(tmpdir(), `prevalent-state-${process.pid}`);

/** What a command said, and its exit code. */
export interface Ran {
  /** All lines, in their order. */
  readonly lines: readonly string[];
  /** Those of them that go to the standard output. */
  readonly printed: readonly string[];
  /** Those that do not. */
  readonly warned: readonly string[];
  readonly code: number;
}

/** Runs a command to its end. @throws what it throws */
export async function run(...args: readonly string[]): Promise<Ran> {
  const [lines, printed, warned]: [string[], string[], string[]] = [[], [], []];
  const taking = (into: string[]) => (line: string) => {
    lines.push(line);
    into.push(line);
  };
  let code = 0;
  await program(taking(printed), (given) => (code = given), taking(warned))
    .exitOverride()
    .parseAsync(['node', 'prevalent', ...args]);
  return { lines, printed, warned, code };
}
