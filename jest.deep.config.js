/** The long runs: more seeds, more steps, real processes and servers. Started with `npm run test:deep`. */
import config from './jest.config.js';

process.env.PREVALENT_DEEP = '1';

export default {
  ...config,
  testMatch: ['property', 'simulation', 'e2e'].map((suite) => `<rootDir>/test/${suite}/**/*.test.ts`),
  testTimeout: 12 * 3_600_000,
};
