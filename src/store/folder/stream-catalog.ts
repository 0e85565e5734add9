import type { Crc32 } from '../../event/checksum.js';
import { parseLine, type StreamHeader, type StreamId, streamKey } from '../../event/envelope.js';
import type { StreamListing } from '../store.js';
import { type FileSystem, isUnreadable, readIfThere } from './file-system.js';
import { epochsOf, FRONTIER_FILE, mastersIn, segmentName, streamDirectory } from './layout.js';

/** More than the header line of a stream takes, unless it continues very many cut streams. */
const HEADER_BYTES = 4096;

/** A frontier names the epoch in which its master goes on. */
const NEXT = /"next":"([0-9A-Z]{26})"/;

/** Every so often all directories are listed, in case a frontier that names a new epoch never came. */
const RELIST_EVERY = 100;

/**
 * Finds the streams in a shared folder. One listing finds new masters; the epochs of a known master are listed again only
 * when something hints at a new one, so that looking at many idle masters costs one small read each.
 */
export class StreamCatalog {
  readonly #fs: FileSystem;
  readonly #root: string;
  readonly #crc32: Crc32;
  readonly #epochs = new Map<string, readonly string[]>();
  readonly #headers = new Map<string, StreamHeader>();
  #listings = 0;

  constructor(fs: FileSystem, root: string, crc32: Crc32) {
    this.#fs = fs;
    this.#root = root;
    this.#crc32 = crc32;
  }

  /** Every stream, with its frontier as far as it has arrived. */
  async streams(): Promise<StreamListing[]> {
    if (this.#listings++ % RELIST_EVERY === 0) this.#epochs.clear();
    const found: StreamListing[] = [];
    for (const master of await mastersIn(this.#fs, this.#root)) found.push(...(await this.#streamsOf(master)));
    return found;
  }

  /** The next look finds all epochs of a master. */
  forget(master: string): void {
    this.#epochs.delete(master);
  }

  /** The first line of a stream; it never changes, so it is read once. */
  async header(stream: StreamId): Promise<StreamHeader | undefined> {
    const key = streamKey(stream);
    const known = this.#headers.get(key);
    if (known !== undefined) return known;
    const file = `${streamDirectory(this.#root, stream)}/${segmentName(1)}`;
    const text = await this.#firstLine(file);
    const line = text === undefined ? undefined : parseLine(text, this.#crc32);
    if (line?.kind !== 'header' || streamKey(line.header) !== key) return undefined;
    this.#headers.set(key, line.header);
    return line.header;
  }

  async #streamsOf(master: string): Promise<StreamListing[]> {
    const known = this.#epochs.get(master);
    const listed = known ?? (await this.#list(master));
    const found = await this.#read(master, listed);
    if (known === undefined) return found;
    const isOld = found.some(({ frontier }) => {
      const next = frontier === undefined ? undefined : NEXT.exec(frontier)?.[1];
      return frontier === undefined || (next !== undefined && !known.includes(next));
    });
    return isOld || known.length === 0 ? this.#read(master, await this.#list(master)) : found;
  }

  async #list(master: string): Promise<readonly string[]> {
    try {
      const epochs = await epochsOf(this.#fs, this.#root, master);
      this.#epochs.set(master, epochs);
      return epochs;
    } catch (error) {
      // Somebody else's folder that cannot be read is one that was not heard from.
      if (isUnreadable(error)) return [];
      throw error;
    }
  }

  async #read(master: string, epochs: readonly string[]): Promise<StreamListing[]> {
    const found: StreamListing[] = [];
    for (const epoch of epochs) {
      const stream = { master, epoch };
      const bytes = await this.#bytes(`${streamDirectory(this.#root, stream)}/${FRONTIER_FILE}`);
      found.push({ stream, frontier: bytes === undefined ? undefined : new TextDecoder().decode(bytes) });
    }
    return found;
  }

  async #firstLine(file: string): Promise<string | undefined> {
    for (let length = HEADER_BYTES; ; length *= 16) {
      const bytes = await this.#bytes(file, length);
      const end = bytes?.indexOf(10) ?? -1;
      if (bytes !== undefined && end >= 0) return new TextDecoder().decode(bytes.subarray(0, end));
      if (bytes === undefined || bytes.length < length) return undefined;
    }
  }

  async #bytes(file: string, length = Infinity): Promise<Uint8Array | undefined> {
    try {
      return await readIfThere(this.#fs, file, 0, length);
    } catch (error) {
      if (isUnreadable(error)) return undefined;
      throw error;
    }
  }
}
