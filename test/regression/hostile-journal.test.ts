/** A peer's journal with right checksums and wrong intentions: held with a reason, never executed, never in the way. */
import 'reflect-metadata';
import { Master, Prevalent, Transaction } from 'prevalent';
import { FORGED, forgedId, inFolder, Note, type NotebookFolder, wordsOf } from '../notebook-folder.js';

const forgery = (json: string): never => JSON.parse(json) as never;

test.each<[string, string, object]>([
  ['constructor', 'unknown-transaction', { tx: 'constructor', args: [] }],
  ['__proto__', 'unknown-transaction', { tx: '__proto__', args: [] }],
  ['prototype', 'unknown-transaction', { tx: 'prototype', args: [] }],
  ['toString', 'unknown-transaction', { tx: 'toString', args: [] }],
  ['a query method', 'unknown-transaction', { tx: 'count', args: [] }],
  ['a field', 'unknown-transaction', { tx: 'words', args: [] }],
  ['an unknown transaction', 'unknown-transaction', { tx: 'format-disk', args: [] }],
  ['no name', 'unknown-transaction', { tx: '', args: [] }],
  ['a later version', 'newer-version', { txv: 2 }],
  ['another model', 'model', { model: 'elsewhere' }],
  ['a version below one', 'damaged', { txv: -5 }],
  ['__proto__ among the arguments', 'arguments', { args: forgery('[{"__proto__":{"admin":true}}]') }],
  ['constructor among the arguments', 'arguments', { args: forgery('[{"constructor":{"prototype":{"admin":true}}}]') }],
  [
    '__proto__ in superjson',
    'arguments',
    { args: forgery('{"json":[{"__proto__":{"admin":true}}],"meta":{"values":{"0.a":["Date"]},"v":1}}') },
  ],
  [
    'a hostile superjson path',
    'arguments',
    { args: forgery('{"json":[{}],"meta":{"values":{"0.__proto__.admin":["bigint"]},"v":1}}') },
  ],
  [
    'hostile equal references',
    'arguments',
    {
      args: forgery(
        '{"json":[{"a":1}],"meta":{"referentialEqualities":{"0.a":["0.constructor.prototype.admin"]},"v":1}}',
      ),
    },
  ],
  [
    'an unknown class',
    'arguments',
    { args: forgery('{"json":[{}],"meta":{"values":{"0":[["class","Function"]]},"v":1}}') },
  ],
  ['arguments that are no list', 'arguments', { args: forgery('{"json":{"0":"x"}}') }],
  ['__proto__ in its meta', 'arguments', { meta: forgery('{"__proto__":{"admin":true}}') }],
  ['a time far ahead', 'clock-ahead', { id: '7ZZZZZZZZZ0000000000000000' }],
])('an event with %s holds its stream: %s', (_what, reason, event) =>
  inFolder(async (folder) => {
    folder.forge(FORGED, [{ args: ['before'] }, event, { args: ['after'], id: '7ZZZZZZZZZZZZZZZZZZZZZZZZZ' }]);
    const master = await folder.open('one');
    expect(wordsOf(master)).toEqual(['before']);
    const hold = { master: 'forger', epoch: FORGED.epoch, seq: 2, reason };
    expect((await master.status()).held).toMatchObject([hold]);
    expect((await master.sync()).held).toMatchObject([hold]);
    await master.transact((book) => book.write('mine'));
    await master.close();
    const again = await folder.open('one');
    expect(wordsOf(again)).toEqual(['before', 'mine']);
    expect((await again.status()).held).toMatchObject([hold]);
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
    expect('admin' in Note.prototype).toBe(false);
  })(),
);

