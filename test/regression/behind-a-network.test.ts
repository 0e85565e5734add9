/** A master whose store is behind a network: what is lost on the way is sent again, what is refused is undone, and a name has one writer. */
import { Master, type MasterOptions, type Store, Prevalent, Transaction } from '../../src/index.js';
import { type Fate, RemoteMemoryServer, RemoteMemoryStore } from '../../src/testing/index.js';

@Prevalent('list')
class List {
  readonly lines: string[] = [];
  @Transaction() add(line: string): void {
    this.lines.push(line);
  }
}

const soon = (): Promise<void> => Promise.resolve();
const linesOf = (master: Master<List>): string[] => master.query(({ lines }) => [...lines]);

class World {
  readonly server = new RemoteMemoryServer();
  /** What becomes of the next calls of one kind. */
  readonly fates: { call: string; fate: Fate }[] = [];
  pauses = 0;
  now = Date.UTC(2026, 0, 1);

  store(): Store {
    const pause = async (): Promise<void> => {
      this.pauses++;
    };
    const fate = (call: string): Fate => {
      const [next] = this.fates;
      return next?.call === call ? this.fates.shift()!.fate : 'answered';
    };
    return new RemoteMemoryStore(this.server, { travel: soon, pause, fate });
  }

  open(name: string, options: Partial<MasterOptions> = {}): Promise<Master<List>> {
    return Master.open(List, { name, store: this.store(), now: () => this.now++, ...options });
  }

  fail(call: string, ...fates: readonly Fate[]): void {
    this.fates.push(...fates.map((fate) => ({ call, fate })));
  }

  /** What another process of this name starts with. */
  async reopened(name: string): Promise<string[]> {
    const again = await this.open(name);
    const lines = linesOf(again);
    await again.close();
    return lines;
  }
}

test('a call that must be durable before it returns is not possible there, which is said at the start', async () => {
  const { store } = new World();
  const opened = Master.open(List, { name: 'a', store: store.call(new World()), durability: 'always' });
  await expect(opened).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringMatching(/memory of a server cannot make a call durable before it returns.*use 'group'/),
  });
});

test.each([
  ['lost', ['lost', 'lost', 'lost']],
  ['unanswered', ['unanswered', 'unanswered']],
  ['lost and unanswered by turns', ['unanswered', 'lost', 'unanswered', 'lost']],
] as const)('calls that are %s are sent again while callers wait, and count once', async (_, fates) => {
  const world = new World();
  const master = await world.open('a');
  world.fail('append', ...fates);
  await master.transact((list) => list.add('first'));
  expect(world.pauses).toBe(fates.length);
  await master.transact((list) => list.add('second'));
  expect(linesOf(master)).toEqual(['first', 'second']);
  await master.close();
  expect(await world.reopened('a')).toEqual(['first', 'second']);
});

test('calls that are refused are undone, and their callers hear of it', async () => {
  const world = new World();
  const master = await world.open('a');
  const errors: unknown[] = [];
  master.on('error', (error) => errors.push((error as { code?: string }).code));
  await master.transact((list) => list.add('kept'));
  world.fail('append', 'lost', 'refused');
  await expect(master.transact((list) => list.add('refused'))).rejects.toMatchObject({ code: 'NOT_DURABLE' });
  expect(linesOf(master)).toEqual(['kept']);
  expect(errors).toEqual(['NOT_DURABLE']);
  expect(() => master.model.add('more')).toThrow(expect.objectContaining({ code: 'READ_ONLY_MASTER' }));
  await master.close();
  expect(await world.reopened('a')).toEqual(['kept']);
});

test('a master whose name was taken over undoes what is not durable, takes no more calls and says so', async () => {
  const world = new World();
  const sleeper = await world.open('a');
  await sleeper.transact((list) => list.add('before'));
  world.server.expire('a');
  const taker = await world.open('a');
  await taker.transact((list) => list.add('of the next one'));
  const errors: string[] = [];
  sleeper.on('error', (error) => errors.push((error as { code?: string }).code ?? ''));
  const fenced = { code: 'MASTER_FENCED', message: expect.stringMatching(/"a" was taken over by another process/) };
  await expect(sleeper.transact((list) => list.add('too late'))).rejects.toMatchObject(fenced);
  expect(linesOf(sleeper)).toEqual(['before']);
  const refused = { code: 'READ_ONLY_MASTER', cause: expect.objectContaining(fenced) };
  expect(() => sleeper.model.add('more')).toThrow(expect.objectContaining(refused));
  expect((await sleeper.status()).readOnly).toMatch(/taken over/);
  expect(new Set(errors)).toEqual(new Set(['MASTER_FENCED']));
  await sleeper.close();
  await taker.transact((list) => list.add('and on'));
  expect(linesOf(taker)).toEqual(['before', 'of the next one', 'and on']);
  await taker.close();
  expect(await world.reopened('a')).toEqual(['before', 'of the next one', 'and on']);
});

test.each(['lost', 'unanswered'] as const)(
  'late calls are issued again once, although the call that begins their stream is %s',
  async (fate) => {
    const world = new World();
    const options = { retention: 0, patience: 10, snapshotEvery: 1e9 };
    const late = await world.open('late', options);
    const sealer = await world.open('sealer', options);
    await late.transact((list) => list.add('known'));
    for (const master of [late, sealer]) await master.sync();
    await late.transact((list) => list.add('late'));
    world.now += 1_000;
    await sealer.transact((list) => list.add('of the sealer'));
    await sealer.compact();
    world.fail('succeed', fate, fate);
    // A sync does not wait for a store that cannot be reached; what it began is sent again all the same.
    await expect(late.sync()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect(linesOf(late)).toEqual(['known', 'of the sealer', 'late']);
    await late.durable();
    for (const master of [sealer, late, sealer]) await master.sync();
    expect(linesOf(late)).toEqual(['known', 'of the sealer', 'late']);
    expect(linesOf(sealer)).toEqual(linesOf(late));
    expect(world.fates).toEqual([]);
    await late.close();
    await sealer.close();
    expect(await world.reopened('late')).toEqual(['known', 'of the sealer', 'late']);
  },
);
