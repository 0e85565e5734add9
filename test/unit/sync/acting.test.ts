/** Who makes a call on a server with many users: `as(meta)` and `transact(fn, { meta })`. */
import { type CallMeta, Master, MemoryStore, type MergedEvent, Prevalent, Transaction } from 'prevalent';

@Prevalent('acting-book')
class Book {
  readonly lines: string[] = [];
  @Transaction() write(text: string): string {
    this.lines.push(`${Transaction.current?.meta?.user ?? 'nobody'}: ${text}`);
    return text;
  }
  @Transaction() twice(text: string): void {
    this.write(text);
    this.write(text);
  }
  @Transaction() refuse(): never {
    throw new RangeError('never');
  }
  /** No transaction: it calls one. */
  greet(): string {
    return this.write('hello');
  }
  async later(): Promise<string> {
    await Promise.resolve();
    return this.write('later');
  }
  get last(): string | undefined {
    return this.lines.at(-1);
  }
}

const store = (): MemoryStore => new MemoryStore();
const opened = (at: MemoryStore, meta?: CallMeta, name = 'server'): Promise<Master<Book>> =>
  Master.open(Book, { name, store: at, check: 'replay', ...(meta === undefined ? {} : { meta }) });

async function eventsOf(master: Master<Book>): Promise<MergedEvent[]> {
  const found: MergedEvent[] = [];
  for await (const event of master.events()) found.push(event);
  return found;
}

test('each call is recorded with the meta of who makes it, the others with that of the master', async () => {
  const at = store();
  const master = await opened(at, { user: 'server' });
  const heard: unknown[] = [];
  master.on('event', ({ meta }) => heard.push(meta));
  const ada = master.as({ user: 'ada' });
  const bob = master.as({ user: 'bob', roles: ['admin'] });
  expect(ada.model.write('one')).toBe('one');
  bob.model.twice('two');
  ada.model.greet();
  await bob.model.later();
  master.model.write('three');
  master.as(null).model.write('four');
  expect(await ada.transact((book) => book.write('five'))).toBe('five');
  await master.transact((book) => book.greet(), { meta: { user: 'eve' } });
  await master.transact((book) => book.write('six'));
  const lines = [
    ...['ada: one', 'bob: two', 'bob: two', 'ada: hello', 'bob: later', 'server: three', 'nobody: four'],
    ...['ada: five', 'eve: hello', 'server: six'],
  ];
  expect(master.model.lines).toEqual(lines);
  expect(ada.model.last).toBe('server: six');
  const metas = (await eventsOf(master)).map(({ meta }) => meta);
  expect(heard).toEqual(metas);
  expect(metas.map((meta) => meta?.['user'])).toEqual([
    'ada',
    'bob',
    'ada',
    'bob',
    'server',
    undefined,
    'ada',
    'eve',
    'server',
  ]);
  expect(metas[1]).toEqual({ user: 'bob', roles: ['admin'] });
  await master.close();

  // Whoever replays it: the same program later, under another meta, and another master.
  for (const name of ['server', 'newcomer']) {
    const other = await opened(at, { user: 'somebody else' }, name);
    await other.sync();
    expect(other.model.lines).toEqual(lines);
    expect((await eventsOf(other)).map(({ meta }) => meta)).toEqual(metas);
    await other.close();
  }
});

test('what is given shows the same state, is guarded alike, and is nobody else’s argument', async () => {
  const master = await opened(store());
  const { model } = master.as({ user: 'ada' });
  expect(model).not.toBe(master.model);
  model.write('one');
  expect(model.lines).toBe(master.model.lines);
  expect(model instanceof Book).toBe(true);
  expect(Object.keys(model)).toEqual(Object.keys(master.model));
  const codeOf = (work: () => unknown): unknown => {
    try {
      return work();
    } catch (error) {
      return (error as { code?: string }).code;
    }
  };
  const writes: ((one: Book) => unknown)[] = [
    (one) => one.lines.push('past the guard'),
    (one) => ((one as { lines: string[] }).lines = []),
    (one) => delete (one as { lines?: string[] }).lines,
    (one) => Object.defineProperty(one, 'lines', { value: [] }),
    (one) => Object.setPrototypeOf(one, null) as unknown,
    (one) => Object.preventExtensions(one),
    (one) => one.write(model as never),
    (one) => one.write(master.model as never),
    (one) => one.refuse(),
  ];
  for (const work of writes) {
    const [there, here] = [codeOf(() => work(master.model as Book)), codeOf(() => work(model as Book))];
    expect([String(work), here]).toEqual([String(work), there]);
  }
  expect(master.model.lines).toEqual(['ada: one']);
  expect(master.query(() => codeOf(() => model.write('in a query')))).toBe('TRANSACTION_IN_QUERY');
  await master.close();
  expect(codeOf(() => model.write('after the end'))).toBe('MASTER_CLOSED');
});

test.each<[string, unknown]>([
  ['a text', 'ada'],
  ['a list', ['ada']],
  ['a Date in it', { since: new Date(0) }],
  ['a function', () => 1],
])('what cannot be recorded is refused before anything is called: %s', async (_, meta) => {
  const master = await opened(store());
  const given = meta as CallMeta;
  expect(() => master.as(given)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }) as Error);
  const calls: unknown[] = [];
  const called = master.transact(() => calls.push('called'), { meta: given });
  await expect(called).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  const misspelt = master.transact(() => calls.push('called'), { mata: {} } as never);
  await expect(misspelt).rejects.toMatchObject({ code: 'INVALID_OPTION', message: expect.stringContaining('mata') });
  expect(calls).toEqual([]);
  await master.close();
});

test('who gave it cannot change what is recorded afterwards', async () => {
  const master = await opened(store());
  const meta = { user: 'ada' };
  const { model } = master.as(meta);
  meta.user = 'mallory';
  model.write('one');
  expect(master.model.lines).toEqual(['ada: one']);
  await master.close();
});
