import { basename } from 'node:path';
import { counted, numbered } from '../article.js';
import { JournalDamagedError } from '../errors.js';
import { type StreamId, streamKey } from '../event/event.js';
import { parseLine } from '../event/line.js';
import { MOST_SEGMENT_BYTES } from '../event/limits.js';
import type { FileSystem } from '../store/folder/file-system.js';
import type { FolderStore } from '../store/folder/folder-store.js';
import { segmentName, segmentsOf, snapshotName, streamDirectory } from '../store/folder/layout.js';
import { withoutLinks } from '../store/folder/link-guard.js';
import { nodeFileSystem } from '../store/folder/node-file-system.js';
import { wholeFile } from '../store/folder/recovery.js';
import { eventsIn, examine, type Examination } from './examination.js';
import type { Print } from './folder.js';
import { whileClosed } from './own-machine.js';
import { cutAt, putAside } from './put-aside.js';
import { standInsOf } from './stand-ins.js';

export interface RepairOptions {
  /** Private directory of the master on this machine, if it is not the default one. */
  readonly local?: string;
  /** Cuts; else it is only told what would be cut. */
  readonly cut?: true;
}

/**
 * Salvages the journals of one master of this machine: what stands before the first damage stays, what follows is kept in
 * `.rejected` files beside it. Damaged snapshots are put aside in the same way. Gives how much is (still) damaged.
 */
export async function repair(folder: string, master: string, options: RepairOptions, print: Print): Promise<number> {
  return whileClosed(folder, master, options.local, async (store) => {
    const listings = await store.streams();
    const standIns = await standInsOf(store, listings);
    let [damaged, others] = [0, [] as readonly string[]];
    for (const listing of listings) {
      if (listing.stream.master !== master) continue;
      const found = await examine(store, listing.stream, listing.frontier, standIns);
      const count = await repairStream(store, found, options, print);
      damaged += count;
      if (count === 0) others = [...others, ...found.problems];
      if (found.cut !== undefined) print(`${found.cut}.`);
    }
    for (const problem of others) print(problem);
    if (others.length > 0) print('Nothing can be cut for that. Sync the folder, or look for a good copy.');
    else if (damaged === 0) print('Nothing is damaged.');
    if (damaged > 0 && options.cut === undefined)
      print('Nothing was changed. Look for a good copy of these files first; --cut cuts them as listed here.');
    return others.length + (options.cut === undefined ? damaged : 0);
  });
}

async function repairStream(
  store: FolderStore,
  { stream, frontier, damage, damagedSnapshots }: Examination,
  { cut }: RepairOptions,
  print: Print,
): Promise<number> {
  const fs = withoutLinks(nodeFileSystem, store.location);
  const directory = streamDirectory(store.location, stream);
  for (const position of damagedSnapshots) {
    print(`The snapshot ${position} of ${streamKey(stream)} is damaged.`);
    if (cut !== undefined) await putAside(fs, `${directory}/snapshots`, snapshotName(position), print);
  }
  if (damage === undefined) return damagedSnapshots.length;
  await repairJournal(store, fs, stream, damage, frontier?.head?.seq ?? 0, cut === true, print);
  return damagedSnapshots.length + 1;
}

async function repairJournal(
  store: FolderStore,
  fs: FileSystem,
  stream: StreamId,
  damage: JournalDamagedError,
  published: number,
  cut: boolean,
  print: Print,
): Promise<void> {
  const directory = streamDirectory(store.location, stream);
  if (damage.place === undefined) throw damage;
  const { file, byte } = damage.place;
  const name = basename(file);
  const bytes = await wholeFile(fs, file, await fs.size(file));
  const first = Number(name.slice(0, 16));
  const later = (await segmentsOf(fs, directory)).filter((seq) => seq > first).map(segmentName);
  const rest = [
    bytes.subarray(byte),
    ...(await Promise.all(later.map((one) => fs.read(`${directory}/${one}`, 0, MOST_SEGMENT_BYTES)))),
  ];
  refuseNewer(rest, store, damage);
  const lost = rest.flatMap((part) => eventsIn(part, store));
  print(damage.message);
  print(
    `${cut ? 'Cut' : 'Would cut'} ${name} at byte ${byte}${later.length === 0 ? '' : `, and put aside ${later.join(', ')}`}. ` +
      `That takes ${counted(lost.length, 'readable event')} out of the journal${lost.length === 0 ? '' : ` (${lost[0]} to ${lost.at(-1)})`}.`,
  );
  const kept = eventsIn(bytes.subarray(0, byte), store).at(-1) ?? first - 1;
  if (kept < published) {
    const { what, were, them } = numbered('Event', kept + 1, published);
    print(
      `${what} ${were} published: masters that have ${them} keep ${them}, others wait for ${them}. The master continues in a new epoch.`,
    );
  }
  if (!cut) return;
  // An empty file in its place would be damage again.
  const whole = byte === 0 ? [name, ...later] : later;
  if (byte > 0) await cutAt(fs, file, bytes, byte, print);
  for (const one of whole) await putAside(fs, directory, one, print);
}

/** What a newer program wrote is whole: only that program can tell what is damaged, and cutting it would lose what is good. */
function refuseNewer(rest: readonly Uint8Array[], { crc32 }: FolderStore, damage: JournalDamagedError): void {
  const lines = rest.flatMap((part) => new TextDecoder().decode(part).split('\n'));
  const newer = lines.map((line) => parseLine(line, crc32)).find(({ kind }) => kind === 'newer');
  if (newer?.kind !== 'newer') return;
  const place = damage.place && { place: damage.place };
  throw new JournalDamagedError(
    `${damage.message} There or behind it stand lines of format ${newer.v}, which a newer version of this program wrote. Nothing was cut: run repair of that version, or a newer one.`,
    place,
  );
}
