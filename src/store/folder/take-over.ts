import { type FileSystem, readIfThere, replaceFile } from './file-system.js';
import { segmentName, segmentsOf } from './layout.js';

/**
 * Takes the newest file of a stream over from whoever may still write to it: an equal file is put in its place, so that no two processes
 * write to one file. The mark stands there before: the other one acknowledges nothing from then on, and what it did is in the copy.
 */
export async function takeOver(fs: FileSystem, directory: string): Promise<void> {
  const newest = (await segmentsOf(fs, directory)).at(-1);
  if (newest === undefined) return;
  const content = await readIfThere(fs, `${directory}/${segmentName(newest)}`);
  if (content !== undefined) await replaceFile(fs, directory, segmentName(newest), [content]);
}
