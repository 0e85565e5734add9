/** What keeps a snapshot from being used is told by `verify --model` with the remedy, sealed or not; without a model it says what it cannot tell. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { definePrevalent, Master } from '../../src/index.js';
import { run } from '../command.js';

const index = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'src', 'index.ts');

class Contact {
  constructor(readonly name: string) {}
}

class Book {
  readonly people: Contact[] = [];
  add(name: string): void {
    this.people.push(new Contact(name));
  }
}
definePrevalent(Book, { name: 'verified-book', transactions: ['add'], classes: { Contact } });

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'prevalent-verify-'));
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

/** The model as the program of today has it. */
function modelWith(classes: string): string {
  // Under a name of its own: a module is loaded once.
  const file = join(home, `book-${classes.length}.mjs`);
  writeFileSync(
    file,
    `import { definePrevalent } from ${JSON.stringify(index)};
    class Person { constructor(name) { this.name = name; } }
    export class Book { people = []; add(name) { this.people.push(new Person(name)); } }
    definePrevalent(Book, { name: 'verified-book', transactions: ['add'], classes: ${classes} });`,
  );
  return `${file}#Book`;
}

async function filled(sealed: boolean): Promise<string> {
  const store = join(home, 'shared');
  let now = Date.UTC(2026, 0, 1);
  const options = { name: 'laptop', store, local: join(home, 'local'), now: () => now++, retention: 0 };
  const master = await Master.open(Book, options);
  for (const name of ['Ada', 'Grace']) {
    await master.transact((book) => book.add(name));
    now += 3_600_000;
    if (sealed) await master.compact();
  }
  await master.snapshot();
  await master.close();
  return store;
}

const REMEDY = /instances of Contact, a class this program does not name.*classes: \{ Contact: TheNewName \}/;

test.each([
  ['after a seal, when a snapshot stands in for deleted events', true],
  ['before, when the journals hold everything', false],
])('%s', async (_, sealed) => {
  const store = await filled(sealed);
  const { lines, code } = await run('verify', store, '--model', modelWith('{ Person }'));
  expect(lines.join('\n')).toMatch(REMEDY);
  expect(code).toBe(2);
  const good = await run('verify', store, '--model', modelWith('{ Contact: Person }'));
  expect([good.code, good.lines.at(-1)]).toEqual([0, 'Everything is as it should be.']);
});

test('without a model it says that only a program can tell whether it can read what replaces deleted events', async () => {
  const store = await filled(true);
  const { lines, code } = await run('verify', store);
  expect(code).toBe(0);
  expect(lines.join('\n')).toMatch(/replaces deleted events.*--model/);
  for (const directory of ['shared', 'local']) rmSync(join(home, directory), { recursive: true });
  await filled(false);
  expect((await run('verify', store)).lines.join('\n')).not.toContain('--model');
});
