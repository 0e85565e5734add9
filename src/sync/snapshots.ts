import { SnapshotDamagedError } from '../errors.js';
import { type Crc32, crcText, openLine, sealLine } from '../event/checksum.js';
import type { Event, StreamId } from '../event/envelope.js';
import { isUlid } from '../event/ulid.js';
import type { ClassTable } from '../model/class-table.js';
import type { ModelDefinition } from '../model/definition.js';
import { encodeState, StateDecoder } from '../state/snapshot-codec.js';
import type { SnapshotListing, Store } from '../store/store.js';
import type { Base } from '../timeline/fold.js';
import type { Entry } from '../timeline/entry.js';
import type { VersionVector } from '../timeline/timeline.js';
import type { OwnStream } from './own-stream.js';

/** How many snapshots are kept: a late event may need an older one than the newest. */
const KEEP = 3;

/** Which snapshots can go, newest first: a few newest stay, the published one, and one before it in case it is damaged. */
export function superfluous(
  listings: readonly SnapshotListing[],
  published: string | undefined,
): readonly SnapshotListing[] {
  if (published === undefined) return listings.slice(KEEP);
  const newer = listings.filter(({ position }) => position > published);
  const older = listings.filter(({ position }) => position < published);
  return [...newer.slice(KEEP - 1), ...older.slice(1)];
}

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
  readonly #own: OwnStream;
  readonly #definition: ModelDefinition;
  readonly #classes: ClassTable;
  readonly #store: Store;
  readonly #crc32: Crc32;

  constructor(own: OwnStream, definition: ModelDefinition, classes: ClassTable, store: Store) {
    this.#own = own;
    this.#definition = definition;
    this.#classes = classes;
    this.#store = store;
    this.#crc32 = store.crc32;
  }

  /** Snapshots of this master's stream, newest first. */
  list(): Promise<readonly SnapshotListing[]> {
    return this.#store.snapshots(this.#own.header);
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

  /** Hash of the state in a snapshot's lines. */
  fingerprint(lines: readonly string[]): string {
    return crcText(lines.slice(1, -1).reduce((crc, line) => this.#crc32(line, crc), 0));
  }

  /** Writes a snapshot. */
  async write(position: string, lines: readonly string[]): Promise<void> {
    await this.#own.journal.writeSnapshot(position, bytesOfLines(lines));
  }

  /** Removes snapshots that nobody needs any more. @param published position of the one that stands in for deleted events */
  async prune(published: string | undefined): Promise<void> {
    for (const listing of superfluous(await this.list(), published)) await this.#own.journal.removeSnapshot(listing);
  }

  /**
   * Reads a snapshot.
   *
   * @throws SnapshotDamagedError (`SNAPSHOT_DAMAGED`) if it cannot be used; the next older one serves as well
   */
  async read(stream: StreamId, listing: SnapshotListing): Promise<Base> {
    const state = new StateDecoder(this.#classes, this.#crc32);
    let header: SnapshotHeader | undefined;
    let held: string | undefined;
    let count = 0;
    for await (const line of linesOf(this.#store.readSnapshot(stream, listing))) {
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
