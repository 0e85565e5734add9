import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { MasterFencedError, MasterLockedError, StoreRefusedError, StoreUnreachableError } from '../../errors.js';
import { wait } from '../wait.js';
import { inTurn } from './in-turn.js';
import type { Link } from './link.js';
import { type Kept, type MasterRecord, NOBODY, objectsIn, type Revision, withStream } from './master-record.js';
import type { NatsSettings } from './nats-options.js';
import type { Records } from './records.js';
import type { StoredObjects } from './stored-objects.js';

/** How long (ms) to wait before a name is looked at again: the first time, and at most. */
const FIRST_LOOK = 10;
const LONGEST_LOOK = 500;

/** A frontier that would make a record larger is an object. */
const MOST_BYTES = 384 * 1024;

/** Room for what a message says about itself. */
const HEADER_BYTES = 2 * 1024;

/** What the owner of a record needs. */
export interface Named {
  readonly settings: NatsSettings;
  readonly link: Link;
  readonly records: Records;
  readonly objects: StoredObjects;
  readonly master: string;
  /** Asks whoever has the name whether it is there; gives the token that it answers with. */
  readonly ask: (ms: number) => Promise<string | undefined>;
}

/**
 * The record of a master, for who owns its name: whose token stands in it. Every change names the revision that it changes.
 *
 * Invariant: a change whose answer was lost has its effect before the next one of ours, or none. So after a doubt it is enough to read the
 * record: our token stands in it, or somebody else owns the name.
 */
export class OwnedRecord {
  readonly token = randomUUID();
  readonly #named: Named;
  readonly #inTurn = inTurn();
  /** Objects that are being written. */
  readonly #writing = new Set<string>();
  /** `undefined` if an answer was lost. */
  #known: Revision | undefined;

  constructor(named: Named) {
    this.#named = named;
  }

  /**
   * Takes the name, from whoever has been silent for too long. May be called again after a lost answer.
   *
   * @throws MasterLockedError (`MASTER_LOCKED`) if its owner is there
   */
  async take(): Promise<MasterRecord> {
    const { records, master, settings } = this.#named;
    for (;;) {
      const found = await this.#free();
      const before = found?.record ?? NOBODY;
      if (found !== undefined && before.owner === this.token) return (this.#known = found).record;
      const holder = `${hostname()}, process ${process.pid}`;
      const mine = { owner: this.token, holder, silence: settings.silence, change: randomUUID() };
      const record = { ...before, ...mine };
      const revision = await records.change(master, encode(record), found?.revision ?? 0);
      if (revision !== undefined) return (this.#known = { record, revision }).record;
    }
  }

  /** Until the name may be taken; gives its record then. */
  async #free(): Promise<Revision | undefined> {
    const { records, master, ask } = this.#named;
    let [owner, since]: [string | null, number] = [null, 0];
    for (let pause = FIRST_LOOK; ; pause = Math.min(2 * pause, LONGEST_LOOK)) {
      const found = await records.ofMaster(master);
      const { record } = found ?? { record: NOBODY };
      if (record.owner === null || record.owner === this.token) return found;
      if (record.owner !== owner) [owner, since] = [record.owner, performance.now()];
      const left = record.silence - (performance.now() - since);
      if (left <= 0) return found;
      if ((await ask(Math.ceil(left))) === record.owner)
        throw new MasterLockedError(
          `The master "${master}" is open elsewhere (${record.holder ?? 'unknown'}). Close it there, or give this one another name.`,
        );
      await wait(Math.min(pause, left));
    }
  }

  /**
   * Changes the record; gives it.
   *
   * @param edit gives the record as it should be; called again if a change of ours came in between
   * @throws MasterFencedError (`MASTER_FENCED`) if another process owns the name now; it had no effect then
   */
  change(edit: (record: MasterRecord) => MasterRecord): Promise<MasterRecord> {
    return this.#inTurn(async () => {
      const { records, master } = this.#named;
      const change = randomUUID();
      for (;;) {
        const known = await this.#mine();
        if (known.record.change === change) return known.record;
        const record = { ...edit(known.record), change };
        const bytes = encode(record);
        await this.#throwIfLarge(bytes.length, record);
        this.#known = undefined;
        const revision = await records.change(master, bytes, known.revision);
        if (revision !== undefined) return (this.#known = { record, revision }).record;
        await this.#throwIfStale(known.revision);
      }
    });
  }

