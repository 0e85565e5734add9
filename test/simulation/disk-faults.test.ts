import type { Durability } from '../../src/store/group-commit.js';
import { stride } from '../effort.js';
import { DiskScenario } from './disk-scenario.js';

/** Numbers and names of the operations of an undisturbed run. */
async function operationsOf(durability: Durability): Promise<string[]> {
  const scenario = new DiskScenario(durability);
  const operations: string[] = [];
  scenario.before = (_number, kind, path) => operations.push(`${kind} ${path}`);
  await scenario.run();
  expect([scenario.wrong, scenario.refused]).toEqual([[], []]);
  expect(scenario.acknowledged).toEqual(scenario.called);
  return operations;
}

/** Every acknowledged call is there once, no refused one is, their order is kept, pairs are whole, and everybody agrees. */
async function check(scenario: DiskScenario, what: string): Promise<void> {
  const { first, again, other, newcomer, held } = await scenario.afterwards();
  const own = (words: readonly string[]): string[] => words.filter((word) => scenario.called.includes(word));
  const found = own(first);
  const problems = [...scenario.wrong];
  for (const word of scenario.acknowledged) if (!found.includes(word)) problems.push(`lost: ${word}`);
  for (const word of scenario.refused) if (found.includes(word)) problems.push(`came back: ${word}`);
  if (new Set(first).size !== first.length) problems.push(`twice: ${first.join()}`);
  if (found.join() !== scenario.called.filter((word) => found.includes(word)).join())
    problems.push(`order: ${found.join()}`);
  if (found.includes('4-left') !== found.includes('4-right')) problems.push('half applied');
  if (again.join() !== [...first, 'afterwards'].join()) problems.push(`reopened: ${again.join()}, not ${first.join()}`);
  if ([...other].sort().join() !== [...newcomer].sort().join())
    problems.push(`${other.join()} against ${newcomer.join()}`);
  if (own(other).join() !== found.join()) problems.push(`another master: ${own(other).join()}, not ${found.join()}`);
  if (held.length > 0) problems.push(held);
  if (problems.length > 0)
    throw new Error(
      `${what}: ${problems.map((one) => (one instanceof Error ? one.stack : JSON.stringify(one))).join('; ')}`,
    );
}

type Kept = readonly [what: string, bytes: number, names: (path: string) => boolean];
const KEPT: readonly Kept[] = [
  ['nothing unsynced is left', 0, () => false],
  ['half of the bytes and some names are left', 0.5, (path) => path.length % 2 === 0],
  ['pages were written out of order', -0.5, () => true],
  ['bytes are lost, names are kept', 0, () => true],
  ['everything is left', 1, () => true],
  ['bytes are kept, names are lost', 1, () => false],
];
const FAILURES: readonly (readonly [code: string, how: 'once' | 'from then on'])[] = [
  ['EIO', 'once'],
  ['ENOSPC', 'from then on'],
  ['EROFS', 'from then on'],
  ['ENOSPC', 'once'],
  ['EMFILE', 'once'],
  ['EIO', 'from then on'],
  ['EACCES', 'from then on'],
];
// The other modes take the same ways through the store; three of each kind do for them.
const MODES: readonly [Durability, number][] = [
  ['group', Infinity],
  ['always', 3],
  ['none', 3],
];

describe.each(MODES)('with durability %s', (durability, most) => {
  test.each(KEPT.slice(0, most))('the power fails before every operation in turn: %s', async (what, keep, keepName) => {
    const operations = await operationsOf(durability);
    expect(operations.length).toBeGreaterThan(100);
    for (let number = 1; number <= operations.length; number += stride(8)) {
      const scenario = new DiskScenario(durability);
      scenario.before = (at) => {
        if (at === number) scenario.powerFailure(keep, keepName);
      };
      await scenario.run();
      await check(scenario, `power failure before ${number}: ${operations[number - 1]}, ${what}`);
    }
  });

  test.each(FAILURES.slice(0, most))('every operation in turn fails with %s, %s', async (code, how) => {
    const operations = await operationsOf(durability);
    for (let number = 1; number <= operations.length; number += stride(8)) {
      const scenario = new DiskScenario(durability);
      scenario.before = (at, kind) => {
        // A full disk refuses only what takes room.
        const goesOn = at > number && how !== 'once' && (code !== 'ENOSPC' || kind === 'write');
        if (at === number || goesOn) throw Object.assign(new Error(`${code}: ${kind}`), { code });
      };
      await scenario.run();
      await check(scenario, `${code} (${how}) at ${number}: ${operations[number - 1]}`);
    }
  });
});
