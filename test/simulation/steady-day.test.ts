/** A master in steady use for a day, by the clock of its events: how many files it keeps, and whether all of it is in files that stand still. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { FolderStore, type FileSystem } from '../../src/index.js';
import { LineWriter } from '../../src/event/line-writer.js';
import { UlidClock } from '../../src/event/ulid-clock.js';
import { encodeFrontier } from '../../src/store/frontier.js';
import { nodeFileSystem } from '../../src/store/folder/node-file-system.js';
import { decideOpening } from '../checked-protocol.js';

const HOURS = process.env['PREVALENT_DEEP'] === undefined ? 2 : 24;
const MOST_FILES = 2_000;

/** Nothing of what is asked here hangs on the disk. */
const unsynced: FileSystem = {
  ...nodeFileSystem,
  syncDirectory: async () => undefined,
  syncDirectoryNow: () => undefined,
  open: async (file, create) => withoutSync(await nodeFileSystem.open(file, create)),
  openNow: (file, create) => withoutSync(nodeFileSystem.openNow(file, create)),
};

function withoutSync(file: Awaited<ReturnType<FileSystem['open']>>): typeof file {
  return {
    write: (bytes, offset) => file.write(bytes, offset),
    writeNow: (bytes, offset) => {
      file.writeNow(bytes, offset);
    },
    sync: async () => undefined,
    syncNow: () => undefined,
    truncate: (size) => file.truncate(size),
    truncateNow: (size) => {
      file.truncateNow(size);
    },
    readNow: (from, length) => file.readNow(from, length),
    isAtNow: (path) => file.isAtNow(path),
    close: () => file.close(),
  };
}

test.each([
  [20, 2],
  [1, 2],
  [0.1, 10],
  [1_000, 5],
])('%d calls a second, published every %d s, leave some hundreds of files at most', async (rate, every) => {
  const path = mkdtempSync(join(tmpdir(), 'prevalent-day-'));
  try {
    let now = Date.UTC(2026, 0, 1);
    const clock = new UlidClock({ now: () => now, random: Math.random, maxDrift: Infinity });
    const store = new FolderStore(join(path, 'shared'), { fileSystem: unsynced });
    const journal = await store.open({
      ...{ master: 'a', model: 'ledger', local: join(path, 'local') },
      newEpoch: () => clock.next(),
      decide: (facts) => decideOpening(facts),
    });
    const { header } = journal;
    const writer = new LineWriter(header, header.model, crc32);
    // Many calls take long to write; a few files' worth of them tells as much.
    const seconds = (HOURS * 3_600) / Math.max(1, rate / 20);
    let [seq, most] = [0, 0];
    const files = (): string[] => readdirSync(join(path, 'shared'), { recursive: true, encoding: 'utf8' });
    for (let second = every; second <= seconds; second += every) {
      let lines = '';
      let id = '';
      for (let call = 0; call < Math.max(1, rate * every); call++) {
        now += (every * 1_000) / Math.max(1, rate * every);
        id = clock.next();
        const event = { ...header, id, seq: ++seq, tx: 'write', txv: 1, args: [], meta: null };
        lines += `${writer.line(event, JSON.stringify([`call ${seq}`]), 'null')}\n`;
      }
      await journal.append(lines, seq - lines.split('\n').length + 2);
      const frontier = encodeFrontier(
        {
          ...{ clock: id, head: { seq, id }, seal: undefined, snapshot: undefined, session: header.session },
          ...{ modelHash: '', engine: undefined, fingerprint: undefined, seen: {}, next: undefined },
        },
        crc32,
      );
      await journal.publish(frontier, { head: { seq, id }, seal: undefined, seen: [], deletable: 0 });
      if (second % 600 < every) most = Math.max(most, files().length);
    }
    most = Math.max(most, files().length);
    const inBundles = files().filter((name) => name.endsWith('.bundle'));
    const size = inBundles.reduce((sum, name) => sum + statSync(join(path, 'shared', name)).size, 0);
    console.log(
      `${seq} calls in ${(seconds / 3_600).toFixed(1)} h: at most ${most} names, ${inBundles.length} bundles with ${(size / 2 ** 20).toFixed(1)} MiB at the end`,
    );
    expect(most).toBeLessThanOrEqual(MOST_FILES);
    await journal.close();
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
});