  /** Makes sure that the name is ours. @throws MasterFencedError (`MASTER_FENCED`) */
  async held(): Promise<void> {
    await this.#inTurn(async () => {
      this.#known = undefined;
      await this.#mine();
    });
  }

  /** The revision that is known to be ours. */
  get revision(): number {
    return this.#known?.revision ?? 0;
  }

  /** Says who has taken the name. */
  async fenced(): Promise<never> {
    const { records, master, settings } = this.#named;
    const found = await records.ofMaster(master);
    if (found?.record.owner !== this.token) throw this.#fencedBy(found?.record);
    throw new Error(
      `Somebody else writes to the streams of "${master}" in ${settings.location}, or they were put back from a backup. Close this master and open it again.`,
    );
  }

  async #mine(): Promise<Revision> {
    if (this.#known !== undefined) return this.#known;
    const found = await this.#named.records.ofMaster(this.#named.master);
    if (found?.record.owner !== this.token) throw this.#fencedBy(found?.record);
    return (this.#known = found);
  }

  /** A server that is cut off from the others may show a record that was replaced: then there is nothing to go by. */
  async #throwIfStale(revision: number): Promise<void> {
    const { records, master, settings } = this.#named;
    if ((await records.ofMaster(master))?.revision !== revision) return;
    throw new StoreUnreachableError(
      `${settings.location} refuses a change of the record of "${master}", and shows no later one; it is tried again.`,
    );
  }

  /**
   * Changes the record, and with it the frontier of a stream. One that is too large for the record is an object.
   *
   * @param edit as for `change`
   */
  async publish(epoch: string, text: string, edit: (record: MasterRecord) => MasterRecord): Promise<void> {
    const { objects, master, link } = this.#named;
    const inline = (record: MasterRecord): MasterRecord => withFrontier(edit(record), epoch, { text });
    const known = await this.#inTurn(() => this.#mine());
    if (encode(inline(known.record)).length <= Math.min(MOST_BYTES, (await link.mostBytes()) / 2)) {
      await this.change(inline);
    } else {
      const object = objects.name(master, epoch, 'frontier');
      await this.write(
        object,
        () => objects.writeText(object, text),
        (record, written) => withFrontier(edit(record), epoch, written),
      );
    }
    await this.sweep();
  }

  /** Writes an object that the record refers to from then on. Until then it is known as one that may be there and that nobody needs. */
  async write<T>(
    object: string,
    write: () => Promise<T>,
    edit: (record: MasterRecord, written: T) => MasterRecord,
  ): Promise<void> {
    this.#writing.add(object);
    try {
      await this.change((record) => ({ ...record, trash: withName(record.trash, object) }));
      const written = await write();
      await this.change((record) => edit({ ...record, trash: without(record.trash, [object]) }, written));
    } finally {
      this.#writing.delete(object);
    }
  }

  /** Removes the objects that nobody needs. */
  async sweep(): Promise<void> {
    const { record } = await this.#inTurn(() => this.#mine());
    const gone = record.trash.filter((name) => !this.#writing.has(name));
    if (gone.length === 0) return;
    for (const name of gone) await this.#named.objects.remove(name);
    await this.change((now) => ({ ...now, trash: without(now.trash, gone) }));
  }

  async #throwIfLarge(bytes: number, { streams }: MasterRecord): Promise<void> {
    const { link, master, settings } = this.#named;
    const most = (await link.mostBytes()) - HEADER_BYTES;
    if (bytes <= most) return;
    throw new StoreRefusedError(
      `The record of "${master}" in ${settings.location} has ${bytes} bytes, and a message at most ${most}: it has ${Object.keys(streams).length} streams. Seal with compact(), so that old ones are deleted, or raise max_payload of the servers.`,
    );
  }

  #fencedBy(record: MasterRecord | undefined): MasterFencedError {
    const { master, settings } = this.#named;
    const who =
      record?.owner === null || record === undefined
        ? 'its record says that nobody owns it'
        : (record.holder ?? 'another process');
    return new MasterFencedError(
      `The master "${master}" was taken over in ${settings.location} (${who}) while this process was silent; its calls that were not stored are undone. Close this one.`,
    );
  }
}

/** A frontier that takes the place of another one, whose object is of no use any more. */
function withFrontier(record: MasterRecord, epoch: string, frontier: Kept): MasterRecord {
  const before = record.streams[epoch]?.frontier ?? null;
  const gone = before !== null && 'object' in before ? [before.object] : [];
  return { ...withStream(record, epoch, { frontier }), trash: [...record.trash, ...gone] };
}

/** Without a stream, whose objects are of no use any more. */
export function withoutStream(record: MasterRecord, epoch: string): MasterRecord {
  const { [epoch]: gone, ...streams } = record.streams;
  return gone === undefined ? record : { ...record, streams, trash: [...record.trash, ...objectsIn(gone)] };
}

function withName(names: readonly string[], name: string): string[] {
  return names.includes(name) ? [...names] : [...names, name];
}

function without(names: readonly string[], gone: readonly string[]): string[] {
  return names.filter((name) => !gone.includes(name));
}

function encode(record: MasterRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(record));
}
