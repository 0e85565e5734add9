/** Masters on different JavaScript engines know of each other, since `**` and `Intl` may give them other states. */
import { crc32 } from 'node:zlib';
import { Master, Prevalent, Transaction } from 'prevalent';
import { appendChecksum } from '../../src/event/checksum.js';
import { MemoryStore } from '../../src/store/memory/memory-store.js';
import { decodeFrontier } from '../../src/store/frontier.js';
import { jsEngine, useJsEngine } from '../../src/sync/js-engine.js';

@Prevalent('engines-known')
class Counter {
  total = 0;
  @Transaction() add(by: number): void {
    this.total += by;
  }
}

const own = jsEngine();

afterEach(() => {
  useJsEngine(own);
});

/** A master that believes to run on this engine. */
function on(engine: string, name: string, store: MemoryStore): Promise<Master<Counter>> {
  useJsEngine(engine);
  return Master.open(Counter, { name, store });
}

const said = async (master: Master<Counter>): Promise<string[]> =>
  (await master.status()).notices.filter((notice) => notice.includes('JavaScript engines'));

test('the engine of this process is known by name and version', async () => {
  expect(own).toBe(`v8 ${process.versions.v8.split('.', 2).join('.')}`);
  const master = await Master.open(Counter, { name: 'desk', store: new MemoryStore() });
  expect((await master.status()).engines).toEqual({ desk: own });
  await master.close();
});

test('status tells the engine of each master, and one notice that they differ', async () => {
  const store = new MemoryStore();
  const desk = await on('v8 11.3', 'desk', store);
  desk.model.add(1);
  await desk.sync();
  expect(await said(desk)).toEqual([]);
  const phone = await on('v8 12.4', 'phone', store);
  const tablet = await on('v8 12.4', 'tablet', store);
  for (let round = 0; round < 3; round++) for (const master of [phone, tablet, desk]) await master.sync();
  const engines = { desk: 'v8 11.3', phone: 'v8 12.4', tablet: 'v8 12.4' };
  for (const master of [desk, phone, tablet]) expect((await master.status()).engines).toEqual(engines);
  expect(await said(desk)).toEqual([expect.stringContaining('v8 11.3 here, v8 12.4 at phone, v8 12.4 at tablet.')]);
  expect(await said(phone)).toEqual([expect.stringContaining('v8 12.4 here, v8 11.3 at desk.')]);
  // One that changes is told of as well.
  await tablet.close();
  const newer = await on('v8 14.2', 'tablet', store);
  await desk.sync();
  expect((await desk.status()).engines).toMatchObject({ tablet: 'v8 14.2' });
  expect(await said(desk)).toEqual([expect.anything(), expect.stringContaining('v8 14.2 at tablet.')]);
  for (const master of [desk, phone, newer]) await master.close();
});

describe('a frontier', () => {
  const text = (members: object): string => {
    const id = '01HF7YAT01003QQVXG0000000Z';
    const all = { v: 1, clock: id, head: null, seal: null, snapshot: null, session: 's', modelHash: 'h', seen: {} };
    return appendChecksum(JSON.stringify({ ...all, ...members }).slice(0, -1), crc32);
  };
  test.each(['v8 12.4', 'spidermonkey 153', 'javascriptcore 26.1.2'])('may tell the engine %s', (engine) => {
    expect(decodeFrontier(text({ engine }), crc32)).toMatchObject({ engine });
  });
  test.each([[5], [null], ['v8'], ['v8 12.4\u001b[31m'], [`v8 ${'1'.repeat(31)}`], [{ name: 'v8' }]])(
    'that tells %j counts without it',
    (engine) => {
      expect(decodeFrontier(text({ engine }), crc32)).toMatchObject({ engine: undefined, modelHash: 'h' });
    },
  );
  test('of an earlier version, and one with members of a later one, are read', () => {
    expect(decodeFrontier(text({}), crc32)).toMatchObject({ engine: undefined });
    expect(decodeFrontier(text({ later: { more: 1 } }), crc32)).toMatchObject({ modelHash: 'h' });
  });
});
