import { numbered } from '../article.js';
import { InvalidOptionError } from '../errors.js';
import { streamKey } from '../event/event.js';
import { ulidTime } from '../event/ulid.js';
import { existingStore, type Print } from './folder.js';
import { mergedEvents, readFolder } from './folder-report.js';

export interface LogOptions {
  readonly json?: true;
  readonly master?: string;
}

/**
 * Lists the published events of all masters in their final order. Those that do not count under the seal are marked, and those
 * that were issued again; what is deleted or missing is warned of.
 *
 * @returns how many of the listed streams are damaged
 * @throws InvalidOptionError (`INVALID_OPTION`) if there is no such master
 */
export async function log(folder: string, options: LogOptions, print: Print, warn: Print): Promise<number> {
  const report = await readFolder(await existingStore(folder));
  const names = new Set(report.streams.map(({ stream }) => stream.master));
  if (options.master !== undefined && !names.has(options.master))
    throw new InvalidOptionError(
      `There is no master "${options.master}" in ${folder}; there are ${[...names].join(', ')}`,
    );
  const isWanted = (master: string): boolean => options.master === undefined || master === options.master;
  for (const { stream, deleted, trouble } of report.streams) {
    if (!isWanted(stream.master)) continue;
    for (const { from, to } of deleted) {
      const { what, are, them } = numbered('Event', from, to);
      warn(`${what} of ${streamKey(stream)} ${are} deleted; a snapshot replaces ${them}.`);
    }
    if (trouble !== undefined) warn(`${streamKey(stream)}: ${trouble}.`);
  }
  if (report.separate !== undefined) warn(report.separate);
  for (const { event, report: of } of mergedEvents(report)) {
    if (!isWanted(event.master)) continue;
    const { id, master, seq, tx, args, origin } = event;
    const marks = `${of.cut !== undefined && seq > of.cut ? '  cut' : ''}${origin === undefined ? '' : `  again, first ${origin}`}`;
    if (options.json === true) print(JSON.stringify(event));
    else
      print(`${new Date(ulidTime(id)).toISOString()}  ${id}  ${master}#${seq}  ${tx}${JSON.stringify(args)}${marks}`);
  }
  return report.streams.filter(({ stream, isDamaged }) => isDamaged && isWanted(stream.master)).length;
}
