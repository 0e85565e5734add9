/** Whoever builds a state on a snapshot reads no event that the snapshot holds. */
import { Master, MemoryStore, type StreamId, Prevalent, Transaction } from '../../src/index.js';

@Prevalent('start-reads')
class Log {
  readonly lines: string[] = [];
  @Transaction() add(line: string): void {
    this.lines.push(line);
  }
}

/** A store that writes down how many events were asked for, by master. */
class Watched extends MemoryStore {
  readonly #behind = new Map<string, number>();

  override read(stream: StreamId, after: number, upTo: number): ReturnType<MemoryStore['read']> {
    this.#behind.set(stream.master, Math.min(this.#behind.get(stream.master) ?? Infinity, after));
    return super.read(stream, after, upTo);
  }

  /** By master, the event behind which the first one was read. */
  taken(): Record<string, number> {
    const all = Object.fromEntries(this.#behind);
    this.#behind.clear();
    return all;
  }
}

async function add(master: Master<Log>, count: number): Promise<void> {
  for (let line = 0; line < count; line++) master.model.add(`${line}`);
  await master.sync();
}

test('a start reads its own journal behind its newest snapshot', async () => {
  const store = new Watched();
  const first = await Master.open(Log, { name: 'a', store });
  await add(first, 10);
  await first.snapshot();
  await add(first, 3);
  await first.close();
  store.taken();
  const again = await Master.open(Log, { name: 'a', store });
  expect(again.query(({ lines }) => lines.length)).toBe(13);
  expect(store.taken()).toEqual({ a: 10 });
  await again.close();
});

test('it reads the journals of others behind its newest snapshot', async () => {
  const store = new Watched();
  const [a, b] = [await Master.open(Log, { name: 'a', store }), await Master.open(Log, { name: 'b', store })];
  await add(b, 20);
  await add(a, 10);
  await a.snapshot();
  await add(b, 2);
  await a.close();
  store.taken();
  const again = await Master.open(Log, { name: 'a', store });
  await again.sync();
  expect(again.query(({ lines }) => lines.length)).toBe(32);
  const { b: behind } = store.taken();
  // The last event that it holds is compared with the one that stands there now.
  expect(behind).toBeGreaterThanOrEqual(19);
  await again.close();
  await b.close();
});

test('an event that comes before the newest snapshot makes it read behind an older one', async () => {
  let now = Date.UTC(2026, 0, 1);
  const store = new Watched();
  const open = (name: string): Promise<Master<Log>> =>
    Master.open(Log, { name, store, now: () => now++, autoSync: false });
  const [a, b] = [await open('a'), await open('b')];
  await add(a, 10);
  await a.snapshot();
  await b.sync();
  b.model.add('late');
  await add(a, 10);
  await a.snapshot();
  await b.sync();
  store.taken();
  await a.sync();
  expect(a.query(({ lines }) => lines.length)).toBe(21);
  expect(store.taken().a ?? 10).toBeGreaterThanOrEqual(10);
  await a.close();
  await b.close();
});
