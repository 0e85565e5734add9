import { jest } from '@jest/globals';
import { checking, replaceDecisions } from '../checked-protocol.js';
import { EFFORT } from '../effort.js';
import { FOUND } from './found.js';
import { type Schedule, scheduleOf } from './schedule.js';
import { seeds } from './seeds.js';
import { shrink } from './shrink.js';

// At each step every decision checks what goes in and what comes out: in every fourth schedule, as that takes half as long again.
replaceDecisions((path, module) => jest.unstable_mockModule(path, module));
const { run } = await import('./run.js');

const [FIRST, LAST] = seeds({ quick: 300, ci: 3_000, deep: 100_000 });
const COUNT = LAST - FIRST + 1;

/** Says what to run again, and the shortest story that ends so. */
async function told(schedule: Schedule): Promise<string> {
  const { setting, steps } = await shrink(schedule, run);
  const failure = await run({ ...schedule, steps });
  return [
    `seed ${schedule.seed} fails (again: PREVALENT_SEED=${schedule.seed}): ${failure?.error.stack ?? ''}`,
    `setting ${JSON.stringify(setting)}`,
    `steps ${JSON.stringify(steps)}`,
    ...(failure?.trace ?? []),
  ].join('\n');
}

test(
  `masters agree whatever happens between them (${COUNT} schedules from seed ${FIRST})`,
  async () => {
    let slowest = { seed: 0, ms: 0 };
    for (let seed = FIRST; seed <= LAST; seed++) {
      const schedule = scheduleOf(seed);
      checking.isOn = COUNT === 1 || seed % 4 === 0;
      const began = performance.now();
      const failure = await run(schedule);
      const ms = performance.now() - began;
      if (ms > slowest.ms) slowest = { seed, ms };
      if (failure !== undefined) throw new Error(await told(schedule));
      // What was looked at through weak references is let go of when a turn of the event loop ends.
      await new Promise((resolve) => setImmediate(resolve));
    }
    checking.isOn = true;
    if (EFFORT === 'deep') process.stdout.write(`slowest seed: ${slowest.seed} (${Math.round(slowest.ms)} ms)\n`);
  },
  // No test fails because a machine is slow.
  14_400_000,
);

test.each(FOUND)('found and mended: $found', async ({ schedule }) => {
  const failure = await run(schedule);
  expect(failure?.error).toBeUndefined();
});
