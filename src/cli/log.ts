import { ulidTime } from '../event/ulid.js';
import { existingStore, type Print } from './folder.js';
import { mergedEvents, readFolder } from './folder-report.js';

export interface LogOptions {
  readonly json?: true;
  readonly master?: string;
}

/** Lists the published events of all masters in their final order. */
export async function log(folder: string, options: LogOptions, print: Print): Promise<void> {
  for (const event of mergedEvents(await readFolder(await existingStore(folder)))) {
    if (options.master !== undefined && event.master !== options.master) continue;
    if (options.json === true) print(JSON.stringify(event));
    else
      print(
        `${new Date(ulidTime(event.id)).toISOString()}  ${event.id}  ${event.master}#${event.seq}  ${event.tx}${JSON.stringify(event.args)}`,
      );
  }
}
