import { ok, rejects, strictEqual } from 'node:assert/strict';
import { LineWriter, parseLine, streamKey } from '../event/envelope.js';
import { UlidClock } from '../event/ulid-clock.js';
import type { Journal, JournalRequest, Store } from '../store/store.js';

/** A place where stores can be made again and again on the same data. */
export interface StorePlace {
  /** A store on the data, as another start of the same or another process would make it. */
  open(): Store;
  /** As if the process that holds `journal` were killed: no close, its lock is gone. */
  kill(journal: Journal): Promise<void>;
}

/** The part of a test runner that the suite needs; Jest's, Vitest's and Node's `test` all fit. */
export type TestFunction = (name: string, run: () => Promise<void>) => unknown;

const CONTRACT_MODEL = 'contract';
const NOTHING = { head: undefined, seal: undefined, deletable: 0 };

/** Makes requests and lines as a master would. */
class Writer {
  readonly #clock = new UlidClock({ now: Date.now, random: Math.random, maxDrift: Infinity });
  readonly request: JournalRequest;

  constructor(master: string, local?: string) {
    const newEpoch = (last: string | undefined): string => {
      if (last !== undefined) this.#clock.observe(last);
      return this.#clock.next();
    };
    this.request = { master, model: CONTRACT_MODEL, local, newEpoch };
  }

  /** Lines of events `from` to `to` of a journal's stream. */
  lines(store: Store, journal: Journal, from: number, to: number): string {
    const writer = new LineWriter(journal.header, CONTRACT_MODEL, store.crc32);
    const { master, epoch } = journal.header;
    let text = '';
    for (let seq = from; seq <= to; seq++) {
      const event = {
        id: this.#clock.next(),
        master,
        epoch,
        seq,
        model: CONTRACT_MODEL,
        tx: 'add',
        txv: 1,
        args: [seq],
        meta: null,
      };
      text += `${writer.line(event, `[${seq}]`, 'null')}\n`;
    }
    return text;
  }
}

function seqs(store: Store, lines: readonly string[]): number[] {
  return lines.map((line) => {
    const parsed = parseLine(line, store.crc32);
    return parsed.kind === 'event' ? parsed.event.seq : -1;
  });
}

async function* chunksOf(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield new TextEncoder().encode(text);
}

// By text: under Jest, lists that come from Node are of another realm and never deeply equal.
function same(actual: unknown, expected: unknown): void {
  strictEqual(JSON.stringify(actual), JSON.stringify(expected));
}

/**
 * The contract of a `Store`, as tests: an adapter's whole test file is one call. Every point is checked on a store made anew,
 * never on what the writer still has in memory.
 *
 * @param test the runner's `test` function
 * @param place makes an empty place and gives it; called once for each test
 */
