/** A container without a volume for its private directory: it goes on where it ended, and what it costs does not grow with its starts. */
import { FolderStore, Master, type MasterOptions } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';
import { Ledger } from '../ledger.js';

const STARTS = 250;
const LOST =
  /private directory \/local .* knows nothing of its newest journal.*mount a volume there, or give the option `local`/;

class Container {
  readonly network = new FolderNetwork(['box']);
  now = Date.UTC(2026, 0, 1);

  open(options: Partial<MasterOptions> = {}): Promise<Master<Ledger>> {
    return Master.open(Ledger, { ...this.network.place('box'), check: 'none', now: () => this.now++, ...options });
  }

  /** A container that ends takes its private directory with it. */
  loseLocal(): void {
    this.network.disk('box').remove('/local');
  }

  epochs(): string[] {
    const paths = this.network.disk('box').paths();
    return [...new Set(paths.flatMap((path) => /^\/shared\/box\/([^/]+)\//.exec(path)?.[1] ?? []))];
  }

  lines(master: Master<Ledger>): readonly string[] {
    return master.query(({ lines }) => [...lines]);
  }
}

test(`${STARTS} starts that lose it make two epochs, and say so once`, async () => {
  const box = new Container();
  const notices: string[] = [];
  const [files, reads]: [number[], number[]] = [[], []];
  for (let start = 0; start < STARTS; start++) {
    let operations = 0;
    const master = await box.open();
    notices.push(...(await master.status()).notices);
    await master.transact((ledger) => ledger.write(`${start}`));
    await master.sync();
    await master.sync();
    box.network.disk('box').fault = (operation) => {
      if (operation === 'read' || operation === 'readdir') operations++;
    };
    await master.sync();
    box.network.disk('box').fault = () => undefined;
    reads.push(operations);
    expect(box.lines(master)).toHaveLength(start + 1);
    await master.close();
    box.loseLocal();
    files.push(box.network.disk('box').paths().length);
  }
  expect(box.epochs()).toHaveLength(2);
  expect(notices).toEqual([expect.stringMatching(LOST)]);
  // After the third start nothing grows any more.
  expect(Math.max(...files.slice(3))).toBe(files[3]);
  expect(Math.max(...reads.slice(3))).toBe(reads[3]);
});

test('a crash loses it for good: the next start begins an epoch, and the ones after that go on', async () => {
  const box = new Container();
  for (const end of ['close', 'close', 'crash', 'close', 'close'] as const) {
    const master = await box.open();
    await master.transact((ledger) => ledger.write(end));
    if (end === 'close') await master.close();
    else box.network.crash('box');
    box.loseLocal();
  }
  expect(box.epochs()).toHaveLength(3);
  const master = await box.open();
  expect(box.lines(master)).toEqual(['close', 'close', 'crash', 'close', 'close']);
  await master.close();
});

test('where each start is killed, an idle sync does not look into the directory of each earlier start', async () => {
  const box = new Container();
  const looked: number[] = [];
  for (let start = 0; start <= 40; start++) {
    const master = await box.open();
    await master.transact((ledger) => ledger.write(`${start}`));
    for (let sync = 0; sync < 3; sync++) await master.sync();
    let directories = 0;
    box.network.disk('box').fault = (operation) => {
      if (operation === 'readdir') directories++;
    };
    for (let sync = 0; sync < 32; sync++) await master.sync();
    box.network.disk('box').fault = () => undefined;
    looked.push(directories);
    expect(box.lines(master)).toHaveLength(start + 1);
    box.network.crash('box');
    box.loseLocal();
  }
  expect(box.epochs()).toHaveLength(41);
  // Four of them at each sync, as long as their number can be divided by four.
  expect(looked[40]).toBe(looked[20]);
});

test('two starts at the same time do not both take it', async () => {
  const box = new Container();
  for (let start = 0; start < 2; start++) {
    await (await box.open()).close();
    box.loseLocal();
  }
  const before = box.epochs();
  const [one, other] = [await box.open({ local: '/one' }), await box.open({ local: '/other' })];
  for (const master of [one, other]) await master.transact((ledger) => ledger.write('x'));
  expect(box.epochs()).toHaveLength(before.length + 1);
  for (const master of [one, other]) await master.close();
  const last = await box.open();
  expect(box.lines(last)).toEqual(['x', 'x']);
  await last.close();
});

test('a copy of the folder is not gone on with: the original may be', async () => {
  const box = new Container();
  for (let start = 0; start < 2; start++) {
    await (await box.open()).close();
    box.loseLocal();
  }
  const [before] = [box.epochs()];
  box.network.add('copy');
  for (const path of box.network.disk('box').paths())
    box.network.disk('copy').put(path, box.network.disk('box').peek(path)!);
  const copy = await Master.open(Ledger, { ...box.network.place('copy'), name: 'box', now: () => box.now++ });
  const original = await box.open();
  await copy.transact((ledger) => ledger.write('copy'));
  await original.transact((ledger) => ledger.write('original'));
  expect(box.epochs()).toEqual(before);
  const epochs = new Set(
    box.network
      .disk('copy')
      .paths()
      .flatMap((path) => /^\/shared\/box\/([^/]+)\//.exec(path)?.[1] ?? []),
  );
  expect(epochs.size).toBe(before.length + 1);
  for (const master of [copy, original]) await master.close();
});

test('a private directory that stays after all goes on, unless another start took what it had left', async () => {
  const box = new Container();
  const disk = box.network.disk('box');
  await (await box.open()).close();
  box.loseLocal();
  await (await box.open()).close();
  const before = box.epochs();
  // It stays from now on.
  const again = await box.open();
  await again.transact((ledger) => ledger.write('stayed'));
  await again.close();
  expect(box.epochs()).toEqual(before);
  const taker = await box.open({ local: '/elsewhere' });
  await taker.transact((ledger) => ledger.write('taken'));
  expect(box.epochs()).toEqual(before);
  expect(disk.paths().filter((path) => path.endsWith('memory.json'))).toEqual([]);
  const late = await box.open();
  await late.transact((ledger) => ledger.write('late'));
  expect(box.epochs()).toHaveLength(before.length + 1);
  for (const master of [taker, late]) await master.close();
  const last = await box.open();
  expect(box.lines(last)).toEqual(['stayed', 'taken', 'late']);
  await last.close();
});

test('a folder of another model is refused, and what was left stays there', async () => {
  const box = new Container();
  for (let start = 0; start < 2; start++) {
    await (await box.open()).close();
    box.loseLocal();
  }
  const files = (): string[] =>
    box.network
      .disk('box')
      .paths()
      .filter((path) => path.startsWith('/shared/'));
  const before = files();
  class Other {}
  const store = box.network.store('box');
  expect(store).toBeInstanceOf(FolderStore);
  await expect(Master.open(Other as never, { name: 'box', store, local: '/local' })).rejects.toThrow();
  expect(files()).toEqual(before);
  expect(before.some((path) => path.endsWith('memory.json'))).toBe(true);
});
