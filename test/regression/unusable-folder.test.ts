import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Master, Prevalent } from '../../src/index.js';

@Prevalent('unusable-folder')
class Nothing {}

test('a folder that cannot be one is a typed error that names it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'prevalent-unusable-'));
  try {
    const file = join(folder, 'file');
    writeFileSync(file, 'no folder');
    const opening = Master.open(Nothing, { name: 'a', store: join(file, 'shared'), local: join(folder, 'local') });
    await expect(opening).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    await expect(opening).rejects.toThrow(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
