import { GroupCommit, type Durability, type LineSink } from '../../../src/store/group-commit.js';
import type { Now } from '../../../src/store/store.js';
import { type Head, MasterFencedError, type PrevalentError, StoreUnreachableError } from '../../../src/index.js';

interface Batch {
  readonly text: string;
  readonly first: number;
  readonly done: () => void;
  readonly fail: (error: Error) => void;
}

/** A journal whose disk the test moves by hand. */
class HandJournal implements LineSink {
  readonly now: Now | undefined;
  readonly batches: Batch[] = [];
  readonly written: string[] = [];
  cuts = 0;
  refusesNow: Error | undefined;
  refusesCut: Error | undefined;

  constructor(quickNow: boolean, withNow: boolean) {
    if (!withNow) return;
    this.now = {
      append: (text) => {
        if (this.refusesNow !== undefined) throw this.refusesNow;
        this.written.push(text);
      },
      cutBack: () => {
        this.cuts++;
        if (this.refusesCut !== undefined) throw this.refusesCut;
      },
      isQuick: () => quickNow,
      soon: setImmediate,
    };
  }

  append(text: string, first: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.batches.push({ text, first, done: resolve, fail: reject });
    });
  }
  cutBack(): Promise<void> {
    this.cuts++;
    return this.refusesCut === undefined ? Promise.resolve() : Promise.reject(this.refusesCut);
  }
}

const head = (seq: number): Head => ({ seq, id: `id-${seq}` });

/** Hands over one line. */
function add(commit: GroupCommit, line: string, event: Head): void {
  commit.lines.put(line);
  commit.add(event);
}

function make(
  durability: Durability,
  quickNow = false,
  withNow = true,
): { journal: HandJournal; commit: GroupCommit; failures: PrevalentError[]; pauses: (() => void)[]; waited: number[] } {
  const journal = new HandJournal(quickNow, withNow);
  const failures: PrevalentError[] = [];
  const pauses: (() => void)[] = [];
  const waited: number[] = [];
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      waited.push(ms);
      pauses.push(resolve);
    });
  const commit = new GroupCommit(journal, undefined, {
    durability,
    onFailure: (failure) => failures.push(failure),
    pause,
  });
  return { journal, commit, failures, pauses, waited };
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
  // Twice: what waits for the end of a turn was perhaps handed over in this one.
  await turn();
  await turn();
  return state;
}

test('calls of one turn share one write; durable is what was synced', async () => {
  const { journal, commit } = make('group');
  add(commit, 'a', head(1));
  add(commit, 'b', head(2));
  const waiting = commit.settle();
  expect(await settled(waiting)).toBe('waiting');
  expect(journal.batches.map(({ text, first }) => [text, first])).toEqual([['a\nb\n', 1]]);
  expect(commit.durable).toBeUndefined();
  add(commit, 'c', head(3));
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
    add(commit, 'a', head(1));
    await turn();
    journal.batches[0]!.done();
    for (let i = 0; i < delay; i++) await null;
    add(commit, 'b', head(2));
    const waiting = commit.settle();
    await turn();
    journal.batches[1]?.done();
    expect([delay, await settled(waiting)]).toEqual([delay, 'resolved']);
  }
});

test('a refused write is cut back and told; what came meanwhile is lost with it', async () => {
  const { journal, commit, failures } = make('group');
  add(commit, 'a', head(1));
  const first = commit.settle();
  await turn();
  journal.batches[0]!.done();
  expect(await settled(first)).toBe('resolved');
  add(commit, 'b', head(2));
  const second = commit.settle();
  await turn();
  add(commit, 'c', head(3));
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
  add(commit, 'a', head(1));
  const waiting = commit.settle();
  await turn();
  journal.batches[0]!.fail(new Error('EIO'));
  expect(await settled(waiting)).toBe('OUTCOME_UNKNOWN');
  expect(failures.map(({ code }) => code)).toEqual(['OUTCOME_UNKNOWN']);
});

