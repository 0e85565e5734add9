/** What the Common Lisp ancestor promised, on real folders. */
import { readFileSync } from 'node:fs';
import type { Master } from 'prevalent';
import { inFolder, type Notebook, wordsOf } from '../notebook-folder.js';

const state = (master: Master<Notebook>): unknown =>
  master.query((book) => ({ words: [...book.words], notes: [...book.notes.entries()] }));

test(
  'two founders with two items each converge after both synced, in the same order',
  inFolder(async (folder) => {
    const one = await folder.open('one');
    const two = await folder.open('two');
    one.model.write('one-1');
    two.model.write('two-1');
    one.model.write('one-2');
    two.model.write('two-2');
    await one.sync();
    await two.sync();
    await one.sync();
    expect(one.model.count()).toBe(4);
    expect(state(two)).toEqual(state(one));
    expect([...two.model.notes.keys()]).toEqual([...one.model.notes.keys()]);
    expect([...wordsOf(one)].sort()).toEqual(['one-1', 'one-2', 'two-1', 'two-2']);
  }),
);

test(
  'a new master picks up what the others have, and then their later changes',
  inFolder(async (folder) => {
    const one = await folder.open('one');
    const two = await folder.open('two');
    await one.transact((book) => book.write('a'));
    await one.sync();
    // Having seen it, its own call comes after it, whatever the millisecond.
    await two.sync();
    await two.transact((book) => book.write('b'));
    await two.sync();
    const three = await folder.open('three');
    expect(wordsOf(three)).toEqual(['a', 'b']);
    await one.sync();
    await one.transact((book) => book.erase('b'));
    await one.transact((book) => book.write('c'));
    await one.sync();
    expect(await three.sync()).toMatchObject({ received: 2, undone: 0, rejected: 0, held: [] });
    expect(wordsOf(three)).toEqual(['a', 'c']);
    expect(state(three)).toEqual(state(one));
  }),
);

test(
  'the time read inside a transaction is the same on every master',
  inFolder(async (folder) => {
    const one = await folder.open('one', { now: () => 1_700_000_000_000 });
    const note = await one.transact((book) => book.write('a'));
    expect(note.at).toBe(1_700_000_000_000);
    await one.sync();
    const two = await folder.open('two', { now: () => 1_700_000_123_456 });
    expect([...two.model.notes.values()].map(({ at, id }) => [at, id])).toEqual([[note.at, note.id]]);
  }),
);

test(
  'a restart after a sync neither repeats nor loses anything',
  inFolder(async (folder) => {
    const expected: string[] = [];
    for (let round = 0; round < 4; round++) {
      const one = await folder.open('one', { snapshotEvery: 3 });
      const two = await folder.open('two');
      expect(wordsOf(one)).toEqual(expected);
      expect(wordsOf(two)).toEqual(expected);
      await one.transact((book) => book.write(`one-${round}`));
      await one.sync();
      await two.sync();
      await two.transact((book) => book.write(`two-${round}`));
      await two.sync();
      await one.sync();
      expected.push(`one-${round}`, `two-${round}`);
      expect(wordsOf(one)).toEqual(expected);
      expect(state(two)).toEqual(state(one));
      await one.close();
      await two.close();
    }
  }),
);

test(
  'a master’s own journal holds its own calls once, in order, one JSON object a line',
  inFolder(async (folder) => {
    const one = await folder.open('one');
    const two = await folder.open('two');
    await two.transact((book) => book.write('not mine'));
    await two.sync();
    await one.sync();
    for (const text of ['a', 'with\nline feed', '"quoted"', '😀']) one.model.write(text);
    await one.transact((book) => book.erase('a'));
    expect(() => one.model.erase('missing')).toThrow(RangeError);
    await one.sync();
    await one.close();
    const text = readFileSync(folder.file('one'), 'utf8');
    expect(text.endsWith('\n')).toBe(true);
    const lines = text
      .slice(0, -1)
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ kind, seq, tx, args }) => (kind === undefined ? [seq, tx, args] : kind))).toEqual([
      'header',
      [1, 'write', ['a']],
      [2, 'write', ['with\nline feed']],
      [3, 'write', ['"quoted"']],
      [4, 'write', ['😀']],
      [5, 'erase', ['a']],
    ]);
    const ids = lines.slice(1).map(({ id }) => id as string);
    expect([...ids].sort()).toEqual(ids);
  }),
);
