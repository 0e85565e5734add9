import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withArticle } from '../../src/article.js';

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

test('no message chooses an article by itself', () => {
  const chosen = /\b[Aa] \$\{(?:describe|name|type|tag|typeof|nameOfClass|tagOf)\b/;
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((path) => chosen.test(readFileSync(join('src', path), 'utf8')))).toEqual([]);
});
