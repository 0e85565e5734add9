/**
 * A view that applies what `on('state')` tells is always the model: after each call, each merge with late events, each rejection, each rebuild,
 * order of iteration included.
 */
import fc from 'fast-check';
import {
  applyPatches,
  copyOf,
  type Journal,
  type JournalRequest,
  Master,
  MemoryStore,
  Prevalent,
  Transaction,
} from '../../src/index.js';
import { assertSameState } from '../../src/testing/index.js';

const DEEP = process.env.PREVALENT_DEEP === '1';
const RUNS = DEEP ? 5_000 : 60;

class Card {
  readonly labels = new Set<string>();
  readonly log: string[] = [];
  readonly extra: Record<string, number> = {};
  due = new Date(0);
  readonly bytes = new Uint8Array(2);
  constructor(
    public id: string,
    public title: string,
  ) {}
}

@Prevalent('viewed-board', { classes: { card: Card } })
class Board {
  readonly cards = new Map<string, Card>();
  lists: Card[][] = [[], []];
  names: Record<string, string> = {};
  readonly tags = new Set<string>();
  /** A key that is an object cannot be asked for in a view. */
  readonly byObject = new Map<{ key: string }, { n: number; parts: string[] }>();
  readonly pattern = /a/g;
  count = 0;
  maybe?: string[] | undefined;

  @Transaction() act(what: number, key: string, n: number): void {
    const card = this.cards.get(key);
    const list = this.lists[n % this.lists.length] ?? [];
    this.count++;
    switch (what) {
      case 0:
        this.cards.set(key, new Card(key, `card ${n}`));
        break;
      case 1:
        this.cards.delete(key);
        break;
      case 2:
        this.cards.delete(key);
        this.cards.set(key, card ?? new Card(key, 'again'));
        if (card !== undefined) card.title = `${card.title}!`;
        break;
      case 3:
        card?.labels.add(`l${n}`);
        if (n % 3 === 0) card?.labels.delete('l1');
        break;
      case 4:
        card?.log.push(key, String(n));
        if (n % 2 === 0) card?.log.splice(0, 1);
        break;
      case 5:
        list.splice(n % (list.length + 1), n % 2, new Card(key, 'in a list'));
        break;
      case 6:
        // Moved, and changed before and after.
        if (list[0] !== undefined) {
          list[0].title = 'moving';
          const [moved] = list.splice(0, 1);
          list.push(moved!);
          moved!.log.push('moved');
        }
        break;
      case 7:
        list.sort((left, right) => (left.title < right.title ? -1 : 1));
        list.at(-1)?.labels.add(key);
        break;
      case 8:
        this.names[key] = `n${n}`;
        if (n % 3 === 0) delete this.names['b'];
        break;
      case 9:
        delete this.names[key];
        this.names[key] = 'back';
        break;
      case 10:
        this.tags.add(key);
        if (n % 4 === 0) this.tags.clear();
        break;
      case 11:
        this.tags.delete(key);
        this.tags.add('last');
        break;
      case 12:
        if (n % 2 === 0) this.cards.clear();
        else this.lists.push([new Card(key, 'of a new list')]);
        break;
      case 13:
        card?.due.setTime(n);
        if (card !== undefined) card.bytes[1] = n;
        break;
      case 14: {
        const [first] = this.byObject.values();
        if (first === undefined || n % 3 === 0) this.byObject.set({ key }, { n, parts: [] });
        else first.parts.push(key);
        break;
      }
      case 15:
        if (n % 2 === 0) this.maybe = [key];
        else delete this.maybe;
        break;
      case 16:
        if (card !== undefined) card.extra[key] = n;
        for (const one of this.lists.flat()) one.extra['all'] = n;
        break;
      case 17:
        this.lists = [...this.lists].reverse();
        this.lists[0]?.push(new Card(key, 'after'));
        break;
      case 18:
        this.pattern.lastIndex = n;
        list.length = Math.max(0, list.length - (n % 3));
        break;
      default:
        // Late events decide what of it stays.
        if (!this.tags.has(key)) throw new Error(`no tag ${key}`);
        this.tags.delete(key);
        this.cards.set(key, new Card(key, 'tagged'));
    }
  }
}

/** A master and the view that follows it. */
class Followed {
  readonly master: Master<Board>;
  #view: Board;
  readonly errors: Error[] = [];
  changes = 0;

  constructor(master: Master<Board>) {
    this.master = master;
    this.#view = copyOf(master.query((board: Board) => board));
    master.on('error', (error) => this.errors.push(error));
    master.on('state', ({ patches }) => {
      this.changes++;
      this.#view = applyPatches(this.#view, patches);
      this.check();
    });
  }