test('always: on disk before the call returns', async () => {
  const { journal, commit, failures } = make('always');
  add(commit, 'a', head(1));
  expect(journal.written).toEqual(['a\n']);
  expect(commit.durable).toEqual(head(1));
  expect(await settled(commit.settle())).toBe('resolved');
  journal.refusesNow = new Error('ENOSPC');
  expect(() => {
    add(commit, 'b', head(2));
  }).toThrow(expect.objectContaining({ code: 'NOT_DURABLE' }));
  expect(failures).toHaveLength(1);
  expect(journal.cuts).toBe(1);
  expect(commit.durable).toEqual(head(1));
  expect(commit.last).toEqual(head(1));
  expect(journal.batches).toHaveLength(0);
});

test('always: if the disk refuses the cut as well, the outcome is unknown', () => {
  const { journal, commit, failures } = make('always');
  journal.refusesNow = new Error('EIO');
  journal.refusesCut = new Error('EIO');
  expect(() => {
    add(commit, 'a', head(1));
  }).toThrow(expect.objectContaining({ code: 'OUTCOME_UNKNOWN' }));
  expect(failures.map(({ code }) => code)).toEqual(['OUTCOME_UNKNOWN']);
});

describe('a single caller, where the journal says that this is quick', () => {
  test('is written and synced in this turn, without a detour', async () => {
    const { journal, commit } = make('group', true);
    add(commit, 'a', head(1));
    const waiting = commit.settle();
    expect(await settled(waiting)).toBe('resolved');
    expect([journal.written, journal.batches.length]).toEqual([['a\n'], 0]);
    expect(commit.durable).toEqual(head(1));
  });

  test('shares a write in the background with whoever comes in the same turn, in another microtask or callback', async () => {
    const { journal, commit } = make('group', true);
    add(commit, 'a', head(1));
    const first = commit.settle();
    // A callback that comes after all microtasks of the first call, and before the end of the turn.
    const second = new Promise<void>((resolve) => process.nextTick(resolve)).then(() => {
      add(commit, 'b', head(2));
      return commit.settle();
    });
    expect(await settled(first)).toBe('waiting');
    expect(journal.written).toEqual([]);
    expect(journal.batches.map(({ text }) => text)).toEqual(['a\nb\n']);
    journal.batches[0]!.done();
    expect([await settled(first), await settled(second)]).toEqual(['resolved', 'resolved']);
  });

  test('right after several, is taken for one of several', async () => {
    const { journal, commit } = make('group', true);
    add(commit, 'a', head(1));
    const waiting = [commit.settle(), commit.settle()];
    await turn();
    journal.batches[0]!.done();
    await Promise.all(waiting);
    add(commit, 'b', head(2));
    const third = commit.settle();
    await turn();
    expect([journal.written, journal.batches.length]).toEqual([[], 2]);
    journal.batches[1]!.done();
    await third;
    add(commit, 'c', head(3));
    await commit.settle();
    expect(journal.written).toEqual(['c\n']);
  });

  test('with very much to write does not make the others stand still', async () => {
    const { journal, commit } = make('group', true);
    add(commit, 'x'.repeat(100_000), head(1));
    void commit.settle();
    await turn();
    expect([journal.written.length, journal.batches.length]).toEqual([0, 1]);
  });

  test('hears of a refusal, which is taken back at once', async () => {
    const { journal, commit, failures } = make('group', true);
    journal.refusesNow = new Error('ENOSPC');
    add(commit, 'a', head(1));
    expect(await settled(commit.settle())).toBe('NOT_DURABLE');
    expect(failures.map(({ code }) => code)).toEqual(['NOT_DURABLE']);
    expect([journal.cuts, commit.last]).toEqual([1, undefined]);
  });
});

