import { SnapshotDamagedError } from '../../errors.js';
import { crcText } from '../../event/checksum.js';
import { type StreamId, streamKey } from '../../event/event.js';
import type { ClassTable } from '../../model/class-table.js';
import type { ModelDefinition } from '../../model/definition.js';
import { lackingFields } from '../../model/field-use.js';
import { StateDecoder } from '../../state/snapshot-decoder.js';
import type { Journal, SnapshotListing, Store } from '../../store/store.js';
import type { SnapshotBase } from '../../protocol/seen.js';
import { END, FrameWriter, HEAD, readFrames, STATE } from './frames.js';
import { HeaderReader, headerText, type SnapshotHeader, type SnapshotPlace } from './header.js';
import { upgrade } from './upgrade.js';

/** The state of a snapshot as it is written: chunks of bytes, and how many objects they held in the end. */
export interface StateSource {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly nodes: () => number;
}

/** A snapshot that was written. */
export interface WrittenSnapshot {
  /** Differs if the state differs: checksum and number of the state's bytes. Equal states give equal ones on every machine. */
  readonly fingerprint: string;
  /** Bytes of the file. */
  readonly bytes: number;
}

interface End {
  readonly frames: number;
  readonly nodes: number;
  readonly fingerprint: string;
}

const encoder = new TextEncoder();

/** The stream beside which snapshots are written. */
export interface SnapshotOwner {
  readonly header: StreamId;
  readonly journal: Pick<Journal, 'writeSnapshot' | 'removeSnapshot'>;
}

/** The model whose states are saved. */
export interface SnapshotModel {
  readonly definition: ModelDefinition;
  /** Classes of the state by stable name. */
  readonly classes: ClassTable;
  /** Makes a model as it is before any event. */
  readonly genesis: () => object;
}

/** Writes the snapshots of one master, and reads those of any. */
export class Snapshots {
  readonly #store: Store;
  readonly #own: SnapshotOwner;
  readonly #definition: ModelDefinition;
  readonly #classes: ClassTable;
  readonly #genesis: () => object;
  /** Fields of a new model; the same every time. */
  #fields: readonly string[] | undefined;

  constructor(store: Store, own: SnapshotOwner, { definition, classes, genesis }: SnapshotModel) {
    this.#store = store;
    this.#own = own;
    this.#definition = definition;
    this.#classes = classes;
    this.#genesis = genesis;
  }

  /** This master's own stream. */
  get own(): StreamId {
    return this.#own.header;
  }

  /** Snapshots of a stream, newest first. */
  list(stream: StreamId = this.own): Promise<readonly SnapshotListing[]> {
    return this.#store.snapshots(stream);
  }

  /** Writes a snapshot of this master. Until it is whole and durable, nobody finds it. */
  async write(place: SnapshotPlace, state: StateSource): Promise<WrittenSnapshot> {
    const ends: WrittenSnapshot[] = [];
    const frames = this.#frames(place, state);
    const whole = async function* (): AsyncGenerator<Uint8Array> {
      ends.push(yield* frames);
    };
    await this.#own.journal.writeSnapshot(place.position, whole());
    const [written] = ends;
    if (written === undefined)
      throw new Error(`The store says that the snapshot ${place.position} is written, and did not take all of it`);
    return written;
  }

  /** Removes snapshots of this master. */
  async remove(listings: readonly SnapshotListing[]): Promise<void> {
    for (const listing of listings) await this.#own.journal.removeSnapshot(listing);
  }

