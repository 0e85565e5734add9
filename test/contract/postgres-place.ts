/** Places for the contract on a real PostgreSQL: each is a space of its own, whose statements are counted and may fail. */
import type { FailureKind } from '../../src/index.js';
import { type PostgresPool, type PostgresQuery, PostgresStore } from '../../src/store/postgres/index.js';
import type { Faults, StorePlace } from '../../src/testing/index.js';

/** A pool whose statements are counted, one of which may fail. What a store does by itself, at any time, is not counted. */
class CountedPool implements Faults, PostgresPool {
  readonly #pool: PostgresPool;
  #count = 0;
  #fault: { readonly at: number; readonly kind: FailureKind } | undefined;

  constructor(pool: PostgresPool) {
    this.#pool = pool;
  }

  async query(query: PostgresQuery): Promise<{ rows: unknown[] }> {
    if (isRenewal(query)) return this.#pool.query(query);
    const call = this.#count++;
    const kind = this.#fault?.at === call ? this.#fault.kind : undefined;
    if (kind === 'lost') throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    // As the server says it.
    if (kind === 'refused')
      throw Object.assign(new Error('could not extend file: No space left on device'), {
        code: '53100',
        severity: 'ERROR',
      });
    const result = await this.#pool.query(query);
    if (kind === 'unanswered') throw new Error('Connection terminated unexpectedly');
    return result;
  }

  connect(): never {
    throw new Error('listening goes over another pool');
  }

  on(): void {
    // The pool below has who listens to it.
  }

  count(): number {
    return this.#count;
  }

  fail(at: number, kind: FailureKind): void {
    this.#count = 0;
    this.#fault = { at, kind };
  }

  heal(): void {
    this.#count = 0;
    this.#fault = undefined;
  }
}

const isRenewal = ({ text }: PostgresQuery): boolean => text.startsWith('/* renew */');

/** A process that may be killed: it renews no name then. */
class Process implements PostgresPool {
  isGone = false;
  readonly #pool: CountedPool;

  constructor(pool: CountedPool) {
    this.#pool = pool;
  }

  async query(query: PostgresQuery): Promise<{ rows: unknown[] }> {
    return this.isGone && isRenewal(query) ? { rows: [] } : this.#pool.query(query);
  }

  connect(): never {
    return this.#pool.connect();
  }

  on(): void {
    this.#pool.on();
  }
}

let spaces = 0;

export async function postgresPlace(pool: PostgresPool): Promise<StorePlace> {
  const space = `space ${++spaces}`;
  const faults = new CountedPool(pool);
  const run = async (text: string, ...values: unknown[]): Promise<void> => {
    await pool.query({ text, values: [space, ...values] });
  };
  /** By master: who opened it last. */
  const processes = new Map<string, Process>();
  const silence = async ({ header }: { readonly header: { readonly master: string } }): Promise<void> => {
    const gone = processes.get(header.master);
    if (gone !== undefined) gone.isGone = true;
    await run(
      `UPDATE prevalent.masters SET owned_until = clock_timestamp() - interval '1 s' WHERE space = $1 AND master = $2`,
      header.master,
    );
  };
  return {
    open: () => {
      const process = new Process(faults);
      const store = new PostgresStore({ pool: process, listen: pool, space, silence: 60_000 });
      const open = store.open.bind(store);
      store.open = async (request) => {
        const journal = await open(request);
        processes.set(request.master, process);
        return journal;
      };
      return store;
    },
    kill: silence,
    suspend: silence,
    damage: ({ master, epoch }) =>
      run(
        `UPDATE prevalent.events SET lines = replace(lines, '"seq":1,', '"seq":7,')
          WHERE space = $1 AND master = $2 AND epoch = $3 AND first = 1`,
        ...[master, epoch],
      ),
    faults,
  };
}
