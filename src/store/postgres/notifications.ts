import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { StoreUnreachableError } from '../../errors.js';
import type { PostgresClient, PostgresPool } from './driver.js';
import { quoted } from './statements.js';

/** How long (ms) to wait before a connection is made again: the first time, and at most. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 5_000;

/** So often (ms) it is looked whether the connection is still there, and so long an answer may take. */
const CHECK_MS = 30_000;
const ANSWER_MS = 5_000;

/** Who listens on a channel. */
export interface Listener {
  heard(payload: string): void;
  /** Notifications may have been missed, and come again now. */
  again(): void;
  /** None come for now. Told once, until they come again. */
  lost(error: StoreUnreachableError): void;
}

/** Lets the process end meanwhile. */
const pause = (ms: number): Promise<void> => setTimeout(ms, undefined, { ref: false });

/**
 * One connection over which a process hears what others publish, shared by all stores of one pool. It is there while anybody listens, and made
 * again, ever more slowly, when it is lost.
 */
export class Notifications {
  static readonly #ofPools = new WeakMap<PostgresPool, Notifications>();
  readonly #pool: PostgresPool;
  readonly #location: string;
  readonly #listeners = new Map<string, Set<Listener>>();
  /** The connection, when notifications come over it. */
  #client: PostgresClient | undefined;
  /** Ends with the first attempt to connect that is under way, however it ends. */
  #attempt: Promise<void> | undefined;
  #isRunning = false;
  #isLost = false;
  /** Nobody listened any more: the connection that is there ends. */
  #isLeft = false;
  /** Ends the wait for the end of the connection. */
  #wake: () => void = () => undefined;

  private constructor(pool: PostgresPool, location: string) {
    this.#pool = pool;
    this.#location = location;
  }

  /** Those of a pool. @param location how messages name the store that asks first */
  static of(pool: PostgresPool, location: string): Notifications {
    const known = this.#ofPools.get(pool);
    if (known !== undefined) return known;
    const made = new Notifications(pool, location);
    this.#ofPools.set(pool, made);
    return made;
  }

  /** Listens on a channel. Resolves when notifications come, or the listener was told that they do not yet. Gives what ends it. */
  async listen(channel: string, listener: Listener): Promise<() => Promise<void>> {
    const isNew = !this.#listeners.has(channel);
    this.#listeners.set(channel, (this.#listeners.get(channel) ?? new Set()).add(listener));
    if (!this.#isRunning) {
      this.#isRunning = true;
      void this.#run();
    }
    if (this.#client !== undefined && isNew) await this.#ask(this.#client, `LISTEN ${quoted(channel)}`);
    await this.#attempt;
    return () => this.#leave(channel, listener);
  }

  async #leave(channel: string, listener: Listener): Promise<void> {
    const others = this.#listeners.get(channel);
    others?.delete(listener);
    if (others === undefined || others.size > 0) return;
    this.#listeners.delete(channel);
    if (this.#listeners.size === 0) {
      this.#isLeft = true;
      this.#wake();
    } else if (this.#client !== undefined) await this.#ask(this.#client, `UNLISTEN ${quoted(channel)}`);
  }

  /** A connection that does not answer is made again. */
  async #ask(client: PostgresClient, text: string): Promise<void> {
    try {
      await this.#query(client, text);
    } catch {
      if (client === this.#client) this.#wake();
    }
  }

  /** Connects again and again, while anybody listens. */
  async #run(): Promise<void> {
    for (let wait = FIRST_PAUSE; this.#listeners.size > 0; wait = Math.min(2 * wait, LONGEST_PAUSE)) {
      let began: () => void = () => undefined;
      this.#attempt = new Promise((resolve) => (began = resolve));
      try {
        await this.#connection(() => {
          wait = FIRST_PAUSE;
          began();
        });
      } catch (error) {
        this.#tellLost(error);
      }
      began();
      if (this.#listeners.size > 0) await pause(wait * (0.5 + Math.random()));
    }
    this.#isRunning = false;
  }

  /** One connection, until it is lost or nobody listens any more. */
  async #connection(began: () => void): Promise<void> {
    this.#isLeft = false;
    const client = await this.#pool.connect();
    const ended = new Promise<void>((resolve) => {
      this.#wake = resolve;
      client.on('error', () => {
        resolve();
      });
      client.on('end', resolve);
    });
    try {
      client.unref?.();
      await this.#tryOut(client, ended);
      // From now on whoever comes asks for a channel; those who are there already are asked for here.
      this.#client = client;
      await this.#query(client, [...this.#listeners.keys()].map((channel) => `LISTEN ${quoted(channel)}`).join('; '));
      began();
      this.#tellAgain();
      while (!this.#hasEnded() && !(await isOver(ended)) && (await answers(client)));
      if (!this.#hasEnded()) throw new Error('the connection was lost');
      // Whoever came meanwhile may have missed something.
      this.#isLost = true;
    } finally {
      this.#client = undefined;
      // Whoever got it next would hear what is not for them.
      client.release(true);
    }
  }

  /** Tries whether notifications come over a connection, with one of its own. From now on they are heard. */
  async #tryOut(client: PostgresClient, ended: Promise<void>): Promise<void> {
    const echo = `prevalent_${randomUUID()}`;
    const heard = new Promise<boolean>((resolve) => {
      client.on('notification', ({ channel, payload = '' }) => {
        if (channel === echo) resolve(true);
        else for (const listener of this.#listeners.get(channel) ?? []) listener.heard(payload);
      });
    });
    await this.#query(client, `LISTEN ${quoted(echo)}`);
    // Over another connection: one's own notification comes back also through a pooler that lets no other one through.
    await this.#pool.query({ text: 'SELECT pg_notify($1, $2)', values: [echo, ''], query_timeout: ANSWER_MS });
    const isHeard = await Promise.race([heard, ended.then(() => false), pause(ANSWER_MS).then(() => false)]);
    if (!isHeard)
      throw new Error(
        'no notification comes over the connection; behind a pooler that changes connections between transactions, set listen to an address that leads to the server',
      );
    await this.#query(client, `UNLISTEN ${quoted(echo)}`);
  }

  async #query(client: PostgresClient, text: string): Promise<void> {
    await client.query({ text, query_timeout: ANSWER_MS });
  }

  #hasEnded(): boolean {
    return this.#isLeft;
  }

  get #all(): Listener[] {
    return [...this.#listeners.values()].flatMap((listeners) => [...listeners]);
  }

  #tellAgain(): void {
    const wasLost = this.#isLost;
    this.#isLost = false;
    if (wasLost) for (const listener of this.#all) listener.again();
  }

  #tellLost(cause: unknown): void {
    if (this.#isLost) return;
    this.#isLost = true;
    const error = new StoreUnreachableError(
      `${this.#location}: what others publish is not heard for now (${(cause as Error).message}); syncing at intervals goes on, and the connection is made again.`,
      { cause },
    );
    for (const listener of this.#all) listener.lost(error);
  }
}

function isOver(ended: Promise<void>): Promise<boolean> {
  return Promise.race([ended.then(() => true), pause(CHECK_MS).then(() => false)]);
}

async function answers(client: PostgresClient): Promise<boolean> {
  await client.query({ text: 'SELECT', query_timeout: ANSWER_MS });
  return true;
}
