import type { Failure } from './run.js';
import type { Schedule } from './schedule.js';

/** Leaves steps out of a schedule as long as it still fails in the same way: first many at once, then one by one. */
export async function shrink(
  schedule: Schedule,
  run: (schedule: Schedule) => Promise<Failure | undefined>,
): Promise<Schedule> {
  const wanted = kindOf(await run(schedule));
  let best = schedule;
  for (let size = Math.ceil(best.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < best.steps.length;) {
      const steps = [...best.steps.slice(0, from), ...best.steps.slice(from + size)];
      const fewer = { ...best, steps };
      if (kindOf(await run(fewer)) === wanted) best = fewer;
      else from += size;
    }
  }
  return best;
}

/** A failure's message without its names and numbers. */
function kindOf(failure: Failure | undefined): string | undefined {
  return failure?.error.message
    .replace(/[0-7][0-9A-HJKMNP-TV-Z]{25}/g, 'id')
    .replace(/[a-z]?\d+/g, 'n')
    .slice(0, 40);
}
