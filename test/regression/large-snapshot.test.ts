import { crc32 } from 'node:zlib';
import { Master, Prevalent, Transaction } from '../../src/index.js';
import { readFrames } from '../../src/sync/snapshot/frames.js';
import { FolderNetwork } from '../../src/testing/index.js';

@Prevalent('large-snapshot')
class Archive {
  readonly documents: { text: string }[] = [];
  @Transaction() fill(count: number, chars: number): void {
    for (let i = 0; i < count; i++) this.documents.push({ text: String(i).padEnd(chars, 'x') });
  }
}

const CHARS = 400_000;

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

test('a snapshot of long texts is written in parts, none of which grows with the state', async () => {
  const network = new FolderNetwork(['a']);
  const disk = network.disk('a');
  const master = await Master.open(Archive, network.place('a'));
  master.model.fill(10, CHARS);
  await master.snapshot();
  await master.close();
  const bytes = disk.peek(disk.paths().find((path) => path.endsWith('.snapshot'))!)!;
  expect(bytes.length).toBeGreaterThan(10 * CHARS);
  let longest = 0;
  for await (const { content } of readFrames(once(bytes), crc32)) longest = Math.max(longest, content.length);
  expect(longest).toBeLessThan(CHARS);
  // The events are not read: the snapshot alone holds the state.
  const again = await Master.open(Archive, network.place('a'));
  expect(again.query(({ documents }) => documents.map(({ text }) => text.slice(0, 2)))).toEqual(
    Array.from({ length: 10 }, (_, i) => `${i}x`),
  );
  expect((await again.status()).notices).toEqual([]);
  await again.close();
});