test('none: written only when somebody waits', async () => {
  const { journal, commit } = make('none');
  add(commit, 'a', head(1));
  add(commit, 'b', head(2));
  await turn();
  expect(journal.batches).toHaveLength(0);
  const waiting = commit.settle();
  await turn();
  add(commit, 'c', head(3));
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
    add(commit, 'a', head(1));
    add(commit, big, head(2));
    expect(journal.written).toEqual([`a\n${big}\n`]);
    expect(commit.durable).toEqual(head(2));
    expect(await settled(commit.settle())).toBe('resolved');
    expect(journal.batches).toHaveLength(0);
  });

  test('that overtakes a write on its way is durable only after that, and those who wait for it are told', async () => {
    const { journal, commit } = make('group');
    add(commit, 'a', head(1));
    await turn();
    add(commit, big, head(2));
    expect(journal.written).toHaveLength(1);
    expect(commit.durable).toBeUndefined();
    const waiting = commit.settle();
    expect(await settled(waiting)).toBe('waiting');
    journal.batches[0]!.done();
    expect(await settled(waiting)).toBe('resolved');
    expect(commit.durable).toEqual(head(2));
  });

  test('that is refused while a write is on its way is taken back only when that has ended', async () => {
    const { journal, commit, failures } = make('group');
    add(commit, 'a', head(1));
    const first = commit.settle();
    await turn();
    journal.refusesNow = new Error('ENOSPC');
    add(commit, big, head(2));
    const second = commit.settle();
    // Whatever is handed over now would stand behind a hole.
    journal.refusesNow = undefined;
    add(commit, big, head(3));
    expect([journal.cuts, journal.written, failures]).toEqual([0, [], []]);
    expect([commit.last, commit.durable]).toEqual([head(3), undefined]);
    journal.batches[0]!.done();
    expect([await settled(first), await settled(second)]).toEqual(['resolved', 'NOT_DURABLE']);
    expect([journal.cuts, failures.map(({ code }) => code)]).toEqual([1, ['NOT_DURABLE']]);
    expect([commit.last, commit.durable]).toEqual([head(1), head(1)]);
    expect([journal.written, journal.batches.length]).toEqual([[], 1]);
  });

  test('that comes while a refused write is being cut back is not written behind the cut', async () => {
    const { journal, commit } = make('group');
    add(commit, 'a', head(1));
    await turn();
    journal.batches[0]!.fail(new Error('EIO'));
    await Promise.resolve();
    add(commit, big, head(2));
    expect(await settled(commit.settle())).toBe('NOT_DURABLE');
    expect([journal.written, commit.last, commit.durable]).toEqual([[], undefined, undefined]);
  });

  test('that overtook a write which failed is taken back with it', async () => {
    const { journal, commit, failures } = make('group');
    add(commit, 'a', head(1));
    await turn();
    add(commit, big, head(2));
    const waiting = commit.settle();
    journal.batches[0]!.fail(new Error('EIO'));
    expect(await settled(waiting)).toBe('NOT_DURABLE');
    expect(failures).toHaveLength(1);
    expect(commit.durable).toBeUndefined();
  });
});

