import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { MasterFencedError, MasterLockedError, StoreUnreachableError } from '../../errors.js';
import { wait } from '../wait.js';
import type { Database } from './database.js';
import type { Statements } from './statements.js';

/** Who owns a name, as its row says. */
interface Owner {
  readonly owner: string | null;
  readonly holder: string | null;
  readonly epoch: string | null;
  readonly until: string | null;
  /** Whoever comes may take the name. */
  readonly over: boolean;
}

/** How long (ms) to wait before a name is looked at again: the first time, and at most. */
const FIRST_LOOK = 10;
const LONGEST_LOOK = 500;

/** What a fence needs to reach the row of a name. */
export interface Named {
  readonly database: Database;
  readonly sql: Statements;
  readonly master: string;
  /** Asks the owner of the name whether it is there; it answers by renewing at once. */
  readonly ask: () => Promise<void>;
}

/**
 * Who may write under a name: whoever has the token that stands in the name's row. Every statement that writes checks it.
 *
 * Invariant: a statement whose answer was lost may still be under way, and take effect at any time. So nothing is written after it before the
 * token has been replaced: from then on, the lost statement has no effect any more.
 */
export class Fence {
  readonly #named: Named;
  #token = randomUUID();
  /** Tokens that may stand in the row instead, because an answer was lost. */
  #others: string[] = [];
  #isUnsure = false;
  /** Ends when the token that is being replaced is. */
  #retaking: Promise<void> | undefined;

  constructor(named: Named) {
    this.#named = named;
  }

  /** All tokens under which the name may be ours. */
  get tokens(): string[] {
    return [this.#token, ...this.#others];
  }

  /**
   * Takes the name, from whoever has been silent for too long. Called again after a lost answer, it takes the name with another token.
   *
   * @returns what is remembered of the master, `null` if nothing
   * @throws MasterLockedError (`MASTER_LOCKED`) if its owner is there
   */
  async take(): Promise<unknown> {
    const { database, sql, master } = this.#named;
    const { space, silence } = database.settings;
    for (;;) {
      this.#others.push(this.#token);
      this.#token = randomUUID();
      const values = [space, master, this.#token, `${hostname()}, process ${process.pid}`, silence, this.#others];
      const [row] = await database.rows<{ session: unknown }>(sql.take, values);
      if (row !== undefined) {
        this.#others = [];
        this.#isUnsure = false;
        return row.session;
      }
      await this.#untilFree();
    }
  }

  /** Until the name may be taken. Whether its owner is there, it says by renewing. */
  async #untilFree(): Promise<void> {
    const { master, ask } = this.#named;
    const first = await this.#owner();
    if (first === undefined || first.over) return;
    await ask();
    for (let pause = FIRST_LOOK; ; pause = Math.min(2 * pause, LONGEST_LOOK)) {
      const now = await this.#owner();
      if (now === undefined || now.over) return;
      if (now.owner !== first.owner || now.until !== first.until)
        throw new MasterLockedError(
          `The master "${master}" is open elsewhere (${now.holder ?? 'unknown'}). Close it there, or give this one another name.`,
        );
      await wait(pause);
    }
  }

  async #owner(): Promise<Owner | undefined> {
    const { database, sql, master } = this.#named;
    const [row] = await database.rows<Owner>(sql.owner, [database.settings.space, master]);
    return row;
  }

  /**
   * Runs a statement of the owner's. @param run gives no row, or one that says `mine: false`, if the token was not that of the row
   *
   * @param isDone tells whether it took effect before, and its answer was lost; asked if the row is ours, but of another epoch
   * @throws MasterFencedError (`MASTER_FENCED`) if another process owns the name now; it had no effect then
   */
  async write<Row extends { mine: boolean }>(
    run: (token: string) => Promise<readonly Row[]>,
    isDone: (epoch: string | null) => boolean = () => false,
  ): Promise<Row | undefined> {
    for (;;) {
      if (this.#isUnsure)
        await (this.#retaking ??= this.#retake().finally(() => {
          this.#retaking = undefined;
        }));
      const token = this.#token;
      try {
        const [row] = await run(token);
        if (row?.mine === true) return row;
      } catch (error) {
        if (error instanceof StoreUnreachableError) this.#isUnsure = true;
        throw error;
      }
      const now = await this.#owner();
      // Else another call of ours has replaced it meanwhile: this one had no effect.
      if (token === this.#token && !this.#hasDoubts()) {
        if (now?.owner !== token) throw this.#fenced(now);
        if (isDone(now.epoch)) return undefined;
        throw new Error(`This stream of "${this.#named.master}" has ended; another one goes on (${now.epoch ?? ''})`);
      }
    }
  }

  #hasDoubts(): boolean {
    return this.#isUnsure;
  }

  /** Replaces the token; waits for a statement that is under way with it. */
  async #retake(): Promise<void> {
    const { database, sql, master } = this.#named;
    this.#others.push(this.#token);
    this.#token = randomUUID();
    const values = [database.settings.space, master, this.#token, this.#others];
    const rows = await database.rows(sql.retake, values);
    if (rows.length === 0) throw this.#fenced(await this.#owner());
    this.#others = [];
    this.#isUnsure = false;
  }

  #fenced(now: Owner | undefined): MasterFencedError {
    const who =
      now === undefined || now.owner === null ? 'its row says that nobody owns it' : (now.holder ?? 'another process');
    return new MasterFencedError(
      `The master "${this.#named.master}" was taken over in ${this.#named.database.settings.location} (${who}) while this process was silent; its calls that were not stored are undone. Close this one.`,
    );
  }
}
