import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { numbered, withArticle } from '../../src/article.js';

test.each([
  [
    'a',
    [
      'Map',
      'Set',
      'URL',
      'Uint8Array',
      'Uint8ClampedArray',
      'User',
      'Unit',
      'UUID',
      'Euro',
      'One',
      'boolean',
      'string',
    ],
  ],
  [
    'an',
    ['Object', 'object', 'Array', 'Error', 'Int8Array', 'ArrayBuffer', 'Iterator', 'Order', 'Update', 'undefined'],
  ],
])('%s', (article, nouns) => {
  expect(nouns.map(withArticle)).toEqual(nouns.map((noun) => `${article} ${noun}`));
});

test('one thing of a row is named otherwise than several', () => {
  expect(numbered('event', 3, 3)).toEqual({ what: 'event 3', are: 'is', were: 'was', have: 'has', them: 'it' });
  expect(numbered('event', 3, 5).what).toBe('events 3 to 5');
});

test('no message numbers events, or uses a coined word, by itself', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  const own = /[Ee]vents \$\{[^}]*\} to|`[^`]*\b(?:st(?:and|ood)s? in for|issued again|as told)\b/;
  const lines = files.flatMap((path) => readFileSync(join('src', path), 'utf8').split('\n'));
  const code = lines.filter((line) => !/^\s*(?:\*|\/[/*])/.test(line));
  expect(code.filter((line) => own.test(line.replace(/throw new Error\(.*/, '')))).toEqual([]);
});

test('no message chooses an article by itself', () => {
  const chosen = /\b[Aa] \$\{(?:describe|name|type|tag|typeof|nameOfClass|tagOf)\b/;
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((path) => chosen.test(readFileSync(join('src', path), 'utf8')))).toEqual([]);
});
