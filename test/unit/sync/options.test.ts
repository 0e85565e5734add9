import { FolderStore, Master, MemoryStore, Prevalent, Transaction } from 'prevalent';

@Prevalent('options-notes')
class Notes {
  readonly texts: string[] = [];
  @Transaction() add(text: string): void {
    this.texts.push(text);
  }
}

const open = (options: Record<string, unknown>): Promise<Master<Notes>> =>
  Master.open(Notes, { name: 'a', store: new MemoryStore(), ...options });

const refusal = (message: RegExp): object =>
  expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(message) });

class Ada {
  user = 'ada';
}
const cycle: Record<string, unknown> = {};
cycle.self = cycle;
let deep: unknown = 1;
for (let i = 0; i < 100_000; i++) deep = [deep];

describe('Master.open refuses', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['intervals that overflow a timer', { autoSync: { everyMs: 1_700_000_001 } }, /everyMs.*1700000000/],
    ['autoSync as a list', { autoSync: [] }, /autoSync: \[\] is neither/],
    ['autoSync as a bigint', { autoSync: 1n }, /autoSync: 1 is neither/],
    ['an empty path', { local: '' }, /local/],
    ['a path that is no text', { local: 5 }, /local: 5/],
    ['a time that is no function', { now: 5 }, /now: 5 is no function/],
    ['a clock without a time', { now: () => NaN }, /now: it gave/],
    ['a clock in bigints', { now: () => 5n }, /now: it gave 5/],
    ['randomness that is no function', { random: 0.5 }, /random: 0.5 is no function/],
    ['randomness of 1', { random: () => 1 }, /random: it gave 1/],
    ['randomness below 0', { random: () => -0.5 }, /random: it gave -0.5/],
    ['progress that is no function', { onProgress: {} }, /onProgress/],
    ['part of an event', { snapshotEvery: 2.5 }, /snapshotEvery: 2.5 is not a whole number/],
    ['a negative retention', { retention: -1 }, /retention: -1 is not a finite number, 0 or more/],
    ['an endless patience', { patience: Infinity }, /patience: Infinity is not/],
    ['a symbol as durability', { durability: Symbol('fast') }, /durability: Symbol\(fast\)/],
    ['a symbol as a number', { undoMemory: Symbol('much') }, /undoMemory: Symbol\(much\)/],
    ['a symbol as a check', { check: Symbol('all') }, /check: Symbol\(all\)/],
    ['a bigint as a name', { name: 5n }, /name: 5/],
    ['a name that is a device on Windows', { name: 'aux' }, /name: "aux" cannot be the name of a folder on Windows/],
    ['a numbered one', { name: 'com1' }, /name: "com1" cannot/],
    ['an unknown option', { retain: 5 }, /retain is no option of Master.open; known are name, store/],
    ['meta with a bigint', { meta: { n: 5n } }, /meta: .*plain JSON.*at n: bigint/],
    ['meta with a cycle', { meta: cycle }, /at self: a cycle/],
    ['meta with a Date', { meta: { user: { since: new Date(0) } } }, /at user.since: a Date/],
    ['meta that is a text', { meta: 'ada' }, /no plain object/],
    ['meta of a class', { meta: new Ada() }, /an Ada/],
    ['meta with undefined', { meta: { user: undefined } }, /at user: undefined/],
    ['meta with a hole', { meta: [1, , 2] }, /at 1: undefined/],
    ['meta with NaN', { meta: NaN }, /NaN/],
    ['meta that is a function', { meta: () => 5 }, /function/],
    ['meta with a symbol as key', { meta: { [Symbol('x')]: 1 } }, /symbol/],
    ['meta with a way to a prototype', { meta: JSON.parse('{"a":{"__proto__":1}}') as unknown }, /__proto__/],
    ['meta that overflows the stack', { meta: deep }, /nested deeper/],
  ])('%s', async (_, options, message) => {
    await expect(open(options)).rejects.toEqual(refusal(message));
  });

  test('nothing of what it can take', async () => {
    const shared = { team: 'blue' };
    const meta = { user: 'ada', tags: ['x', 1, true, null], from: shared, to: shared, none: {} };
    const master = await open({
      meta,
      autoSync: { everyMs: 1_700_000_000 },
      retention: 0,
      random: () => 0,
      now: () => 0,
    });
    master.model.add('x');
    for await (const event of master.events()) expect(event.meta).toEqual(meta);
    await master.close();
  });
});

describe('a master refuses', () => {
  let master: Master<Notes>;
  beforeAll(async () => {
    master = await open({});
  });
  afterAll(() => master.close());

  test.each<[unknown, RegExp]>([
    [{ takeover: true }, /takeover is no option of compact; known are takeOver, cutHeld/],
    [true, /compact: true is no object/],
    [null, /compact: null is no object/],
    [{ takeOver: 'yes' }, /takeOver: "yes" is neither true nor false/],
  ])('compact(%j)', async (options, message) => {
    await expect(master.compact(options as object)).rejects.toEqual(refusal(message));
  });

  test.each<[unknown, RegExp]>([
    [{ from: 'x' }, /from is no option of events; known are master, transaction, after, until/],
    ['x', /events: "x" is no object/],
  ])('events(%j)', async (filter, message) => {
    const listing = master.events(filter as object)[Symbol.asyncIterator]();
    await expect(listing.next()).rejects.toEqual(refusal(message));
  });

  test('listeners that are none', () => {
    expect(() => master.on('event', undefined as never)).toThrow(refusal(/on\('event'\)/) as Error);
    expect(() => master.on('toString' as never, (() => undefined) as never)).toThrow(refusal(/"toString"/) as Error);
    expect(() => master.subscribe(undefined as never)).toThrow(refusal(/subscribe/) as Error);
  });

  test('transact() without a function', async () => {
    await expect(master.transact(undefined as never)).rejects.toEqual(refusal(/transact/));
  });
});

test.each<[unknown, RegExp]>([
  [{ segmentByte: 5 }, /segmentByte is no option of FolderStore; known are fileSystem, lock, segmentBytes/],
  [{ segmentBytes: '5' }, /segmentBytes/],
  [null, /FolderStore/],
])('new FolderStore(path, %j) is refused', (options, message) => {
  expect(() => new FolderStore('x', options as object)).toThrow(refusal(message) as Error);
});
