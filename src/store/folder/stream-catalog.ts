import type { Crc32 } from '../../event/checksum.js';
import { type StreamHeader, type StreamId, streamKey } from '../../event/event.js';
import { firstLineOf, parseLine } from '../../event/line.js';
import { decodeFrontier } from '../frontier.js';
import type { StreamListing } from '../store.js';
import { fewAtATime } from './few-at-a-time.js';
import { type FileStamp, type FileSystem, isSameFile, namesIn, readIfThere } from './file-system.js';
import { epochsOf, FRONTIER_FILE, mastersAmong, segmentName, streamDirectory } from './layout.js';
import { HIGHEST, type ReadingLimits } from './reading-limits.js';
import type { Troubles } from './troubles.js';

/** More than the header line of a stream takes, unless it continues very many cut streams. */
const HEADER_BYTES = 4096;

/** A frontier names the epoch in which its master goes on. */
const NEXT = /"next":"([0-9A-Z]{26})"/;

/** At every so many looks one master's directory is listed, by turns, in case nothing hints at an epoch that has arrived. */
const RELIST_EVERY = 16;

/** What is known of one master's folder. */
interface Folder {
  readonly epochs: readonly string[];
  /** By epoch, the frontiers as they were last read. */
  readonly frontiers: Map<string, string>;
  /** By epoch, what tells these files from later ones. */
  readonly stamps: Map<string, FileStamp>;
  /** Epochs that are over for good: their frontiers are not read again. */
  readonly over: Set<string>;
  /** Epochs that had no frontier at two listings: nothing has come of them, or something is left of them. */
  readonly bare: ReadonlySet<string>;
}

/** The frontier of a stream as it stands in its directory; one that is too long is none. */
export async function frontierText(
  fs: FileSystem,
  directory: string,
  most = HIGHEST.frontier,
): Promise<string | undefined> {
  const bytes = await readIfThere(fs, `${directory}/${FRONTIER_FILE}`, 0, most + 1);
  return bytes === undefined || bytes.length > most ? undefined : new TextDecoder().decode(bytes);
}

/**
 * Finds the streams in a shared folder. One listing finds new masters; the epochs of a known master are listed again only
 * when something hints at a new one, so that looking at many idle masters costs one small read each.
 */
export class StreamCatalog {
  readonly #fs: FileSystem;
  readonly #root: string;
  readonly #crc32: Crc32;
  readonly #troubles: Troubles;
  readonly #limits: (master: string) => ReadingLimits;
  readonly #folders = new Map<string, Folder>();
  /** Masters whose epochs are listed at the next look. */
  readonly #stale = new Set<string>();
  readonly #headers = new Map<string, StreamHeader>();
  #looks = 0;

  /** @param troubles told of what cannot be read @param limits of a master's files */
  constructor(
    fs: FileSystem,
    root: string,
    crc32: Crc32,
    troubles: Troubles,
    limits: (master: string) => ReadingLimits = () => HIGHEST,
  ) {
    this.#troubles = troubles;
    this.#limits = limits;
    this.#fs = fs;
    this.#root = root;
    this.#crc32 = crc32;
  }

