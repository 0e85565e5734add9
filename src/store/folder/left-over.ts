import { JournalDamagedError } from '../../errors.js';
import { streamKey } from '../../event/event.js';
import { decodeFrontier, type Frontier } from '../frontier.js';
import { restOf } from '../opening.js';
import { replaceFile } from './file-system.js';
import { FRONTIER_FILE, streamDirectory } from './layout.js';
import { type Recovered, recoverStream, type Scan } from './recovery.js';
import { frontierText } from './stream-catalog.js';

/** The frontier of a stream as it stands in the folder. */
export async function readFrontier({ fs, root, stream, crc32 }: Scan): Promise<Frontier | undefined> {
  return decodeFrontier(await frontierText(fs, streamDirectory(root, stream)), crc32);
}

/**
 * Publishes what another copy of this master made durable and never published; it would be lost to all.
 *
 * @param notices told of what was published, and of damage
 */
export async function publishRest(scan: Scan, notices: string[]): Promise<void> {
  const { fs, root, stream, crc32 } = scan;
  const frontier = await readFrontier(scan);
  const published = frontier?.head?.seq ?? 0;
  // What a seal names others have accepted already: whether it is deleted or lost here, what follows is worth publishing.
  const found = await scanOther({ ...scan, published, deleted: frontier?.seal?.V[streamKey(stream)] ?? 0 }, notices);
  const rest = found?.header && restOf(found.header, frontier, found.head, crc32);
  if (rest === undefined) return;
  await replaceFile(fs, streamDirectory(root, stream), FRONTIER_FILE, [new TextEncoder().encode(rest.frontier)]);
  notices.push(rest.notice);
}

// Damage in it must not keep this machine from starting: its file may not have arrived in full yet.
async function scanOther(scan: Scan, notices: string[]): Promise<Recovered | undefined> {
  try {
    return await recoverStream({ ...scan, thorough: true });
  } catch (error) {
    if (!(error instanceof JournalDamagedError)) throw error;
    notices.push(error.message);
    return undefined;
  }
}