export function storeContract(test: TestFunction, place: () => Promise<StorePlace>): void {
  const check = (name: string, run: (place: StorePlace) => Promise<void>): void => {
    test(name, async () => run(await place()));
  };

  check('a new place has no streams', async (at) => {
    same(await at.open().streams(), []);
  });

  check('what was appended is there after reopening, in order and once', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    strictEqual(journal.head, undefined);
    await journal.append(writer.lines(store, journal, 1, 3), 1);
    await journal.append(writer.lines(store, journal, 4, 5), 4);
    await journal.close();
    const again = at.open();
    const reopened = await again.open(writer.request);
    strictEqual(reopened.head?.seq, 5);
    strictEqual(reopened.header.epoch, journal.header.epoch);
    same(seqs(again, await again.read(journal.header, 0, 5)), [1, 2, 3, 4, 5]);
    await reopened.append(writer.lines(again, reopened, 6, 6), 6);
    await reopened.close();
    const last = at.open();
    same(seqs(last, await last.read(journal.header, 4, 99)), [5, 6]);
  });

  check('what was appended survives a kill', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    await journal.append(writer.lines(store, journal, 1, 2), 1);
    await at.kill(journal);
    const again = at.open();
    const reopened = await again.open(writer.request);
    strictEqual(reopened.head?.seq, 2);
    same(seqs(again, await again.read(reopened.header, 0, 2)), [1, 2]);
    await reopened.close();
  });

  check('read gives exactly the range that was asked for', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    await journal.append(writer.lines(store, journal, 1, 10), 1);
    const reader = at.open();
    same(seqs(reader, await reader.read(journal.header, 3, 6)), [4, 5, 6]);
    same(seqs(reader, await reader.read(journal.header, 6, 8)), [7, 8]);
    same(seqs(reader, await reader.read(journal.header, 0, 2)), [1, 2]);
    same(seqs(reader, await reader.read(journal.header, 10, 20)), []);
    await journal.append(writer.lines(store, journal, 11, 12), 11);
    same(seqs(reader, await reader.read(journal.header, 10, 20)), [11, 12]);
    same(await reader.read({ master: 'nobody', epoch: journal.header.epoch }, 0, 9), []);
    await journal.close();
  });

  check('a frontier is replaced as a whole and seen by others', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    strictEqual((await at.open().streams())[0]?.frontier, undefined);
    await journal.publish('first', NOTHING);
    await journal.publish('second and longer', NOTHING);
    const listings = await at.open().streams();
    same(
      listings.map(({ stream, frontier }) => [streamKey(stream), frontier]),
      [[streamKey(journal.header), 'second and longer']],
    );
    await journal.close();
  });

  check('two masters have two streams, and one name has one writer', async (at) => {
    const store = at.open();
    const [first, second] = [new Writer('a'), new Writer('a-b')];
    const one = await store.open(first.request);
    const two = await store.open(second.request);
    await rejects(store.open(first.request), { code: 'MASTER_LOCKED' });
    await one.append(first.lines(store, one, 1, 1), 1);
    await two.append(second.lines(store, two, 1, 2), 1);
    const reader = at.open();
    same(seqs(reader, await reader.read(one.header, 0, 9)), [1]);
    same(seqs(reader, await reader.read(two.header, 0, 9)), [1, 2]);
    await one.close();
    await two.close();
    await (await at.open().open(first.request)).close();
  });

  check('a store that can watch tells that others published, until it is told to stop', async (at) => {
    const store = at.open();
    if (store.watch === undefined) return;
    const mine = await store.open(new Writer('a').request);
    const other = at.open();
    const theirs = await other.open(new Writer('b').request);
    let heard: () => void = () => undefined;
    const failures: unknown[] = [];
    const stop = await store.watch('a', { changed: () => heard(), failed: (error) => failures.push(error) });
    for (const text of ['first', 'second']) {
      let told = 0;
      heard = () => told++;
      // Again and again: a watcher may miss a change, but not all of them.
      while (told === 0) await theirs.publish(text, NOTHING);
    }
    await stop();
    heard = () => failures.push('told after the end');
    await theirs.publish('third', NOTHING);
    same(failures, []);
    await mine.close();
    await theirs.close();
  });

  check('a store holds one model', async (at) => {
    const writer = new Writer('a');
    await (await at.open().open(writer.request)).close();
    await rejects(at.open().open({ ...new Writer('b').request, model: 'another' }), { code: 'MODEL_MISMATCH' });
  });

  check('snapshots come back byte for byte, newest first, for every reader, and can be removed', async (at) => {
    const writer = new Writer('a');
    const journal = await at.open().open(writer.request);
    const [older, newer] = [`${'0'.repeat(25)}1`, `${'0'.repeat(25)}2`];
    await journal.writeSnapshot(older, chunksOf('one\n', 'två\n'));
    await journal.writeSnapshot(newer, chunksOf('three'));
    await journal.close();
    const again = at.open();
    const reopened = await again.open(writer.request);
    same(await again.snapshots(journal.header), [{ position: newer }, { position: older }]);
    const chunks: Uint8Array[] = [];
    for await (const chunk of again.readSnapshot(journal.header, { position: older })) chunks.push(chunk);
    strictEqual(Buffer.concat(chunks).toString(), 'one\ntvå\n');
    await rejects(async () => {
      for await (const _chunk of again.readSnapshot(journal.header, { position: `${'0'.repeat(25)}3` }));
    });
    await reopened.removeSnapshot({ position: older });
    same(await again.snapshots(journal.header), [{ position: newer }]);
    same(await again.snapshots({ master: 'nobody', epoch: journal.header.epoch }), []);
    ok((await reopened.size()).snapshots > 0);
    await reopened.close();
  });
}
