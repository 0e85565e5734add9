import { GroupCommit, type Durability } from '../../../src/store/group-commit.js';
import type { Head, Journal, PrevalentError } from '../../../src/index.js';

interface Batch {
  readonly text: string;
  readonly first: number;
  readonly done: () => void;
  readonly fail: (error: Error) => void;
}

/** A journal whose disk the test moves by hand. */
class HandJournal implements Pick<Journal, 'append' | 'appendNow' | 'cutBack' | 'head'> {
  readonly head = undefined;
  readonly batches: Batch[] = [];
  readonly now: string[] = [];
  cuts = 0;
  refusesNow: Error | undefined;
  refusesCut: Error | undefined;

  append(text: string, first: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.batches.push({ text, first, done: resolve, fail: reject });
    });
  }
  appendNow(text: string): void {
    if (this.refusesNow !== undefined) throw this.refusesNow;
    this.now.push(text);
  }
  cutBack(): Promise<void> {
    this.cuts++;
    return this.refusesCut === undefined ? Promise.resolve() : Promise.reject(this.refusesCut);
  }
}

const head = (seq: number): Head => ({ seq, id: `id-${seq}` });

function make(durability: Durability): { journal: HandJournal; commit: GroupCommit; failures: PrevalentError[] } {
  const journal = new HandJournal();
  const failures: PrevalentError[] = [];
  const commit = new GroupCommit(journal as unknown as Journal, durability, (failure) => failures.push(failure));
  return { journal, commit, failures };
}

/** Lets everything that waits only for microtasks run. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Tells whether a promise is settled by now. */
async function settled(promise: Promise<unknown>): Promise<string> {
  let state = 'waiting';
  promise.then(
    () => (state = 'resolved'),
    (error: unknown) => (state = (error as PrevalentError).code),
  );
  await turn();
  return state;
}

test('calls of one turn share one write; durable is what was synced', async () => {
  const { journal, commit } = make('group');
  commit.add('a', head(1));
  commit.add('b', head(2));
  const waiting = commit.settle();
  expect(await settled(waiting)).toBe('waiting');
  expect(journal.batches.map(({ text, first }) => [text, first])).toEqual([['a\nb\n', 1]]);
  expect(commit.durable).toBeUndefined();
  commit.add('c', head(3));
  await turn();
  // One write at a time; what comes meanwhile waits for the next.
  expect(journal.batches).toHaveLength(1);
  const later = commit.settle();
  journal.batches[0]!.done();
  expect(await settled(waiting)).toBe('resolved');
  expect(await settled(later)).toBe('waiting');
  expect(commit.durable).toEqual(head(2));
  expect(journal.batches.map(({ text, first }) => [text, first])).toEqual([
    ['a\nb\n', 1],
    ['c\n', 3],
  ]);
  journal.batches[1]!.done();
  expect(await settled(later)).toBe('resolved');
  expect(commit.durable).toEqual(head(3));
});

test('nothing to wait for', async () => {
  const { commit } = make('group');
  expect(await settled(commit.settle())).toBe('resolved');
});

test('whoever waits in any microtask after a write is heard', async () => {
  // Each round hands over one call, a varying number of microtasks after the write before it ended.
  for (let delay = 0; delay < 12; delay++) {
    const { journal, commit } = make('group');
    commit.add('a', head(1));
    await turn();
    journal.batches[0]!.done();
    for (let i = 0; i < delay; i++) await null;
    commit.add('b', head(2));
    const waiting = commit.settle();
    await turn();
    journal.batches[1]?.done();
    expect([delay, await settled(waiting)]).toEqual([delay, 'resolved']);
  }
});

