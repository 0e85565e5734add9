/** The first and the last seed to run: what PREVALENT_SEED says (one, or two with a hyphen), else few in CI and many in the deep run. */
export function seeds(few: string, many: string): readonly [number, number] {
  const [first = 1, last = first] = (process.env.PREVALENT_SEED ?? (process.env.PREVALENT_DEEP === '1' ? many : few))
    .split('-')
    .map(Number);
  return [first, last];
}
