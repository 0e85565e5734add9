/** A small model and a shared folder on the real disk, for the tests of stores, masters and guarantees. */
import 'reflect-metadata';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Master, type MasterOptions, Prevalent, Transaction } from 'prevalent';
import type { Event, StreamId } from '../src/event/event.js';
import { headerLine } from '../src/event/line.js';
import { LineWriter } from '../src/event/line-writer.js';
import { encodeFrontier } from '../src/store/frontier.js';

export class Note {
  constructor(
    readonly id: string,
    public text: string,
    readonly at: number,
  ) {}
}

@Prevalent('notebook', { classes: [Note] })
export class Notebook {
  readonly notes = new Map<string, Note>();
  readonly words: string[] = [];

  @Transaction() write(text: string): Note {
    const note = new Note(crypto.randomUUID(), text, Date.now());
    this.notes.set(note.id, note);
    this.words.push(text);
    return note;
  }

  @Transaction('erase') erase(text: string): void {
    const index = this.words.indexOf(text);
    if (index < 0) throw new RangeError(`no word ${text}`);
    this.words.splice(index, 1);
  }

  count(): number {
    return this.words.length;
  }
}

/** A temporary directory with a shared folder in it; everything opened through it is closed at the end. */
export class NotebookFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'prevalent-test-'));
  readonly #masters: Master<object>[] = [];

  get shared(): string {
    return join(this.path, 'shared');
  }

  local(name: string): string {
    return join(this.path, 'local', name);
  }

  async open(name: string, options: Partial<MasterOptions> = {}): Promise<Master<Notebook>> {
    const master = await Master.open(Notebook, { name, store: this.shared, local: this.local(name), ...options });
    this.#masters.push(master);
    return master;
  }

  /** Directory of a master's newest stream. */
  stream(name: string): string {
    const epochs = this.epochs(name);
    return join(this.shared, name, epochs.at(-1) ?? '');
  }

  epochs(name: string): string[] {
    return readdirSync(join(this.shared, name)).sort();
  }

  file(name: string, file = '0000000000000001.ndjson'): string {
    return join(this.stream(name), file);
  }

  /** The parsed lines of a master's newest stream, all segments, the header first. */
  lines(name: string): Record<string, unknown>[] {
    const directory = this.stream(name);
    return readdirSync(directory)
      .filter((file) => file.endsWith('.ndjson'))
      .sort()
      .flatMap((file) => readFileSync(join(directory, file), 'utf8').split('\n'))
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Writes a stream by hand, with right checksums and a frontier: what a peer of any program may leave in the folder. */
  forge(stream: StreamId, events: readonly Partial<Event>[], head?: { seq: number; id: string }): void {
    const directory = join(this.shared, stream.master, stream.epoch);
    mkdirSync(directory, { recursive: true });
    const all = events.map((event, index): Event => ({
      ...ORDINARY,
      ...stream,
      id: forgedId(index),
      seq: index + 1,
      ...event,
    }));
    const lines = all.map((event) => {
      const writer = new LineWriter(event, event.model, crc32);
      return writer.line(event, JSON.stringify(event.args), JSON.stringify(event.meta));
    });
    const header = headerLine({ ...stream, model: 'notebook', session: 'forged', reason: 'new', after: null }, crc32);
    writeFileSync(join(directory, '0000000000000001.ndjson'), [header, ...lines, ''].join('\n'));
    const last = all.at(-1);
    const frontier = {
      clock: last?.id ?? forgedId(0),
      head: head ?? (last === undefined ? undefined : { seq: last.seq, id: last.id }),
      seal: undefined,
      snapshot: undefined,
      session: 'forged',
      modelHash: 'forged',
      engine: undefined,
      fingerprint: undefined,
      seen: {},
      next: undefined,
    };
    writeFileSync(join(directory, 'frontier.json'), encodeFrontier(frontier, crc32));
  }

  async end(): Promise<void> {
    for (const master of this.#masters) await master.close().catch(() => undefined);
    rmSync(this.path, { recursive: true });
  }
}

const ORDINARY = { model: 'notebook', tx: 'write', txv: 1, args: ['forged'], meta: null } as const;

export const FORGED: StreamId = { master: 'forger', epoch: '01HF7YAT00FQ2VRP41VVTGRSXB' };

/** Rising ids in November 2023. */
export function forgedId(index: number): string {
  return `01HF7YAT01${String(index).padStart(16, '0')}`;
}

/** Runs a test in a folder of its own. */
export function inFolder(run: (folder: NotebookFolder) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = new NotebookFolder();
    try {
      await run(folder);
    } finally {
      await folder.end();
    }
  };
}

/** The texts of a notebook in order. */
export function wordsOf(master: Master<Notebook>): string[] {
  return master.query((book) => [...book.words]);
}
