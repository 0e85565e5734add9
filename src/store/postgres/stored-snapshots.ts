import { randomUUID } from 'node:crypto';
import { type StreamHeader, type StreamId, streamKey } from '../../event/event.js';
import type { SnapshotListing } from '../store.js';
import type { Database } from './database.js';
import type { Fence } from './fence.js';
import type { Statements } from './statements.js';

/** Snapshots are cut into rows of so many bytes. */
const PIECE_BYTES = 1024 * 1024;

interface PieceRow {
  readonly writing: string;
  readonly pieces: number;
  readonly bytes: Uint8Array | null;
}

/** The snapshots of streams: one row for each, and one for each piece of it. */
export class StoredSnapshots {
  readonly #database: Database;
  readonly #sql: Statements;

  constructor(database: Database, sql: Statements) {
    this.#database = database;
    this.#sql = sql;
  }

  /** As `Store.snapshots`. */
  list({ master, epoch }: StreamId): Promise<SnapshotListing[]> {
    return this.#database.rows<SnapshotListing>(this.#sql.snapshots, [this.#space, master, epoch]);
  }

  /** As `Store.readSnapshot`. */
  async *read(stream: StreamId, { position }: SnapshotListing): AsyncGenerator<Uint8Array> {
    let writing: string | undefined;
    for (let no = 0; ; no++) {
      const values = [this.#space, stream.master, stream.epoch, position, no];
      const [row] = await this.#database.rows<PieceRow>(this.#sql.pieceOf, values);
      if (row === undefined && writing === undefined)
        throw new Error(`There is no snapshot ${position} of ${streamKey(stream)}`);
      const isSame = row !== undefined && (writing === undefined || row.writing === writing);
      if (isSame && no >= row.pieces) return;
      if (!isSame || row.bytes === null)
        throw new Error(`The snapshot ${position} of ${streamKey(stream)} was replaced or removed meanwhile`);
      writing = row.writing;
      yield row.bytes;
      if (no === row.pieces - 1) return;
    }
  }

  /** As `Journal.writeSnapshot`. */
  async write(fence: Fence, stream: StreamHeader, position: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const writing = randomUUID();
    const { master, epoch } = stream;
    const run = (sql: string, ...values: unknown[]): Promise<unknown> =>
      fence.write((token) =>
        this.#database.rows<{ mine: boolean }>(sql, [this.#space, master, token, epoch, ...values]),
      );
    let pieces = 0;
    let bytes = 0;
    for await (const piece of cut(chunks)) {
      bytes += piece.length;
      await run(this.#sql.piece, writing, pieces++, piece);
    }
    await run(this.#sql.save, writing, position, pieces, bytes);
  }

  get #space(): string {
    return this.#database.settings.space;
  }
}

/** Pieces of the right size, whatever the chunks are. The memory of a chunk is the writer's again once the next one is asked for. */
async function* cut(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let piece = Buffer.allocUnsafe(PIECE_BYTES);
  let used = 0;
  for await (const chunk of chunks)
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + PIECE_BYTES - used);
      piece.set(part, used);
      used += part.length;
      at += part.length;
      if (used < PIECE_BYTES) continue;
      yield piece;
      piece = Buffer.allocUnsafe(PIECE_BYTES);
      used = 0;
    }
  if (used > 0) yield piece.subarray(0, used);
}
