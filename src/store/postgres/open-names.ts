import { MasterLockedError, StoreUnreachableError } from '../../errors.js';
import type { Database } from './database.js';
import { Fence } from './fence.js';
import { type Listener, Notifications } from './notifications.js';
import type { Statements } from './statements.js';

/** What a notification begins with that asks the owner of a name whether it is there; no name of a master begins so. */
const QUESTION = '?';

/** Who is told what is published in a space. */
export interface SpaceListener extends Pick<Listener, 'again' | 'lost'> {
  published(master: string): void;
}

/** The names that one store owns: it keeps them by renewing them, and answers when somebody asks for one of them. */
export class OpenNames {
  readonly #database: Database;
  readonly #sql: Statements;
  readonly #channel: string;
  /** Names whose journal is open. */
  readonly #open = new Map<string, Fence>();
  /** Names whose opening was not answered: they may be ours. */
  readonly #unanswered = new Map<string, Fence>();
  readonly #opening = new Set<string>();
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Ends the listening for questions; there while a journal is open. */
  #listening: Promise<() => Promise<void>> | undefined;

  constructor(database: Database, sql: Statements, channel: string) {
    this.#database = database;
    this.#sql = sql;
    this.#channel = channel;
  }

  /**
   * Opens a name: takes it, and keeps it once `work` has succeeded. Called again after a lost answer, it takes the name from itself.
   *
   * @throws MasterLockedError (`MASTER_LOCKED`) if it is open, here or elsewhere
   */
  async open<T>(master: string, work: (fence: Fence, remembered: unknown) => Promise<T>): Promise<T> {
    if (this.#open.has(master) || this.#opening.has(master))
      throw new MasterLockedError(`The master "${master}" is open already. Close it first, or use another name.`);
    this.#opening.add(master);
    const ask = async (): Promise<void> => {
      await this.#database.rows(this.#sql.notify, [this.#channel, `${QUESTION}${master}`]);
    };
    const named = { database: this.#database, sql: this.#sql, master, ask };
    const fence = this.#unanswered.get(master) ?? new Fence(named);
    this.#unanswered.delete(master);
    try {
      const result = await work(fence, await fence.take());
      this.#open.set(master, fence);
      this.#keep();
      return result;
    } catch (error) {
      if (error instanceof StoreUnreachableError) this.#unanswered.set(master, fence);
      else await this.release(master, fence);
      throw error;
    } finally {
      this.#opening.delete(master);
    }
  }

  /** Lets go of a name. If the server cannot be reached, it does so when the owner has been silent for long enough. */
  async release(master: string, fence: Fence): Promise<void> {
    if (this.#open.get(master) === fence) this.#open.delete(master);
    if (this.#open.size === 0) this.#rest();
    const values = [this.#database.settings.space, master, fence.tokens];
    await this.#database.rows(this.#sql.release, values).catch(unlessUnreachable);
  }

  /** Listens to what is published in this space; gives what ends it. */
  async listen(listener: SpaceListener): Promise<() => Promise<void>> {
    return this.#hear({
      ...listener,
      heard: (payload) => {
        if (!payload.startsWith(QUESTION)) listener.published(payload);
      },
    });
  }

  async #hear(listener: Listener): Promise<() => Promise<void>> {
    const { listening, location } = this.#database.settings;
    if (listening === undefined) return async () => undefined;
    return Notifications.of(await listening(), location).listen(this.#channel, listener);
  }

  /** From the first name on. */
  #keep(): void {
    if (this.#timer !== undefined) return;
    const renew = (): void => void this.#renew();
    this.#timer = setInterval(renew, this.#database.settings.silence / 3).unref();
    const heard = (payload: string): void => {
      if (payload.startsWith(QUESTION) && this.#open.has(payload.slice(QUESTION.length))) renew();
    };
    this.#listening = this.#hear({ heard, again: renew, lost: () => undefined });
    // Whoever asked before was not heard.
    this.#listening.then(renew, () => undefined);
  }

  /** After the last name. */
  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#listening?.then(
      (stop) => stop(),
      () => undefined,
    );
    this.#listening = undefined;
  }

  /** A name that somebody else has taken is not renewed; whoever writes under it learns that then. What cannot be renewed now is so the next time. */
  async #renew(): Promise<void> {
    const { space, silence } = this.#database.settings;
    const tokens = [...this.#open.values()].flatMap((fence) => fence.tokens);
    if (tokens.length > 0) await this.#database.rows(this.#sql.renew, [space, tokens, silence]).catch(() => undefined);
  }
}

function unlessUnreachable(error: unknown): void {
  if (!(error instanceof StoreUnreachableError)) throw error;
}