test.each<[string, object[], object | undefined, string]>([
  ['whose numbers do not rise', [{ seq: 1 }, { seq: 3 }], { seq: 3, id: forgedId(1) }, 'damaged'],
  ['whose ids do not rise', [{ id: forgedId(5) }, { id: forgedId(4) }], undefined, 'damaged'],
  ['that names another master', [{ args: ['a'] }, { master: 'one' }], undefined, 'damaged'],
  [
    'whose last event is not the published one',
    [{ args: ['a'] }, { args: ['b'] }],
    { seq: 2, id: forgedId(9) },
    'damaged',
  ],
  ['whose end has not arrived', [{ args: ['a'] }], { seq: 2, id: forgedId(1) }, 'gap'],
])('a stream %s is held at that event', (_what, events, head, reason) =>
  inFolder(async (folder) => {
    folder.forge(FORGED, events, head as never);
    const master = await folder.open('one');
    expect(master.model.count()).toBe(1);
    expect((await master.status()).held).toMatchObject([{ master: 'forger', seq: 2, reason }]);
  })(),
);

test(
  'an event beyond the published head does not count yet',
  inFolder(async (folder) => {
    folder.forge(FORGED, [{ args: ['a'] }, { args: ['b'] }], { seq: 1, id: forgedId(0) });
    const master = await folder.open('one');
    expect(wordsOf(master)).toEqual(['a']);
    expect((await master.status()).held).toEqual([]);
  }),
);

test(
  'an event from the future is held as clock-ahead and accepted when its time has come',
  inFolder(async (folder) => {
    let now = 1_700_000_000_000;
    const ahead = await folder.open('ahead', { now: () => now + 600_000 });
    await ahead.transact((book) => book.write('tomorrow'));
    await ahead.sync();
    const master = await folder.open('one', { now: () => now });
    const heard: string[] = [];
    master.on('held', ({ reason }) => heard.push(reason));
    expect((await master.sync()).held).toMatchObject([{ master: 'ahead', seq: 1, reason: 'clock-ahead' }]);
    await master.sync();
    expect(heard.length).toBeLessThanOrEqual(1);
    await master.transact((book) => book.write('today'));
    now += 400_000;
    expect((await master.sync()).held).toEqual([]);
    expect(wordsOf(master)).toEqual(['today', 'tomorrow']);
    await master.transact((book) => book.write('later'));
    await master.sync();
    await ahead.sync();
    expect(wordsOf(ahead)).toEqual(['today', 'tomorrow', 'later']);
  }),
);

test(
  'after an upgrade the held stream is caught up, and nothing of it is lost',
  inFolder(async (folder) => {
    folder.forge(FORGED, [
      { args: ['a'] },
      { tx: 'shout', args: ['b'] },
      { tx: 'write', txv: 2, args: [{ text: 'c' }] },
      { tx: 'scream', args: ['d'] },
    ]);
    const old = await folder.open('one');
    expect(wordsOf(old)).toEqual(['a']);
    expect((await old.status()).held).toMatchObject([{ seq: 2, reason: 'unknown-transaction' }]);
    await old.transact((book) => book.write('mine'));
    await old.close();
    const upgraded = await upgrade(folder, 'one');
    expect(upgraded.query((book) => book.words)).toEqual(['a', 'B', 'c', 'D', 'mine']);
    expect((await upgraded.status()).held).toEqual([]);
    await upgraded.close();
  }),
);

interface Upgraded {
  words: string[];
}

async function upgrade(folder: NotebookFolder, name: string): Promise<Master<Upgraded>> {
  @Prevalent('notebook', { classes: [Note] })
  class NotebookTwo implements Upgraded {
    readonly notes = new Map<string, Note>();
    readonly words: string[] = [];
    @Transaction('write', { version: 2, upcast: { 1: ([text]) => [{ text }] } }) write(given: { text: string }): void {
      this.words.push(given.text);
    }
    @Transaction('shout', { aliases: ['scream'] }) shout(text: string): void {
      this.words.push(text.toUpperCase());
    }
  }
  return await Master.open(NotebookTwo, { name, store: folder.shared, local: folder.local(name) });
}
