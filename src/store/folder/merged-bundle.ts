import { type Bundle, readBundle, writeBundle } from './bundle.js';
import { type FileSystem, isMissing } from './file-system.js';
import { bundleName, type BundleRange } from './layout.js';

/** So many bundles in a row, each no longer than that (bytes), are merged. */
const MANY = 32;
const SMALL_BYTES = 64 * 1024;

/** Writes one bundle that holds what the newest small ones hold, if there are many of them. @param bundles of a stream, in the order of their events */
export async function mergeBundles(fs: FileSystem, stream: string, bundles: readonly BundleRange[]): Promise<void> {
  const run: BundleRange[] = [];
  for (const range of [...bundles].reverse()) {
    const next = run[0];
    if (next !== undefined && next.first !== range.last + 1) break;
    if ((await sizeOf(fs, stream, range)) > SMALL_BYTES) break;
    run.unshift(range);
  }
  const [first, last] = [run[0], run.at(-1)];
  if (run.length < MANY || first === undefined || last === undefined) return;
  const pieces: Bundle[] = [];
  for (const range of run) {
    const piece = await readBundle(fs, stream, range);
    // Somebody has removed it: the journal still holds what was in it.
    if (piece === undefined) return;
    pieces.push(piece);
  }
  const newest = pieces.at(-1) as Bundle;
  const range = { first: first.first, last: last.last };
  await writeBundle(
    fs,
    stream,
    range,
    newest,
    pieces.map(({ lines }) => lines),
  );
}

// One that is gone is passed over where it is read.
async function sizeOf(fs: FileSystem, stream: string, range: BundleRange): Promise<number> {
  try {
    return await fs.size(`${stream}/${bundleName(range)}`);
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}