  check(): void {
    assertSameState(this.#view, this.master);
  }
}

type Step =
  | { readonly kind: 'call'; readonly who: number; readonly what: number; readonly key: string; readonly n: number }
  | { readonly kind: 'sync'; readonly who: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('call' as const),
      who: fc.nat(2),
      what: fc.nat(21),
      key: fc.constantFrom('a', 'b', 'c', '1'),
      n: fc.nat(9),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('sync' as const), who: fc.nat(2) }) },
);

async function play(steps: readonly Step[], undoMemory: number): Promise<number> {
  const store = new MemoryStore();
  let now = 1_000_000;
  const all: Followed[] = [];
  for (const name of ['one', 'two', 'three'])
    all.push(new Followed(await Master.open(Board, { name, store, undoMemory, now: () => now++ })));
  for (const one of steps) {
    const { master } = all[one.who] as Followed;
    if (one.kind === 'sync') await master.sync();
    else {
      try {
        master.model.act(one.what, one.key, one.n);
      } catch {
        // It left no trace.
      }
    }
    for (const followed of all) followed.check();
  }
  for (let round = 0; round < 2; round++) for (const { master } of all) await master.sync();
  for (const followed of all) followed.check();
  for (const { master, errors } of all) {
    await master.close();
    expect(errors).toEqual([]);
  }
  return all.reduce((sum, { changes }) => sum + changes, 0);
}

test('the view is the model, whatever comes late', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 3, maxLength: 40 }),
      fc.constantFrom(64 * 1024 * 1024, 2_000),
      async (steps, undoMemory) => {
        await play(steps, undoMemory);
      },
    ),
    { numRuns: RUNS },
  );
});

test('it hears of each call, and of each merge once', async () => {
  const call = (who: number, what: number, key: string): Step => ({ kind: 'call', who, what, key, n: 1 });
  const steps = [call(0, 0, 'a'), call(1, 0, 'b'), call(0, 3, 'a'), { kind: 'sync', who: 0 } as const];
  // Three calls; then each of three masters merges once.
  expect(await play(steps, 64 * 1024 * 1024)).toBe(6);
});

test('it tells what was taken back and what ran then, and a rebuild as a whole', async () => {
  const store = new MemoryStore();
  let now = 1_000_000;
  const options = { store, now: () => now++ };
  const late = await Master.open(Board, { name: 'late', ...options });
  const master = await Master.open(Board, { name: 'one', ...options });
  const told: unknown[] = [];
  master.on('state', ({ undone, ran, patches }) =>
    told.push([undone.length, ran.length, patches.map(({ kind }) => kind)]),
  );
  late.model.act(10, 'late', 1);
  master.model.act(10, 'a', 1);
  master.model.act(10, 'b', 1);
  await late.sync();
  await master.sync();
  expect(told).toEqual([
    [0, 1, ['set', 'set']],
    [0, 1, ['set', 'set']],
    [2, 3, ['set', 'delete', 'set', 'delete', 'set', 'set', 'set', 'set', 'set', 'set']],
  ]);
  await master.close();
  await late.close();
});

test('a listener that calls again is told in order', async () => {
  const master = await Master.open(Board, { name: 'one', store: new MemoryStore() });
  let view = copyOf(master.query((board: Board) => board));
  master.on('state', () => {
    if (master.model.count < 5) master.model.act(10, `t${master.model.count}`, 1);
  });
  master.on('state', ({ patches }) => {
    view = applyPatches(view, patches);
  });
  master.model.act(10, 'first', 1);
  expect(view.count).toBe(5);
  assertSameState(view, master);
  await master.close();
});

/** Refuses to write when told. */
class FullStore extends MemoryStore {
  isFull = false;

  override async open(request: JournalRequest): Promise<Journal> {
    const journal = await super.open(request);
    const append = journal.append.bind(journal);
    journal.append = (lines, first) =>
      this.isFull ? Promise.reject(new Error('ENOSPC: no space left')) : append(lines, first);
    const now = journal.now!;
    const appendNow = now.append.bind(now);
    now.append = (lines, first) => {
      if (this.isFull) throw new Error('ENOSPC: no space left');
      appendNow(lines, first);
    };
    return journal;
  }
}

test('calls that the store refuses are taken back in the view as well', async () => {
  const store = new FullStore();
  const followed = new Followed(await Master.open(Board, { name: 'one', store, durability: 'none' }));
  const { master } = followed;
  await master.transact((board) => {
    board.act(0, 'a', 1);
  });
  store.isFull = true;
  master.model.act(1, 'a', 1);
  master.model.act(0, 'b', 1);
  followed.check();
  await expect(master.durable()).rejects.toMatchObject({ code: 'NOT_DURABLE' });
  expect([...master.model.cards.keys()]).toEqual(['a']);
  expect(followed.changes).toBe(4);
  followed.check();
  await master.close();
});
