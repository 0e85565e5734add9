/** Masters on different engines share one folder: the same events give the same state, to the last bit and in the same order. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { find } from '../provision.mjs';
import { type Compiled, compile } from './compiled.js';

const NAMES = ['node-20', 'node-22', 'node-24'];

/** In CI they are there, or the run has failed before. */
const having = (...names: string[]): typeof test =>
  names.every((name) => find(name) !== undefined) || process.env.CI === 'true' ? test : test.skip;

interface Outcome {
  readonly known: Readonly<Record<string, string>>;
  readonly notices: readonly string[];
  readonly rejected: number;
  readonly native: string;
  readonly size: number;
  readonly state: string;
}

let compiled: Compiled;
let folder: string;

beforeAll(() => {
  compiled = compile(['test/e2e/engines-child.ts']);
  folder = mkdtempSync(join(tmpdir(), 'prevalent-engines-'));
});

afterAll(() => {
  compiled.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function run(node: string, ...args: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(find(node) ?? node, [
    compiled.path('test/e2e/engines-child.ts'),
    ...args,
  ]);
  return JSON.parse(stdout);
}

having(...NAMES)('masters on Node 20, 22 and 24 end in the same state', async () => {
  const master = (node: string, rounds: number): Promise<unknown> =>
    run(node, node, join(folder, 'shared'), join(folder, node), String(rounds));
  // All at once, so that events of each are late for the others.
  await Promise.all(NAMES.map((node) => master(node, 10)));
  const outcomes: Outcome[] = [];
  for (const node of NAMES) outcomes.push((await master(node, 0)) as Outcome);
  expect(new Set(outcomes.map(({ state }) => state)).size).toBe(1);
  expect(outcomes.map(({ rejected }) => rejected)).toEqual(NAMES.map(() => 0));
  // Each knows on which engine the others run, and says that they differ.
  for (const { known, notices } of outcomes) {
    expect(Object.keys(known)).toEqual(expect.arrayContaining(NAMES));
    expect(new Set(Object.values(known)).size).toBe(NAMES.length);
    expect(notices).toContainEqual(expect.stringContaining('Masters run different JavaScript engines'));
  }
  expect(outcomes[0]?.size).toBeGreaterThan(10_000);
  // What the engines give by themselves differs: equal states are no accident.
  expect(new Set(outcomes.map(({ native }) => native)).size).toBeGreaterThan(1);
});

having('node-26')("Temporal of Node 26 has the event's time in transactions", async () => {
  const { first, second } = (await run('node-26', 'temporal')) as { first: string[]; second: string[] };
  const [date = '', instant = '', zoned, dateTime, day, time] = first;
  expect(Date.parse(instant)).toBe(Date.parse(date));
  const plain = instant.replace('Z', '');
  expect([zoned, dateTime, `${day ?? ''}T${time ?? ''}`]).toEqual([`${plain}+00:00[UTC]`, plain, plain]);
  expect(second).toEqual(first);
});
