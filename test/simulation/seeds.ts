import { byEffort } from '../effort.js';

/** The first and the last seed to run: what PREVALENT_SEED says (`7`, or `1-50000`, so that several processes can share them), else as many as the effort asks for. */
export function seeds(most: Parameters<typeof byEffort<number>>[0]): readonly [number, number] {
  const [first = 1, last = first] = (process.env.PREVALENT_SEED ?? `1-${byEffort(most)}`).split('-').map(Number);
  return [first, last];
}
