import type { Subscription } from '@nats-io/transport-node';
import { MasterLockedError, StoreUnreachableError } from '../../errors.js';
import type { Link } from './link.js';
import type { MasterRecord } from './master-record.js';
import { OwnedRecord } from './owned-record.js';
import type { Records } from './records.js';
import type { StoredObjects } from './stored-objects.js';
import { subjectOf } from './streams.js';

/** At most so long (ms) an answer is waited for before the record is looked at again. */
const ANSWER_MS = 1_000;

/** The names that one store owns: it answers when somebody asks for one of them. Nothing is done while nobody asks. */
export class OpenNames {
  readonly #link: Link;
  readonly #records: Records;
  readonly #objects: StoredObjects;
  /** Names whose journal is open. */
  readonly #open = new Map<string, { readonly own: OwnedRecord; readonly letGo: () => void }>();
  /** Names whose opening was not answered: they may be ours. */
  readonly #unanswered = new Map<string, OwnedRecord>();
  readonly #opening = new Set<string>();
  /** There while a journal is open. */
  #answering: Subscription | undefined;

  constructor(link: Link, records: Records, objects: StoredObjects) {
    this.#link = link;
    this.#records = records;
    this.#objects = objects;
  }

  /**
   * Opens a name: takes it, and keeps it once `work` has succeeded. Called again after a lost answer, it takes the name from itself.
   *
   * @throws MasterLockedError (`MASTER_LOCKED`) if it is open, here or elsewhere
   */
  async open<T>(master: string, work: (own: OwnedRecord, record: MasterRecord) => Promise<T>): Promise<T> {
    if (this.#open.has(master) || this.#opening.has(master))
      throw new MasterLockedError(`The master "${master}" is open already. Close it first, or use another name.`);
    this.#opening.add(master);
    const own = this.#unanswered.get(master) ?? this.#owned(master);
    this.#unanswered.delete(master);
    const letGo = this.#link.hold();
    try {
      const result = await work(own, await own.take());
      await this.#answer();
      this.#open.set(master, { own, letGo });
      return result;
    } catch (error) {
      if (error instanceof StoreUnreachableError) this.#unanswered.set(master, own);
      else await free(own);
      letGo();
      throw error;
    } finally {
      this.#opening.delete(master);
    }
  }

  /** Lets go of a name. If the servers cannot be reached, it does so when the owner has been silent for long enough. */
  async release(master: string): Promise<void> {
    const open = this.#open.get(master);
    if (open === undefined) return;
    this.#open.delete(master);
    if (this.#open.size === 0) this.#rest();
    try {
      await free(open.own);
    } finally {
      open.letGo();
    }
  }

  #owned(master: string): OwnedRecord {
    const { settings } = this.#link;
    const ask = (ms: number): Promise<string | undefined> => this.#ask(master, Math.min(ms, ANSWER_MS));
    return new OwnedRecord({ settings, link: this.#link, records: this.#records, objects: this.#objects, master, ask });
  }

  /** Asks who has a name. Nobody answers, or the answer is lost: both are no answer. */
  async #ask(master: string, timeout: number): Promise<string | undefined> {
    return this.#link.call(async ({ nc }) => {
      try {
        return (await nc.request(this.#question(master), '', { timeout })).string();
      } catch {
        return undefined;
      }
    });
  }

  #question(master: string): string {
    return subjectOf(this.#link.settings, 'owner', 'of', master);
  }

  /** From the first name on. */
  async #answer(): Promise<void> {
    if (this.#answering !== undefined) return;
    await this.#link.call(async ({ nc }) => {
      this.#answering ??= nc.subscribe(this.#question('*'), {
        callback: (error, message) => {
          const open = this.#open.get(message.subject.slice(message.subject.lastIndexOf('.') + 1));
          if (error === null && open !== undefined) message.respond(open.own.token);
        },
      });
      await nc.flush();
    });
  }

  /** After the last name. */
  #rest(): void {
    this.#answering?.unsubscribe();
    this.#answering = undefined;
  }
}

/** Nobody has the name any more. Who has lost it, or cannot say so now, has nothing to let go of. */
async function free(own: OwnedRecord): Promise<void> {
  try {
    await own.change((record) => ({ ...record, owner: null, holder: null }));
  } catch (error) {
    if (!isOver(error)) throw error;
  }
}

function isOver(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'MASTER_FENCED' || code === 'STORE_UNREACHABLE' || code === 'STORE_REFUSED';
}
