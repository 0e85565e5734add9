/** Jest runs the sources as ES modules; start it with `npm test`, which passes --experimental-vm-modules. */
export default {
  testEnvironment: '<rootDir>/test/environment.js',
  // Each call swaps globals; Jest would keep a note of every swap until the file ends, and then walk through all of them.
  testEnvironmentOptions: { globalsCleanup: 'off' },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^prevalent$': '<rootDir>/src/index.ts',
    '^prevalent/testing$': '<rootDir>/src/testing/index.ts',
    '^prevalent/nats$': '<rootDir>/src/store/nats/index.ts',
    '^prevalent/postgres$': '<rootDir>/src/store/postgres/index.ts',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        module: { type: 'es6' },
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
          keepClassNames: true,
        },
      },
    ],
  },
  maxWorkers: 2,
  testSequencer: '<rootDir>/test/long-first.js',
  // Module registries of many files add up; a worker that starts anew collects less garbage.
  workerIdleMemoryLimit: '1500MB',
  // No test fails because a machine is slow: this only ends one that hangs.
  testTimeout: 900_000,
};
