import type { Check } from './place.js';
import { holds, rejects, same } from './verdict.js';
import { bytesOf, chunksOf, Writer } from './writer.js';

const [OLDEST, OLDER, NEWER, NEVER] = [1, 2, 3, 4].map((last) => `${'0'.repeat(25)}${last}`) as [
  string,
  string,
  string,
  string,
];

const MEGABYTE = 2 ** 20;

/** Snapshots: written as a whole, read by everybody, removed. */
export function snapshots(check: Check): void {
  check('snapshots come back byte for byte, newest first, for every reader, and can be removed', async (at) => {
    const writer = new Writer('a');
    const journal = await at.open().open(writer.request);
    await journal.writeSnapshot(OLDEST, chunksOf('nothing'));
    await journal.writeSnapshot(OLDER, chunksOf('one\n', 'två\n'));
    await journal.writeSnapshot(NEWER, chunksOf('three'));
    await journal.close();
    const again = at.open();
    const reopened = await again.open(writer.request);
    same(await again.snapshots(journal.header), [{ position: NEWER }, { position: OLDER }, { position: OLDEST }]);
    same(new TextDecoder().decode(await bytesOf(again, journal, OLDER)), 'one\ntvå\n');
    await rejects(bytesOf(again, journal, NEVER));
    holds((await reopened.size()).snapshots > 0, 'the size says nothing of snapshots');
    await reopened.removeSnapshot({ position: OLDER });
    await reopened.removeSnapshot({ position: OLDER });
    same(await at.open().snapshots(journal.header), [{ position: NEWER }, { position: OLDEST }]);
    same(await again.snapshots({ master: 'nobody', epoch: journal.header.epoch }), []);
    await reopened.close();
  });

  check('a snapshot of 64 MB comes back byte for byte', async (at) => {
    const journal = await at.open().open(new Writer('a').request);
    await journal.writeSnapshot(NEWER, megabytes(64));
    const reader = at.open();
    let [size, wrong] = [0, 0];
    for await (const piece of reader.readSnapshot(journal.header, { position: NEWER })) {
      for (const byte of piece) if (byte !== byteAt(size++)) wrong++;
    }
    same([size, wrong], [64 * MEGABYTE, 0]);
    await journal.close();
  });

  check('a snapshot that was never finished is found by nobody', async (at) => {
    const writer = new Writer('a');
    const journal = await at.open().open(writer.request);
    await journal.writeSnapshot(OLDER, chunksOf('whole'));
    await rejects(journal.writeSnapshot(NEWER, broken()));
    same(await at.open().snapshots(journal.header), [{ position: OLDER }]);
    await at.kill(journal);
    const reopened = await at.open().open(writer.request);
    same(await at.open().snapshots(journal.header), [{ position: OLDER }]);
    await reopened.close();
  });

  check('a snapshot of the same position replaces the one before as a whole', async (at) => {
    const journal = await at.open().open(new Writer('a').request);
    await journal.writeSnapshot(OLDER, chunksOf('first and longer'));
    await journal.writeSnapshot(OLDER, chunksOf('second'));
    same(new TextDecoder().decode(await bytesOf(at.open(), journal, OLDER)), 'second');
    await rejects(journal.writeSnapshot(OLDER, broken()));
    same(new TextDecoder().decode(await bytesOf(at.open(), journal, OLDER)), 'second', 'what stays of it');
    await journal.close();
  });
}

function byteAt(index: number): number {
  return (index * 31 + (index >>> 16)) & 255;
}

async function* megabytes(count: number): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(MEGABYTE);
  for (let at = 0; at < count; at++) {
    for (let i = 0; i < MEGABYTE; i++) piece[i] = byteAt(at * MEGABYTE + i);
    // The same memory again and again, as a writer that saves memory would give it.
    yield piece;
  }
}

async function* broken(): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode('the first half');
  throw new Error('the second half is not there');
}
