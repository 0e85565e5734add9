/** Starts the long test files first, so that no worker is left with one of them at the end. */
const LONG = [
  'simulation/simulation',
  'simulation/disk-faults',
  'e2e/syncthing',
  'e2e/crash',
  'e2e/todo',
  'docs',
  'property/damage',
  'property/convergence',
  'simulation/mutants',
  'property/state',
];

export default class LongFirst {
  sort(tests) {
    const rank = ({ path }) => {
      const at = LONG.findIndex((name) => path.replaceAll('\\', '/').endsWith(`/test/${name}.test.ts`));
      return at < 0 ? LONG.length : at;
    };
    return [...tests].sort((left, right) => rank(left) - rank(right) || (left.path < right.path ? -1 : 1));
  }

  shard(tests) {
    return tests;
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {
    // Nothing is remembered from run to run.
  }
}
