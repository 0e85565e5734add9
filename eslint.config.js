import { builtinModules } from 'node:module';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Only these parts of src/ may touch Node's own modules; everything else gets disk, clock and randomness passed in. */
const nodeAllowed = ['folder', 'postgres', 'nats'].map((store) => `src/store/${store}/**`);
nodeAllowed.push('src/cli/**', 'src/testing/**');

const nodeModules = [...builtinModules.filter((name) => !name.startsWith('_')), 'node:*'];

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', '.cache/', 'node_modules/', 'test/toolchains/nest/', 'test/toolchains/next/']),
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'Use named exports.' }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      // A port's method is async by contract even where one adapter has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/unified-signatures': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: nodeAllowed,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: nodeModules.filter((name) => name !== 'node:*'),
          patterns: [{ group: ['node:*'], message: 'Pass it in: only adapters, cli/ and testing/ may use node:*.' }],
        },
      ],
      'no-restricted-globals': ['error', 'process', 'Buffer', 'global', 'require', 'setImmediate', 'clearImmediate'],
    },
  },
  {
    // The membrane calls JavaScript's own methods on raw objects, detached from their prototypes on purpose.
    files: ['src/state/*.ts'],
    rules: { '@typescript-eslint/unbound-method': 'off' },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-useless-constructor': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/unbound-method': 'off',
      // `await expect(…).rejects` and thenables of test doubles.
      '@typescript-eslint/await-thenable': 'off',
    },
  },
);
