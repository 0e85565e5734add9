/**
 * How much the heavy tests do: as much as shows that all is well by `npm test`, more in CI, and what takes hours by `npm run test:deep`.
 */
type Effort = 'quick' | 'ci' | 'deep';

export const EFFORT: Effort = process.env.PREVALENT_DEEP === '1' ? 'deep' : process.env.CI === 'true' ? 'ci' : 'quick';

/** What is meant for this run. */
export function byEffort<T>(amounts: Readonly<Record<Effort, T>>): T {
  return amounts[EFFORT];
}

/** How far apart the cases of a sweep are that run: all of them in CI, some of them in a quick run. */
export function stride(quick: number): number {
  return byEffort({ quick, ci: 1, deep: 1 });
}