  /** The bytes of a snapshot; at their end, what was written. */
  async *#frames(place: SnapshotPlace, state: StateSource): AsyncGenerator<Uint8Array, WrittenSnapshot> {
    const writer = new FrameWriter(this.#store.crc32);
    yield writer.firstLine;
    for (const piece of headerText(this.#headerOf(place))) yield writer.frame(HEAD, piece);
    const sum = this.#fingerprint();
    for await (const chunk of state.chunks) {
      sum.add(chunk);
      yield writer.frame(STATE, chunk);
    }
    const fingerprint = sum.text();
    const end: End = { frames: writer.frames, nodes: state.nodes(), fingerprint };
    yield writer.frame(END, encoder.encode(JSON.stringify(end)));
    return { fingerprint, bytes: writer.bytes };
  }

  #headerOf(place: SnapshotPlace): SnapshotHeader {
    const { name: model, version } = this.#definition;
    return { ...place, model, version, fields: (this.#fields ??= Object.keys(this.#genesis())) };
  }

  #fingerprint(): { add: (chunk: Uint8Array) => void; text: () => string } {
    let [crc, bytes] = [0, 0];
    return {
      add: (chunk) => {
        crc = this.#store.crc32(chunk, crc);
        bytes += chunk.length;
      },
      text: () => `${crcText(crc)}-${bytes}`,
    };
  }

  /**
   * Reads a snapshot of any master as a base to build a timeline on.
   *
   * @throws SnapshotDamagedError (`SNAPSHOT_DAMAGED`) if it cannot be used; the next older one serves as well
   */
  async read(stream: StreamId, listing: SnapshotListing): Promise<SnapshotBase> {
    try {
      return await this.#read(stream, listing);
    } catch (cause) {
      const { message } = cause as Error;
      // What the store itself says (it is gone, the disk fails) is not about what was written.
      if (typeof (cause as { code?: unknown }).code === 'string' && !(cause instanceof SnapshotDamagedError))
        throw cause;
      throw new SnapshotDamagedError(
        `The snapshot ${listing.position} of ${streamKey(stream)} in ${this.#store.location} cannot be used (${message}). It is passed over for the next older one.`,
        { cause, isIntact: cause instanceof SnapshotDamagedError && cause.isIntact },
      );
    }
  }

  /** Number of the seal at which an own snapshot was taken, by what it begins with: null if at none, `undefined` if that cannot be read. */
  async sealOf(listing: SnapshotListing): Promise<number | null | undefined> {
    const reader = new HeaderReader();
    try {
      for await (const { kind, content } of readFrames(
        this.#store.readSnapshot(this.own, listing),
        this.#store.crc32,
      )) {
        if (kind !== HEAD) break;
        reader.piece(content);
      }
      return reader.finish().seal;
    } catch {
      // Whoever reads all of it hears why.
      return undefined;
    }
  }

  async #read(stream: StreamId, listing: SnapshotListing): Promise<SnapshotBase> {
    const [headerReader, fingerprint] = [new HeaderReader(), this.#fingerprint()];
    let header: SnapshotHeader | undefined;
    const state = new StateDecoder(this.#classes);
    let [frames, end] = [0, undefined as End | undefined];
    for await (const { kind, content } of readFrames(this.#store.readSnapshot(stream, listing), this.#store.crc32)) {
      if (end !== undefined) throw new SnapshotDamagedError('it goes on behind its end');
      if (kind === HEAD && header === undefined) headerReader.piece(content);
      else if (kind === STATE) {
        header ??= this.#check(headerReader.finish(), listing);
        fingerprint.add(content);
        state.chunk(content);
      } else if (kind === END) end = JSON.parse(new TextDecoder().decode(content)) as End;
      else throw new SnapshotDamagedError(`it has a part of the unknown kind ${kind}`);
      frames++;
    }
    if (header === undefined || end?.frames !== frames - 1 || end.fingerprint !== fingerprint.text())
      throw new SnapshotDamagedError('its end is missing');
    if (end.nodes !== state.nodes) throw new SnapshotDamagedError('it does not hold all its objects');
    const { position, vector, names, rejections, seal, under } = header;
    // Here, so that a state this program cannot read is found while there is another way.
    const upgraded = upgrade(state.finish(), header, this.#definition, this.#genesis, this.#classes, state.entrance);
    const { root, gained } = upgraded;
    const lacking = lackingFields(this.#definition, gained);
    const notice =
      lacking === undefined ? {} : { notice: `The snapshot ${position} of ${streamKey(stream)} ${lacking}` };
    return {
      position,
      vector,
      ...notice,
      ...(names && { names }),
      rejections,
      seal,
      under,
      fingerprint: end.fingerprint,
      root: () => root,
    };
  }

  #check(header: SnapshotHeader, listing: SnapshotListing): SnapshotHeader {
    const { name, version } = this.#definition;
    if (header.position !== listing.position) throw new SnapshotDamagedError(`it says it is ${header.position}`);
    if (header.model !== name || header.version > version)
      throw new SnapshotDamagedError(
        `it holds version ${header.version} of ${header.model}, which this program cannot read`,
        { isIntact: true },
      );
    return header;
  }
}