  /**
   * Every stream, with its frontier as far as it has arrived.
   *
   * @param again masters all of whose epochs are looked for
   * @param mustExist fails if the shared folder is not there; else that means that nobody has written
   */
  async streams(again: ReadonlySet<string> | 'all', mustExist: boolean): Promise<StreamListing[]> {
    const masters = await this.#masters(mustExist);
    const turn = this.#looks++ / RELIST_EVERY;
    if (Number.isInteger(turn) && masters.length > 0) this.#stale.add(masters[turn % masters.length] ?? '');
    for (const master of again === 'all' ? masters : again) this.#stale.add(master);
    // Not one after another: on a network drive each takes as long as the way there and back.
    return (await fewAtATime(masters, (master) => this.#streamsOf(master))).flat();
  }

  /** The next look lists the epochs of a master. */
  forget(master: string): void {
    this.#stale.add(master);
  }

  /** The first line of a stream; it never changes, so it is read once. */
  async header(stream: StreamId): Promise<StreamHeader | undefined> {
    const key = streamKey(stream);
    const known = this.#headers.get(key);
    if (known !== undefined) return known;
    const file = `${streamDirectory(this.#root, stream)}/${segmentName(1)}`;
    const text = await this.#firstLine(file, this.#limits(stream.master).header);
    const line = text === undefined ? undefined : parseLine(text, this.#crc32);
    if (line?.kind !== 'header' || streamKey(line.header) !== key) return undefined;
    this.#headers.set(key, line.header);
    return line.header;
  }

  async #masters(mustExist: boolean): Promise<string[]> {
    if (!mustExist) return mastersAmong(await namesIn(this.#fs, this.#root, 'directory'));
    const entries = await this.#fs.readdir(this.#root);
    return mastersAmong(entries.filter(({ kind }) => kind === 'directory').map(({ name }) => name)).sort();
  }

  async #streamsOf(master: string): Promise<StreamListing[]> {
    const known = this.#folders.get(master);
    if (known === undefined || known.epochs.length === 0 || this.#stale.has(master))
      return this.#readAll(master, await this.#list(master));
    const found = await this.#readAll(master, known);
    const hints = found.some(({ stream: { epoch }, frontier }, index) => {
      const next = frontier === undefined ? undefined : NEXT.exec(frontier)?.[1];
      // Its master may have deleted it, and begun another one, since the epochs were listed.
      const isGone = frontier === undefined && (!known.bare.has(epoch) || index === found.length - 1);
      return isGone || (next !== undefined && !known.epochs.includes(next));
    });
    return hints ? this.#readAll(master, await this.#list(master)) : found;
  }

  async #list(master: string): Promise<Folder> {
    const listing = epochsOf(this.#fs, this.#root, master);
    const epochs = await this.#troubles.contain(`${this.#root}/${master}`, listing, undefined);
    const known = this.#folders.get(master);
    const isBare = (epoch: string): boolean => known?.epochs.includes(epoch) === true && !known.frontiers.has(epoch);
    // Somebody else's folder that cannot be read now says nothing new.
    if (epochs === undefined) return known ?? newFolder([], new Set());
    this.#stale.delete(master);
    const folder = newFolder(epochs, new Set(epochs.filter(isBare)));
    this.#folders.set(master, folder);
    return folder;
  }

  async #readAll(master: string, folder: Folder): Promise<StreamListing[]> {
    const { epochs, frontiers, over } = folder;
    const found: StreamListing[] = [];
    const changed = new Set<string>();
    for (const epoch of epochs) {
      const stream = { master, epoch };
      if (!over.has(epoch)) {
        const text = await this.#frontier(stream, folder);
        if (text !== frontiers.get(epoch)) changed.add(epoch);
        if (text !== undefined) frontiers.set(epoch, text);
        // What it said before still binds its master.
        else if (!this.#troubles.has(fileOf(this.#root, stream))) frontiers.delete(epoch);
      }
      found.push({ stream, frontier: frontiers.get(epoch) });
    }
    for (const epoch of epochs) if (this.#isOver(epoch, frontiers, changed)) over.add(epoch);
    return found;
  }

  /**
   * Whether nothing comes any more: the machine that wrote it goes on in another epoch. If another machine does so under the same
   * name, the first one may still be there, and write.
   *
   * @param changed epochs whose frontiers are other ones than before: only they can tell anything new
   */
  #isOver(epoch: string, frontiers: ReadonlyMap<string, string>, changed: ReadonlySet<string>): boolean {
    const text = frontiers.get(epoch);
    const next = text === undefined ? undefined : NEXT.exec(text)?.[1];
    if (next === undefined || !(changed.has(epoch) || changed.has(next))) return false;
    const frontier = decodeFrontier(text, this.#crc32);
    const successor = decodeFrontier(frontiers.get(next), this.#crc32);
    return frontier?.next === next && successor?.session === frontier.session;
  }

  async #frontier(stream: StreamId, { frontiers, stamps }: Folder): Promise<string | undefined> {
    const file = fileOf(this.#root, stream);
    // Looked at before it is read: what comes in between is found the next time.
    const stamp = this.#stampNow(file);
    const known = stamps.get(stream.epoch);
    if (stamp !== undefined && known !== undefined && isSameFile(stamp, known)) return frontiers.get(stream.epoch);
    const reading = frontierText(this.#fs, streamDirectory(this.#root, stream), this.#limits(stream.master).frontier);
    const text = await this.#troubles.contain(file, reading, undefined);
    if (stamp === undefined || text === undefined) stamps.delete(stream.epoch);
    else stamps.set(stream.epoch, stamp);
    return text;
  }

  #stampNow(file: string): FileStamp | undefined {
    try {
      return this.#fs.stampNow?.(file);
    } catch {
      // Whoever reads it says why.
      return undefined;
    }
  }

  async #firstLine(file: string, most: number): Promise<string | undefined> {
    for (let length = HEADER_BYTES; ; length = Math.min(16 * length, most)) {
      const bytes = await this.#bytes(file, length);
      const line = bytes === undefined ? undefined : firstLineOf(bytes);
      if (line !== undefined) return line;
      if (bytes === undefined || bytes.length < length || length >= most) return undefined;
    }
  }

  #bytes(file: string, length: number): Promise<Uint8Array | undefined> {
    return this.#troubles.contain(file, readIfThere(this.#fs, file, 0, length), undefined);
  }
}

function newFolder(epochs: readonly string[], bare: ReadonlySet<string>): Folder {
  return { epochs, frontiers: new Map(), stamps: new Map(), over: new Set(), bare };
}

/** The frontier's file. */
function fileOf(root: string, stream: StreamId): string {
  return `${streamDirectory(root, stream)}/${FRONTIER_FILE}`;
}
