/** A state whose snapshot exceeds 600 MB and whose text exceeds any string, written and read back with 4 GB of heap. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { byEffort, EFFORT } from '../effort.js';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** More than 600 MB take long: the ordinary run does the same with a tenth of it. */
const OBJECTS = byEffort({ quick: 100_000, ci: 100_000, deep: 4_000_000 });
const LEAST_BYTES = byEffort({ quick: 14e6, ci: 14e6, deep: 600e6 });

test(`${OBJECTS} objects are written and read back by processes with 4 GB of heap`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'prevalent-large-'));
  const run = (what: string): Record<string, number> => {
    const script = join(root, 'test/e2e/large-snapshot-child.ts');
    const args = ['--max-old-space-size=4096', '--import', 'tsx', script, folder, what, String(OBJECTS)];
    return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' })) as Record<string, number>;
  };
  try {
    const written = run('write');
    expect(written.bytes).toBeGreaterThan(LEAST_BYTES);
    const read = run('read');
    expect(read.checksum).toBe(written.checksum);
    if (EFFORT === 'deep') console.log(JSON.stringify({ written, read }));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
