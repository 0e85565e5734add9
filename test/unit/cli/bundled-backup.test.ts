/** A backup where the journal of a busy master has not arrived in full: what came in bundles is in it, in files that a start reads. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backup } from '../../../src/cli/backup.js';
import { inFolder, wordsOf } from '../../notebook-folder.js';

test.each([0, 0.3, 0.9])('with %d of the journal', (share) =>
  inFolder(async (folder) => {
    let now = Date.UTC(2026, 0, 1);
    const busy = await folder.open('busy', { now: () => now });
    for (let second = 0; second < 12; second++) {
      now += 1_000;
      await busy.transact((book) => book.write(`word ${second}`));
      await busy.sync();
    }
    const source = folder.stream('busy');
    const names = readdirSync(source).filter((name) => name.endsWith('.bundle'));
    expect(names.length).toBeGreaterThan(1);
    const arrived = join(folder.path, 'arrived');
    const target = join(arrived, 'busy', folder.epochs('busy').at(-1) ?? '');
    mkdirSync(target, { recursive: true });
    for (const name of names) copyFileSync(join(source, name), join(target, name));
    const journal = readFileSync(folder.file('busy'));
    if (share > 0)
      writeFileSync(join(target, '0000000000000001.ndjson'), journal.subarray(0, Math.round(journal.length * share)));
    const published = Number(names.sort().at(-1)?.slice(17, 33));
    const said: string[] = [];
    expect(await backup(arrived, join(folder.path, 'backup'), (line) => said.push(line))).toBe(0);
    expect(said.join('\n')).toContain(`${published} events`);
    const restored = await folder.open('reader', { store: join(folder.path, 'backup'), now: () => now });
    expect(wordsOf(restored)).toEqual(Array.from({ length: published }, (_, index) => `word ${index}`));
    expect((await restored.status()).held).toEqual([]);
  })(),
);
