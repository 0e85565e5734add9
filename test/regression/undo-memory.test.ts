import { Master, MemoryStore, Prevalent, Transaction } from '../../src/index.js';

@Prevalent('undo-memory')
class Page {
  text = '';
  hits = 0;
  @Transaction() write(text: string): void {
    this.text = text;
  }
  @Transaction() hit(words: readonly string[]): void {
    this.hits += words.length;
  }
}

const CHARS = 10_000;

function longText(index: number): string {
  return String(index).padEnd(CHARS, 'abc');
}

test('status().undo.bytes counts the strings that undoing would put back, and those of arguments', async () => {
  const master = await Master.open(Page, { name: 'a', store: new MemoryStore() });
  for (let i = 0; i < 20; i++) await master.transact((page) => page.write(longText(i)));
  const { bytes } = (await master.status()).undo;
  // Each text once as an argument and once, but for the last, as what the next call replaced.
  expect(bytes).toBeGreaterThan(39 * CHARS);
  expect(bytes).toBeLessThan(50 * CHARS);
  await master.transact((page) => page.hit([longText(1), longText(2)]));
  expect((await master.status()).undo.bytes).toBeGreaterThan(bytes + 2 * CHARS);
  await master.close();
});

test('beyond undoMemory the oldest entries are shed', async () => {
  const undoMemory = 10 * CHARS;
  const master = await Master.open(Page, { name: 'a', store: new MemoryStore(), undoMemory });
  const { base } = (await master.status()).undo;
  for (let i = 0; i < 50; i++) await master.transact((page) => page.write(longText(i)));
  const { undo } = await master.status();
  expect(undo.base > base).toBe(true);
  expect(undo.bytes).toBeLessThanOrEqual(undoMemory);
  expect(undo.bytes).toBeGreaterThan(CHARS);
  expect(master.query(({ text }) => text)).toBe(longText(49));
  await master.close();
});
