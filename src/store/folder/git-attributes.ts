import type { FileSystem } from './file-system.js';

const FILE = '.gitattributes';
const CONTENT = '* -text\n';

/**
 * Tells git not to change line endings in a shared folder, as it does by default on Windows. Journals are read either way, but each
 * change is one more version of a file for whatever copies it.
 */
export async function keepLineEndings(fs: FileSystem, root: string): Promise<void> {
  try {
    if ((await fs.kind(`${root}/${FILE}`)) !== undefined) return;
    const file = await fs.open(`${root}/${FILE}`, true);
    try {
      await file.write(new TextEncoder().encode(CONTENT), 0);
    } finally {
      await file.close();
    }
  } catch {
    // Another master was first, or this one may not write here: nothing rests on it.
  }
}
