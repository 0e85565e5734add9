import { Master, Prevalent, Transaction } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';

@Prevalent('large-snapshot')
class Archive {
  readonly documents: { text: string }[] = [];
  @Transaction() fill(count: number, chars: number): void {
    for (let i = 0; i < count; i++) this.documents.push({ text: String(i).padEnd(chars, 'x') });
  }
}

const CHARS = 400_000;

test('a line of a snapshot ends early beyond about a million characters, so that no string grows with the state', async () => {
  const network = new FolderNetwork(['a']);
  const disk = network.disk('a');
  const master = await Master.open(Archive, network.place('a'));
  master.model.fill(10, CHARS);
  await master.snapshot();
  await master.close();
  const bytes = disk.peek(disk.paths().find((path) => path.endsWith('.snapshot'))!)!;
  expect(bytes.length).toBeGreaterThan(10 * CHARS);
  const lengths = new TextDecoder()
    .decode(bytes)
    .split('\n')
    .map((line) => line.length);
  expect(Math.max(...lengths)).toBeLessThan(1_000_000 + CHARS + 1000);
  // The events are not read: the snapshot alone holds the state.
  const again = await Master.open(Archive, network.place('a'));
  expect(again.query(({ documents }) => documents.map(({ text }) => text.slice(0, 2)))).toEqual(
    Array.from({ length: 10 }, (_, i) => `${i}x`),
  );
  expect((await again.status()).notices).toEqual([]);
  await again.close();
});
