import { counted } from '../article.js';
import { streamKey } from '../event/event.js';
import { ulidTime } from '../event/ulid.js';
import { existingStore, type Print } from './folder.js';
import { readFolder, type StreamReport } from './folder-report.js';
import { countOfGone } from './private.js';

/**
 * Lists the streams of a folder: how many events each has published, how many of them are deleted or cut, and what is missing
 * or damaged; then the seal.
 *
 * @returns how many streams are damaged
 */
export async function status(folder: string, print: Print): Promise<number> {
  const { streams, seal, separate } = await readFolder(await existingStore(folder));
  for (const report of streams) print(`${streamKey(report.stream)}: ${textOf(report)}`);
  if (seal !== undefined) print(`Seal ${seal.no}, up to ${timeOf(seal.H)}, made by ${seal.by}.`);
  if (separate !== undefined) print(separate);
  const gone = await countOfGone();
  if (gone > 0)
    print(
      `${counted(gone, 'private directory', 'private directories')} of this user ${gone === 1 ? 'belongs to a folder that is' : 'belong to folders that are'} gone; \`prevalent private\` lists them.`,
    );
  return streams.filter(({ isDamaged }) => isDamaged).length;
}

function textOf({ frontier, events, deleted, standIn, cut, trouble }: StreamReport): string {
  const head = frontier?.head;
  const gone = deleted.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  const parts = [head === undefined ? 'no events' : counted(head.seq, 'event')];
  if (standIn !== undefined && gone > 0) parts.push(`${gone} of them deleted (snapshot at seal ${standIn.no})`);
  if (head !== undefined && cut !== undefined) parts.push(`cut: ${cut} of ${head.seq} count`);
  if (head !== undefined) parts.push(`the last at ${timeOf(head.id)}`);
  if (frontier?.engine !== undefined) parts.push(`on ${frontier.engine}`);
  const readable = events.length + gone === (head?.seq ?? 0) ? '' : ` (${events.length} readable)`;
  return `${parts.join(', ')}${trouble === undefined ? '' : ` — ${trouble}`}${readable}`;
}

function timeOf(id: string): string {
  return new Date(ulidTime(id)).toISOString();
}
