import { JournalDamagedError } from '../../errors.js';
import { crc32 } from '../../event/checksum.js';
import { type StreamId, streamKey } from '../../event/event.js';
import { parseLine } from '../../event/line.js';
import type { Head } from '../store.js';
import type { Database } from './database.js';
import { PAGE, type Statements } from './statements.js';

/** Lines that were written at once. */
interface Batch {
  /** Number of the first one; `pg` gives large numbers as texts. */
  readonly first: string;
  readonly lines: string;
}

/** The events of streams, as rows: one for each append. */
export class StoredEvents {
  readonly #database: Database;
  readonly #sql: Statements;

  constructor(database: Database, sql: Statements) {
    this.#database = database;
    this.#sql = sql;
  }

  /** As `Store.read`. */
  async read(stream: StreamId, after: number, upTo: number): Promise<string[]> {
    const found: string[] = [];
    for await (const { line } of this.#from(stream, after, upTo)) found.push(line);
    return found;
  }

  /** Number and id of the last event. @throws JournalDamagedError (`JOURNAL_DAMAGED`) if it cannot be read */
  async head(stream: StreamId): Promise<Head | undefined> {
    const { space } = this.#database.settings;
    const [row] = await this.#database.rows<Batch & { last: string }>(this.#sql.newest, [
      space,
      stream.master,
      stream.epoch,
    ]);
    if (row === undefined) return undefined;
    return { seq: Number(row.last), id: this.#checked(stream, linesOf(row.lines).at(-1) ?? '', Number(row.last)) };
  }

  /** Reads every line after `after`. @throws JournalDamagedError (`JOURNAL_DAMAGED`) that names the first one that is damaged or missing */
  async check(stream: StreamId, after: number): Promise<void> {
    let expected = after + 1;
    for await (const { line, seq } of this.#from(stream, after, Number.MAX_SAFE_INTEGER)) {
      this.#checked(stream, line, seq);
      expected = seq + 1;
    }
    const end = (await this.head(stream))?.seq ?? 0;
    if (end >= expected) throw this.#damaged(stream, expected, 'it is missing');
  }

  /** Reads every line that is there; those up to `deletable` may be gone. Errors as `check`. */
  async checkAll(stream: StreamId, deletable: number): Promise<void> {
    const { space } = this.#database.settings;
    const values = [space, stream.master, stream.epoch];
    const [row] = await this.#database.rows<{ first: string | null }>(this.#sql.oldest, values);
    await this.check(stream, Math.min(Number(row?.first ?? 1) - 1, deletable));
  }

  /** Lines after `after`, without a gap. */
  async *#from(stream: StreamId, after: number, upTo: number): AsyncGenerator<{ line: string; seq: number }> {
    const { space } = this.#database.settings;
    let next = after + 1;
    for (;;) {
      const values = [space, stream.master, stream.epoch, next - 1, upTo, PAGE.bytes];
      const rows = await this.#database.rows<Batch>(this.#sql.read, values);
      let bytes = 0;
      const before = next;
      for (const { first, lines } of rows) {
        if (Number(first) > next) return;
        bytes += lines.length;
        for (const line of linesOf(lines).slice(next - Number(first))) {
          if (next > upTo) return;
          yield { line, seq: next++ };
        }
      }
      // A page that is not full was the last one; characters may take up to three bytes.
      if (next === before || (rows.length < PAGE.batches && 3 * bytes < PAGE.bytes)) return;
    }
  }

  /** The id of a line. */
  #checked(stream: StreamId, line: string, seq: number): string {
    const parsed = parseLine(line, crc32);
    if (parsed.kind !== 'event') throw this.#damaged(stream, seq, 'its line is damaged');
    const { master, epoch, seq: told, id } = parsed.event;
    if (master !== stream.master || epoch !== stream.epoch || told !== seq)
      throw this.#damaged(stream, seq, `its line is that of event ${told} of ${master}@${epoch}`);
    return id;
  }

  #damaged(stream: StreamId, seq: number, what: string): JournalDamagedError {
    const { location, schema, space } = this.#database.settings;
    return new JournalDamagedError(
      `${location}: event ${seq} of ${streamKey(stream)}: ${what} (table ${schema}.events, space ${space}). Nothing was changed. Restore the database from a backup that holds it.`,
    );
  }
}

/** Lines without their line feeds. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n');
  lines.pop();
  return lines;
}
