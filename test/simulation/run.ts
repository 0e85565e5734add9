import { settle } from './rest.js';
import type { Schedule } from './schedule.js';
import { World } from './world.js';

/** Why a schedule failed, and what happened until then. */
export interface Failure {
  readonly error: Error;
  readonly trace: readonly string[];
}

/** Runs one schedule from its first step to rest; `undefined` if all was well. */
export async function run(schedule: Schedule): Promise<Failure | undefined> {
  const world = new World(schedule);
  try {
    for (const step of schedule.steps) await world.apply(step);
    await settle(world);
    return undefined;
  } catch (error) {
    return { error: error as Error, trace: world.trace };
  }
}
