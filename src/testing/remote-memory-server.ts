import { MasterFencedError, MasterLockedError } from '../errors.js';
import { MemoryStore } from '../store/memory/memory-store.js';
import type { Journal, JournalRequest } from '../store/store.js';

/** Who may write under a name. */
interface Lease {
  readonly holder: object;
  readonly journal: Journal;
  /** The holder was silent for too long: whoever comes next takes over. */
  isOver: boolean;
}

/** The server behind `RemoteMemoryStore`s: its streams, and which store owns which name. */
export class RemoteMemoryServer {
  readonly memory = new MemoryStore();
  readonly #leases = new Map<string, Lease>();

  /** As if the holder of a name were cut off for longer than its lease. */
  expire(master: string): void {
    const lease = this.#leases.get(master);
    if (lease !== undefined) lease.isOver = true;
  }

  /** Gives a name to a holder, and what is written under it. */
  async own(request: JournalRequest, holder: object): Promise<Journal> {
    const { master } = request;
    const lease = this.#leases.get(master);
    if (lease !== undefined && lease.holder !== holder && !lease.isOver)
      throw new MasterLockedError(`The master "${master}" is open elsewhere. Close it first, or use another name.`);
    await lease?.journal.close();
    const journal = await this.memory.open(request);
    this.#leases.set(master, { holder, journal, isOver: false });
    return journal;
  }

  /** @throws MasterFencedError (`MASTER_FENCED`) if somebody else owns the name now */
  check(master: string, holder: object): void {
    if (this.#leases.get(master)?.holder !== holder)
      throw new MasterFencedError(
        `The master "${master}" was taken over by another process while this one could not be reached; its calls that were not stored are undone. Close this one.`,
      );
  }

  /** Another journal continues this one. */
  follow(master: string, journal: Journal): void {
    const lease = this.#leases.get(master);
    if (lease !== undefined) this.#leases.set(master, { ...lease, journal });
  }

  /** Releases a name. */
  async release(master: string, holder: object): Promise<void> {
    const lease = this.#leases.get(master);
    if (lease?.holder !== holder) return;
    this.#leases.delete(master);
    await lease.journal.close();
  }
}
