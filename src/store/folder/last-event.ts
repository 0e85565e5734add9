import { MOST_LINE_BYTES } from '../../event/limits.js';
import { lastSeqIn } from '../../event/line.js';
import type { FileSystem } from './file-system.js';

/** A line is mostly shorter: one small read tells how a file ends. */
const TAIL_BYTES = 4096;

/**
 * Number of the last event in a segment, whatever its name and its neighbours' names say; 0 if there is only the header, infinite
 * if that cannot be told.
 *
 * @param size bytes of the file
 */
export async function lastEventIn(fs: FileSystem, file: string, size: number): Promise<number> {
  for (let length = TAIL_BYTES; ; length *= 4) {
    const last = lastSeqIn(await fs.read(file, Math.max(0, size - length)), length >= size);
    if (last !== undefined) return last;
    if (length >= size || length > MOST_LINE_BYTES) return Infinity;
  }
}
