import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultLocalDirectory } from '../../../src/store/folder/session.js';

describe('the default private directory', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'prevalent-session-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('is the same through a symbolic link', async () => {
    await mkdir(join(folder, 'there'));
    await symlink(join(folder, 'there'), join(folder, 'link'), 'junction');
    const direct = defaultLocalDirectory(join(folder, 'there', 'shared'), 'a');
    expect(defaultLocalDirectory(join(folder, 'link', 'shared'), 'a')).toBe(direct);
    await mkdir(join(folder, 'there', 'shared'));
    expect(defaultLocalDirectory(join(folder, 'link', 'shared'), 'a')).toBe(direct);
    expect(defaultLocalDirectory(join(folder, 'there', 'shared'), 'a')).toBe(direct);
  });

  test('is another one for another folder or master', () => {
    const names = [['x', 'a'] as const, ['y', 'a'] as const, ['x', 'b'] as const];
    expect(new Set(names.map(([name, master]) => defaultLocalDirectory(join(folder, name), master))).size).toBe(3);
  });
});
