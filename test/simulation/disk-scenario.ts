import { Master, type PrevalentError, Prevalent, Transaction } from '../../src/index.js';
import type { Durability } from '../../src/store/group-commit.js';
import { FolderNetwork } from '../../src/testing/index.js';

@Prevalent('disk-scenario')
export class Words {
  readonly all: string[] = [];
  @Transaction() add(word: string): number {
    return this.all.push(word);
  }
  /** Two writes of which none may stay alone. */
  @Transaction() pair(word: string): void {
    this.all.push(`${word}-left`);
    this.all.push(`${word}-right`);
  }
}

const NOON = Date.UTC(2026, 5, 1, 12);
/** So small that a few calls fill a file. */
const SMALL = { segmentBytes: 700 };
/** What a call, a sync, a start may fail with; anything else is an error of ours. */
const EXPECTED = ['NOT_DURABLE', 'OUTCOME_UNKNOWN', 'READ_ONLY_MASTER', 'STORE_UNREACHABLE'];

/** A start may also be refused because the private directory cannot be made or written. */
const isExpected = ({ code, message }: PrevalentError): boolean =>
  EXPECTED.includes(code) || (code === 'INVALID_OPTION' && message.startsWith('The private directory /local '));

/**
 * What one machine does in a short life: it writes alone, together and unawaited, rotates, publishes, merges what another
 * master wrote earlier and meanwhile, takes a snapshot, closes and goes on. Keeps what it was told about each call.
 */
export class DiskScenario {
  readonly network = new FolderNetwork(['a', 'b']);
  readonly acknowledged: string[] = [];
  readonly refused: string[] = [];
  /** Called, in this order; of those that are in no other list nothing is known. */
  readonly called: string[] = [];
  /** Unexpected errors, and what was in memory when it should not have been. */
  readonly wrong: unknown[] = [];
  /** Operations on the disk of `a` so far. */
  operations = 0;
  /** Told before each operation, by number; may throw, or let the power fail. */
  before: (operation: number, kind: string, path: string) => void = () => undefined;
  #over = false;
  #now = NOON;
  #seed = 1;
  #endOfPower: () => void = () => undefined;
  readonly #durability: Durability;

  constructor(durability: Durability) {
    this.#durability = durability;
  }

  /** Runs it to its end, or to the moment at which the power fails. */
  async run(): Promise<void> {
    const b = await this.#open('b');
    for (const word of ['b1', 'b2']) await b.transact((words) => words.add(word));
    await b.sync();
    const { disk } = this.#a;
    disk.fault = (kind, path) => {
      this.before(++this.operations, kind, path);
    };
    const powerFails = new Promise<void>((resolve) => (this.#endOfPower = resolve));
    await Promise.race([this.#live(b), powerFails]);
    this.#over = true;
    disk.fault = () => undefined;
    await b.close();
  }

  /** The power of `a` fails now, in the middle of an operation. */
  powerFailure(keep: number, keepName: (path: string) => boolean): never {
    this.#over = true;
    this.network.crash('a', () => keep, keepName);
    this.#endOfPower();
    throw new Error('The power failed');
  }

  /** Opens `a` on a disk that works again, and another master that has never seen anything. Gives what each of them holds. */
  async afterwards(): Promise<{
    first: string[];
    again: string[];
    other: string[];
    newcomer: string[];
    held: unknown[];
  }> {
    const a = await this.#open('a');
    const first = [...a.query(({ all }) => all)];
    await a.transact((words) => words.add('afterwards'));
    await a.sync();
    await a.close();
    const reopened = await this.#open('a');
    const again = [...reopened.query(({ all }) => all)];
    await reopened.close();
    this.network.add('c');
    this.network.deliverAll();
    const b = await this.#open('b');
    await b.sync();
    const c = await this.#open('c');
    await c.sync();
    const held = [...(await b.status()).held, ...(await c.status()).held];
    const [other, newcomer] = [b, c].map((one) => [...one.query(({ all }) => all)]);
    await b.close();
    await c.close();
    return { first, again, other: other!, newcomer: newcomer!, held };
  }

  get #a(): { disk: ReturnType<FolderNetwork['disk']> } {
    return { disk: this.network.disk('a') };
  }

  async #live(b: Master<Words>): Promise<void> {
    const first = await this.#attempt(() => this.#open('a'));
    if (first !== undefined) await this.#work(first, b);
    const second = await this.#attempt(() => this.#open('a'));
    if (second === undefined) return;
    for (const word of ['7', '8', '9']) await this.#call(second, word);
    await this.#attempt(() => second.close());
  }

  async #work(a: Master<Words>, b: Master<Words>): Promise<void> {
    await this.#call(a, '1');
    await this.#call(a, '2');
    await this.#attempt(() => a.sync());
    await Promise.all([this.#call(a, '3'), this.#pair(a, '4'), this.#call(a, '5')]);
    // Older than all of these, and only here now.
    this.#deliver();
    const syncing = this.#attempt(() => a.sync());
    await Promise.all([syncing, this.#call(a, 'during-1'), this.#call(a, 'during-2')]);
    await b.transact((words) => words.add('b3'));
    await b.sync();
    this.#deliver();
    const merging = this.#attempt(() => a.sync());
    await this.#call(a, 'while merging');
    await merging;
    await this.#attempt(() => a.snapshot());
    await this.#call(a, '6');
    await this.#attempt(() => a.close());
  }

  #deliver(): void {
    if (this.#over) return;
    for (const path of this.network.pending('b', 'a')) this.network.deliver('b', 'a', path);
  }

  async #open(name: string): Promise<Master<Words>> {
    const master = await Master.open(Words, {
      ...this.network.place(name, SMALL),
      check: 'none',
      now: () => this.#now++,
      random: () => (this.#seed = (this.#seed * 16_807) % 2_147_483_647) / 2_147_483_647,
      durability: name === 'a' ? this.#durability : 'group',
    });
    // Each caller hears of its own loss.
    master.on('error', () => undefined);
    return master;
  }

  async #call(a: Master<Words>, word: string): Promise<void> {
    await this.#transact(a, [word], (model) => model.add(word));
  }

  async #pair(a: Master<Words>, word: string): Promise<void> {
    await this.#transact(a, [`${word}-left`, `${word}-right`], (model) => {
      model.pair(word);
    });
  }

  async #transact(a: Master<Words>, words: readonly string[], run: (model: Words) => unknown): Promise<void> {
    if (!this.#over) this.called.push(...words);
    const done = await this.#attempt(async () => {
      try {
        await a.transact(run);
        return true;
      } catch (error) {
        const { code } = error as PrevalentError;
        if (!this.#over && (code === 'NOT_DURABLE' || code === 'READ_ONLY_MASTER')) this.refused.push(...words);
        throw error;
      }
    });
    if (this.#over) return;
    if (done === true) this.acknowledged.push(...words);
    const inMemory = a.query(({ all }) => [...all]);
    for (const word of this.acknowledged) if (!inMemory.includes(word)) this.wrong.push(`${word} is gone from memory`);
    for (const word of this.refused)
      if (inMemory.includes(word)) this.wrong.push(`${word} was refused and is in memory`);
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!this.#over && !isExpected(error as PrevalentError)) this.wrong.push(error);
      return undefined;
    }
  }
}
