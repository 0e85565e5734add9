import { ulidTime } from '../event/ulid.js';
import { existingStore, type Print } from './folder.js';
import { readFolder } from './folder-report.js';

/** Lists the streams of a folder: how many events each has published, and what is missing or damaged. */
export async function status(folder: string, print: Print): Promise<void> {
  const reports = await readFolder(await existingStore(folder));
  if (reports.length === 0) print(`No master has written to ${folder} yet.`);
  for (const { stream, frontier, events, trouble } of reports) {
    const head = frontier?.head;
    const last =
      head === undefined ? 'no events' : `${head.seq} events, the last at ${new Date(ulidTime(head.id)).toISOString()}`;
    print(
      `${stream.master}@${stream.epoch}: ${last}${trouble === undefined ? '' : ` — ${trouble}`}${events.length === (head?.seq ?? 0) ? '' : ` (${events.length} readable)`}`,
    );
  }
}
