import { SnapshotDamagedError } from '../errors.js';
import { type Crc32, openLine, sealLine } from '../event/checksum.js';
import type { Event } from '../event/envelope.js';
import { isUlid } from '../event/ulid.js';
import type { ClassTable } from '../model/class-table.js';
import type { ModelDefinition } from '../model/definition.js';
import { encodeState, StateDecoder } from '../state/snapshot-codec.js';
import type { Journal, SnapshotListing, Store } from '../store/store.js';
import type { Base } from '../timeline/fold.js';
import type { Entry } from '../timeline/entry.js';
import type { VersionVector } from '../timeline/timeline.js';

/** How many snapshots are kept: a late event may need an older one than the newest. */
const KEEP = 3;

/** The first line of a snapshot. */
interface SnapshotHeader {
  readonly v: 1;
  readonly kind: 'snapshot';
  readonly model: string;
  readonly version: number;
  readonly position: string;
  readonly vector: Readonly<Record<string, number>>;
  readonly rejections: readonly { readonly event: Event; readonly error: string }[];
}

/** What a snapshot says beside the state. */
export interface SnapshotPlace {
  readonly position: string;
  readonly vector: VersionVector;
  readonly rejections: readonly Entry[];
}

/** Writes and reads the snapshots of one master. */
export class Snapshots {
  readonly #journal: Journal;
  readonly #definition: ModelDefinition;
  readonly #classes: ClassTable;
  readonly #store: Store;
  readonly #crc32: Crc32;

  constructor(journal: Journal, definition: ModelDefinition, classes: ClassTable, store: Store) {
    this.#journal = journal;
    this.#definition = definition;
    this.#classes = classes;
    this.#store = store;
    this.#crc32 = store.crc32;
  }

  /** Snapshots of this master's stream, newest first. */
  list(): Promise<readonly SnapshotListing[]> {
    return this.#store.snapshots(this.#journal.header);
  }

  /** All lines of a snapshot of `root`; made at once, because the state goes on changing. */
  encode(root: object, place: SnapshotPlace): string[] {
    const header: SnapshotHeader = {
      v: 1,
      kind: 'snapshot',
      model: this.#definition.name,
      version: this.#definition.version,
      position: place.position,
      vector: Object.fromEntries(place.vector),
      rejections: place.rejections.map(({ event, error }) => ({ event, error: error ?? '' })),
    };
    const lines = [
      sealLine(JSON.stringify(header).slice(0, -1), this.#crc32),
      ...encodeState(root, this.#classes, this.#crc32),
    ];
    lines.push(sealLine(`{"kind":"end","lines":${lines.length}`, this.#crc32));
    return lines;
  }

  /** Writes a snapshot and removes the oldest beyond those that are kept. */
  async write(position: string, lines: readonly string[]): Promise<void> {
    await this.#journal.writeSnapshot(position, bytesOfLines(lines));
    for (const old of (await this.list()).slice(KEEP)) await this.#journal.removeSnapshot(old);
  }

  /**
   * Reads a snapshot.
   *
   * @throws SnapshotDamagedError (`SNAPSHOT_DAMAGED`) if it cannot be used; the next older one serves as well
   */
  async read(listing: SnapshotListing): Promise<Base> {
    const state = new StateDecoder(this.#classes, this.#crc32);
    let header: SnapshotHeader | undefined;
    let held: string | undefined;
    let count = 0;
    for await (const line of linesOf(this.#store.readSnapshot(this.#journal.header, listing))) {
      // One line behind: the last one is not a part of the state but its end.
      if (held !== undefined && count === 1) header = this.#header(held, listing);
      else if (held !== undefined) state.line(held);
      held = line;
      count++;
    }
    const end =
      held === undefined ? undefined : (openLine(held, this.#crc32) as { kind?: unknown; lines?: unknown } | undefined);
    if (header === undefined || end?.kind !== 'end' || end.lines !== count - 1)
      throw new SnapshotDamagedError(`The snapshot ${listing.position} is incomplete or damaged`);
    const { version } = header;
    const decode = (): object => this.#migrate(state.finish(), version);
    // Once here, so that a state this program cannot read is found while there is another way.
    let ready: object | undefined = this.#tryDecode(decode, listing);
    return {
      position: header.position,
      vector: new Map(Object.entries(header.vector)),
      rejections: header.rejections.map(({ event, error }) => ({ event, error, undo: undefined })),
      root: () => {
        const root = ready ?? decode();
        ready = undefined;
        return root;
      },
    };
  }

  #tryDecode(decode: () => object, listing: SnapshotListing): object {
    try {
      return decode();
    } catch (cause) {
      if (cause instanceof SnapshotDamagedError) throw cause;
      throw new SnapshotDamagedError(
        `The snapshot ${listing.position} cannot be read by this program (${(cause as Error).message})`,
        { cause },
      );
    }
  }

  #header(line: string, listing: SnapshotListing): SnapshotHeader {
    const header = openLine(line, this.#crc32) as SnapshotHeader | undefined;
    if (
      header?.kind !== 'snapshot' ||
      (header.v as number) !== 1 ||
      !isUlid(header.position) ||
      header.position !== listing.position
    ) {
      throw new SnapshotDamagedError(`The header of snapshot ${listing.position} is damaged`);
    }
    if (header.model !== this.#definition.name || header.version > this.#definition.version) {
      throw new SnapshotDamagedError(
        `The snapshot ${listing.position} holds version ${header.version} of ${header.model}, which this program cannot read`,
      );
    }
    return header;
  }

  #migrate(root: object, from: number): object {
    if (from === this.#definition.version) return root;
    let fields: Record<string, unknown> = { ...root };
    for (let step = from; step < this.#definition.version; step++)
      fields = this.#definition.migrate[step]?.(fields) ?? fields;
    for (const key of Object.keys(root)) Reflect.deleteProperty(root, key);
    return Object.assign(root, fields);
  }
}

const encoder = new TextEncoder();

async function* bytesOfLines(lines: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const line of lines) yield encoder.encode(line + '\n');
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') throw new SnapshotDamagedError('A snapshot ends in the middle of a line');
}
