import { MOST_LINE_BYTES } from '../../event/limits.js';
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
    const bytes = await fs.read(file, Math.max(0, size - length));
    const lines = new TextDecoder().decode(bytes).split('\n');
    // The first piece may be the end of a line only.
    const whole = (length >= size ? lines : lines.slice(1)).filter((line) => line.startsWith('{'));
    const last = whole.at(-1);
    if (last !== undefined) return seqOf(last);
    if (length >= size || length > MOST_LINE_BYTES) return Infinity;
  }
}

function seqOf(line: string): number {
  try {
    const { kind, seq } = JSON.parse(line) as { kind?: string; seq?: number };
    return kind === 'header' ? 0 : (seq ?? Infinity);
  } catch {
    return Infinity;
  }
}
