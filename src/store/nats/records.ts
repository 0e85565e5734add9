import { JournalDamagedError, PrevalentError } from '../../errors.js';
import type { StreamId } from '../../event/event.js';
import { inTurn } from './in-turn.js';
import type { Link } from './link.js';
import { decodeRecord, type Kept, type MasterRecord, type Revision, type StreamRecord } from './master-record.js';
import type { Message, Messages } from './messages.js';
import { isOvertaken } from './refusals.js';
import type { StoredObjects } from './stored-objects.js';

/** How often what was replaced while it was read is looked at again. */
const MOST_LOOKS = 5;

/** One stream as its master's record has it. */
export interface Listed {
  readonly stream: StreamId;
  readonly record: StreamRecord;
}

/** The records of a space. What was read is kept: when nothing has changed, a look is one question. */
export class Records {
  readonly #link: Link;
  readonly #messages: Messages;
  readonly #objects: StoredObjects;
  readonly #inTurn = inTurn();
  /** By master. */
  #known = new Map<string, MasterRecord>();
  #seen = 0;
  /** Large texts that were read, by object; objects never change. */
  #texts = new Map<string, string>();

  constructor(link: Link, messages: Messages, objects: StoredObjects) {
    this.#link = link;
    this.#messages = messages;
    this.#objects = objects;
  }

  /** Number of the last change that is known. */
  get seen(): number {
    return this.#seen;
  }

  /** All streams of the space, in the order of their masters and epochs. */
  async all(): Promise<Listed[]> {
    await this.#refresh();
    return [...this.#known].flatMap(([master, record]) => listedIn(master, record)).sort(byName);
  }

  /** One stream. What is known already is good enough for what never changes: its being there, and its header. */
  async known({ master, epoch }: StreamId): Promise<StreamRecord | undefined> {
    return this.#stream(master, epoch) ?? this.newest({ master, epoch });
  }

  /** One stream, as it is now. */
  async newest({ master, epoch }: StreamId): Promise<StreamRecord | undefined> {
    await this.#refresh();
    return this.#stream(master, epoch);
  }

  #stream(master: string, epoch: string): StreamRecord | undefined {
    const streams = this.#known.get(master)?.streams ?? {};
    return Object.hasOwn(streams, epoch) ? streams[epoch] : undefined;
  }

  /** Streams with their frontiers. One that cannot be found, although it is named, is one that was not heard from. */
  async frontiers(): Promise<{ listed: Listed; frontier: string | undefined }[]> {
    for (let looks = 1; ; looks++) {
      const all = await this.all();
      const texts = await Promise.allSettled(all.map(({ record }) => this.#text(record.frontier)));
      const failed = texts.flatMap((text) => (text.status === 'rejected' ? [text.reason as unknown] : []));
      for (const error of failed) if (error instanceof PrevalentError) throw error;
      // One was replaced meanwhile: it is found at the next look.
      if (failed.length > 0 && looks < MOST_LOOKS) continue;
      this.#forgetTexts(all);
      return texts.map((text, index) => ({
        listed: all[index] as Listed,
        frontier: text.status === 'fulfilled' ? text.value : undefined,
      }));
    }
  }

  async #text(kept: Kept | null): Promise<string | undefined> {
    if (kept === null || 'text' in kept) return kept?.text;
    const known = this.#texts.get(kept.object) ?? (await this.#objects.text(kept));
    this.#texts.set(kept.object, known);
    return known;
  }

  #forgetTexts(all: readonly Listed[]): void {
    const used = new Set(
      all.map(({ record: { frontier } }) => (frontier && 'object' in frontier ? frontier.object : '')),
    );
    for (const name of [...this.#texts.keys()]) if (!used.has(name)) this.#texts.delete(name);
  }

  /** The record of one master as it is now, for whoever changes it. @throws JournalDamagedError (`JOURNAL_DAMAGED`) */
  async ofMaster(master: string): Promise<Revision | undefined> {
    const found = await this.#messages.last(this.#subject(`master.${master}`));
    if (found === undefined) return undefined;
    const record = decodeRecord(found.data);
    if (record !== undefined) return { record, revision: found.seq };
    const { location } = this.#link.settings;
    throw new JournalDamagedError(
      `${location}: the value ${this.#subject(`master.${master}`)} is no record of a master (message ${found.seq}). Nothing was changed. Put it back from a backup.`,
    );
  }

  /** Changes a record if it is still at this revision (0: there is none); gives the new one. `undefined`: it was changed meanwhile. */
  async change(master: string, data: Uint8Array, revision: number): Promise<number | undefined> {
    return this.#update(`master.${master}`, data, revision);
  }

  /** Claims the space for a model, unless it has one; gives the model that it has. */
  async claim(model: string): Promise<string> {
    if ((await this.#update('model', new TextEncoder().encode(model), 0)) !== undefined) return model;
    const found = await this.#messages.last(this.#subject('model'));
    return found === undefined ? '' : new TextDecoder().decode(found.data);
  }

  async #update(key: string, data: Uint8Array, revision: number): Promise<number | undefined> {
    const { space, timeLimit } = this.#link.settings;
    try {
      return await this.#link.call(({ kv }) =>
        kv.put(`${space}.${key}`, data, { previousSeq: revision, timeout: timeLimit }),
      );
    } catch (error) {
      if (isOvertaken(error)) return undefined;
      throw error;
    }
  }

  /** On which subject the bucket has a key. */
  #subject(key: string): string {
    const { stream, space } = this.#link.settings;
    return `$KV.${stream}.${space}.${key}`;
  }

  /** Reads what has changed since the last look. */
  #refresh(): Promise<void> {
    return this.#inTurn(async () => {
      const all = this.#subject('master.*');
      const last = await this.#messages.last(all);
      const seq = last?.seq ?? 0;
      if (seq === this.#seen) return;
      // A bucket that was put back from a backup counts from an earlier number.
      if (seq < this.#seen) [this.#known, this.#seen] = [new Map<string, MasterRecord>(), 0];
      for await (const message of this.#messages.between(all, this.#seen + 1, seq - 1)) this.#learn(message);
      if (last !== undefined) this.#learn(last);
      this.#seen = seq;
    });
  }

  /** What is no record says nothing: its streams have not arrived. Whoever owns the name is told. */
  #learn({ subject, data }: Message): void {
    const master = subject.slice(subject.lastIndexOf('.') + 1);
    const record = decodeRecord(data);
    if (record === undefined) this.#known.delete(master);
    else this.#known.set(master, record);
  }
}

function listedIn(master: string, { streams }: MasterRecord): Listed[] {
  return Object.entries(streams).map(([epoch, record]) => ({ stream: { master, epoch }, record }));
}

function byName({ stream: left }: Listed, { stream: right }: Listed): number {
  if (left.master !== right.master) return left.master < right.master ? -1 : 1;
  return left.epoch < right.epoch ? -1 : 1;
}