test('a refused write is cut back and told; what came meanwhile is lost with it', async () => {
  const { journal, commit, failures } = make('group');
  commit.add('a', head(1));
  const first = commit.settle();
  await turn();
  journal.batches[0]!.done();
  expect(await settled(first)).toBe('resolved');
  commit.add('b', head(2));
  const second = commit.settle();
  await turn();
  commit.add('c', head(3));
  const third = commit.settle();
  journal.batches[1]!.fail(new Error('ENOSPC'));
  expect([await settled(second), await settled(third)]).toEqual(['NOT_DURABLE', 'NOT_DURABLE']);
  expect(journal.cuts).toBe(1);
  expect(journal.batches).toHaveLength(2);
  expect(failures.map(({ code }) => code)).toEqual(['NOT_DURABLE']);
  expect(failures[0]?.message).toContain('ENOSPC');
  expect(commit.durable).toEqual(head(1));
  expect(commit.last).toEqual(head(1));
  expect(await settled(commit.settle())).toBe('NOT_DURABLE');
});

test('if the cut fails, too, the outcome is unknown', async () => {
  const { journal, commit, failures } = make('group');
  journal.refusesCut = new Error('EIO');
  commit.add('a', head(1));
  const waiting = commit.settle();
  await turn();
  journal.batches[0]!.fail(new Error('EIO'));
  expect(await settled(waiting)).toBe('OUTCOME_UNKNOWN');
  expect(failures.map(({ code }) => code)).toEqual(['OUTCOME_UNKNOWN']);
});

test('always: on disk before the call returns', async () => {
  const { journal, commit, failures } = make('always');
  commit.add('a', head(1));
  expect(journal.now).toEqual(['a\n']);
  expect(commit.durable).toEqual(head(1));
  expect(await settled(commit.settle())).toBe('resolved');
  journal.refusesNow = new Error('ENOSPC');
  expect(() => {
    commit.add('b', head(2));
  }).toThrow(expect.objectContaining({ code: 'OUTCOME_UNKNOWN' }));
  expect(failures).toHaveLength(1);
  expect(commit.durable).toEqual(head(1));
  expect(journal.batches).toHaveLength(0);
});

test('none: written only when somebody waits', async () => {
  const { journal, commit } = make('none');
  commit.add('a', head(1));
  commit.add('b', head(2));
  await turn();
  expect(journal.batches).toHaveLength(0);
  const waiting = commit.settle();
  await turn();
  commit.add('c', head(3));
  journal.batches[0]!.done();
  expect(await settled(waiting)).toBe('resolved');
  expect(journal.batches.map(({ text }) => text)).toEqual(['a\nb\n']);
  expect(commit.durable).toEqual(head(2));
  const later = commit.settle();
  await turn();
  journal.batches[1]!.done();
  expect(await settled(later)).toBe('resolved');
});

describe('a full buffer', () => {
  const big = 'x'.repeat(9 * 1024 * 1024);

  test('is on disk before the call returns', async () => {
    const { journal, commit } = make('group');
    commit.add('a', head(1));
    commit.add(big, head(2));
    expect(journal.now).toEqual([`a\n${big}\n`]);
    expect(commit.durable).toEqual(head(2));
    expect(await settled(commit.settle())).toBe('resolved');
    expect(journal.batches).toHaveLength(0);
  });

  test('that overtakes a write on its way is durable only after that, and those who wait for it are told', async () => {
    const { journal, commit } = make('group');
    commit.add('a', head(1));
    await turn();
    commit.add(big, head(2));
    expect(journal.now).toHaveLength(1);
    expect(commit.durable).toBeUndefined();
    const waiting = commit.settle();
    expect(await settled(waiting)).toBe('waiting');
    journal.batches[0]!.done();
    expect(await settled(waiting)).toBe('resolved');
    expect(commit.durable).toEqual(head(2));
  });

  test('that overtook a write which failed is taken back with it', async () => {
    const { journal, commit, failures } = make('group');
    commit.add('a', head(1));
    await turn();
    commit.add(big, head(2));
    const waiting = commit.settle();
    journal.batches[0]!.fail(new Error('EIO'));
    expect(await settled(waiting)).toBe('NOT_DURABLE');
    expect(failures).toHaveLength(1);
    expect(commit.durable).toBeUndefined();
  });
});
