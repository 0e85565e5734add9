/**
 * A preset for Jest in a CommonJS project: `preset: 'prevalent'`. This package and some that it needs are ES modules alone, which Jest's own
 * `require` does not load; they are compiled like the project's TypeScript, by `@swc/jest`. A project that runs Jest with
 * `--experimental-vm-modules` needs no preset.
 *
 * @example
 * ```js
 * // jest.config.js
 * module.exports = { preset: 'prevalent', testEnvironment: 'node' };
 * ```
 */
const preset = {
  // Each call replaces globals; Jest would remember every replacement until the test file ends.
  testEnvironmentOptions: { globalsCleanup: 'off' },
  transform: {
    '^.+\\.[cm]?[jt]s$': [
      '@swc/jest',
      {
        module: { type: 'commonjs' },
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
      },
    ],
  },
  transformIgnorePatterns: ['/node_modules/(?!(?:prevalent|superjson|copy-anything|is-what)/)'],
};

export = preset;
