import type { StreamHeader } from '../../event/event.js';
import type { Journal, Store } from '../../store/store.js';
import type { Check, StorePlace } from './place.js';
import { holds } from './verdict.js';
import { chunksOf, NOTHING, readsAs, seqs, Writer } from './writer.js';

const POSITION = `${'0'.repeat(25)}1`;

/** What was written to one stream: how many events were acknowledged, and how many may be there. */
interface Written {
  readonly header: StreamHeader;
  acknowledged: number;
  sent: number;
}

/** What one life of a master writes, step by step, and what must be there whatever happens in between. */
class Life {
  readonly writer = new Writer('a');
  readonly #at: StorePlace;
  #store: Store;
  #journal: Journal | undefined;
  readonly #streams: Written[] = [];

  constructor(at: StorePlace) {
    this.#at = at;
    this.#store = at.open();
  }

  /** All steps, in order. Each may be done again until it succeeds, with the same arguments. */
  steps(): (() => Promise<void>)[] {
    return [
      () => this.start(),
      this.#append(3),
      () => this.#do((journal) => journal.publish('first', NOTHING)),
      this.#append(2),
      () => this.#do((journal) => journal.rotate()),
      this.#append(1),
      () => this.#do((journal) => journal.writeSnapshot(POSITION, chunksOf('state', ' of it'))),
      () => this.#do((journal) => journal.publish('second', NOTHING)),
      this.#succeed(2),
      this.#append(2),
      () => this.#do((journal) => journal.publish('third', NOTHING)),
      () => this.#do((journal) => journal.rotate()),
      this.#append(1),
    ];
  }

  /** Opens the journal, as a new process does after the last one has ended. */
  async start(): Promise<void> {
    this.#journal ??= await this.#store.open(this.writer.request);
    const { header, head } = this.#journal;
    const known = this.#streams.find((stream) => stream.header.epoch === header.epoch);
    const found = head?.seq ?? 0;
    if (known === undefined) this.#streams.push({ header, acknowledged: found, sent: found });
    else known.acknowledged = known.sent = found;
  }

  /** The process is killed; what was not acknowledged may be there or not. */
  async die(): Promise<void> {
    if (this.#journal !== undefined) await this.#at.kill(this.#journal);
    this.#journal = undefined;
    this.#store = this.#at.open();
  }

  async end(): Promise<void> {
    await this.#journal?.close();
    this.#journal = undefined;
  }

  /** Everything acknowledged is there, once and in order; of the rest a beginning at most. */
  async look(): Promise<void> {
    const reader = this.#at.open();
    for (const { header, acknowledged, sent } of this.#streams) {
      const found = seqs(reader, await reader.read(header, 0, 1e6));
      await readsAs(
        reader,
        header,
        0,
        found.map((_, index) => index + 1),
      );
      const isWhole = found.length >= acknowledged && found.length <= sent;
      holds(isWhole, `${found.length} events are there; ${acknowledged} were acknowledged, and ${sent} were sent`);
    }
  }

  async #do(work: (journal: Journal) => Promise<unknown>): Promise<void> {
    await work(this.#open());
  }

  #append(count: number): () => Promise<void> {
    let lines: string | undefined;
    return async () => {
      const [journal, stream] = [this.#open(), this.#current()];
      const from = stream.acknowledged + 1;
      lines ??= this.writer.lines(this.#store, stream.header, from, stream.acknowledged + count);
      stream.sent = Math.max(stream.sent, stream.acknowledged + count);
      await journal.append(lines, from);
      stream.acknowledged += count;
    };
  }

  #succeed(count: number): () => Promise<void> {
    let next: { readonly header: StreamHeader; readonly lines: string } | undefined;
    return async () => {
      const journal = this.#open();
      if (next === undefined) {
        const header = this.writer.successor(journal, this.#current().acknowledged);
        next = { header, lines: this.writer.lines(this.#store, header, 1, count) };
        this.#streams.push({ header, acknowledged: 0, sent: count });
      }
      const successor = await journal.succeed(next.header, next.lines);
      const stream = this.#streams.find(({ header }) => header.epoch === successor.header.epoch);
      if (stream !== undefined) stream.acknowledged = count;
      this.#journal = successor;
      await journal.close();
    };
  }

  #open(): Journal {
    if (this.#journal === undefined) throw new Error('no journal is open');
    return this.#journal;
  }

  #current(): Written {
    const stream = this.#streams.find(({ header }) => header.epoch === this.#open().header.epoch);
    if (stream === undefined) throw new Error('the stream is not known');
    return stream;
  }
}

/** Once more if it fails: a failure comes once. */
async function twice(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch {
    await work();
  }
}

/** Runs a life in which the storage fails once. What is unreachable is tried again; what is refused is left, and a new process goes on. */
async function liveThrough(at: StorePlace): Promise<void> {
  const life = new Life(at);
  for (const step of life.steps()) {
    try {
      await step();
    } catch (error) {
      if ((error as { code?: unknown }).code === 'STORE_UNREACHABLE') await step();
      else {
        await life.die();
        await twice(() => life.start());
      }
    }
    await twice(() => life.look());
  }
  await twice(() => life.end());
  await twice(() => life.look());
}

/** Failures at every call in turn, and deaths between any two. */
export function failing(check: Check): void {
  check('a process that is killed between any two calls loses nothing that was acknowledged', async (first, make) => {
    const count = new Life(first).steps().length;
    for (let alive = 0; alive <= count; alive++) {
      const life = new Life(await make());
      for (const step of life.steps().slice(0, alive)) await step();
      await life.die();
      await life.look();
      await life.start();
      await life.look();
      await life.end();
    }
  });

  check('a call that fails, each in turn and in each way, loses and doubles nothing', async (first, make) => {
    first.faults.heal();
    await liveThrough(first);
    const calls = first.faults.count();
    for (const kind of first.faults.kinds) {
      holds(calls > 10, `only ${calls} calls were made to the storage`);
      for (let call = 0; call < calls; call++) {
        const at = await make();
        at.faults.fail(call, kind);
        try {
          await liveThrough(at);
        } catch (error) {
          throw new Error(`with call ${call} of ${calls} ${kind}: ${(error as Error).message}`, { cause: error });
        }
      }
    }
  });
}
