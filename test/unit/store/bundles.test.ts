/** Bundles: when a master writes them, what is in them, who reads them, and how many there are. */
import { Master, type MasterOptions } from '../../../src/index.js';
import { decodeFrontier } from '../../../src/store/frontier.js';
import { FolderStore } from '../../../src/store/folder/folder-store.js';
import { FolderNetwork } from '../../../src/testing/index.js';
import { Ledger } from '../../ledger.js';

const BUNDLE = /\/(\d{16})-(\d{16})\.bundle$/;

class Pair {
  readonly network = new FolderNetwork(['a', 'b']);
  now = Date.UTC(2026, 0, 1);

  open(name: string, options: Partial<MasterOptions> = {}): Promise<Master<Ledger>> {
    return Master.open(Ledger, { ...this.network.place(name), check: 'none', now: () => this.now, ...options });
  }

  /** Calls, and publishes them, when so many seconds have gone by. */
  async call(master: Master<Ledger>, seconds: number, ...lines: string[]): Promise<void> {
    this.now += seconds * 1_000;
    for (const line of lines) master.model.write(line);
    await master.sync();
  }

  paths(name: string, of = name): string[] {
    return this.network
      .disk(name)
      .paths()
      .filter((path) => path.startsWith(`/shared/${of}/`));
  }

  /** Which events are in the bundles of a machine. */
  ranges(name: string): (readonly [number, number])[] {
    return this.paths(name).flatMap((path) => {
      const found = BUNDLE.exec(path);
      return found === null ? [] : [[Number(found[1]), Number(found[2])] as const];
    });
  }

  text(name: string, path: string): string {
    return new TextDecoder().decode(this.network.disk(name).peek(path));
  }

  /** Carries those files of `a` to `b`. */
  carry(which: (path: string) => boolean): void {
    for (const path of this.network.pending('a', 'b')) if (which(path)) this.network.deliver('a', 'b', path);
  }
}

const linesOf = (master: Master<Ledger>): readonly string[] => master.query(({ lines }) => [...lines]);
const isBundle = (path: string): boolean => BUNDLE.test(path);

test('a master that pauses writes none', async () => {
  const pair = new Pair();
  const a = await pair.open('a');
  for (let i = 0; i < 10; i++) {
    await pair.call(a, 30, `${i}`);
    await pair.call(a, 30);
  }
  expect(pair.ranges('a')).toEqual([]);
  await a.close();
});

test('a busy one writes all that it published since the last one, every few seconds', async () => {
  const pair = new Pair();
  const a = await pair.open('a');
  for (let i = 1; i <= 9; i++) await pair.call(a, 1, `${i}`, `${i} again`);
  expect(pair.ranges('a')).toEqual([
    [1, 10],
    [11, 18],
  ]);
  const [path = ''] = pair.paths('a').filter(isBundle);
  const [header = '', frontier, ...events] = pair.text('a', path).trimEnd().split('\n');
  expect(JSON.parse(header)).toMatchObject({ kind: 'header', master: 'a' });
  expect(decodeFrontier(frontier, FolderStore.crc32)?.head?.seq).toBe(10);
  const [segment = ''] = pair.paths('a').filter((one) => one.endsWith('.ndjson'));
  expect(pair.text('a', segment).split('\n').slice(1, 11)).toEqual(events);
  await a.close();
});

test('who gets nothing else has the events, and goes on with the journal when that comes', async () => {
  const pair = new Pair();
  const a = await pair.open('a');
  const b = await pair.open('b');
  for (let i = 1; i <= 5; i++) await pair.call(a, 1, `${i}`);
  pair.carry(isBundle);
  await b.sync();
  expect(linesOf(b)).toEqual(['1', '2', '3', '4', '5']);
  for (let i = 6; i <= 7; i++) await pair.call(a, 1, `${i}`);
  pair.carry((path) => !isBundle(path));
  await b.sync();
  expect(linesOf(b)).toEqual(['1', '2', '3', '4', '5', '6', '7']);
  // An older frontier and an older journal beside newer bundles are no loss.
  for (let i = 8; i <= 9; i++) await pair.call(a, 1, `${i}`);
  pair.carry(isBundle);
  await b.sync();
  expect(linesOf(b)).toHaveLength(9);
  await b.close();
  const again = await pair.open('b');
  expect(linesOf(again)).toHaveLength(9);
  expect((await again.status()).held).toEqual([]);
  await Promise.all([a.close(), again.close()]);
});

test.each([0, 0.1, 0.5, 0.9])('%d of one that is arriving is as much as has arrived', async (share) => {
  const pair = new Pair();
  const a = await pair.open('a');
  const b = await pair.open('b');
  for (let i = 1; i <= 5; i++) await pair.call(a, 1, `${i}`, `${i} again`);
  const [path = ''] = pair.paths('a').filter(isBundle);
  pair.network.deliver('a', 'b', path, share);
  await b.sync();
  expect(linesOf(a).slice(0, linesOf(b).length)).toEqual(linesOf(b));
  expect(linesOf(b).length).toBeLessThan(10);
  pair.network.deliver('a', 'b', path);
  await b.sync();
  expect(linesOf(b)).toEqual(linesOf(a));
  expect((await b.status()).held).toEqual([]);
  await Promise.all([a.close(), b.close()]);
});

test('what a restart finds is bundled again as a whole; what that holds goes, and small ones are merged', async () => {
  const pair = new Pair();
  let a = await pair.open('a');
  let calls = 0;
  const busy = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds; i++) await pair.call(a, 1, `${calls++}`);
  };
  await busy(20);
  const before = pair.ranges('a').length;
  expect(before).toBeGreaterThan(2);
  await a.close();
  a = await pair.open('a');
  await busy(10);
  expect(pair.ranges('a')).toContainEqual([1, expect.any(Number) as number]);
  await busy(4 * 32 * 4);
  expect(pair.ranges('a').length).toBeLessThan(80);
  pair.carry(isBundle);
  const b = await pair.open('b');
  expect(linesOf(b).length).toBeGreaterThan(calls - 5);
  await Promise.all([a.close(), b.close()]);
});

test('too much for a bundle ends the segment, which does not change any more', async () => {
  const pair = new Pair();
  const a = await pair.open('a');
  const long = 'x'.repeat(300_000);
  for (let i = 0; i < 6; i++) await pair.call(a, 1, `${i} ${long}`);
  const segments = (): string[] => pair.paths('a').filter((path) => path.endsWith('.ndjson'));
  expect(segments().length).toBeGreaterThan(1);
  pair.carry((path) => isBundle(path) || path !== segments().at(-1));
  const b = await pair.open('b');
  expect(linesOf(b).length).toBeGreaterThan(3);
  for (const path of pair.paths('a').filter(isBundle))
    expect(pair.network.disk('a').peek(path)?.length).toBeLessThan(1_100_000);
  await Promise.all([a.close(), b.close()]);
});

test('a segment that ended takes the bundles of the one before it along', async () => {
  const pair = new Pair();
  const a = await pair.open('a', pair.network.place('a', { segmentBytes: 20_000 }));
  for (let i = 0; i < 4 * 40; i++) await pair.call(a, 1, `${i} ${'x'.repeat(500)}`);
  const [first] = pair.ranges('a')[0] ?? [0];
  expect(first).toBeGreaterThan(1);
  expect(pair.ranges('a').length).toBeLessThan(64);
  await a.close();
});