describe('a store that cannot be reached', () => {
  const unreachable = new StoreUnreachableError('the database is gone for a while');

  test('is sent the same lines again, ever more slowly, while callers wait; nothing is undone', async () => {
    const { journal, commit, failures, pauses, waited } = make('group');
    add(commit, 'a', head(1));
    const waiting = commit.settle();
    for (let tries = 0; tries < 10; tries++) {
      await turn();
      journal.batches[tries]!.fail(unreachable);
      await turn();
      await expect(commit.flush()).rejects.toBe(unreachable);
      pauses[tries]!();
    }
    await turn();
    add(commit, 'b', head(2));
    expect(await settled(waiting)).toBe('waiting');
    journal.batches[10]!.done();
    expect(await settled(waiting)).toBe('resolved');
    expect(journal.batches.slice(0, 11).map(({ text, first }) => [text, first])).toEqual(
      Array.from({ length: 11 }, () => ['a\n', 1]),
    );
    expect([commit.failure, commit.durable, failures, journal.cuts]).toEqual([undefined, head(1), [], 0]);
    expect(waited).toEqual([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
  });

  test('is not waited for by those who try again as a whole', async () => {
    const { journal, commit, pauses } = make('group');
    add(commit, 'a', head(1));
    const [patient, impatient] = [commit.settle(), commit.flush()];
    await turn();
    journal.batches[0]!.fail(unreachable);
    expect([await settled(patient), await settled(impatient)]).toEqual(['waiting', 'STORE_UNREACHABLE']);
    expect(await settled(commit.flush())).toBe('STORE_UNREACHABLE');
    pauses[0]!();
    await turn();
    journal.batches[1]!.done();
    expect([await settled(patient), await settled(commit.flush())]).toEqual(['resolved', 'resolved']);
  });

  test('and then refuses: what was sent is taken back', async () => {
    const { journal, commit, failures, pauses } = make('group');
    add(commit, 'a', head(1));
    const waiting = commit.settle();
    await turn();
    journal.batches[0]!.fail(unreachable);
    await turn();
    pauses[0]!();
    await turn();
    journal.batches[1]!.fail(new Error('a constraint'));
    expect(await settled(waiting)).toBe('NOT_DURABLE');
    expect([journal.cuts, failures.map(({ code }) => code), commit.last]).toEqual([1, ['NOT_DURABLE'], undefined]);
  });

  test('when the master is closed: whoever waits hears that the outcome is unknown, and nothing is sent any more', async () => {
    const { journal, commit, failures, pauses } = make('group');
    add(commit, 'a', head(1));
    const waiting = commit.settle();
    await turn();
    journal.batches[0]!.fail(unreachable);
    await turn();
    commit.giveUp();
    expect(await settled(waiting)).toBe('OUTCOME_UNKNOWN');
    pauses[0]!();
    await turn();
    expect([journal.batches.length, failures.map(({ code }) => code)]).toEqual([1, ['OUTCOME_UNKNOWN']]);
  });
});

test('who has lost its name undoes what is not durable, and cuts nothing of what another writes', async () => {
  const { journal, commit, failures } = make('group');
  add(commit, 'a', head(1));
  const waiting = commit.settle();
  await turn();
  journal.batches[0]!.fail(new MasterFencedError('"laptop" was taken over by process 7'));
  expect(await settled(waiting)).toBe('MASTER_FENCED');
  expect([journal.cuts, failures.map(({ code }) => code), commit.last]).toEqual([0, ['MASTER_FENCED'], undefined]);
});

describe('a store that cannot write before a call returns', () => {
  const big = 'x'.repeat(9 * 1024 * 1024);

  test('lets callers wait when a buffer is full, and calls be refused before they run when there is too much', async () => {
    const { journal, commit } = make('group', false, false);
    add(commit, 'a', head(1));
    expect([commit.room(), commit.busy]).toEqual([undefined, undefined]);
    await turn();
    let seq = 1;
    while (commit.busy === undefined && seq < 20) add(commit, big, head(++seq));
    expect([seq, commit.busy?.code]).toEqual([9, 'STORE_BEHIND']);
    const room = commit.room()!;
    expect(await settled(room)).toBe('waiting');
    journal.batches[0]!.done();
    await turn();
    expect(journal.batches).toHaveLength(2);
    expect(commit.busy).toBeUndefined();
    journal.batches[1]!.done();
    expect(await settled(room)).toBe('resolved');
  });

  test('is written in the background also where nobody waits', async () => {
    const { journal, commit } = make('none', false, false);
    add(commit, big, head(1));
    await turn();
    expect(journal.batches).toHaveLength(1);
  });
});

test('who waits for calls of a stream that is left waits for its successor', async () => {
  const old = make('group');
  const heir = make('group');
  add(old.commit, 'a', head(1));
  const waiting = old.commit.settle();
  await turn();
  add(old.commit, 'b', head(2));
  add(heir.commit, 'a again', head(1));
  add(heir.commit, 'b again', head(2));
  const idle = old.commit.handOver(heir.commit);
  expect([await settled(waiting), await settled(idle)]).toEqual(['waiting', 'waiting']);
  old.journal.batches[0]!.fail(new Error('too late to matter'));
  expect([await settled(idle), old.journal.batches.length, old.failures]).toEqual(['resolved', 1, []]);
  heir.journal.batches[0]!.done();
  expect(await settled(waiting)).toBe('resolved');
});
